"""Why something happened: the chain of causes behind an event, and the event at which a story turned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fluxsim.kernel.log import Event


def chain(events: Sequence[Event], event: Event) -> Iterator[Event]:
    """Yield the event and what led to it, newest first: always the latest of an event's causes, back to an action or a timer."""
    yield event
    while event.because:
        event = events[max(event.because)]
        yield event


def behind(events: Sequence[Event], event: Event) -> list[Event]:
    """Return all that led to an event, the event included, oldest first."""
    seen: set[int] = set()
    waiting = [event.seq]
    while waiting:
        seq = waiting.pop()
        if seq not in seen:
            seen.add(seq)
            waiting.extend(events[seq].because)
    return [events[seq] for seq in sorted(seen)]


def diverging(events: Sequence[Event], event: Event) -> Event:
    """Return the event at which the story turned: of what led to a lost goal, the newest commit, action or fault; else the event itself."""
    found: Event
    for found in reversed(behind(events, event)):
        if found.kind in ("commit.pushed", "action.taken", "fault.started", "fault.healed", "tag.deleted"):
            return found
    return event
