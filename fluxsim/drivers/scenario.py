"""The scenario file: a journal with expectations. One story a file; unknown keys are errors with a place.

name, why          what it shows, and the sentence that a newcomer learns from it
steps              what people and mischief do, `at` a time, `after` the former step, or `once` something holds
goals              now, within, holds for, never; each asks one question of drivers.predicates
trap               the goal that is lost, by whom and why, and the one action that keeps it (or the step that had better not been)
guardrails         what `fluxsim lint` must find before the first step: exactly these
matrix             the same story played for every row and column, read as a table
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from fluxsim.controllers.latencies import Latencies, Span
from fluxsim.drivers.failures import FAILURES
from fluxsim.drivers.predicates import PREDICATES, Asking
from fluxsim.drivers.step import Duration, Model, Step, span
from fluxsim.drivers.variations import Matrix, Reading
from fluxsim.kernel.errors import Fault, InputError, did_you_mean
from fluxsim.kernel.units import HOUR, Millis
from fluxsim.observe.invariants import Invariants
from fluxsim.world import example
from fluxsim.world.actions import Edit
from fluxsim.world.edits import EditRefused, changes_of
from fluxsim.world.inputfile import read
from fluxsim.world.setup import Setup, of_example, of_repo

__all__ = [
    "Goal",
    "Guardrail",
    "LostBy",
    "Matrix",
    "Reading",
    "Scenario",
    "Start",
    "Step",
    "Trap",
    "load",
    "setup_of",
    "span",
]

INVARIANTS = tuple(invariant.name for invariant in Invariants().all)


class Goal(Asking):
    """An expectation over time. `from` is a time or the name of a step."""

    name: str = ""
    now: bool = False
    within: Duration | None = None
    holds_for: Duration | None = Field(default=None, alias="holds for")
    never: bool = False
    since: str = Field(default="", alias="from")
    until: Duration | None = None
    expect: Literal["met", "lost", "missed", "violated"] = "met"

    @model_validator(mode="after")
    def _whole(self) -> Goal:
        if not (self.now or self.within or self.holds_for or self.never):
            raise ValueError("a goal says when: `now: true`, `within: 10m`, `holds for: 24h` or `never: true`")
        if (self.now or self.never) and (self.within or self.holds_for):
            raise ValueError("`now` and `never` stand alone; `within` and `holds for` may stand together")
        if len(self.asked()) != 1:
            raise ValueError(f"a goal asks exactly one question: {', '.join(PREDICATES)}")
        return self


class LostBy(Model):
    """The event that a trap's goal is lost by: who, through which object, why, and when.

    Of a goal that is never reached it is the first event by which the two plays differ; `silent` says that it is one
    that happens only where the goal is met.
    """

    actor: str
    object: str = ""
    cause: str = ""
    between: tuple[Duration, Duration]
    silent: bool = False


class Trap(Model):
    """Played twice: as it stands the goal is lost by that event; with the cure, or without the named step, it is met."""

    goal: str
    lost_by: LostBy = Field(alias="lost by")
    cure: Step | None = None
    without: str = ""
    leaves: tuple[str, ...] = ()
    """The invariants that stay broken even so: what was done before the cure."""

    @model_validator(mode="after")
    def _one_change(self) -> Trap:
        if (self.cure is None) == (not self.without):
            raise ValueError("a trap names one change: the `cure`, or the step that it is better `without`")
        return self


class Guardrail(Model):
    """A fault that `fluxsim lint` must find; line 0 is any line."""

    file: str
    line: int = 0
    rule: str


class ServiceSetup(Model):
    workflow: Literal["promote", "rebuild", "wrong-tag"] = "promote"


class Start(Model):
    """How the world differs before time zero."""

    edits: tuple[Edit, ...] = ()
    services: dict[str, ServiceSetup] = Field(default_factory=dict)
    latencies: dict[str, tuple[Duration, Duration]] = Field(default_factory=dict)


class Scenario(Model):
    """A story with expectations."""

    name: str
    why: str
    seed: int = 1
    repo: str = ""
    path: str = ""
    failures: tuple[str, ...] = ()
    breaks: tuple[str, ...] = ()
    """The invariants that the story is meant to break."""
    lasts: Duration | None = None
    start: Start = Field(default_factory=Start)
    steps: tuple[Step, ...] = ()
    goals: tuple[Goal, ...] = ()
    trap: Trap | None = None
    guardrails: tuple[Guardrail, ...] | None = None
    matrix: Matrix | None = None

    @field_validator("failures")
    @classmethod
    def _known_failures(cls, ids: tuple[str, ...]) -> tuple[str, ...]:
        for one in ids:
            if one not in FAILURES:
                raise ValueError(f"unknown failure '{one}'; {did_you_mean(one, FAILURES)}")
        return ids

    @field_validator("breaks")
    @classmethod
    def _known_invariants(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for one in names:
            if one not in INVARIANTS:
                raise ValueError(f"unknown invariant '{one}'; {did_you_mean(one, INVARIANTS)}")
        return names

    @model_validator(mode="after")
    def _whole(self) -> Scenario:
        if not self.goals and self.matrix is None and self.guardrails is None:
            raise ValueError("a scenario has goals, guardrails, or a matrix")
        names = {step.name for step in self.steps if step.name}
        for goal in self.goals:
            if goal.since and goal.since not in names:
                span(goal.since)
        if self.trap is not None and self.trap.goal not in {goal.name for goal in self.goals}:
            raise ValueError(f"the trap's goal '{self.trap.goal}' is not the name of a goal")
        if self.trap is not None and self.trap.without and self.trap.without not in names:
            raise ValueError(f"the trap's step '{self.trap.without}' is not the name of a step")
        return self

    @property
    def end_ms(self) -> Millis:
        """How long the scenario is played: `lasts`, or until the last step and goal are over."""
        if self.lasts is not None:
            return span(self.lasts)
        last_step = max((span(step.at) for step in self.steps if step.at is not None), default=0)
        ends = [last_step + HOUR]
        for goal in self.goals:
            start = span(goal.since) if goal.since and goal.since[0].isdigit() else last_step if goal.since else 0
            ends.append(start + span(goal.within or "0s") + span(goal.holds_for or "0s"))
            ends.append(span(goal.until or "0s"))
        return max(ends)


def setup_of(scenario: Scenario) -> Setup:
    """Return the start of the scenario's world."""
    start = scenario.start
    if scenario.repo:
        if start.edits or start.services:
            raise InputError(
                Fault(
                    scenario.name,
                    "`start` changes the bundled example only",
                    "change the repository itself, or do it in steps",
                )
            )
        setup = of_repo(scenario.repo, scenario.path)
    else:
        try:
            changes = changes_of(start.edits, example.gitops({}), "main") if start.edits else {}
        except EditRefused as error:
            raise InputError(Fault(scenario.name, str(error), "")) from error
        setup = of_example(changes, {name: service.workflow for name, service in start.services.items()})
    if not start.latencies:
        return setup
    spans = {name: Span(span(low), span(high)) for name, (low, high) in start.latencies.items()}
    known = {field.name for field in dataclasses.fields(Latencies)}
    for name in spans:
        if name not in known:
            raise InputError(Fault(scenario.name, f"unknown latency '{name}'", did_you_mean(name, known)))
    return setup.with_latencies(dataclasses.replace(setup.latencies, **spans))


def load(path: Path, *, called: str = "") -> Scenario:
    """Read a scenario file; InputError with every fault and its place. `called` is the file as the user named it."""
    return read(called or str(path), path.read_bytes(), Scenario)
