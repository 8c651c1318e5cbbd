"""kstatus: whether an object has become what its spec asks for.

Source: fluxcd/cli-utils v1.2.1 pkg/kstatus/status (status.go, generic.go, core.go); fluxcd/pkg runtime v0.110.1
statusreaders/job.go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from fluxsim.formats.tree import Json, get
from fluxsim.kernel.units import SECOND, Millis, unix_millis

Word: TypeAlias = Literal["InProgress", "Failed", "Current", "Terminating", "NotFound", "Unknown"]

SCHEDULE_WINDOW_MS: Millis = 15 * SECOND
"""How long a Pod may be unschedulable before that counts as a failure."""

_NO_DEADLINE = (1 << 31) - 1


@dataclass(frozen=True, slots=True)
class Status:
    """`reason` is that of the Reconciling or Stalled condition that kstatus would add, empty if it adds none."""

    status: Word
    message: str = ""
    reason: str = ""


NOT_FOUND = Status("NotFound", "Resource not found")


class StatusError(ValueError):
    """The object has a shape that kstatus cannot read; a wait shows it as Unknown with this error."""


def status_of(object_: Mapping[str, Json], *, now_ms: Millis) -> Status:
    """Return the status of an object with all its status fields; `now_ms` is Unix time, which only a Pod needs.

    Raises StatusError.
    """
    generic = _generic(object_)
    if generic is not None:
        return generic
    kind = _group_kind(object_)
    if kind == "Pod":
        return _pod(object_, now_ms)
    rule = _RULES.get(kind)
    if rule is not None:
        return rule(object_)
    return _by_ready(object_) or Status("Current", "Resource is current")


def finished_job_status(job: Mapping[str, Json]) -> Status:
    """Return the status of a Job as kustomize-controller sees it: not Current before it has completed."""
    if get(job, "spec", "suspend") is True:
        return Status("Current", "Job is suspended")
    ended = _ended_job(job)
    if ended is not None:
        return ended
    if not _text(job, "status", "startTime"):
        parallelism = _number(job, 1, "spec", "parallelism")
        return _in_progress("JobNotStarted", f"Job not started. active: 0/{parallelism}")
    return _in_progress("JobInProgress", _job_progress(job))


def _generic(object_: Mapping[str, Json]) -> Status | None:
    """What metadata and the conditions Reconciling and Stalled say, the first of these in the list."""
    if get(object_, "metadata", "deletionTimestamp"):
        return Status("Terminating", "Resource scheduled for deletion")
    generation, observed = get(object_, "metadata", "generation"), get(object_, "status", "observedGeneration")
    for field, value in (("metadata.generation", generation), ("status.observedGeneration", observed)):
        if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
            raise StatusError(f"looking up {field} from resource: not a whole number")
    if generation is not None and observed is not None and generation != observed:
        return _in_progress(
            "LatestGenerationNotObserved",
            f"{object_.get('kind', '')} generation is {generation}, but latest observed generation is {observed}",
        )
    for entry in _conditions(object_):
        if entry.get("status") == "True" and entry.get("type") == "Reconciling":
            return _in_progress(entry.get("reason", ""), entry.get("message", ""))
        if entry.get("status") == "True" and entry.get("type") == "Stalled":
            return _failed(entry.get("reason", ""), entry.get("message", ""))
    return None


def _by_ready(object_: Mapping[str, Json]) -> Status | None:
    for entry in _conditions(object_):
        if entry.get("type") == "Ready" and entry.get("status") == "True":
            return Status("Current", "Resource is Ready")
        if entry.get("type") == "Ready" and entry.get("status") in ("False", "Unknown"):
            return _in_progress(entry.get("reason", ""), entry.get("message", ""))
    return None


def _always_ready(_: Mapping[str, Json]) -> Status:
    return Status("Current", "Resource is always ready")


def _deployment(object_: Mapping[str, Json]) -> Status:
    progressing = _number(object_, _NO_DEADLINE, "spec", "progressDeadlineSeconds") == _NO_DEADLINE
    available = False
    for entry in _conditions(object_):
        if entry.get("type") == "Progressing":
            if entry.get("reason") == "ProgressDeadlineExceeded":
                return Status("Failed", "Progress deadline exceeded", "ProgressDeadlineExceeded")
            progressing |= entry.get("status") == "True" and entry.get("reason") == "NewReplicaSetAvailable"
        elif entry.get("type") == "Available":
            available |= entry.get("status") == "True"
    wanted = _number(object_, 1, "spec", "replicas")
    total, updated = _counted(object_, "replicas"), _counted(object_, "updatedReplicas")
    ready, usable = _counted(object_, "readyReplicas"), _counted(object_, "availableReplicas")
    if wanted > total:
        return _in_progress("LessReplicas", f"Replicas: {total}/{wanted}")
    if wanted > updated:
        return _in_progress("LessUpdated", f"Updated: {updated}/{wanted}")
    if total > wanted:
        return _in_progress("ExtraPods", f"Pending termination: {total - wanted}")
    if updated > usable:
        return _in_progress("LessAvailable", f"Available: {usable}/{updated}")
    if wanted > ready:
        return _in_progress("LessReady", f"Ready: {ready}/{wanted}")
    if not progressing:
        return _in_progress("ReplicaSetNotAvailable", "ReplicaSet not Available")
    if not available:
        return _in_progress("DeploymentNotAvailable", "Deployment not Available")
    return Status("Current", f"Deployment is available. Replicas: {total}")


def _replica_set(object_: Mapping[str, Json]) -> Status:
    if any(entry.get("type") == "ReplicaFailure" and entry.get("status") == "True" for entry in _conditions(object_)):
        return _in_progress("ReplicaFailure", "Replica Failure condition. Check Pods")
    wanted, total = _number(object_, 1, "spec", "replicas"), _counted(object_, "replicas")
    labelled, usable = _counted(object_, "fullyLabeledReplicas"), _counted(object_, "availableReplicas")
    ready = _counted(object_, "readyReplicas")
    if wanted > labelled:
        return _in_progress("LessLabelled", f"Labelled: {labelled}/{wanted}")
    if wanted > usable:
        return _in_progress("LessAvailable", f"Available: {usable}/{wanted}")
    if wanted > ready:
        return _in_progress("LessReady", f"Ready: {ready}/{wanted}")
    if total > wanted:
        return _in_progress("ExtraPods", f"Pending termination: {total - wanted}")
    return Status("Current", f"ReplicaSet is available. Replicas: {total}")


def _stateful_set(object_: Mapping[str, Json]) -> Status:
    if _text(object_, "spec", "updateStrategy", "type") == "OnDelete":
        return Status("Current", "StatefulSet is using the ondelete update strategy")
    wanted, total = _number(object_, 1, "spec", "replicas"), _counted(object_, "replicas")
    ready, current = _counted(object_, "readyReplicas"), _counted(object_, "currentReplicas")
    updated = _counted(object_, "updatedReplicas")
    partition = _number(object_, -1, "spec", "updateStrategy", "rollingUpdate", "partition")
    if wanted > total:
        return _in_progress("LessReplicas", f"Replicas: {total}/{wanted}")
    if wanted > ready:
        return _in_progress("LessReady", f"Ready: {ready}/{wanted}")
    if total > wanted:
        return _in_progress("ExtraPods", f"Pending termination: {total - wanted}")
    if partition != -1:
        if updated < wanted - partition:
            return _in_progress("PartitionRollout", f"updated: {updated}/{wanted - partition}")
        return Status("Current", f"Partition rollout complete. updated: {updated}")
    if wanted > current:
        return _in_progress("LessCurrent", f"current: {current}/{wanted}")
    if _text(object_, "status", "currentRevision") != _text(object_, "status", "updateRevision"):
        return _in_progress("RevisionMismatch", "Waiting for updated revision to match current")
    return Status("Current", f"All replicas scheduled as expected. Replicas: {total}")


def _daemon_set(object_: Mapping[str, Json]) -> Status:
    kind = object_.get("kind", "")
    if get(object_, "metadata", "generation") is None:
        return _in_progress("NoGeneration", f"{kind} metadata.generation not found")
    if get(object_, "status", "observedGeneration") is None:
        return _in_progress("NoObservedGeneration", f"{kind} status.observedGeneration not found")
    wanted = _number(object_, -1, "status", "desiredNumberScheduled")
    if wanted == -1:
        return _in_progress("NoDesiredNumber", "Missing .status.desiredNumberScheduled")
    for reason, word, field in (
        ("LessCurrent", "Current", "currentNumberScheduled"),
        ("LessUpdated", "Updated", "updatedNumberScheduled"),
        ("LessAvailable", "Available", "numberAvailable"),
        ("LessReady", "Ready", "numberReady"),
    ):
        got = _counted(object_, field)
        if wanted > got:
            return _in_progress(reason, f"{word}: {got}/{wanted}")
    return Status("Current", f"All replicas scheduled as expected. Replicas: {wanted}")


def _claim(object_: Mapping[str, Json]) -> Status:
    phase = _text(object_, "status", "phase", default="unknown")
    if phase != "Bound":
        return _in_progress("NotBound", f"PVC is not Bound. phase: {phase}")
    return Status("Current", "PVC is Bound")


def _pod(object_: Mapping[str, Json], now_ms: Millis) -> Status:
    conditions = _conditions(object_)
    phase = _text(object_, "status", "phase")
    match phase:
        case "Succeeded":
            return Status("Current", "Pod has completed successfully")
        case "Failed":
            return Status("Current", "Pod has completed, but not successfully")
        case "Running":
            if any(entry.get("type") == "Ready" and entry.get("status") == "True" for entry in conditions):
                return Status("Current", "Pod is Ready")
            looping = [
                container["name"]
                for container in get(object_, "status", "containerStatuses") or []
                if get(container, "state", "waiting", "reason") == "CrashLoopBackOff" and "name" in container
            ]
            if looping:
                return _failed("ContainerCrashLooping", f"Containers in CrashLoop state: {','.join(looping)}")
            return _in_progress("PodRunningNotReady", "Pod is running but is not Ready")
        case "Pending":
            return _pending_pod(object_, conditions, now_ms)
        case "":
            return _in_progress("PodNotObserved", "Pod phase not available")
        case _:
            raise StatusError(f"unknown phase {phase}")


def _pending_pod(object_: Mapping[str, Json], conditions: Sequence[Mapping[str, Json]], now_ms: Millis) -> Status:
    refused = next(
        (entry for entry in conditions if entry.get("type") == "PodScheduled" and entry.get("status") == "False"), {}
    )
    if refused.get("reason") != "Unschedulable":
        return _in_progress("PodPending", "Pod is in the Pending phase")
    created = _text(object_, "metadata", "creationTimestamp")
    if created and now_ms - SCHEDULE_WINDOW_MS < unix_millis(created):
        return _in_progress("PodNotScheduled", "Pod has not been scheduled")
    return _failed("PodUnschedulable", "Pod could not be scheduled")


def _disruption_budget(_: Mapping[str, Json]) -> Status:
    return Status("Current", "AllowedDisruptions has been computed.")


def _job(object_: Mapping[str, Json]) -> Status:
    """A Job counts as Current while it runs; finished_job_status is what kustomize-controller asks instead."""
    ended = _ended_job(object_)
    if ended is not None:
        return ended
    if not _text(object_, "status", "startTime"):
        return _in_progress("JobNotStarted", "Job not started")
    return Status("Current", _job_progress(object_))


def _ended_job(job: Mapping[str, Json]) -> Status | None:
    completions = _number(job, _number(job, 1, "spec", "parallelism"), "spec", "completions")
    for entry in _conditions(job):
        if entry.get("status") != "True":
            continue
        if entry.get("type") == "Complete":
            return Status("Current", f"Job Completed. succeeded: {_counted(job, 'succeeded')}/{completions}")
        if entry.get("type") == "Failed":
            return _failed("JobFailed", f"Job Failed. failed: {_counted(job, 'failed')}/{completions}")
    return None


def _job_progress(job: Mapping[str, Json]) -> str:
    succeeded, active, failed = (_counted(job, field) for field in ("succeeded", "active", "failed"))
    return f"Job in progress. success:{succeeded}, active: {active}, failed: {failed}"


def _service(object_: Mapping[str, Json]) -> Status:
    if _text(object_, "spec", "type") == "LoadBalancer" and not _text(object_, "spec", "clusterIP"):
        return _in_progress("NoIPAssigned", "ClusterIP not set. Service type: LoadBalancer")
    return Status("Current", "Service is ready")


def _definition(object_: Mapping[str, Json]) -> Status:
    for entry in _conditions(object_):
        kind, status, reason = entry.get("type"), entry.get("status"), entry.get("reason", "")
        if kind == "NamesAccepted" and status == "False":
            return _failed(reason, entry.get("message", ""))
        if kind == "Established" and status == "False" and reason != "Installing":
            return _failed(reason, entry.get("message", ""))
        if kind == "Established" and status == "True":
            return Status("Current", "CRD is established")
    return _in_progress("Installing", "Install in progress")


_RULES: dict[str, Callable[[Mapping[str, Json]], Status]] = {
    "Service": _service,
    "Secret": _always_ready,
    "ConfigMap": _always_ready,
    "PersistentVolumeClaim": _claim,
    "apps/StatefulSet": _stateful_set,
    "apps/DaemonSet": _daemon_set,
    "extensions/DaemonSet": _daemon_set,
    "apps/Deployment": _deployment,
    "extensions/Deployment": _deployment,
    "apps/ReplicaSet": _replica_set,
    "extensions/ReplicaSet": _replica_set,
    "policy/PodDisruptionBudget": _disruption_budget,
    "batch/CronJob": _always_ready,
    "batch/Job": _job,
    "apiextensions.k8s.io/CustomResourceDefinition": _definition,
}


def _group_kind(object_: Mapping[str, Json]) -> str:
    group, slash, _ = str(object_.get("apiVersion", "")).partition("/")
    kind = str(object_.get("kind", ""))
    return f"{group}/{kind}" if slash else kind


def _in_progress(reason: str, message: str) -> Status:
    return Status("InProgress", message, reason)


def _failed(reason: str, message: str) -> Status:
    return Status("Failed", message, reason)


def _conditions(object_: Mapping[str, Json]) -> Sequence[Mapping[str, Json]]:
    found = get(object_, "status", "conditions")
    if found is None:
        return ()
    if not isinstance(found, list) or not all(isinstance(entry, Mapping) for entry in found):
        raise StatusError("status.conditions is not a list of conditions")
    return found


def _counted(object_: Mapping[str, Json], field: str) -> int:
    return _number(object_, 0, "status", field)


def _number(object_: Mapping[str, Json], default: int, *path: str) -> int:
    value = get(object_, *path)
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def _text(object_: Mapping[str, Json], *path: str, default: str = "") -> str:
    value = get(object_, *path)
    return value if isinstance(value, str) else default
