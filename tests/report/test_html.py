"""The page with the swim lanes: one file, whatever stands in the log."""

from __future__ import annotations

import json

from fluxsim.formats.tree import Json
from fluxsim.kernel.log import Event
from fluxsim.observe.timeline import LANES
from fluxsim.report.html import GoalLine, Story, page, told

HOSTILE = "</script><script>alert(1)</script><!-- <b>&amp;"
EVENTS = [
    Event(0, 0, "action.taken", "eve", {"action": {"do": "commit"}, "told": HOSTILE}, ()),
    Event(1, 5, "reconcile.started", "kustomize-controller", {"key": "Kustomization/a/b", "trigger": "interval"}, (0,)),
    Event(2, 9, "controller.restarted", "eve", {"controller": "source-controller"}, (1,)),
]


def story(*goals: GoalLine) -> Story:
    return Story(HOSTILE, HOSTILE, passed=False, events=EVENTS, goals=goals)


def data_of(text: str) -> Json:
    start = text.index('type="application/json">') + len('type="application/json">')
    return json.loads(text[start : text.index("</script>", start)])


def test_hostile_text_stays_data() -> None:
    text = page([told(story())], HOSTILE)
    data = data_of(text)
    assert data["summary"] == data["stories"][0]["name"] == HOSTILE
    assert text.count("<script") == 2
    assert "alert(1)</script>" not in text


def test_the_page_loads_nothing() -> None:
    text = page([], "nothing")
    assert "src=" not in text
    assert "@import" not in text
    assert "https://" not in text
    assert text.count("http://") == text.count("http://www.w3.org/2000/svg")


def test_rows_have_lanes_threads_and_causes_in_words() -> None:
    first, second = told(story())["rows"]
    assert (LANES[first["lane"]], LANES[second["lane"]]) == ("people", "world")
    assert (first["from"], second["from"]) == ([], [0])
    assert second["causes"] == [2, 1, 0]
    assert told(story())["told"]["1"] == (
        5,
        "Kustomization/a/b is reconciled, woken by its interval",
    )


def test_a_lost_goal_points_at_the_row_nearest_before() -> None:
    goals = told(story(GoalLine("kept", ok=True), GoalLine("lost", ok=False, seq=1)))["goals"]
    assert [goal["seq"] for goal in goals] == [None, 0]
