"""A story played for every row and column, read as a table."""

from __future__ import annotations

from dataclasses import dataclass

from fluxsim.drivers.player import Played, Player
from fluxsim.drivers.scenario import Goal, Scenario, setup_of
from fluxsim.drivers.variations import Matrix, Reading
from fluxsim.formats.tree import Json

Cells = dict[str, dict[str, dict[str, str]]]


@dataclass(slots=True)
class MatrixResult:
    """A table of readings: row, column, reading → value, and what was expected."""

    cells: Cells
    expected: Cells

    def wrong(self) -> list[str]:
        return [
            f"{row}, {column}, {reading}: {value}, expected {self.expected[row][column][reading]}"
            for row, columns in self.cells.items()
            for column, readings in columns.items()
            for reading, value in readings.items()
            if self.expected[row][column][reading] != value
        ]

    def table(self) -> str:
        """Return the table as text: a line a row and column, a word a reading."""
        readings = list(next(iter(next(iter(self.cells.values())).values())))
        rows = [["", "", *readings]]
        rows += [
            [row, column, *values.values()] for row, columns in self.cells.items() for column, values in columns.items()
        ]
        widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
        return "\n".join(
            "  " + "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        )


def played(scenario: Scenario, matrix: Matrix, seed: int | None) -> tuple[MatrixResult, list[Played]]:
    """Play the story for every cell."""
    cells: Cells = {}
    plays: list[Played] = []
    readings = tuple(_goal(name, reading) for name, reading in matrix.readings.items())
    for row in matrix.rows:
        for column in matrix.columns:
            start = scenario.start.model_copy(update={"edits": scenario.start.edits + matrix.edits(row, column)})
            story = scenario.model_copy(update={"start": start, "goals": scenario.goals + readings, "matrix": None})
            play = Player(story, setup_of(story), seed=seed, extra=matrix.steps(row, column)).play()
            values: dict[str, str] = {}
            for name, reading in matrix.readings.items():
                result = play.goal(name)
                result.as_expected = True
                values[name] = reading.yes if result.tracker.outcome == "met" else reading.no
            cells.setdefault(row, {})[column] = values
            plays.append(play)
    return MatrixResult(cells, matrix.expect), plays


def _goal(name: str, reading: Reading) -> Goal:
    question: dict[str, Json] = {
        field: value
        for field, value in reading.model_dump(by_alias=True, exclude_none=True).items()
        if field not in ("at", "yes", "no")
    }
    return Goal.model_validate({"name": name, "now": True, "from": reading.at} | question)
