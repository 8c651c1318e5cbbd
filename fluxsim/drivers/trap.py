"""A trap springs by the event that it declares: who did it, through which object, woken by what, and when."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from fluxsim.drivers.player import Played
from fluxsim.drivers.scenario import Trap
from fluxsim.drivers.step import span
from fluxsim.formats.tree import Json
from fluxsim.kernel.log import Event
from fluxsim.kernel.units import Millis, clock_text
from fluxsim.observe.causes import behind, diverging

FLUX_KINDS = ("GitRepository", "Kustomization", "ImageRepository", "ImagePolicy", "ImageUpdateAutomation")
TURNS = ("commit.pushed", "action.taken", "fault.started", "fault.healed", "tag.deleted")
_VARYING = re.compile(r"[0-9a-f]{7,40}|\d+")


def sprung(trap: Trap, plain: Played, cured: Played) -> list[str]:
    """Return what is wrong with how the trap's goal failed; nothing where it failed as declared."""
    tracker = plain.goal(trap.goal).tracker
    if tracker.lost_by is not None:
        loser, silent = _turn(plain.log.events, tracker.lost_by), False
        return _wrong(trap, plain.log.events, loser, silent=silent)
    if tracker.outcome != "missed":
        return [f"goal '{trap.goal}' was not lost: {tracker.outcome}, {tracker.seen}"]
    until_ms = tracker.judged_ms if tracker.judged_ms is not None else plain.world.now_ms
    logs = (_between(play.log.events, span(trap.lost_by.between[0]), until_ms) for play in (plain, cured))
    found = first_difference(*logs)
    if found is None:
        return [f"goal '{trap.goal}' was missed, and the cure changes nothing"]
    loser, silent = found
    return _wrong(trap, (cured if silent else plain).log.events, loser, silent=silent)


def _between(events: Sequence[Event], low: Millis, high: Millis) -> list[Event]:
    return [event for event in events if low <= event.at_ms <= high]


def first_difference(plain: Sequence[Event], other: Sequence[Event]) -> tuple[Event, bool] | None:
    """Return the first event by which two plays tell different stories, and whether it is one that `plain` lacks.

    What people do is no difference: it is what was changed. Of the same time, the event that happened comes first.
    """
    extra = next(_only(plain, other), None)
    lacking = next(_only(other, plain), None)
    if extra is None or (lacking is not None and lacking.at_ms < extra.at_ms):
        return None if lacking is None else (lacking, True)
    return extra, False


def _only(these: Sequence[Event], those: Sequence[Event]) -> Iterator[Event]:
    """Yield the telling events of one log that have no counterpart in the other."""
    left = Counter(print_ for event in those if (print_ := _told(event)) is not None)
    for event in these:
        told = _told(event)
        if told is not None:
            left[told] -= 1
            if left[told] < 0:
                yield event


def _told(event: Event) -> tuple[str, ...] | None:
    """Return what an event tells, without times and commits; None for what people do and for what tells nothing."""
    data = event.data
    match event.kind:
        case "tag.pushed" if data["reason"] != "person":
            return (event.kind, data["image"], data["tag"])
        case "tag.elected":
            return (event.kind, data["tag"])
        case "commit.pushed" if event.actor == "image-automation-controller":
            return (event.kind, *(change["new"] for change in data.get("images", ())))
        case "kustomization.applied" if any(line.startswith("Deployment/") for line in data["changes"]):
            return (event.kind, *(line for line in data["changes"] if line.startswith("Deployment/")))
        case "workflow.finished":
            return (event.kind, data["service"], data["workflow"], data["conclusion"])
        case "pod.ready":
            return (event.kind, data["namespace"], data["image"])
        case "pod.failed":
            return (event.kind, data["namespace"], data["reason"])
        case "push.refused":
            return (event.kind, event.actor, data["reason"])
        case "event.recorded" if data["type"] == "Warning" and data["key"].startswith(FLUX_KINDS):
            return (event.kind, data["key"], data["reason"], _VARYING.sub("#", data["message"]))
        case _:
            return None


def _turn(events: Sequence[Event], lost: Event) -> Event:
    """Return the event at which the story turned; where nobody did anything, the run of Flux that did."""
    turned = diverging(events, lost)
    if turned is not lost or lost.kind in TURNS:
        return turned
    return next((event for event in reversed(behind(events, lost)) if _is_run(event)), lost)


def _wrong(trap: Trap, events: Sequence[Event], loser: Event, *, silent: bool) -> list[str]:
    wanted, goal = trap.lost_by, f"goal '{trap.goal}' was lost"
    found = _facts(events, loser)
    wrong: list[str] = []
    if wanted.silent != silent:
        wrong.append(f"{goal} by {'what did not happen' if silent else 'what happened'}: {', '.join(found.values())}")
    for name, value in (("actor", wanted.actor), ("object", wanted.object), ("cause", wanted.cause)):
        if value not in found[name]:
            wrong.append(f"{goal}, {name} '{found[name]}', not '{value}'")
    low, high = (span(time) for time in wanted.between)
    if not low <= loser.at_ms <= high:
        times = " and ".join(wanted.between)
        wrong.append(f"{goal} at {clock_text(loser.at_ms)}, not between {times}")
    return wrong


def _facts(events: Sequence[Event], loser: Event) -> dict[str, str]:
    """Return who did it, the object through which, and why: what woke the object, and what the event says."""
    data: Json = loser.data
    run = next((event for event in reversed(behind(events, loser)) if _is_run(event)), None)
    key = str(data.get("key") or (run.data["key"] if run is not None else ""))
    causes = _triggers(events, run) if run is not None and run.data["key"] == key else []
    if loser.kind in ("event.recorded", "push.refused"):
        causes.append(f"{data['reason']}: {data.get('message', '')}")
    elif loser.kind == "workflow.finished":
        causes += [data["conclusion"], *(step["log"] for step in data["steps"])]
    return {
        "actor": f"{data.get('author', {}).get('name', '')} {loser.actor}".strip(),
        "object": key,
        "cause": ", ".join(causes),
    }


def _is_run(event: Event) -> bool:
    return event.kind == "reconcile.started" and str(event.data["key"]).startswith(FLUX_KINDS)


def _triggers(events: Sequence[Event], run: Event) -> list[str]:
    """Return what woke the object; behind a run that tries again, what woke the one that failed."""
    runs = [
        str(event.data["trigger"])
        for event in events[: run.seq + 1]
        if event.kind == "reconcile.started" and event.data["key"] == run.data["key"]
    ]
    found = [runs.pop()]
    while found[-1] == "retry" and runs:
        found.append(runs.pop())
    return found
