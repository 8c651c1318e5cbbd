"""One self-contained page: swim lanes over virtual time, an event's causes at a click."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

import orjson

from fluxsim.kernel.log import Event
from fluxsim.observe.narrative import rows_with_causes
from fluxsim.observe.timeline import LANES, timeline


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


def page(stories: Sequence[Story], summary: str) -> str:
    """Return the page as HTML. It loads nothing from anywhere."""
    data = {"lanes": LANES, "summary": summary, "stories": [_story(story) for story in stories]}
    text = orjson.dumps(data).decode().replace("</", "<\\/")
    template = resources.files("fluxsim.report").joinpath("page.html").read_text(encoding="utf-8")
    return template.replace("/*DATA*/", text)


def _story(story: Story) -> dict[str, object]:
    shown = {goal.seq for goal in story.goals}
    rows = timeline(story.events)
    return {
        "name": story.name,
        "why": story.why,
        "passed": story.passed,
        "goals": [
            {"text": goal.text, "ok": goal.ok, "seq": _row_of(goal.seq, [row.seq for row in rows])}
            for goal in story.goals
        ],
        "rows": [
            {
                "at": row.at_ms,
                "lane": row.lane,
                "actor": row.actor,
                "text": row.text,
                "seq": row.seq,
                "bad": row.bad or row.seq in shown,
                "causes": [{"at": link.at_ms, "seq": link.seq, "text": link.text} for link in causes],
            }
            for row, causes in rows_with_causes(story.events, rows)
        ],
    }


def _row_of(seq: int | None, known: Sequence[int]) -> int | None:
    """Return the row to show for an event: its own, or the newest before it."""
    if seq is None:
        return None
    return max((row for row in known if row <= seq), default=None)
