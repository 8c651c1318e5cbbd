"""One event in words, and the causes of an event as a chain that a person can read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fluxsim.kernel.log import Event
from fluxsim.kernel.units import Millis
from fluxsim.observe.causes import behind
from fluxsim.observe.timeline import Row, timeline

CHAIN_MAX = 12


@dataclass(frozen=True, slots=True)
class Told:
    """A link of a causal chain."""

    at_ms: Millis
    seq: int
    text: str


def told(event: Event) -> str:
    """Return the event in words; empty where it says nothing to a person."""
    data = event.data
    if event.kind == "reconcile.started":
        return f"{data['key']} is reconciled, woken by {woken_by(data['trigger'])}"
    if event.kind == "action.taken":
        action = data["action"]
        return f"{event.actor}: {data.get('told') or action['do']}"
    rows = timeline([event])
    if rows:
        return f"{rows[0].actor}: {rows[0].text}"
    if event.kind == "image.scanned" and (data["added"] or data["removed"]):
        news = [f"+{tag}" for tag in data["added"][:3]] + [f"-{tag}" for tag in data["removed"][:3]]
        return f"{data['key']} scanned {data['image']}: {', '.join(news)}"
    return ""


def woken_by(trigger: str) -> str:
    """Return a trigger as it reads behind "woken by"."""
    return {"interval": "its interval", "retry": "its retry after a failure", "created": "its creation"}.get(
        trigger, trigger
    )


def chain_of(events: Sequence[Event], event: Event) -> list[Told]:
    """Return what led to an event, the event first, then back in time; what says nothing to a person is left out."""
    links = [Told(cause.at_ms, cause.seq, text) for cause in reversed(behind(events, event)) if (text := told(cause))]
    return links[:CHAIN_MAX]


def rows_with_causes(events: Sequence[Event], rows: Sequence[Row]) -> list[tuple[Row, list[Told]]]:
    """Return each row with the chain behind it."""
    return [(row, chain_of(events, events[row.seq])) for row in rows]
