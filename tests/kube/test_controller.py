from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from itertools import pairwise

import pytest

from fluxsim.formats.tree import get
from fluxsim.kernel.steps import Steps
from fluxsim.kernel.units import MINUTE, SECOND, Millis
from fluxsim.kube.controller import (
    WATCH_LATENCY_MS,
    After,
    Again,
    Backoff,
    Controller,
    Reconciler,
    Repeatable,
    Result,
    Retry,
)
from fluxsim.kube.errors import Conflict
from fluxsim.kube.idle import Idle, Span
from fluxsim.kube.meta import CONFIG_MAP, Key
from tests.kube.ground import Ground, config_map, key

TAKES_MS = 100


class Recorder:
    """A reconciler that takes 100 ms, notes when it ran, and does as it is told."""

    def __init__(self, ground: Ground, results: Sequence[Result] = ()) -> None:
        self._ground = ground
        self._results = list(results)
        self.runs: list[tuple[str, int]] = []
        self.effect: Callable[[Key], object] = lambda _key: None

    def reconcile(self, key: Key) -> Steps[Result]:
        self.runs.append((key.name, self._ground.schedule.now_ms))
        yield TAKES_MS
        self.effect(key)
        return self._results.pop(0) if self._results else None

    @property
    def times(self) -> list[int]:
        return [at_ms for _name, at_ms in self.runs]


class Scan:
    """A reconciler with an interval: it counts what it scans, and writes only where the count is new."""

    def __init__(self, ground: Ground, counts: dict[str, int], interval_ms: Millis) -> None:
        self._ground = ground
        self._counts = counts
        self._interval_ms = interval_ms
        self.played = 0

    def reconcile(self, key: Key) -> Steps[Result]:
        self.played += 1
        if self._ground.store.get(key) is None:
            return None
        yield TAKES_MS
        count = str(self._counts[key.name])
        if get(self._ground.store.need(key), "data", "count") != count:
            self._ground.store.patch(key, {"data": {"count": count}})
        self._beat(key)
        return After(self._interval_ms)

    def fingerprint(self, key: Key) -> Hashable:
        return self._counts[key.name]

    def idle(self, key: Key) -> Idle:
        return IdleScan(self._ground, key, self._interval_ms)

    def _beat(self, key: Key) -> None:
        obj = self._ground.store.need(key)
        self._ground.recorder.record(obj, "Normal", "Scanned", "no new tags", component="scan", quiet=True)


class IdleScan:
    """The same while the count stays."""

    def __init__(self, ground: Ground, key: Key, interval_ms: Millis) -> None:
        self._ground = ground
        self._key = key
        self._interval_ms = interval_ms
        self.stream = ground.chance.stream(str(key))

    def takes(self) -> Millis:
        return TAKES_MS

    def again(self) -> Millis:
        return self._interval_ms

    def begun(self, at_ms: Millis) -> None:
        """Nothing is written at the beginning."""

    def happened(self, runs: Sequence[Span]) -> None:
        obj, times = self._ground.store.need(self._key), [run.ended_ms for run in runs]
        self._ground.recorder.tell_again(obj, "Scanned", "no new tags", component="scan", times=times)


def controller(
    ground: Ground,
    reconciler: Reconciler,
    *,
    workers: int = 1,
    backoff: Backoff | None = None,
    repeatable: Repeatable | None = None,
) -> Controller:
    return Controller(
        "test-controller",
        reconciler,
        store=ground.store,
        schedule=ground.schedule,
        log=ground.log,
        workers=workers,
        backoff=backoff,
        repeatable=repeatable,
        changes=ground.changes,
    )


# -- one slot a key


def test_a_key_runs_a_moment_after_its_event() -> None:
    ground = Ground()
    reconciler = Recorder(ground)
    controller(ground, reconciler).enqueue(key())
    ground.run(10)
    assert reconciler.times == [1]


def test_events_before_the_run_are_one_run() -> None:
    ground = Ground()
    reconciler = Recorder(ground)
    queue = controller(ground, reconciler)
    for _ in range(5):
        queue.enqueue(key())
    ground.run(10)
    assert reconciler.times == [1]


def test_events_during_a_run_bring_one_more() -> None:
    ground = Ground()
    reconciler = Recorder(ground)
    queue = controller(ground, reconciler, workers=3)
    for at_ms in (0, 20, 40, 60):
        ground.schedule.at(at_ms, lambda: queue.enqueue(key()))
    ground.run(10)
    assert reconciler.times == [1, 101]


def test_a_key_never_runs_twice_at_once() -> None:
    ground = Ground()
    reconciler = Recorder(ground)
    queue = controller(ground, reconciler, workers=9)
    seen: list[int] = []

    def wake() -> None:
        queue.enqueue(key())
        seen.append(len(queue.running()))

    for at_ms in range(0, 3000, 7):
        ground.schedule.at(at_ms, wake)
    ground.run(10)
    assert max(seen) == 1
    assert all(later - earlier >= TAKES_MS for earlier, later in pairwise(reconciler.times))


