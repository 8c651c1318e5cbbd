"""The frame around the image controllers: guards, progress, conditions, one event."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fluxsim.controllers.flux.lifecycle import AUTOMATION, REFLECTOR, Attempt, Family, ImageLifecycle, Progress
from fluxsim.formats.imageevents import NO_CHANGE
from fluxsim.formats.tree import Map, get
from fluxsim.kube.controller import After, Result, Retry
from fluxsim.kube.meta import Key
from fluxsim.kube.outcome import Failed, Ready, Stalled, Waiting
from tests.controllers.flux.ground import Ground

GOOD = Ready("all is well", again_after=60_000, trace="nothing new")
DEFAULT_MESSAGE = "processing object: new generation -1 -> 1"


class Attempts:
    """One attempt after the other, as given; each says what it says first."""

    announces_requests = True

    def __init__(self, *outcomes: Ready | Exception | Callable[[Progress], Ready]) -> None:
        self._outcomes = list(outcomes)
        self.count = 0

    def attempt(self, key: Key, obj: Map, progress: Progress) -> Attempt:
        self.count += 1
        outcome = self._outcomes.pop(0)
        yield 10
        if isinstance(outcome, Exception):
            raise outcome
        return outcome if isinstance(outcome, Ready) else outcome(progress)


class Frame:
    """A repository with its finalizer, in a lifecycle."""

    def __init__(self, *outcomes: Ready | Exception | Callable[[Progress], Ready], family: Family = REFLECTOR) -> None:
        self.ground = Ground()
        self.attempts = Attempts(*outcomes)
        ground = self.ground
        self._lifecycle = ImageLifecycle(
            self.attempts, family, store=ground.store, recorder=ground.recorder, clock=ground.clock
        )
        metadata = {"name": "app", "namespace": "default", "finalizers": ["finalizers.fluxcd.io"]}
        spec = {"image": "registry.test/app", "interval": "1m"}
        self.key = ground.put(
            {"apiVersion": "image.toolkit.fluxcd.io/v1", "kind": "ImageRepository", "metadata": metadata, "spec": spec}
        )

    def run(self) -> Result:
        return self.ground.play(self._lifecycle.reconcile(self.key))

    def patch(self, change: dict[str, object]) -> None:
        self.ground.store.patch(self.key, change, manager="test")

    def request(self, token: str) -> None:
        self.patch({"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": token}}})

    def status(self, *path: str) -> object:
        return get(self.ground.store.need(self.key), "status", *path)

    def conditions(self) -> dict[str, tuple[str, str, str]]:
        return self.ground.conditions(self.key)


def test_the_first_run_only_adds_the_finalizer() -> None:
    frame = Frame(GOOD)
    frame.patch({"metadata": {"finalizers": None}})
    assert isinstance(frame.run(), Retry)
    assert frame.attempts.count == 0
    assert frame.conditions() == {}


def test_an_object_that_is_gone_asks_for_nothing() -> None:
    frame = Frame(GOOD)
    frame.ground.store.delete(frame.key)
    assert frame.run() is None, "its finalizer is taken away"
    assert frame.ground.store.get(frame.key) is None
    assert frame.run() is None


def test_success_is_ready_and_observed() -> None:
    frame = Frame(GOOD)
    assert frame.run() == After(60_000)
    assert frame.conditions() == {"Ready": ("True", "Succeeded", "all is well")}
    assert frame.status("observedGeneration") == 1
    assert frame.ground.told() == [("Normal", "Succeeded", "all is well")]


def test_a_quiet_success_is_told_as_a_trace() -> None:
    frame = Frame(GOOD, GOOD)
    frame.run()
    frame.run()
    assert frame.ground.told() == [("Normal", "Succeeded", "all is well")], "a trace is no news"
    messages = [event["message"] for event in frame.ground.recorder.about(frame.key)]
    assert messages == ["all is well", "nothing new"]


def test_another_ready_message_is_told_by_the_reflector_only() -> None:
    changed = Ready("found more", trace="nothing new")
    for family, expected in ((REFLECTOR, 2), (AUTOMATION, 1)):
        frame = Frame(GOOD, changed, family=family)
        frame.run()
        frame.run()
        assert len(frame.ground.told()) == expected, family


def test_a_push_is_told_by_its_summary() -> None:
    frame = Frame(GOOD, Ready("repository up-to-date", event="pushed commit 'abc'"), family=AUTOMATION)
    frame.run()
    frame.run()
    assert frame.ground.told()[-1] == ("Normal", "Succeeded", "pushed commit 'abc'")


def test_a_skipped_run_says_that_nothing_changed() -> None:
    frame = Frame(GOOD, Ready("all is well", trace=NO_CHANGE), family=AUTOMATION)
    frame.run()
    frame.run()
    assert frame.ground.recorder.about(frame.key)[-1]["message"] == NO_CHANGE


def test_a_failure_backs_off_and_keeps_the_last_progress() -> None:
    def fails(progress: Progress) -> Ready:
        progress("scanning: first scan")
        raise Failed("ReadOperationFailed", "scan failed: no")

    frame = Frame(fails)
    result = frame.run()
    assert isinstance(result, Retry)
    assert frame.conditions() == {
        "Reconciling": ("True", "ProgressingWithRetry", "scanning: first scan"),
        "Ready": ("False", "ReadOperationFailed", "scan failed: no"),
    }
    assert frame.status("observedGeneration") == -1
    assert frame.ground.told() == [("Warning", "ReadOperationFailed", "scan failed: no")]


def test_progress_that_was_not_written_is_kept_by_a_failure_all_the_same() -> None:
    def fails(progress: Progress) -> Ready:
        progress("scanning: triggered by interval")
        raise Failed("ReadOperationFailed", "scan failed: no")

    frame = Frame(GOOD, fails)
    frame.run()
    frame.run()
    assert frame.conditions()["Reconciling"][2] == "scanning: triggered by interval"
    assert frame.status("observedGeneration") == 1


def test_an_unnamed_failure_leaves_an_older_one_as_it_was() -> None:
    frame = Frame(Failed("AuthenticationFailed", "no secret"), Failed("Failed", "something else"))
    frame.run()
    frame.run()
    assert frame.conditions()["Ready"] == ("False", "AuthenticationFailed", "no secret")
    assert frame.ground.told() == [("Warning", "AuthenticationFailed", "no secret")] * 2


def test_a_failure_that_was_overcome_gives_way() -> None:
    def later(progress: Progress) -> Ready:
        progress.past("AuthenticationFailed")
        raise Failed("Failed", "something else")

    frame = Frame(Failed("AuthenticationFailed", "no secret"), later)
    frame.run()
    frame.run()
    assert frame.conditions()["Ready"] == ("False", "Failed", "something else")


def test_a_stall_is_observed_and_not_tried_again() -> None:
    frame = Frame(Stalled("InvalidPolicy", "nonsense"))
    assert frame.run() is None
    assert frame.conditions() == {
        "Stalled": ("True", "InvalidPolicy", "nonsense"),
        "Ready": ("False", "InvalidPolicy", "nonsense"),
    }
    assert frame.status("observedGeneration") == 1


def test_a_stall_keeps_the_text_of_an_older_failure() -> None:
    frame = Frame(Failed("DependencyNotReady", "not there"), Stalled("InvalidPolicy", "nonsense"))
    frame.run()
    frame.run()
    assert frame.conditions()["Ready"] == ("False", "DependencyNotReady", "not there")
    assert frame.conditions()["Stalled"] == ("True", "InvalidPolicy", "nonsense")


def test_a_wait_is_no_backoff() -> None:
    frame = Frame(Waiting("DependencyNotReady", "later", again_after=30_000))
    assert frame.run() == After(30_000)
    assert frame.conditions()["Reconciling"][1] == "ProgressingWithRetry"


def test_recovery_takes_reconciling_and_stalled_away() -> None:
    frame = Frame(Failed("Failure", "no"), GOOD, Stalled("InvalidPolicy", "no"), GOOD)
    for _ in range(4):
        frame.run()
        assert ("Reconciling" in frame.conditions()) + ("Stalled" in frame.conditions()) <= 1
    assert set(frame.conditions()) == {"Ready"}
    assert frame.ground.told()[-1] == ("Normal", "Succeeded", "all is well")


def test_the_first_progress_is_written_at_once_for_a_new_generation() -> None:
    frame = Frame(GOOD)
    frame.run()
    written = [event for event in frame.ground.log.events if event.kind == "api.modified"]
    first = written[0].data["object"]["status"]["conditions"]
    assert [(entry["type"], entry["status"], entry["message"]) for entry in first] == [
        ("Reconciling", "True", DEFAULT_MESSAGE),
        ("Ready", "Unknown", DEFAULT_MESSAGE),
    ]


def test_a_request_is_announced_and_stored_at_the_end() -> None:
    frame = Frame(GOOD, GOOD)
    frame.run()
    frame.request("now")
    count = len(frame.ground.log.events)
    frame.run()
    [announced, handled] = [event for event in frame.ground.log.events[count:] if event.kind == "api.modified"]
    assert announced.data["object"]["status"]["conditions"][0]["message"] == "reconciliation in progress"
    assert announced.data["object"]["status"]["conditions"][1]["status"] == "True", "Ready stays what it was"
    assert handled.data["object"]["status"]["lastHandledReconcileAt"] == "now"


def test_a_failed_request_counts_as_handled() -> None:
    frame = Frame(Failed("Failure", "no"))
    frame.request("now")
    frame.run()
    assert frame.status("lastHandledReconcileAt") == "now"


@pytest.mark.parametrize(("family", "handled"), [(REFLECTOR, "now"), (AUTOMATION, None)])
def test_a_suspended_object_does_nothing_but_what_its_controller_stores(family: Family, handled: str | None) -> None:
    frame = Frame(GOOD, family=family)
    frame.patch({"spec": {"suspend": True}})
    frame.request("now")
    assert frame.run() is None
    assert frame.attempts.count == 0
    assert frame.conditions() == {}
    assert frame.ground.told() == []
    assert frame.status("lastHandledReconcileAt") == handled
    assert frame.status("observedGeneration") == -1
