"""What kustomize-controller and the API server's admission compute."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fluxsim.formats import (
    conditions,
    crdschema,
    dependencies,
    envsubst,
    fluxbuild,
    healthwait,
    history,
    kstatus,
    kstiming,
    revision,
)
from fluxsim.formats.durations import duration_text
from fluxsim.formats.fluxgenerate import Generated
from fluxsim.formats.kustomize import DictTree
from fluxsim.formats.tree import EMPTY_SEQ, Json, Seq, get
from fluxsim.kernel.units import unix_millis
from tests.conformance.runner import Case, difference

NOW_MS = unix_millis("2026-03-02T09:00:00Z")


def _envsubst(case: Case, _: Path) -> Json:
    given = case["input"]
    try:
        result = envsubst.substituted(given["template"], given["vars"], strict=given["strict"])
    except envsubst.EnvsubstError as error:
        return {"error": str(error)}
    return {"result": result.encode("utf-8", "surrogateescape").decode("utf-8", "replace")}


def _kstatus(case: Case, _: Path) -> Json:
    status = kstatus.status_of(case["input"]["object"], now_ms=NOW_MS)
    return {"result": {"status": status.status, "message": status.message}}


def _wait(case: Case, _: Path) -> Json:
    """The objects do not change, so one poll and the timeout decide."""
    given = case["input"]
    found = {_id(object_): object_ for object_ in given["objects"]}
    statuses = {
        _name_of(id_): kstatus.status_of(found[id_], now_ms=NOW_MS) if id_ in found else kstatus.NOT_FOUND
        for id_ in given["ids"]
    }
    result = healthwait.waited(statuses, fail_fast=given["failFast"])
    if not result.over:
        result = healthwait.waited(statuses, fail_fast=given["failFast"], timed_out=True)
    return {"result": None} if result.error is None else {"error": result.error}


def _id(object_: Json) -> str:
    group = object_["apiVersion"].rpartition("/")[0]
    return (
        f"{get(object_, 'metadata', 'namespace', default='')}_{object_['metadata']['name']}_{group}_{object_['kind']}"
    )


def _name_of(id_: str) -> str:
    namespace, name, _, kind = id_.split("_")
    return healthwait.object_name(kind, namespace, name)


def _conditions(case: Case, _: Path) -> Json:
    generation = case["input"]["generation"]
    found: Seq = EMPTY_SEQ
    for step in case["input"]["steps"]:
        generation = step.get("generation", generation)
        found = _step(found, step, generation)
    return {"result": [{key: entry[key] for key in entry if key != "lastTransitionTime"} for entry in found]}


def _step(found: Seq, step: dict[str, Any], generation: int) -> Seq:
    how: dict[str, Any] = {"generation": generation, "now": "2026-03-02T09:00:00Z"}
    match step.get("op"):
        case "true" | "false" | "unknown" as status:
            return conditions.with_condition(
                found, step["type"], status.capitalize(), step["reason"], step["message"], **how
            )
        case "reconciling":
            return conditions.reconciling(found, step["reason"], step["message"], **how)
        case "stalled":
            return conditions.stalled(found, step["reason"], step["message"], **how)
        case "delete":
            return conditions.without_condition(found, step["type"])
        case None:
            return found
        case other:
            raise ValueError(f"unknown step {other!r}")


def _ready_summary(case: Case, _: Path) -> Json:
    found = conditions.summary(case["input"]["conditions"], conditions.GIT_REPOSITORY)
    if found is None:
        return {"result": None}
    return {"result": {"status": found.status, "reason": found.reason, "message": found.message}}


def _history(case: Case, _: Path) -> Json:
    found: Seq = EMPTY_SEQ
    for step in case["input"]["steps"]:
        found = history.with_run(
            found,
            digest=step["digest"],
            status=step["status"],
            at=step["time"],
            duration=step["duration"],
            metadata={"revision": step["revision"]},
        )
    return {"result": found}


def _git_revision(case: Case, _: Path) -> Json:
    reference, commit = case["input"]["reference"], case["input"]["hash"]
    return {
        "string": revision.revision(reference, commit),
        "absoluteReference": revision.absolute_reference(reference, commit),
    }


def _dependency_sort(case: Case, _: Path) -> Json:
    objects: Sequence[Json] = case["input"]["kustomizations"]
    try:
        return {"result": [str(reference) for reference in dependencies.dependency_order(objects)]}
    except dependencies.CircularDependency as error:
        return {"error": str(error)}


def _make_depends_on(case: Case, _: Path) -> Json:
    return {"result": dependencies.parsed_dependencies(case["input"]["deps"])}


def _timing(case: Case, _: Path) -> Json:
    spec = case["input"]["spec"]
    timing = kstiming.timing(spec)
    return {
        "result": {
            "requeueAfter": duration_text(timing.interval),
            "retryInterval": duration_text(timing.retry_interval),
            "timeout": duration_text(timing.timeout),
            "deletionPolicy": kstiming.deletion_policy(spec),
            "substituteStrategy": kstiming.substitute_strategy(spec),
        }
    }


def _validation(case: Case, _: Path) -> Json:
    given = case["input"]
    served = crdschema.definition(given["apiVersion"], given["kind"]) is not None
    object_ = {key: given[key] for key in ("apiVersion", "kind", "spec")} | {"metadata": {"name": "x"}}
    try:
        admitted = crdschema.admit(object_)
    except crdschema.NotServed:
        return {"served": served}
    except crdschema.Invalid as error:
        return {"served": served, "valid": False, "errors": [cause._asdict() for cause in error.causes]}
    return {
        "served": served,
        "valid": True,
        "defaulted": admitted.object["spec"],
        "pruned": list(admitted.pruned),
    }


def _validation_difference(case: Case, got: Json) -> str | None:
    """Errors compare by field, rule and a part of the message; what a controller says later is not admission's."""
    expect = {key: value for key, value in case["expect"].items() if key not in ("errors", "controller")}
    found = difference({**case, "expect": expect}, got)
    if found is not None or "errors" not in case["expect"]:
        return found
    errors = [error for error in got["errors"] if error["field"] != "<nil>"]
    wanted = case["expect"]["errors"]
    if len(wanted) == len(errors) and all(any(_fits(want, error) for error in errors) for want in wanted):
        return None
    return f"errors: expected {wanted}\n       errors: got      {errors}"


