"""The rows and columns of a matrix: how each varies the story, what is read of it, and what the table should be."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from fluxsim.drivers.predicates import Asking
from fluxsim.drivers.step import Duration, Model, Step
from fluxsim.world.actions import Edit


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
                try:
                    self.steps(row, column)
                except ValidationError as error:
                    first = error.errors()[0]
                    field = ".".join(str(part) for part in first["loc"])
                    raise ValueError(f"the step of {row}, {column}: {field}: {first['msg']}") from error
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
