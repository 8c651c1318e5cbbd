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
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from fluxsim.controllers.latencies import Latencies, Span
from fluxsim.drivers.failures import FAILURES
from fluxsim.drivers.predicates import PREDICATES, Asking
from fluxsim.formats.durations import InvalidDuration, parse_millis
from fluxsim.kernel.errors import Fault, InputError, did_you_mean
from fluxsim.kernel.units import DAY, HOUR, Millis
from fluxsim.observe.invariants import Invariants
from fluxsim.world import example
from fluxsim.world.actions import AnyAction, Edit
from fluxsim.world.edits import EditRefused, changes_of
from fluxsim.world.inputfile import read
from fluxsim.world.setup import Setup, of_example, of_repo

_DAYS = re.compile(r"^(\d+)d(.*)$")
INVARIANTS = tuple(invariant.name for invariant in Invariants().all)
STEP_KEYS = ("at", "after", "once", "at most", "as", "refused")


def span(text: str) -> Millis:
    """Return the milliseconds of a duration as people write it: Go's `1h30m`, and days, `2d`."""
    days = _DAYS.match(text)
    if days is not None:
        return int(days.group(1)) * DAY + (span(days.group(2)) if days.group(2) else 0)
    try:
        return parse_millis(text)
    except InvalidDuration as error:
        raise ValueError(f"'{text}' is not a duration; write it like 90s, 10m, 1h30m or 2d") from error


def _checked(text: str) -> str:
    span(text)
    return text


Duration = Annotated[str, AfterValidator(_checked)]


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Step(Model):
    """One action, and when. In the file the action's own fields stand beside the step's."""

    at: Duration | None = None
    after: Duration | None = None
    once: Asking | None = None
    at_most: Duration = Field(default="1h", alias="at most")
    name: str = Field(default="", alias="as")
    refused: str = ""
    """Words of the refusal that the step must meet; without them it must not be refused."""
    action: AnyAction

    @model_validator(mode="before")
    @classmethod
    def _gathered(cls, data: Any) -> Any:
        """Move what is not the step's into the action; `run: …` is short for `do: run, command: …`."""
        if not isinstance(data, dict) or "action" in data:
            return data
        own = {key: value for key, value in data.items() if key in STEP_KEYS}
        rest = {key: value for key, value in data.items() if key not in STEP_KEYS}
        if "run" in rest and "do" not in rest:
            rest |= {"do": "run", "command": rest.pop("run")}
        return own | {"action": rest}

    @model_validator(mode="after")
    def _one_time(self) -> Step:
        if sum(value is not None for value in (self.at, self.after, self.once)) > 1:
            raise ValueError("a step happens `at` a time, `after` the former, or `once` something holds: choose one")
        if self.once is not None and len(self.once.asked()) != 1:
            raise ValueError("`once` asks exactly one question")
        return self


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


class Reading(Asking):
    """A cell's value: `yes` where the question holds at that time, else `no`."""

    at: Duration
    yes: str = "good"
    no: str = "bad"


class Variation(BaseModel):
    """What a row or a column changes: edits of the start, and fields of the step that row and column make together."""

    model_config = ConfigDict(extra="allow", frozen=True)

    edits: tuple[Edit, ...] = ()

    @property
    def fields(self) -> dict[str, Any]:
        return dict(self.model_extra or {})


class Matrix(Model):
    """The story is played for every row and column; `readings` are asked of each play; `expect` is the table.

    The fields of a row and of a column together are one more step; those of `later` and of the row are another.
    """

    rows: dict[str, Variation]
    columns: dict[str, Variation]
    later: dict[str, Any] = Field(default_factory=dict)
    readings: dict[str, Reading]
    expect: dict[str, dict[str, dict[str, str]]]

    @model_validator(mode="after")
    def _whole(self) -> Matrix:
        wanted = {(row, column, reading) for row in self.rows for column in self.columns for reading in self.readings}
        given = {(row, *cell) for row, columns in self.expect.items() for cell in _cells(columns)}
        for row, column, reading in sorted(wanted ^ given):
            raise ValueError(f"`expect` and the matrix differ in the cell {row}, {column}, {reading}")
        for row in self.rows:
            for column in self.columns:
                self.steps(row, column)
        return self

    def steps(self, row: str, column: str) -> list[Step]:
        """Return the steps of a cell."""
        fields = [self.rows[row].fields | self.columns[column].fields]
        if self.later:
            fields.append(self.rows[row].fields | self.later)
        return [Step.model_validate(one) for one in fields if one]

    def edits(self, row: str, column: str) -> tuple[Edit, ...]:
        """Return the edits of a cell's start."""
        return self.rows[row].edits + self.columns[column].edits


def _cells(columns: dict[str, dict[str, str]]) -> list[tuple[str, str]]:
    return [(column, reading) for column, readings in columns.items() for reading in readings]


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