def _fits(want: dict[str, str], error: dict[str, str]) -> bool:
    return (want["field"], want["rule"]) == (error["field"], error["rule"]) and want["messageContains"] in error[
        "message"
    ]


LOCATION = "/tmp/artifact"
"""Where messages say that the files lie; the cases write $TMP."""


def _build(case: Case, _: Path) -> Json:
    given = case["input"]
    cluster = {
        (object_["kind"], object_["metadata"]["namespace"], object_["metadata"]["name"]): object_
        for object_ in given["objects"]
    }
    try:
        built = fluxbuild.build(
            DictTree(given["files"]),
            given["kustomization"],
            lambda *key: cluster.get(key),
            strict=given["strict"],
            location=LOCATION,
        )
    except fluxbuild.BuildFailed as error:
        return {"error": str(error).replace(LOCATION, "$TMP"), **_generated(error.generated)}
    return {"output": built.text, **_generated(built.generated)}


def _generated(generated: Generated | None) -> dict[str, str]:
    return {} if generated is None else {"action": generated.action, "kustomizationYaml": generated.text}


ADAPTERS = {
    "flux_build": _build,
    "image_validation": _validation,
    "flux_envsubst": _envsubst,
    "flux_kstatus": _kstatus,
    "flux_wait": _wait,
    "flux_conditions": _conditions,
    "flux_git-ready-summary": _ready_summary,
    "flux_history": _history,
    "flux_git-revision": _git_revision,
    "flux_dependency-sort": _dependency_sort,
    "flux_make-depends-on": _make_depends_on,
    "flux_kustomization-timing": _timing,
}

COMPARATORS = {"image_validation": _validation_difference}
