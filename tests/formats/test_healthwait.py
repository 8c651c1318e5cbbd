from __future__ import annotations

from fluxsim.formats.celexpr import health_checks
from fluxsim.formats.healthwait import Waited, health_of, object_name, waited
from fluxsim.formats.kstatus import NOT_FOUND, Status

CURRENT, FAILED, BUSY = Status("Current"), Status("Failed"), Status("InProgress")


def test_a_wait_ends_when_all_is_current() -> None:
    assert waited({"Service/a/b": CURRENT, "Namespace/a": CURRENT}) == Waited(over=True)


def test_a_failure_ends_the_wait_only_when_it_should_fail_fast() -> None:
    statuses = {"Deployment/a/b": FAILED, "Deployment/a/c": BUSY}
    assert waited(statuses).error == "failed early due to stalled resources: [Deployment/a/b status: 'Failed']"
    assert not waited(statuses, fail_fast=False).over


def test_with_nothing_left_to_hope_for_the_wait_ends_anyway() -> None:
    assert waited({"Deployment/a/b": FAILED, "Deployment/a/c": CURRENT}, fail_fast=False).over


def test_the_timeout_tells_all_that_are_late_in_the_order_asked() -> None:
    result = waited({"Job/a/z": NOT_FOUND, "Service/a/b": CURRENT, "Pod/a/x": BUSY}, timed_out=True)
    assert result.error == "timeout waiting for: [Job/a/z status: 'NotFound', Pod/a/x status: 'InProgress']"


def test_a_job_with_a_time_to_live_may_be_gone() -> None:
    assert waited({"Job/a/z": NOT_FOUND}, may_vanish={"Job/a/z"}) == Waited(over=True)
    assert not waited({"Job/a/z": NOT_FOUND}).over


def test_an_object_that_was_never_read_has_no_status() -> None:
    assert waited({"X/a": None}, timed_out=True).error == "timeout waiting for: [can't determine status for X/a]"


def test_a_cluster_scoped_name_has_two_parts() -> None:
    assert object_name("Namespace", "", "apps") == "Namespace/apps"


def test_a_kustomization_waits_for_jobs_to_complete() -> None:
    job = {"apiVersion": "batch/v1", "kind": "Job", "status": {"startTime": "2026-01-01T00:00:00Z"}}
    assert health_of(job, None, now_ms=0).status == "InProgress"


def test_expressions_replace_kstatus_for_their_kind() -> None:
    checks = health_checks([{"apiVersion": "example.com/v1", "kind": "Widget", "current": "status.phase == 'Up'"}])
    widget = {"apiVersion": "example.com/v2", "kind": "Widget", "status": {"phase": "Down"}}
    assert health_of(widget, checks, now_ms=0).status == "InProgress"
    assert health_of({**widget, "kind": "Gadget"}, checks, now_ms=0).status == "Current"


def test_what_cannot_be_told_is_unknown_with_the_reason() -> None:
    checks = health_checks([{"apiVersion": "example.com/v1", "kind": "Widget", "current": "status.phase == 'Up'"}])
    status = health_of({"apiVersion": "example.com/v1", "kind": "Widget", "status": {}}, checks, now_ms=0)
    assert waited({"Widget/a/b": status}, timed_out=True).error == (
        "timeout waiting for: [Widget/a/b status: 'Unknown': "
        "failed to evaluate the CEL expression 'status.phase == 'Up'': no such key: phase]"
    )
