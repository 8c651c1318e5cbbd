"""The rule machine: Hypothesis plays people, CI and mischief in any order, and the invariants are on.

Each rule is an action of world.actions, or time that passes. What a run broke is raised as Broken; its journal is kept,
so that it can be shrunk and told without Hypothesis (drivers.shrinking, drivers.counterexample).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from fluxsim.drivers.coverage import Coverage, Watch
from fluxsim.drivers.openings import Openings
from fluxsim.drivers.people import People
from fluxsim.drivers.trial import BASELINE_MS, Trial
from fluxsim.kernel.units import HOUR, MINUTE, SECOND, Millis
from fluxsim.observe.invariants import Violation
from fluxsim.world.journal import Entry
from fluxsim.world.setup import Setup

T = TypeVar("T")

SEEDS = st.integers(0, 63)
"""The seed of the world: how long everything takes."""
PICK = st.integers(0, 59)
"""Chooses from a list that only the world knows: 60 is divided by every length up to six."""
APPS = st.sampled_from(("ok", "ok", "ok", "crash", "unready"))
MOMENTS_S = st.integers(1, 59)
INTERVALS_MIN = st.sampled_from((1, 2, 5, 10, 15, 30, 31))
LONG_HOURS = st.integers(1, 8)
LASTS_MAX_MS: Millis = 48 * HOUR
EVENTS_MAX = 12_000
"""Enough for one run: with a broken policy that is tried every 30 seconds, days are hundreds of thousands of events."""


FAULTS_MAX = 3
"""How often something breaks in one run: more of it leaves no room for work."""
ASLEEP_MAX = 2
"""How many objects are suspended at once: where all sleeps nothing happens."""


class Broken(Exception):
    """A run broke an invariant."""


class OutOfTime(KeyboardInterrupt):
    """The search may not begin another run. To Hypothesis it is as if someone pressed Ctrl-C: no run, no result."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a run broke, and the run itself: seed, journal, end."""

    violation: Violation
    seed: int
    entries: tuple[Entry, ...]
    end_ms: Millis


@dataclass(slots=True)
class Plan:
    """What a search plays and how far it has come. `known` are the invariants that it has told of already."""

    setup: Setup
    careful: bool = False
    """Whether people know the cure: see drivers.people."""
    until_s: float = float("inf")
    """When to stop, on the clock of `time.monotonic`."""
    runs_max: float = float("inf")
    """After how many runs to stop."""
    known: set[str] = field(default_factory=set[str])
    coverage: Coverage = field(default_factory=Coverage)
    finding: Finding | None = None
    tick: Callable[[], None] = lambda: None
    """Called before each run, for progress."""


