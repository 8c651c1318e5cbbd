"""Makes a journal that breaks an invariant shorter and plainer, as long as it still breaks the same invariant.

Hypothesis shrinks the choices that made a run; here the run itself shrinks: actions go, waits become round and short,
odd choices become usual ones. Every try is one replay of the world, so the number of tries is bounded.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from fluxsim.drivers.machine import Finding
from fluxsim.drivers.trial import BASELINE_MS, Trial, replayed
from fluxsim.kernel.units import HOUR, MINUTE, SECOND, Millis
from fluxsim.observe.invariants import Violation
from fluxsim.world.actions import AnyAction, PushCode, RunWorkflow
from fluxsim.world.journal import Entry
from fluxsim.world.setup import Setup

TRIES_MAX = 400
BEYOND_MS: Millis = 1 * HOUR
"""With less done before it, what breaks may break later."""
ROUND_SPANS: tuple[Millis, ...] = (
    *(seconds * SECOND for seconds in (1, 10, 30)),
    *(minutes * MINUTE for minutes in (1, 2, 3, 5, 10, 15, 20, 30, 45)),
    *(hours * HOUR for hours in (1, 2, 4, 8)),
)
"""What a wait becomes: the shortest of these that will do."""


@dataclass(frozen=True, slots=True)
class Story:
    """A journal in which each entry happens some time after the one before it; `rest_ms` is the time after the last."""

    seed: int
    gaps_ms: tuple[Millis, ...]
    actions: tuple[AnyAction, ...]
    rest_ms: Millis

    @classmethod
    def of(cls, finding: Finding) -> Story:
        times = [entry.at_ms for entry in finding.entries]
        gaps = tuple(at - before for before, at in pairwise([0, *times]))
        rest = finding.end_ms - (times[-1] if times else 0)
        return cls(finding.seed, gaps, tuple(entry.action for entry in finding.entries), rest)

    def entries(self) -> tuple[Entry, ...]:
        at_ms = 0
        found: list[Entry] = []
        for gap_ms, action in zip(self.gaps_ms, self.actions, strict=True):
            at_ms += gap_ms
            found.append(Entry(at_ms=at_ms, action=action))
        return tuple(found)

    @property
    def end_ms(self) -> Millis:
        return sum(self.gaps_ms) + self.rest_ms

    def without(self, start: int, count: int) -> Story:
        """Return the story less some actions; what is left keeps its time."""
        stop = start + count
        lost_ms = sum(self.gaps_ms[start:stop])
        gaps = [*self.gaps_ms[:start], *self.gaps_ms[stop:]]
        rest_ms = self.rest_ms
        if start < len(gaps):
            gaps[start] += lost_ms
        else:
            rest_ms += lost_ms
        return replace(
            self, gaps_ms=tuple(gaps), actions=(*self.actions[:start], *self.actions[stop:]), rest_ms=rest_ms
        )

    def waiting(self, index: int, gap_ms: Millis) -> Story:
        """Return the story with another wait before one of its actions, or at its end (the index behind the last)."""
        if index == len(self.gaps_ms):
            return replace(self, rest_ms=gap_ms)
        return replace(self, gaps_ms=(*self.gaps_ms[:index], gap_ms, *self.gaps_ms[index + 1 :]))

    def wait(self, index: int) -> Millis:
        return (*self.gaps_ms, self.rest_ms)[index]

    def doing(self, index: int, action: AnyAction) -> Story:
        return replace(self, actions=(*self.actions[:index], action, *self.actions[index + 1 :]))


class Shrinking:
    """Shrinks one finding. Afterwards `trial` is the smallest story, played to its end."""

    def __init__(self, setup: Setup, finding: Finding, *, until_s: float = float("inf")) -> None:
        self._setup = setup
        self._name = finding.violation.invariant
        self._until_s = until_s
        self.tries = 0
        self.story = Story.of(finding)
        self.violation = finding.violation
        self.trial = self._played(self.story)

    def finding(self) -> Finding:
        """Return the smallest that was found; it ends at the full minute after the event that broke it."""
        start = self.story
        self._keeps(replace(start, seed=1))
        before: Story | None = None
        while before != self.story and not self._over():
            before = self.story
            self._drop_actions()
            self._simplify()
            self._shorten_waits()
        if self.story != start:
            self.trial = self._played(self.story)
        return Finding(self.violation, self.story.seed, self.story.entries(), self.story.end_ms)

    # -- passes

    def _drop_actions(self) -> None:
        size = max(1, len(self.story.actions) // 2)
        while size:
            start = len(self.story.actions) - size
            while start >= 0:
                self._keeps(self.story.without(start, size))
                start -= size
            size //= 2

    def _simplify(self) -> None:
        for index in range(len(self.story.actions)):
            for simpler in _simpler(self.story.actions[index]):
                if self._keeps(self.story.doing(index, simpler)):
                    break

    def _shorten_waits(self) -> None:
        for index in range(len(self.story.gaps_ms)):
            wait_ms = self.story.wait(index)
            for span_ms in ROUND_SPANS:
                if index == 0 and span_ms < BASELINE_MS:
                    continue
                if span_ms >= wait_ms:
                    self._keeps(self.story.waiting(index, _full_minutes(wait_ms)))
                    break
                if self._keeps(self.story.waiting(index, span_ms)):
                    break

    # -- a try

    def _keeps(self, story: Story) -> bool:
        """Try a story, and some time beyond its end; make it the new one and return True where it breaks the same invariant."""
        if self._over() or story == self.story:
            return False
        self.tries += 1
        longer = replace(story, rest_ms=story.rest_ms + BEYOND_MS)
        trial = self._played(longer)
        broken = broken_in(trial, self._name)
        if broken is None:
            return False
        at_once = broken in trial.broken()
        last_ms = sum(longer.gaps_ms)
        self.story = replace(longer, rest_ms=_full_minutes(max(0, broken.at_ms - last_ms))) if at_once else longer
        if at_once and broken.at_ms < last_ms:
            kept = sum(entry.at_ms <= broken.at_ms for entry in longer.entries())
            self.story = replace(longer.without(kept, len(longer.actions) - kept), rest_ms=MINUTE)
        self.violation = broken
        return True

    def _played(self, story: Story) -> Trial:
        return replayed(self._setup, story.seed, story.entries(), story.end_ms)

    def _over(self) -> bool:
        return self.tries >= TRIES_MAX or time.monotonic() >= self._until_s


def broken_in(trial: Trial, name: str) -> Violation | None:
    """Return the first violation of an invariant in a trial that is at its end."""
    found = (violation for violation in trial.broken_in_the_end() if violation.invariant == name)
    return next(found, None)


def _full_minutes(span_ms: Millis) -> Millis:
    return -(-span_ms // MINUTE) * MINUTE


def _simpler(action: AnyAction) -> Iterator[AnyAction]:
    """Yield plainer actions of the same kind, the plainest first."""
    if isinstance(action, PushCode) and action.app != "ok":
        yield action.model_copy(update={"app": "ok"})
    if isinstance(action, RunWorkflow) and action.inputs:
        yield action.model_copy(update={"inputs": {}})


def kept_alike(one: Sequence[str], other: Sequence[str]) -> bool:
    """Return whether the same actions were refused in two trials."""
    return [bool(error) for error in one] == [bool(error) for error in other]
