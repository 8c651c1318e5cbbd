"""The log: an append-only list of frozen events, each with its causes, and the digest over its bytes.

Whatever happens in a world is an event here, so timeline, lineage, checks and reports need the log and nothing else.
Kinds are `noun.past-participle`; facts stand in `data`, causes in `because` (the numbers of earlier events).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol, TypeAlias

import orjson

from fluxsim.kernel.units import Millis, rfc3339_millis


class Event(NamedTuple):
    """Something that happened. `at_ms` is virtual time since the epoch; `actor` is who did it."""

    seq: int
    at_ms: Millis
    kind: str
    actor: str
    data: Mapping[str, Any]
    because: tuple[int, ...]


Observer: TypeAlias = Callable[[Event], None]


class Cause(Protocol):
    """What is going on right now and so is the cause of what gets logged meanwhile."""

    def seqs(self) -> tuple[int, ...]:
        """Return the numbers of the events that stand for this cause; may append the event itself on the first call."""
        ...


class Log:
    """Appends events and tells the observers. An observer that raises fails the run: there is no silent green."""

    def __init__(self, epoch_ms: Millis, now: Callable[[], Millis]) -> None:
        self.epoch_ms = epoch_ms
        self.events: list[Event] = []
        self.observers: list[Observer] = []
        self._now = now
        self._cause: Cause | None = None
        self._hash = hashlib.blake2b(digest_size=16)
        self._hashed = 0

    def append(
        self, kind: str, actor: str, data: Mapping[str, Any], *, because: tuple[int, ...] | None = None
    ) -> Event:
        """Append and return an event that happens now; its causes are what is going on, unless `because` says otherwise.

        `data` is the log's from here on: a frozen tree, or a fresh dict that the caller forgets.
        """
        if because is None:
            because = self._cause.seqs() if self._cause is not None else ()
        event = Event(len(self.events), self._now(), kind, actor, data, because)
        self.events.append(event)
        for observer in self.observers:
            observer(event)
        return event

    @contextmanager
    def caused_by(self, cause: Cause | None) -> Generator[None]:
        """While inside, what is appended has this cause."""
        before, self._cause = self._cause, cause
        try:
            yield
        finally:
            self._cause = before

    def swap_cause(self, cause: Cause | None) -> Cause | None:
        """Set the cause and return the former: what `caused_by` does, for the hot path."""
        before, self._cause = self._cause, cause
        return before

    def line(self, event: Event) -> bytes:
        """Return the event as its line in a log file: JSON, keys sorted, a final newline."""
        return orjson.dumps(
            {
                "seq": event.seq,
                "at": event.at_ms,
                "time": rfc3339_millis(self.epoch_ms + event.at_ms),
                "kind": event.kind,
                "actor": event.actor,
                "because": event.because,
                "data": event.data,
            },
            option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE,
        )

    def digest(self) -> str:
        """Return the blake2b digest (32 hex digits) over the lines so far; only what is new is read."""
        for event in self.events[self._hashed :]:
            self._hash.update(self.line(event))
        self._hashed = len(self.events)
        return self._hash.hexdigest()
