"""The arithmetic of rolling updates, and whole rollouts under the real Deployment controller."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from fluxsim.formats import rollout
from fluxsim.formats.rollout import Bounds, Replicas
from fluxsim.formats.tree import Json
from tests.conformance.podmodel import Trace
from tests.conformance.runner import Case

_COUNTS = {
    "replicas": "replicas",
    "updated": "updatedReplicas",
    "ready": "readyReplicas",
    "available": "availableReplicas",
}


def k8s_rollouts(case: Case, _directory: Path) -> Json:
    given = case["input"]
    try:
        return _OPERATIONS[given["op"]](given)
    except rollout.InvalidIntOrString as error:
        # Upstream's own table only says that there is an error.
        return {"error": True if case["expect"].get("error") is True else str(error)}


def _bounds(given: Json) -> Bounds:
    strategy = {"type": given.get("strategy", "RollingUpdate")}
    rolling = {name: given.get(name, 0) for name in ("maxSurge", "maxUnavailable")}
    return rollout.bounds({"replicas": given.get("replicas", 1), "strategy": strategy | {"rollingUpdate": rolling}})


def _fenceposts(given: Json) -> Json:
    surge, unavailable = rollout.fenceposts(given["maxSurge"], given["maxUnavailable"], given["replicas"])
    limits = _bounds(given)
    return {
        "maxSurge": surge,
        "maxUnavailable": unavailable,
        "effectiveMaxSurge": limits.surge,
        "effectiveMaxUnavailable": limits.unavailable,
        "minAvailable": limits.kept_available,
    }


def _reconcile_new(given: Json) -> Json:
    new = rollout.scale_new(_bounds(given), new=given["new"], total=given["old"] + given["new"])
    return {"scaled": new != given["new"], "new_rs_replicas": new}


def _reconcile_old(given: Json) -> Json:
    new = Replicas("new", given["new"], given["new_available"])
    return _shrunk(
        given, rollout.scale_old(_bounds(given), new, [Replicas("old", given["old"], given["old_available"])])
    )


def _clean_unhealthy(given: Json) -> Json:
    steps = rollout.clean_unhealthy([Replicas("old", given["old"], given["available"])], given["max_cleanup"])
    return {"cleaned": sum(given["old"] - step.replicas for step in steps)}


def _scale_down_old(given: Json) -> Json:
    most = given["available"] - _bounds(given).kept_available
    return _shrunk(given, rollout.scale_down_old([Replicas("old", given["old"], given["available"])], most))


def _shrunk(given: Json, steps: list[rollout.Resize]) -> Json:
    return {"scaled": bool(steps), "old_rs_replicas": steps[-1].replicas if steps else given["old"]}


def _new_replicas(given: Json) -> Json:
    return {
        "new_rs_replicas": rollout.new_replicas(_bounds(given), new=given["new"], total=given["all_rs_total"]),
    }


def _scale(given: Json) -> Json:
    desired, most = given["old_replicas"], given["old_replicas"] + given["old_maxSurge"]

    def counts(one: Json) -> Replicas:
        return Replicas(one["name"], one["replicas"], one["available"] or 0, desired, most)

    new = counts(given["new_rs"]) if given["new_rs"] is not None else None
    old = [counts(one) for one in reversed(given["old_rs"])]
    sizes = {one.name: one.wanted for one in ([*old, new] if new is not None else old)}
    return {"replicas": sizes | dict(rollout.scale(_bounds(given), new, old, actual=0))}


def _history(given: Json) -> Json:
    rows = [(str(at), one["spec"] == 0 and one["status"] == 0) for at, one in enumerate(given["old_rs"])]
    return {"deleted": len(rollout.surplus_history(given["revisionHistoryLimit"], rows))}


def _status(counts: Json) -> dict[str, Any]:
    return {_COUNTS[name]: count for name, count in counts.items()}


def _trace(given: Json) -> Json:
    return {"steps": Trace(given).steps()}


_OPERATIONS: dict[str, Callable[[Json], Json]] = {
    "trace": _trace,
    "resolve_fenceposts": _fenceposts,
    "max_unavailable": lambda given: {"maxUnavailable": _bounds(given).unavailable},
    "min_available": lambda given: {"minAvailable": _bounds(given).kept_available},
    "reconcile_new_rs": _reconcile_new,
    "reconcile_old_rs": _reconcile_old,
    "cleanup_unhealthy": _clean_unhealthy,
    "scale_down_old": _scale_down_old,
    "new_rs_new_replicas": _new_replicas,
    "proportional_scale": _scale,
    "history_cleanup": _history,
    "deployment_complete": lambda given: {
        "complete": rollout.complete(given["spec_replicas"], _status(given["status"]))
    },
    "deployment_progressing": lambda given: {
        "progressing": rollout.progressing(_status(given["old_status"]), _status(given["new_status"]))
    },
}

ADAPTERS = {"k8s_rollouts.json": k8s_rollouts}
