"""Why something happened: the chain of causes behind an event, and the event at which a story turned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fluxsim.formats.imagetag import tag_of
from fluxsim.kernel.log import Event


def chain(events: Sequence[Event], event: Event) -> Iterator[Event]:
    """Yield the event and what led to it, newest first: always the latest of an event's causes, back to an action or a timer."""
    yield event
    while event.because:
        event = events[max(event.because)]
        yield event


def behind(events: Sequence[Event], event: Event) -> list[Event]:
    """Return all that led to an event, the event included, oldest first.

    What a run found outside the cluster has its cause there: behind the artifact that it stored stands the commit,
    behind its scan the tags that came or went. An election stands until the next one: it is behind every commit of the
    automation that writes its tag, however late.
    """
    outside = _outside(events[: event.seq + 1])
    seen: set[int] = set()
    waiting = [event.seq]
    while waiting:
        seq = waiting.pop()
        if seq not in seen:
            seen.add(seq)
            waiting.extend(events[seq].because)
            waiting.extend(outside.get(seq, ()))
    return [events[seq] for seq in sorted(seen)]


def _outside(events: Sequence[Event]) -> dict[int, list[int]]:
    """Return the commits and tags that each run found, by the number of the event that began the run; of a bot's commit the elections."""
    latest: dict[tuple[str, ...], int] = {}
    elected: dict[str, int] = {}
    found: dict[int, list[int]] = {}
    for event in events:
        data = event.data
        names: list[tuple[str, ...]] = []
        match event.kind:
            case "commit.pushed":
                latest[(data["commit"],)] = event.seq
                if event.actor == "image-automation-controller":
                    tags = [tag_of(change["new"]) or change["new"] for change in data.get("images", ())]
                    found[event.seq] = [elected[tag] for tag in tags if tag in elected]
            case "tag.elected":
                elected[data["tag"]] = event.seq
            case "tag.pushed" | "tag.deleted":
                latest[data["image"], data["tag"]] = event.seq
            case "artifact.stored":
                names = [(data["commit"],)]
            case "image.scanned":
                names = [(data["image"], tag) for tag in (*data["added"], *data["removed"])]
            case _:
                pass
        for run in event.because if names else ():
            found.setdefault(run, []).extend(latest[name] for name in names if name in latest)
    return found


def diverging(events: Sequence[Event], event: Event) -> Event:
    """Return the event at which the story turned: of what led to a lost goal, the newest commit, action or fault; else the event itself."""
    found: Event
    for found in reversed(behind(events, event)):
        if found.kind in ("commit.pushed", "action.taken", "fault.started", "fault.healed", "tag.deleted"):
            return found
    return event
