"""Goals over time: asked whenever an event may have changed the answer, so that a goal that was reached can be lost, by someone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from fluxsim.drivers.question import Answer, Names, Unknown
from fluxsim.drivers.scenario import Goal
from fluxsim.drivers.step import span
from fluxsim.kernel.log import Event
from fluxsim.kernel.units import Millis
from fluxsim.world.world import World

Outcome: TypeAlias = Literal["met", "lost", "missed", "violated"]


@dataclass(slots=True)
class Tracker:
    """Follows one goal through a run. Times are virtual milliseconds; `start_ms` is None until a named step was done."""

    goal: Goal
    start_ms: Millis | None
    end_ms: Millis
    outcome: Outcome | None = None
    reached_ms: Millis | None = None
    lost_ms: Millis | None = None
    lost_by: Event | None = None
    judged_ms: Millis | None = None
    """When the outcome was clear."""
    seen: str = ""
    told: str = ""

    def begin(self, at_ms: Millis) -> None:
        """Start the clock of a goal that counts from a step."""
        self.start_ms = at_ms

    def deadlines(self) -> list[Millis]:
        """Return the times at which the goal must be asked even if nothing happens."""
        if self.start_ms is None:
            return []
        goal = self.goal
        if goal.now:
            return [self.start_ms if goal.since else self.end_ms]
        if goal.never:
            return [self.start_ms, span(goal.until) if goal.until else self.end_ms]
        reach = self.start_ms + span(goal.within or "0s")
        times = [self.start_ms, reach]
        if goal.holds_for and self.reached_ms is not None:
            times.append(self.reached_ms + span(goal.holds_for))
        elif goal.holds_for:
            times.append(reach + span(goal.holds_for))
        return [min(time, self.end_ms) for time in times]

    def observe(self, event: Event, world: World, names: Names) -> None:
        """Ask again if the event may matter."""
        if self.outcome is None and self._begun(event.at_ms) and self.goal.predicate.touched_by(event):
            self._judge(event.at_ms, event, world, names)

    def at_time(self, now_ms: Millis, world: World, names: Names) -> None:
        """Ask because a deadline has come."""
        if self.outcome is None and self._begun(now_ms):
            self._judge(now_ms, None, world, names)

    def _begun(self, now_ms: Millis) -> bool:
        return self.start_ms is not None and now_ms >= self.start_ms

    def close(self, now_ms: Millis, world: World, names: Names) -> None:
        """The run is over: what is still open gets its outcome."""
        if self.start_ms is None:
            self.outcome, self.seen = "missed", f"step '{self.goal.since}' was never done"
        elif self.outcome is None:
            self._judge(now_ms, None, world, names)
            if self.outcome is None:
                self.outcome = "met" if self.goal.never or self.reached_ms is not None else "missed"
        self.told = self.told or self.goal.predicate.told(names)

    def _judge(self, now_ms: Millis, event: Event | None, world: World, names: Names) -> None:
        self._ask(now_ms, event, world, names)
        if self.outcome is not None:
            self.judged_ms = now_ms

    def _ask(self, now_ms: Millis, event: Event | None, world: World, names: Names) -> None:
        answer = self._answer(world, names)
        self.seen = answer.seen
        self.told = self.goal.predicate.told(names)
        goal, start_ms = self.goal, self.start_ms
        assert start_ms is not None, f"goal {goal.name} is judged before it began"
        if goal.now:
            if event is None and now_ms >= self.deadlines()[0]:
                self.outcome = "met" if answer.holds else "missed"
                self.reached_ms = now_ms if answer.holds else None
            return
        if goal.never:
            if answer.holds:
                self.outcome, self.lost_ms, self.lost_by = "violated", now_ms, event
            elif goal.until and now_ms >= span(goal.until):
                self.outcome = "met"
            return
        self._judge_span(now_ms, start_ms, event, answer)

    def _judge_span(self, now_ms: Millis, start_ms: Millis, event: Event | None, answer: Answer) -> None:
        """Within and holds for: reached in time, then kept."""
        goal = self.goal
        if self.reached_ms is None:
            if answer.holds:
                self.reached_ms = now_ms
                if not goal.holds_for:
                    self.outcome = "met"
            elif now_ms >= start_ms + span(goal.within or "0s"):
                self.outcome = "missed"
            return
        if now_ms >= self.reached_ms + span(goal.holds_for or "0s") and answer.holds:
            self.outcome = "met"
        elif not answer.holds:
            self.outcome, self.lost_ms, self.lost_by = "lost", now_ms, event

    def _answer(self, world: World, names: Names) -> Answer:
        try:
            return self.goal.predicate.ask(world, names)
        except Unknown as unknown:
            return Answer(holds=False, seen=str(unknown))
