from __future__ import annotations

import pytest

from fluxsim.formats.imageevents import Delivery, Happening, Readiness, automated, delivery, reflected

READY = Readiness("True", "Succeeded", "all well")
OTHER = Readiness("True", "Succeeded", "well in another way")
FAILED = Readiness("False", "Failure", "broken")
UNKNOWN = Readiness("Unknown", "Progressing", "working")


@pytest.mark.parametrize("before", [None, FAILED, UNKNOWN, OTHER])
def test_a_reflector_tells_what_became_ready_or_changed(before: Readiness | None) -> None:
    assert reflected(before, READY, quiet_message="quiet") == Happening("Normal", "Succeeded", "all well")


def test_a_reflector_is_quiet_where_nothing_changed() -> None:
    assert reflected(READY, READY, quiet_message="quiet") == Happening("Trace", "Succeeded", "quiet")


@pytest.mark.parametrize("before", [None, READY, FAILED])
def test_every_failure_is_a_warning(before: Readiness | None) -> None:
    warning = Happening("Warning", "Failure", "broken")
    assert reflected(before, FAILED, quiet_message="quiet") == warning
    assert automated(before, FAILED, push_summary="pushed", sync_needed=True) == warning


@pytest.mark.parametrize("before", [None, FAILED, READY])
def test_an_automation_tells_of_a_push_above_all(before: Readiness | None) -> None:
    assert automated(before, READY, push_summary="pushed", sync_needed=True) == Happening(
        "Normal", "Succeeded", "pushed"
    )


def test_an_automation_without_a_push_tells_only_that_it_recovered() -> None:
    assert automated(FAILED, READY, push_summary=None, sync_needed=False).type == "Normal"
    assert automated(OTHER, READY, push_summary=None, sync_needed=True) == Happening("Trace", "Succeeded", "all well")
    assert (
        automated(READY, READY, push_summary=None, sync_needed=False).message == "no change since last reconciliation"
    )


def test_traces_stay_in_the_cluster() -> None:
    assert delivery("Trace") == Delivery("Normal", "trace", is_notified=False)
    assert delivery("Normal") == Delivery("Normal", "info", is_notified=True)
    assert delivery("Warning") == Delivery("Warning", "error", is_notified=True)
