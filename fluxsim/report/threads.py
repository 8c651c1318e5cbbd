"""The threads that the page draws between events: what led to an event, as far as it is shown.

To the causes in the log comes one that a reader draws himself: what a run says (a tag elected, an artifact stored, a
revision applied) stands for all that the run did.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from fluxsim.kernel.log import Event
from fluxsim.observe.causes import behind

SUMMING_UP = frozenset({"tag.elected", "artifact.stored", "kustomization.applied"})
"""Kinds of events that tell what a run came to."""


class Threads:
    """Answers for the shown events of a log, asked in order."""

    def __init__(self, events: Sequence[Event], shown: AbstractSet[int]) -> None:
        self._events = events
        self._shown = shown
        self._said_by: dict[int, list[int]] = {}
        for seq in sorted(shown):
            if events[seq].kind in SUMMING_UP:
                for run in events[seq].because:
                    self._said_by.setdefault(run, []).append(seq)
        self._led: dict[int, set[int]] = {}

    def behind(self, seq: int) -> list[Event]:
        """Return all that led to an event, the event included, oldest first."""
        found = {cause.seq for cause in behind(self._events, self._events[seq])}
        added: set[int] = set()
        for cause in sorted(found):
            added.update(said for said in self._said_by.get(cause, ()) if said < seq)
        for cause in sorted(added):
            found |= {cause} | self._led.get(cause, set())
        self._led[seq] = found & self._shown - {seq}
        return [self._events[one] for one in sorted(found)]

    def nearest(self, seq: int) -> list[int]:
        """Return those of the shown events behind an event that led to it through no other; ask `behind` before."""
        further: set[int] = set()
        for cause in sorted(self._led[seq]):
            further |= self._led.get(cause, set())
        return sorted(self._led[seq] - further)
