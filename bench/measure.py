"""How things are timed: CPU time, interleaved rounds, medians; and how a row of the table is judged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter, process_time

ROUNDS = 7
SAMPLE_S = 0.004
"""A sample repeats its call until it takes at least this long: shorter ones measure the clock."""
CALLS_MAX = 20_000
FAILS_AT = 2.0
"""A row fails at this many times its budget: the machine may be busy."""

Call = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table. `now` and `budget` are in `unit`; `absolute` tells the figures behind a ratio."""

    name: str
    budget: float
    now: float | None
    unit: str = ""
    absolute: str = ""

    @property
    def ratio(self) -> float:
        return (self.now or 0.0) / self.budget

    @property
    def failed(self) -> bool:
        return self.ratio >= FAILS_AT


def skipped(name: str, budget: float, why: str) -> Row:
    return Row(name, budget, None, absolute=f"skipped: {why}")


def medians(*calls: Call, rounds: int = ROUNDS, wall: bool = False) -> list[float]:
    """Return the median seconds of one call of each, the calls taking turns; `wall` where other processes do the work."""
    clock = perf_counter if wall else process_time
    counts = [_count(call, clock) for call in calls]
    samples: list[list[float]] = [[] for _ in calls]
    for turn in range(rounds):
        places = range(len(calls)) if turn % 2 == 0 else range(len(calls) - 1, -1, -1)
        for place in places:
            samples[place].append(_sample(calls[place], counts[place], clock))
    return [median(found) for found in samples]


def ratio(name: str, budget: float, ours: Call, theirs: Call, *, of: str, rounds: int = ROUNDS) -> Row:
    """Return the row of a ratio: our median over theirs, both from the same rounds."""
    mine, other = medians(ours, theirs, rounds=rounds)
    return Row(name, budget, mine / other, absolute=f"{seconds(mine)} / {seconds(other)} ({of})")


def seconds(value: float) -> str:
    """Return a time for people: `1.25 s`, `3.1 ms`, `840 µs`, `0.52 µs`."""
    for scale, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if value >= scale or unit == "µs":
            return f"{value / scale:.3g} {unit}"
    raise AssertionError("the last unit takes everything")


def table(rows: Sequence[Row]) -> str:
    """Return the rows as text, one a line: name, budget, now, now / budget, absolute figures."""
    cells = [("", "budget", "now", "now/budget", "")]
    for row in rows:
        now = "-" if row.now is None else f"{_number(row.now)}{row.unit and ' ' + row.unit}"
        share = "-" if row.now is None else f"{row.ratio:.2f}{'  FAILED' if row.failed else ''}"
        cells.append((row.name, f"{_number(row.budget)}{row.unit and ' ' + row.unit}", now, share, row.absolute))
    widths = [max(len(line[column]) for line in cells) for column in range(5)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells
    )


def _number(value: float) -> str:
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"


def _count(call: Call, clock: Callable[[], float]) -> int:
    """Return how many calls make a sample; the trial calls also warm everything up."""
    count = 1
    while True:
        spent = _sample(call, count, clock) * count
        if spent >= SAMPLE_S or count >= CALLS_MAX:
            return count
        count = min(CALLS_MAX, count * 4 if spent < SAMPLE_S / 8 else count * 2)


def _sample(call: Call, count: int, clock: Callable[[], float]) -> float:
    began = clock()
    for _ in range(count):
        call()
    return (clock() - began) / count
