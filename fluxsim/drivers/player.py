"""Plays one scenario in one world, in virtual time: steps at their times, goals watched, invariants on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from fluxsim.drivers.agenda import Strand, soonest, strands
from fluxsim.drivers.goals import Tracker
from fluxsim.drivers.names import StepNames
from fluxsim.drivers.question import Unknown
from fluxsim.drivers.scenario import Goal, Scenario
from fluxsim.drivers.step import Step, span
from fluxsim.formats.imagetag import tag_of
from fluxsim.formats.tree import Json
from fluxsim.kernel.log import Event, Log
from fluxsim.kernel.units import SECOND, Millis, clock_text
from fluxsim.observe.invariants import Invariants, Violation
from fluxsim.world.acting import Outcome
from fluxsim.world.actions import ACTION, AnyAction
from fluxsim.world.journal import Entry
from fluxsim.world.setup import Setup
from fluxsim.world.world import World

ASK_AGAIN_MS: Millis = 1 * SECOND
"""How often a step that waits `once` something holds asks, beside the events that touch its question."""


@dataclass(slots=True)
class Told:
    """What a step printed, for the timeline: the lines of the command, and the refusal if it was refused."""

    at_ms: Millis
    command: str
    lines: tuple[str, ...]
    error: str


@dataclass(slots=True)
class GoalResult:
    """How a goal ended and whether that was expected."""

    goal: Goal
    tracker: Tracker
    as_expected: bool


@dataclass(slots=True)
class Played:
    """One world played to its end."""

    scenario: Scenario
    world: World
    goals: list[GoalResult]
    violations: list[Violation]
    unexpected: list[Violation]
    told: list[Told]
    journal: list[Entry]
    faults: list[str] = field(default_factory=list[str])
    """What went wrong beside goals and invariants: a step that could not be done, a trap that did not spring."""

    @property
    def passed(self) -> bool:
        return not self.faults and not self.unexpected and all(result.as_expected for result in self.goals)

    @property
    def findings(self) -> list[Violation]:
        """What is wrong with the repository itself: it fails nothing where the repository is not ours, for it may be meant."""
        circles = [
            Violation("nothing waits for ever", 0, f"Kustomizations wait for each other: {circle}", ())
            for circle in self.world.setup.closure.circles
        ]
        if self.world.setup.ours:
            return circles
        return [*circles, *(one for one in self.violations if one.invariant not in self.scenario.breaks)]

    @property
    def log(self) -> Log:
        return self.world.log

    def goal(self, name: str) -> GoalResult:
        return next(result for result in self.goals if result.goal.name == name)


class Player:
    """Plays one scenario in one world."""

    def __init__(
        self,
        scenario: Scenario,
        setup: Setup,
        *,
        seed: int | None = None,
        extra: Sequence[Step] = (),
        own: bool = True,
        lenient: bool = False,
    ) -> None:
        """`own`: check our invariants; `lenient`: a step that is refused, or cannot be done, is no fault."""
        self._scenario = scenario
        self._world = World(setup, seed=scenario.seed if seed is None else seed)
        self._own = own
        self._lenient = lenient
        self._steps = (*scenario.steps, *extra)
        self._names = StepNames(
            self._world.log, {where: tag_of(image) for where, image in setup.closure.deployments.items()}
        )
        self._end_ms = scenario.end_ms
        self._trackers = [Tracker(goal, self._start_of(goal), self._end_ms) for goal in scenario.goals]
        self._invariants = Invariants()
        self._told: list[Told] = []
        self._journal: list[Entry] = []
        self._faults: list[str] = []
        self._world.log.observers.append(self._observe)

    def play(self) -> Played:
        """Play to the end."""
        for event in self._world.log.events:
            self._invariants.observe(event)
        waiting = strands(self._steps)
        while waiting:
            strand = self._next(waiting)
            step = strand.steps.pop(0)
            if strand.steps == []:
                waiting.remove(strand)
            self._do(step)
            strand.last_ms = self._world.now_ms
        self._advance(max(self._end_ms, self._world.now_ms))
        for tracker in self._trackers:
            tracker.close(self._world.now_ms, self._world, self._names)
        return self._played()

    def _start_of(self, goal: Goal) -> Millis | None:
        if not goal.since:
            return 0
        return span(goal.since) if goal.since not in {step.name for step in self._steps} else None

    # -- steps

    def _next(self, waiting: list[Strand]) -> Strand:
        """Let time pass until a step can be done, and return its strand. What waits in vain is a fault, and done all the same."""
        while True:
            asking = [strand for strand in waiting if strand.waits]
            met = next((strand for strand in asking if self._holds(strand.head)), None)
            if met is not None:
                return met
            first = soonest(waiting)
            target = max(first.due_ms, self._world.now_ms)
            due = self._world.next_due() if asking else None
            stop = min(max(due, self._world.now_ms + ASK_AGAIN_MS), target) if due is not None else target
            self._advance(stop)
            if stop == target:
                if first.waits and not self._holds(first.head):
                    self._fault(f"waited {first.head.at_most} in vain until {_told(first.head, self._names)}")
                return first

    def _holds(self, step: Step) -> bool:
        try:
            return step.once is not None and step.once.predicate.ask(self._world, self._names).holds
        except Unknown:
            return False

    def _fault(self, text: str) -> None:
        if not self._lenient:
            self._faults.append(f"{clock_text(self._world.now_ms)}: {text}")

    def _do(self, step: Step) -> None:
        try:
            action = _filled(step.action, self._names.filled)
        except Unknown as unknown:
            self._fault(f"step {step.name or step.action.do} could not be done: {unknown}")
            return
        outcome = self._world.do(action)
        self._journal.append(Entry(at_ms=self._world.now_ms, action=action))
        self._told.append(Told(self._world.now_ms, outcome.command, outcome.lines, outcome.error))
        self._check_refusal(step, outcome)
        if step.name:
            self._names.done(step.name, outcome.seq, outcome.commit)
            for tracker in self._trackers:
                if tracker.goal.since == step.name:
                    tracker.begin(self._world.now_ms)
                    tracker.at_time(self._world.now_ms, self._world, self._names)

    def _check_refusal(self, step: Step, outcome: Outcome) -> None:
        """A step must be refused where it says so, and not where it does not."""
        if outcome.error and not step.refused:
            self._fault(f"'{outcome.command}' was refused: {outcome.error}")
        elif step.refused and step.refused not in outcome.error:
            self._fault(f"'{outcome.command}' was not refused with '{step.refused}': {outcome.error or 'it was done'}")

    def _advance(self, to_ms: Millis) -> None:
        """Run the world, stopping where a goal must be asked at that very time."""
        while True:
            now_ms = self._world.now_ms
            times = [
                time
                for tracker in self._trackers
                if tracker.outcome is None
                for time in tracker.deadlines()
                if now_ms < time <= to_ms
            ]
            stop = min(times, default=to_ms)
            self._world.run_to(stop)
            for tracker in self._trackers:
                if stop in tracker.deadlines():
                    tracker.at_time(stop, self._world, self._names)
            if stop == to_ms:
                return

    # -- watching

    def _observe(self, event: Event) -> None:
        if self._own:
            self._invariants.observe(event)
        for tracker in self._trackers:
            tracker.observe(event, self._world, self._names)

    def _played(self) -> Played:
        results = [
            GoalResult(tracker.goal, tracker, tracker.outcome == tracker.goal.expect) for tracker in self._trackers
        ]
        violations = self._invariants.violations(self._world.now_ms) if self._own else []
        ours = self._world.setup.ours
        unexpected = [one for one in violations if ours and one.invariant not in self._scenario.breaks]
        return Played(
            self._scenario, self._world, results, violations, unexpected, self._told, self._journal, self._faults
        )


def _told(step: Step, names: StepNames) -> str:
    return step.once.predicate.told(names) if step.once is not None else step.action.do


def _filled(action: AnyAction, fill: Callable[[str], str]) -> AnyAction:
    def filled(value: Json) -> Json:
        if isinstance(value, str):
            return fill(value)
        if isinstance(value, dict):
            return {fill(key): filled(item) for key, item in value.items()}
        if isinstance(value, list):
            return [filled(item) for item in value]
        return value

    return ACTION.validate_python(filled(action.model_dump(mode="json", exclude_defaults=False)))
