"""When a wait for objects to become ready is over, and what it then says.

Source: fluxcd/pkg ssa v0.76.1 manager_wait.go; kustomize-controller v1.9.4 internal/controller
(getClientAndPoller). Upstream lists several objects in Go's map order, so in any; here they
stand in the order they were asked for.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from fluxsim.formats.celexpr import ExpressionFailed, HealthChecks
from fluxsim.formats.kstatus import Status, StatusError, finished_job_status, status_of
from fluxsim.formats.tree import Json
from fluxsim.kernel.units import Millis


@dataclass(frozen=True, slots=True)
class Waited:
    """Whether the wait is over; `error` is None when all is well or when it goes on."""

    over: bool
    error: str | None = None


def waited(
    statuses: Mapping[str, Status | None],
    *,
    fail_fast: bool = True,
    timed_out: bool = False,
    may_vanish: Collection[str] = (),
) -> Waited:
    """Judge one poll, or with `timed_out` the last one.

    `statuses` maps objects as messages name them (`Deployment/develop/web`) to their last status, None if none was read.
    `may_vanish` are Jobs with ttlSecondsAfterFinished: gone counts as done. An Unknown status shows its message as error.
    """
    known = {name: status for name, status in statuses.items() if status is not None}
    effective = {
        name: "Current" if status.status == "NotFound" and name in may_vanish else status.status
        for name, status in known.items()
    }
    words = set(effective.values())
    terminal = len(known) == len(statuses) and words <= {"Current", "Failed"}
    if not (timed_out or terminal or (fail_fast and "Failed" in words)):
        return Waited(over=False)
    told: list[str] = []
    for name, status in statuses.items():
        if status is None:
            if name not in may_vanish:
                told.append(f"can't determine status for {name}")
        elif effective[name] == "Failed" or (timed_out and effective[name] != "Current"):
            error = f": {status.message}" if status.status == "Unknown" and status.message else ""
            told.append(f"{name} status: '{status.status}'{error}")
    if not told:
        return Waited(over=True)
    why = "timeout waiting for" if timed_out else "failed early due to stalled resources"
    return Waited(over=True, error=f"{why}: [{', '.join(told)}]")


def health_of(object_: Mapping[str, Json], checks: HealthChecks | None, *, now_ms: Millis) -> Status:
    """Return the status of an object as a Kustomization waits for it.

    A Job has to complete; then spec.healthCheckExprs are asked, then kstatus. What cannot be told is Unknown with the
    error as message. `now_ms` is Unix time.
    """
    group, _, _ = str(object_.get("apiVersion", "")).rpartition("/")
    kind = str(object_.get("kind", ""))
    check = checks.of(group, kind) if checks is not None else None
    try:
        if (group, kind) == ("batch", "Job"):
            return finished_job_status(object_)
        return check.status_of(object_) if check is not None else status_of(object_, now_ms=now_ms)
    except (StatusError, ExpressionFailed) as error:
        return Status("Unknown", str(error))


def object_name(kind: str, namespace: str, name: str) -> str:
    """Return `Deployment/develop/web`, or `Namespace/develop` without a namespace."""
    return f"{kind}/{namespace}/{name}" if namespace else f"{kind}/{name}"
