from __future__ import annotations

from typing import Any

import pytest

from fluxsim.formats.kstatus import SCHEDULE_WINDOW_MS, StatusError, finished_job_status, status_of
from fluxsim.kernel.units import unix_millis

CREATED = "2026-05-01T10:00:00Z"
NOW_MS = unix_millis(CREATED) + SCHEDULE_WINDOW_MS + 1


def told(kind: str, api_version: str = "apps/v1", *, now_ms: int = NOW_MS, **fields: Any) -> str:
    status = status_of(
        {"kind": kind, "apiVersion": api_version, "metadata": {"generation": 1}, **fields}, now_ms=now_ms
    )
    return f"{status.status}: {status.message}"


def replicas(**counts: int) -> dict[str, Any]:
    return {"observedGeneration": 1, **counts}


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (replicas(replicas=1), "InProgress: Replicas: 1/3"),
        (replicas(replicas=3, updatedReplicas=2), "InProgress: Updated: 2/3"),
        (replicas(replicas=4, updatedReplicas=3), "InProgress: Pending termination: 1"),
        (replicas(replicas=3, updatedReplicas=3, availableReplicas=1), "InProgress: Available: 1/3"),
        (replicas(replicas=3, updatedReplicas=3, availableReplicas=3), "InProgress: Ready: 0/3"),
    ],
)
def test_a_deployment_names_what_it_waits_for(status: Any, expected: str) -> None:
    assert told("Deployment", spec={"replicas": 3}, status=status) == expected


def test_a_deployment_with_a_deadline_needs_its_progress_condition() -> None:
    status = replicas(replicas=1, updatedReplicas=1, availableReplicas=1, readyReplicas=1)
    spec = {"progressDeadlineSeconds": 600}
    assert told("Deployment", spec=spec, status=status) == "InProgress: ReplicaSet not Available"
    status["conditions"] = [
        {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
        {"type": "Available", "status": "True"},
    ]
    assert told("Deployment", spec=spec, status=status) == "Current: Deployment is available. Replicas: 1"


@pytest.mark.parametrize(
    ("spec", "status", "expected"),
    [
        ({"updateStrategy": {"type": "OnDelete"}}, {}, "Current: StatefulSet is using the ondelete update strategy"),
        (
            {"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 1}}},
            {"replicas": 3, "readyReplicas": 3, "updatedReplicas": 1},
            "InProgress: updated: 1/2",
        ),
        (
            {"replicas": 1},
            {"replicas": 1, "readyReplicas": 1, "currentReplicas": 1, "currentRevision": "a", "updateRevision": "b"},
            "InProgress: Waiting for updated revision to match current",
        ),
    ],
)
def test_a_stateful_set_follows_its_update_strategy(spec: Any, status: Any, expected: str) -> None:
    assert told("StatefulSet", spec=spec, status=status) == expected


def test_a_daemon_set_is_not_done_before_its_controller_has_seen_it() -> None:
    assert told("DaemonSet") == "InProgress: DaemonSet status.observedGeneration not found"
    assert told("DaemonSet", status=replicas()) == "InProgress: Missing .status.desiredNumberScheduled"
    status = replicas(desiredNumberScheduled=2, currentNumberScheduled=2, updatedNumberScheduled=1)
    assert told("DaemonSet", status=status) == "InProgress: Updated: 1/2"


def test_a_pod_in_a_crash_loop_has_failed() -> None:
    waiting = {"name": "web", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}
    status = {"phase": "Running", "containerStatuses": [waiting]}
    assert told("Pod", "v1", status=status) == "Failed: Containers in CrashLoop state: web"


def test_a_pod_may_be_unschedulable_for_a_while() -> None:
    fields: dict[str, Any] = {
        "metadata": {"creationTimestamp": CREATED},
        "status": {
            "phase": "Pending",
            "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}],
        },
    }
    assert told("Pod", "v1", now_ms=unix_millis(CREATED) + 1, **fields) == "InProgress: Pod has not been scheduled"
    assert told("Pod", "v1", **fields) == "Failed: Pod could not be scheduled"


def test_a_pod_phase_of_the_future_is_an_error() -> None:
    with pytest.raises(StatusError, match="unknown phase Sleeping"):
        told("Pod", "v1", status={"phase": "Sleeping"})


def test_deletion_comes_before_all_else() -> None:
    metadata = {"deletionTimestamp": CREATED, "generation": 2}
    assert told("ConfigMap", "v1", metadata=metadata) == "Terminating: Resource scheduled for deletion"


def test_an_unknown_kind_without_conditions_is_current() -> None:
    assert told("Widget", "example.com/v1") == "Current: Resource is current"


def test_a_condition_ready_that_is_false_is_never_a_failure() -> None:
    status = {"conditions": [{"type": "Ready", "status": "False", "message": "broken"}]}
    assert told("Widget", "example.com/v1", status=status) == "InProgress: broken"


def test_a_definition_whose_name_is_taken_has_failed() -> None:
    status = {"conditions": [{"type": "NamesAccepted", "status": "False", "reason": "Taken", "message": "taken"}]}
    assert told("CustomResourceDefinition", "apiextensions.k8s.io/v1", status=status) == "Failed: taken"


def test_a_running_job_is_current_for_kstatus_and_not_for_kustomize_controller() -> None:
    job = {"kind": "Job", "apiVersion": "batch/v1", "status": {"startTime": CREATED, "active": 1}}
    assert status_of(job, now_ms=NOW_MS).status == "Current"
    assert finished_job_status(job).status == "InProgress"
    assert finished_job_status({**job, "spec": {"suspend": True}}).message == "Job is suspended"


def test_conditions_of_another_shape_are_an_error() -> None:
    with pytest.raises(StatusError):
        told("Widget", "example.com/v1", status={"conditions": "none"})