# -- workers


def test_workers_are_what_limits() -> None:
    ground = Ground()
    reconciler = Recorder(ground)
    queue = controller(ground, reconciler, workers=2)
    for name in "abcde":
        queue.enqueue(key(name))
    ground.run(10)
    assert reconciler.runs == [("a", 1), ("b", 1), ("c", 101), ("d", 101), ("e", 201)]


def test_many_keys_that_end_at_once_do_not_pile_up() -> None:
    class Idle:
        count = 0

        def reconcile(self, key: Key) -> Steps[Result]:
            self.count += 1
            yield from ()
            return None

    ground, idle = Ground(), Idle()
    queue = controller(ground, idle)
    for number in range(3000):
        queue.enqueue(key(str(number)))
    ground.run(1)
    assert idle.count == 3000


# -- what a run asks for


def test_after_counts_from_the_end_of_the_run() -> None:
    ground = Ground()
    ground.store.create(config_map())
    reconciler = Recorder(ground, [After(1000), After(1000)])
    queue = controller(ground, reconciler)
    queue.enqueue(key())
    ground.run(1)
    assert queue.waiting() == [(key(), 1101, "interval")]
    ground.run(10)
    assert reconciler.times == [1, 1101, 2201]


def test_an_event_restarts_the_interval() -> None:
    ground = Ground()
    ground.store.create(config_map())
    reconciler = Recorder(ground, [After(60_000)] * 9)
    queue = controller(ground, reconciler)
    queue.enqueue(key())
    ground.schedule.at(50_000, lambda: queue.enqueue(key()))
    ground.run(200)
    assert reconciler.times == [1, 50_001, 110_101, 170_201]


def test_a_shorter_wait_counts_at_once() -> None:
    ground = Ground()
    ground.store.create(config_map())
    reconciler = Recorder(ground, [After(60_000), After(500), None])
    queue = controller(ground, reconciler)
    queue.enqueue(key())
    ground.schedule.at(10_000, lambda: queue.enqueue(key()))
    ground.run(200)
    assert reconciler.times == [1, 10_001, 10_601]


def test_without_an_answer_only_events_bring_the_next_run() -> None:
    ground = Ground()
    ground.store.create(config_map())
    reconciler = Recorder(ground)
    queue = controller(ground, reconciler)
    queue.enqueue(key())
    ground.run(3600)
    assert (reconciler.times, queue.waiting()) == ([1], [])


def test_failures_double_the_wait_up_to_the_cap() -> None:
    ground = Ground()
    reconciler = Recorder(ground, [Retry("no")] * 6)
    queue = controller(ground, reconciler, backoff=Backoff(1000, 5000))
    queue.enqueue(key())
    ground.run(1)
    assert queue.waiting() == [(key(), 1101, "retry")]
    ground.run(100)
    starts = reconciler.times
    assert [later - earlier - TAKES_MS for earlier, later in pairwise(starts)] == [
        1000,
        2000,
        4000,
        5000,
        5000,
        5000,
    ]


def test_a_success_makes_the_next_failure_the_first() -> None:
    ground = Ground()
    ground.store.create(config_map())
    reconciler = Recorder(ground, [Retry("no"), Retry("no"), After(1), Retry("no"), None])
    queue = controller(ground, reconciler, backoff=Backoff(1000, 5000))
    queue.enqueue(key())
    ground.run(100)
    starts = reconciler.times
    assert [later - earlier - TAKES_MS for earlier, later in pairwise(starts)] == [
        1000,
        2000,
        1,
        1000,
    ]


def test_back_off_never_overflows() -> None:
    assert Backoff(750, 15 * MINUTE).delay(0) == 750
    assert Backoff(750, 15 * MINUTE).delay(5000) == 15 * MINUTE


def test_an_api_error_is_a_retry_with_its_message() -> None:
    ground = Ground()
    ground.store.create(config_map())
    reconciler = Recorder(ground)

    def fail(key: Key) -> None:
        ground.store.patch(key, {"data": {"a": str(len(reconciler.runs))}})
        if len(reconciler.runs) == 1:
            raise Conflict("someone was faster")

    reconciler.effect = fail
    controller(ground, reconciler).enqueue(key())
    ground.run(10)
    ends = [event.data for event in ground.log.events if event.kind == "reconcile.finished"]
    assert ends == [
        {"key": "ConfigMap/shop/settings", "took": TAKES_MS, "retry": "someone was faster", "again": 5},
        {"key": "ConfigMap/shop/settings", "took": TAKES_MS},
    ]


# -- who woke whom