class RuleMachine(RuleBasedStateMachine):
    """One run. The subclass that `machine` makes has the plan."""

    plan: ClassVar[Plan]

    def __init__(self) -> None:
        if time.monotonic() >= self.plan.until_s or self.plan.coverage.runs >= self.plan.runs_max:
            raise OutOfTime
        self.plan.tick()
        super().__init__()
        self._trial: Trial | None = None
        self._broken = False

    @initialize(seed=SEEDS)
    def begin(self, seed: int) -> None:
        self._trial = Trial(self.plan.setup, seed)
        self.trial.wait(BASELINE_MS)
        self._watch = Watch(self.trial)
        self._people = People(self.trial, careful=self.plan.careful)

    @property
    def trial(self) -> Trial:
        assert self._trial is not None, "the machine has not begun"
        return self._trial

    @property
    def people(self) -> People:
        return self._people

    @property
    def openings(self) -> Openings:
        return self._people.openings

    # -- releases

    @precondition(lambda self: self.openings.services)
    @rule(pick=PICK, app=APPS)
    def push_code_to_develop(self, pick: int, app: Any) -> None:
        self.people.push_code(chosen(self.openings.services, pick), "develop", app)
        self._done("push_code_to_develop")

    @precondition(lambda self: self.openings.services)
    @rule(pick=PICK, app=APPS)
    def push_code_to_main(self, pick: int, app: Any) -> None:
        self.people.push_code(chosen(self.openings.services, pick), "main", app)
        self._done("push_code_to_main")

    @precondition(lambda self: not self.plan.setup.ours and self.openings.images())
    @rule(pick=PICK)
    def push_tag(self, pick: int) -> None:
        self.people.push_tag(chosen(self.openings.images(), pick))
        self._done("push_tag")

    @precondition(lambda self: self.people.promotable())
    @rule(pick=PICK)
    def promote_newest(self, pick: int) -> None:
        self.people.promote(chosen(self.people.promotable(), pick))
        self._done("promote_newest")

    @precondition(lambda self: self.people.promotable())
    @rule(pick=PICK, which=PICK)
    def promote_older(self, pick: int, which: int) -> None:
        service = chosen(self.people.promotable(), pick)
        self.people.promote(service, chosen(self.people.staged(service), which))
        self._done("promote_older")

    @precondition(lambda self: self.openings.images())
    @rule(pick=PICK, which=PICK)
    def delete_tag(self, pick: int, which: int) -> None:
        image = chosen(self.openings.images(), pick)
        self.people.delete_tag(image, chosen(self.openings.tags(image), which))
        self._done("delete_tag")

    # -- Git

    @precondition(lambda self: self.openings.written())
    @rule()
    def revert_newest(self) -> None:
        self.people.revert(self.openings.written()[-1])
        self._done("revert_newest")

    @precondition(lambda self: self.openings.written())
    @rule(pick=PICK)
    def revert_one(self, pick: int) -> None:
        self.people.revert(chosen(self.openings.written(), pick))
        self._done("revert_one")

    @precondition(lambda self: self.openings.policy_files())
    @rule(pick=PICK, which=PICK)
    def pin_policy(self, pick: int, which: int) -> None:
        file = chosen(self.openings.policy_files(), pick)
        tags = self.openings.pinnable(file)
        if tags:
            self.people.pin(file, chosen(tags, which))
        self._done("pin_policy")

    @precondition(lambda self: self.people.pinned)
    @rule(pick=PICK)
    def unpin_policy(self, pick: int) -> None:
        self.people.unpin(chosen(list(self.people.pinned), pick))
        self._done("unpin_policy")

    # -- Flux

    @precondition(lambda self: self.openings.awake() and len(self.openings.asleep()) < ASLEEP_MAX)
    @rule(pick=PICK)
    def suspend(self, pick: int) -> None:
        self.people.suspend(chosen(self.openings.awake(), pick))
        self._done("suspend")

    @precondition(lambda self: self.openings.asleep())
    @rule(pick=PICK)
    def resume(self, pick: int) -> None:
        self.people.resume(chosen(self.openings.asleep(), pick))
        self._done("resume")

    # -- kubectl

    @precondition(lambda self: self.openings.deployments())
    @rule(pick=PICK, which=PICK)
    def kubectl_set_image(self, pick: int, which: int) -> None:
        self.people.set_image(chosen(self.openings.deployments(), pick), which)
        self._done("kubectl_set_image")

    @precondition(lambda self: self.openings.deployments())
    @rule(pick=PICK)
    def kubectl_rollout_undo(self, pick: int) -> None:
        self.people.rollout_undo(chosen(self.openings.deployments(), pick))
        self._done("kubectl_rollout_undo")

    @precondition(lambda self: self.openings.deployments())
    @rule(pick=PICK, replicas=st.integers(0, 5))
    def kubectl_scale(self, pick: int, replicas: int) -> None:
        self.people.scale(chosen(self.openings.deployments(), pick), replicas)
        self._done("kubectl_scale")

    @rule(pick=PICK, suspends=st.booleans())
    def kubectl_patch(self, pick: int, *, suspends: bool) -> None:
        self.people.patch(pick, suspends=suspends)
        self._done("kubectl_patch")

    # -- mischief

    @precondition(lambda self: not self.trial.faults and self.people.faults < FAULTS_MAX)
    @rule(pick=PICK)
    def break_something(self, pick: int) -> None:
        self.people.break_something(pick)
        self._done("break_something")

    @precondition(lambda self: self.trial.faults)
    @rule()
    def heal(self) -> None:
        self.trial.heal()
        self._done("heal")

    @rule(pick=PICK)
    def restart_controller(self, pick: int) -> None:
        self.people.restart_controller(pick)
        self._done("restart_controller")

    # -- time

    @rule(seconds=MOMENTS_S)
    def advance_some_seconds(self, seconds: int) -> None:
        self._wait(seconds * SECOND)
        self._done("advance_some_seconds")

    @rule(minutes=INTERVALS_MIN)
    def advance_an_interval(self, minutes: int) -> None:
        self._wait(minutes * MINUTE)
        self._done("advance_an_interval")

    @rule(minutes=INTERVALS_MIN)
    def advance_another_interval(self, minutes: int) -> None:
        self._wait(minutes * MINUTE)
        self._done("advance_an_interval")

    @rule(hours=LONG_HOURS)
    def advance_long(self, hours: int) -> None:
        self._wait(hours * HOUR)
        self._done("advance_long")

    # -- what must hold

    @invariant()
    def nothing_is_broken(self) -> None:
        self._judge(self.trial.broken())

    def teardown(self) -> None:
        """Safety came first; now liveness: heal everything and demand that it settles within the computed bound."""
        if self._trial is None:
            return
        settled = False
        if not self._broken:
            self.trial.heal()
            self.trial.settle()
            settled = not self.trial.broken_in_the_end()
        self.plan.coverage.ended(self.trial, settled=settled)
        if not self._broken:
            self._judge(self.trial.broken_in_the_end())

    def _judge(self, violations: Sequence[Violation]) -> None:
        for violation in violations:
            if violation.invariant not in self.plan.known:
                self._broken = True
                world = self.trial.world
                self.plan.finding = Finding(violation, self.trial.seed, tuple(self.trial.entries), world.now_ms)
                raise Broken(f"{violation.invariant}: {violation.message}")

    def _wait(self, span_ms: Millis) -> None:
        """Let time pass, an hour at most at a time, until it is over or the run has seen enough."""
        world = self.trial.world
        until_ms = min(world.now_ms + span_ms, LASTS_MAX_MS)
        while world.now_ms < until_ms and len(world.log.events) < EVENTS_MAX:
            self.trial.wait(min(HOUR, until_ms - world.now_ms))

    def _done(self, rule_name: str) -> None:
        self.plan.coverage.step(rule_name, self._watch.states())


def chosen(items: Sequence[T], pick: int) -> T:
    return items[pick % len(items)]


def machine(plan: Plan) -> type[RuleMachine]:
    """Return the machine of a plan."""
    return type("PlannedMachine", (RuleMachine,), {"plan": plan})
