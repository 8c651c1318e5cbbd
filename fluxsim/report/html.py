"""One self-contained page: swim lanes over virtual time, an event's causes at a click."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

import orjson

from fluxsim.formats.tree import Json
from fluxsim.kernel.log import Event
from fluxsim.observe.narrative import CHAIN_MAX
from fluxsim.observe.narrative import told as told_event
from fluxsim.observe.timeline import LANES, timeline
from fluxsim.report.text import folded
from fluxsim.report.threads import Threads


@dataclass(frozen=True, slots=True)
class GoalLine:
    """A goal as the page shows it; `seq` is the event that it was lost by."""

    text: str
    ok: bool
    seq: int | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """A played scenario as the page shows it."""

    name: str
    why: str
    passed: bool
    events: Sequence[Event]
    goals: Sequence[GoalLine]


def page(stories: Sequence[Json], summary: str) -> str:
    """Return the page of stories that were told by `told`, as HTML. It loads nothing from anywhere."""
    data = {"lanes": LANES, "summary": summary, "stories": stories}
    # Nothing in the data may end the script element or open a comment in it.
    text = orjson.dumps(data).decode().replace("<", "\\u003c")
    template = resources.files("fluxsim.report").joinpath("page.html").read_text(encoding="utf-8")
    before, after = template.split("/*DATA*/")
    return before + text + after


def told(story: Story) -> dict[str, Json]:
    """Return what the page needs of a story: its rows, their causes, and what those say."""
    rows = folded(timeline(story.events))
    shown = {row.seq for row in rows}
    lost_by = {goal.seq for goal in story.goals}
    words: dict[int, str] = {}
    said: dict[str, tuple[int, str]] = {}
    threads = Threads(story.events, shown)
    listed: list[dict[str, Json]] = []
    for row in rows:
        links = _links(threads.behind(row.seq), words)
        said |= {str(cause.seq): (cause.at_ms, words[cause.seq]) for cause in links}
        listed.append(
            {
                "at": row.at_ms,
                "lane": LANES.index(row.lane),
                "actor": row.actor,
                "text": row.text,
                "seq": row.seq,
                "from": threads.nearest(row.seq),
                "causes": [cause.seq for cause in links],
            }
            | ({"bad": True} if row.bad or row.seq in lost_by else {})
        )
    return {
        "name": story.name,
        "why": story.why,
        "passed": story.passed,
        "goals": [{"text": goal.text, "ok": goal.ok, "seq": _row_of(goal.seq, sorted(shown))} for goal in story.goals],
        "rows": listed,
        "told": said,
    }


def _links(causes: Sequence[Event], words: dict[int, str]) -> list[Event]:
    """Return the causes that say something to a person, newest first; `words` remembers what they say."""
    links: list[Event] = []
    for cause in reversed(causes):
        if cause.seq not in words:
            words[cause.seq] = told_event(cause)
        if words[cause.seq]:
            links.append(cause)
    return links[:CHAIN_MAX]


def _row_of(seq: int | None, known: Sequence[int]) -> int | None:
    """Return the row to show for an event: its own, or the newest before it."""
    if seq is None:
        return None
    return max((row for row in known if row <= seq), default=None)