def test_an_effect_has_its_run_as_cause_and_the_run_its_events() -> None:
    ground = Ground()
    made = ground.store.create(config_map())
    reconciler = Recorder(ground)
    reconciler.effect = lambda key: ground.store.patch(key, {"data": {"a": "b"}})
    queue = controller(ground, reconciler)
    seq = ground.log.events[-1].seq
    queue.enqueue(key(), because=(seq,), trigger="created")
    ground.run(1)
    started, effect, finished = ground.log.events[seq + 1 :]
    assert (started.kind, started.actor, started.because) == ("reconcile.started", "test-controller", (seq,))
    assert started.data == {
        "key": "ConfigMap/shop/settings",
        "kind": "ConfigMap",
        "trigger": "created",
        "startedAt": 1,
    }
    assert (effect.kind, effect.because) == ("api.modified", (started.seq,))
    assert (finished.kind, finished.because) == ("reconcile.finished", (started.seq,))
    assert made["data"] == {}


def test_a_run_without_effect_is_not_logged() -> None:
    ground = Ground()
    count = len(ground.log.events)
    controller(ground, Recorder(ground)).enqueue(key())
    ground.run(1)
    assert len(ground.log.events) == count


@pytest.mark.parametrize(("result", "kept"), [(Again(500), True), (Retry("no"), True), (After(500), False)])
def test_work_that_goes_on_keeps_its_cause(result: Result, *, kept: bool) -> None:
    ground = Ground()
    ground.store.create(config_map())
    reconciler = Recorder(ground, [result, None])
    reconciler.effect = lambda key: ground.store.patch(key, {"data": {"n": str(ground.schedule.now_ms)}})
    seq = ground.log.events[-1].seq
    controller(ground, reconciler).enqueue(key(), because=(seq,))
    ground.run(60)
    first, second = [event for event in ground.log.events if event.kind == "reconcile.started"]
    assert (first.because, second.because) == ((seq,), (seq,) if kept else ())


def test_the_first_trigger_names_the_run() -> None:
    ground = Ground()
    ground.store.create(config_map())
    reconciler = Recorder(ground, [After(1000), None])
    reconciler.effect = lambda key: ground.store.patch(key, {"data": {"n": str(ground.schedule.now_ms)}})
    queue = controller(ground, reconciler)
    queue.enqueue(key(), trigger="first")
    queue.enqueue(key(), trigger="second")
    ground.run(10)
    triggers = [event.data["trigger"] for event in ground.log.events if event.kind == "reconcile.started"]
    assert triggers == ["first", "interval"]


# -- the end of keys and of controllers


def test_a_key_that_is_gone_is_forgotten() -> None:
    ground = Ground()
    ground.store.create(config_map())
    reconciler = Recorder(ground, [After(1000)])
    queue = controller(ground, reconciler)
    queue.enqueue(key())
    ground.run(0.5)
    ground.store.delete(key())
    queue.forget(key())
    ground.run(10)
    assert (reconciler.times, queue.waiting()) == ([1], [])


def test_a_key_that_comes_back_is_not_woken_by_its_old_timer() -> None:
    ground = Ground()
    ground.store.create(config_map())
    reconciler = Recorder(ground, [After(1000), After(60_000), None])
    queue = controller(ground, reconciler)
    queue.enqueue(key())
    ground.run(0.5)
    queue.forget(key())
    queue.enqueue(key())
    ground.run(10)
    assert reconciler.times == [1, 501]


def test_a_restart_loses_queue_timers_and_what_runs() -> None:
    ground = Ground()
    for name in "abc":
        ground.store.create(config_map(name))
    reconciler = Recorder(ground, [After(10 * SECOND), Retry("no"), None])
    effects: list[str] = []
    reconciler.effect = lambda key: effects.append(key.name)
    queue = controller(ground, reconciler)
    for name in "abc":
        queue.enqueue(key(name))
    ground.schedule.at(250, queue.restart)
    ground.run(60)
    assert reconciler.runs == [("a", 1), ("b", 101), ("c", 201)]
    assert (effects, queue.waiting(), queue.running()) == (["a", "b"], [], [])
    queue.enqueue(key("a"))
    ground.run(60)
    assert reconciler.runs[-1] == ("a", 60_001)


# -- lean and full


