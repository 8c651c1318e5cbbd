from __future__ import annotations

import json

import pytest

from fluxsim.formats.tree import freeze
from fluxsim.kernel.log import Event, Log


class Clock:
    now_ms = 0


def log_of(*facts: str) -> Log:
    log = Log(0, lambda: 0)
    for fact in facts:
        log.append("tag.pushed", "ci", {"tag": fact})
    return log


class Because:
    """A cause that logs itself when first asked for."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._seqs: tuple[int, ...] = ()

    def seqs(self) -> tuple[int, ...]:
        if not self._seqs:
            self._seqs = (-1,)
            self._seqs = (self._log.append("reconcile.started", "x", {}, because=()).seq,)
        return self._seqs


def test_events_are_numbered_and_timed() -> None:
    clock = Clock()
    log = Log(0, lambda: clock.now_ms)
    log.append("a.done", "you", {})
    clock.now_ms = 7
    event = log.append("b.done", "you", {"x": 1})
    assert (event.seq, event.at_ms, event.kind, event.actor, event.data, event.because) == (
        1,
        7,
        "b.done",
        "you",
        {"x": 1},
        (),
    )


def test_what_happens_has_the_cause_that_goes_on() -> None:
    log = log_of("a")
    with log.caused_by(Because(log)):
        effect = log.append("b.done", "x", {})
    after = log.append("c.done", "x", {})
    assert [event.kind for event in log.events] == ["tag.pushed", "reconcile.started", "b.done", "c.done"]
    assert (effect.because, after.because) == ((1,), ())


def test_a_cause_that_does_nothing_is_not_logged() -> None:
    log = log_of("a")
    with log.caused_by(Because(log)):
        pass
    assert len(log.events) == 1


def test_a_named_cause_counts_more_than_what_goes_on() -> None:
    log = log_of("a", "b")
    with log.caused_by(Because(log)):
        event = log.append("c.done", "x", {}, because=(0, 1))
    assert event.because == (0, 1)
    assert len(log.events) == 3


def test_a_cause_ends_though_its_work_failed() -> None:
    log = Log(0, lambda: 0)
    with pytest.raises(LookupError), log.caused_by(Because(log)):
        raise LookupError
    assert log.append("c.done", "x", {}).because == ()


def test_causes_nest() -> None:
    log = Log(0, lambda: 0)
    outer, inner = Because(log), Because(log)
    before = log.swap_cause(outer)
    assert log.swap_cause(inner) is outer
    log.append("a.done", "x", {})
    assert log.swap_cause(outer) is inner
    assert log.append("b.done", "x", {}).because == (2,)
    assert before is None


def test_observers_see_every_event_in_order() -> None:
    log, seen = Log(0, lambda: 0), list[Event]()
    log.observers.append(seen.append)
    log.append("a.done", "x", {})
    log.append("b.done", "x", {})
    assert seen == log.events


def test_an_observer_that_fails_fails_the_run() -> None:
    def observe(event: Event) -> None:
        raise AssertionError(f"unknown {event.kind}")

    log = Log(0, lambda: 0)
    log.observers.append(observe)
    with pytest.raises(AssertionError, match=r"unknown a\.done"):
        log.append("a.done", "x", {})


def test_a_line_is_json_with_sorted_keys() -> None:
    log = Log(1_767_225_600_000, lambda: 1500)
    line = log.line(log.append("a.done", "you", freeze({"b": [1], "a": {"d": None, "c": True}})))
    assert line.endswith(b"\n")
    assert json.loads(line)["time"] == "2026-01-01T00:00:01.500Z"
    assert line.index(b'"actor"') < line.index(b'"at"') < line.index(b'"data":{"a":{"c":true,"d":null},"b":[1]}')


def test_the_digest_changes_with_one_byte() -> None:
    assert log_of("v1.0.0").digest() == log_of("v1.0.0").digest()
    assert log_of("v1.0.0").digest() != log_of("v1.0.1").digest()
    assert len(log_of().digest()) == 32


def test_the_digest_depends_on_the_order() -> None:
    assert log_of("a", "b").digest() != log_of("b", "a").digest()


def test_the_digest_is_the_same_asked_for_once_or_often() -> None:
    log = log_of("a")
    log.digest()
    log.append("tag.pushed", "ci", {"tag": "b"})
    assert log.digest() == log.digest() == log_of("a", "b").digest()