def history(
    *, lean: bool, changed_ms: Millis = 300 * SECOND + 33, workers: int = 2, names: str = "ab"
) -> tuple[str, int, dict[str, int]]:
    """Play 20 minutes with a few changes; return the log's digest, how many runs were played, and the Events' counts."""
    ground, counts = Ground(), {name: 1 + place for place, name in enumerate(names)}

    def edit() -> None:
        ground.store.patch(key("b"), {"data": {"count": "edited"}})

    scan = Scan(ground, counts, 20 * SECOND)
    queue = controller(ground, scan, workers=workers, repeatable=scan if lean else None)
    ground.store.watch(CONFIG_MAP, lambda change: queue.enqueue(change.key, because=(change.seq,)))
    for name in counts:
        ground.store.create(config_map(name))

    def change() -> None:
        ground.changes.coming()
        counts.update(a=20)

    ground.schedule.at(changed_ms, change)
    ground.schedule.at(500 * SECOND, lambda: queue.enqueue(key("b"), trigger="asked"))
    ground.schedule.at(700 * SECOND, edit)
    ground.run(1200)
    told = {event["involvedObject"]["name"]: event["count"] for event in ground.recorder.about()}
    return ground.log.digest(), scan.played, told


def test_skipping_runs_that_change_nothing_gives_the_same_log() -> None:
    lean, full = history(lean=True), history(lean=False)
    assert lean[0] == full[0]
    assert lean[2] == full[2] == {"a": 62, "b": 62}
    assert (lean[1], full[1]) == (10, 124)


@pytest.mark.parametrize("after_ms", [0, 1, 50, TAKES_MS - 1, TAKES_MS + 1])
def test_a_change_in_the_middle_of_a_repeated_run_is_seen_as_a_played_run_sees_it(after_ms: Millis) -> None:
    begins_ms = 15 * (20 * SECOND + TAKES_MS) + WATCH_LATENCY_MS
    lean, full = (history(lean=lean, changed_ms=begins_ms + after_ms) for lean in (True, False))
    assert (lean[0], lean[2]) == (full[0], full[2])
    assert lean[1] < full[1]


@pytest.mark.parametrize("after_ms", [-50, 0, 50, 150, 250, 450, 5000])
@pytest.mark.parametrize("workers", [1, 2, 3])
def test_idle_runs_wait_for_workers_as_played_ones_do(workers: int, after_ms: Millis) -> None:
    changed_ms = 15 * (20 * SECOND + TAKES_MS) + WATCH_LATENCY_MS + after_ms
    lean, full = (history(lean=lean, changed_ms=changed_ms, workers=workers, names="abcdefg") for lean in (True, False))
    assert (lean[0], lean[2]) == (full[0], full[2])
    assert lean[1] < full[1] / 3


def test_an_idle_key_is_seen_to_run_and_to_wait() -> None:
    ground = Ground()
    scan = Scan(ground, {"a": 1}, 20 * SECOND)
    queue = controller(ground, scan, repeatable=scan)
    ground.store.create(config_map("a", count="1"))
    queue.enqueue(key("a"))
    ground.run(1)
    assert queue.running() == []
    assert queue.waiting() == [(key("a"), 20 * SECOND + TAKES_MS + WATCH_LATENCY_MS, "interval")]
    ground.schedule.run_to(20 * SECOND + TAKES_MS + WATCH_LATENCY_MS + 50)
    assert queue.running() == [key("a")]
    assert queue.waiting() == [(key("a"), ground.schedule.now_ms, "now")]


def test_an_idle_key_that_is_asked_for_runs() -> None:
    ground = Ground()
    scan = Scan(ground, {"a": 1}, 20 * SECOND)
    queue = controller(ground, scan, repeatable=scan)
    ground.store.create(config_map("a", count="1"))
    queue.enqueue(key("a"))
    ground.run(90)
    played = scan.played
    queue.enqueue(key("a"), trigger="asked")
    ground.run(1)
    assert scan.played == played + 1


def test_a_restart_cuts_off_an_idle_run() -> None:
    ground = Ground()
    scan = Scan(ground, {"a": 1}, 20 * SECOND)
    queue = controller(ground, scan, repeatable=scan)
    ground.store.create(config_map("a", count="1"))
    queue.enqueue(key("a"))
    ground.schedule.run_to(2 * (20 * SECOND + TAKES_MS) + WATCH_LATENCY_MS + 50)
    assert queue.running() == [key("a")]
    told = ground.recorder.about()[0]["count"]
    queue.restart()
    ground.run(60)
    assert (queue.running(), queue.waiting()) == ([], [])
    assert ground.recorder.about()[0]["count"] == told


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_ties_changes_no_result(seed: int) -> None:
    ground = Ground(ties=seed)
    for name in "abcd":
        ground.store.create(config_map(name))
    reconciler = Recorder(ground)
    reconciler.effect = lambda key: ground.store.patch(key, {"data": {"seen": "yes"}})
    queue = controller(ground, reconciler, workers=2)
    ground.store.watch(CONFIG_MAP, lambda change: queue.enqueue(change.key))
    for name in "abcd":
        queue.enqueue(key(name))
    ground.run(60)
    assert [obj["data"] for obj in ground.store.list(CONFIG_MAP)] == [{"seen": "yes"}] * 4
