"""A terminal session on paper: commands with the virtual time, what they print, and a word between them.

Nothing is wider than WIDTH: a table that is goes on below, cell by cell; rows that do not matter are folded into a line that says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text

from fluxsim.drivers.terminal import Result, Terminal
from fluxsim.kernel.units import Millis, clock_text
from fluxsim.report.text import wrapped
from fluxsim.world.world import World

WIDTH = 100
_INDENT = "    "
_KEPT = "\u00a0"
"""A space at which a command is not broken."""
_MARKS = {"►": "cyan", "◎": "cyan", "✔": "green", "✗": "bold red", "✓": "green"}


class Screen:
    """Runs commands in a world and prints them as a person would have seen them."""

    def __init__(self, console: Console, world: World, author: str = "you") -> None:
        self._console = console
        self._world = world
        self._terminal = Terminal(world, author)

    def run(self, command: str, *, rows: Sequence[str] = ()) -> Result:
        """Run a command and print it with its output; of tables with a NAMESPACE only rows that name all of `rows` are shown."""
        clock = clock_text(self._world.now_ms)
        first, *more = _typed(command, WIDTH - len(clock) - 5)
        line = Text(f"{clock} ", style="dim")
        line.append("$ ", style="bold cyan")
        line.append(first, style="bold")
        self._console.print(line)
        for part in more:
            self._console.print(Text(f"{'':{len(clock)}}     {part}", style="bold"))
        result = self._terminal.run(command)
        for part in folded(result.shown, rows):
            self._console.print(Text(part, style=_MARKS.get(part[:1], "")))
        return result

    def say(self, text: str, style: str = "italic") -> None:
        for part in wrapped(text, WIDTH - 2):
            self._console.print(Text(f"# {part}", style=style))

    def verdict(self, text: str, *, good: bool, at_ms: Millis | None = None) -> None:
        """Print what a check came to."""
        clock = clock_text(self._world.now_ms if at_ms is None else at_ms)
        style = "bold green" if good else "bold red"
        for number, part in enumerate(wrapped(text, WIDTH - len(clock) - 3)):
            head = f"{clock} {'✓' if good else '✗'} " if number == 0 else " " * (len(clock) + 3)
            self._console.print(Text(f"{head}{part}", style=style))

    def because(self, at_ms: Millis, text: str) -> None:
        """Print a cause of what stands above."""
        clock = clock_text(at_ms)
        for number, part in enumerate(wrapped(text, WIDTH - len(clock) - 5)):
            head = f"  {clock} ← " if number == 0 else " " * (len(clock) + 5)
            self._console.print(Text(f"{head}{part}"))


def _typed(command: str, room: int) -> list[str]:
    """Return a command on as many lines as it needs, each but the last with the backslash that a shell wants."""
    parts = [part.replace(_KEPT, " ") for part in wrapped(command.replace(" -o ", f" -o{_KEPT}"), room - 2)]
    return [*(f"{part} \\" for part in parts[:-1]), parts[-1]]


def folded(text: str, rows: Sequence[str] = ()) -> Iterator[str]:
    """Yield the lines of an output, none wider than WIDTH."""
    hidden, chosen = 0, False
    for line in text.splitlines():
        cells = line.split("\t")
        if cells[0].strip() == "NAMESPACE":
            chosen = bool(rows)
        elif not line:
            yield from _told(hidden)
            hidden, chosen = 0, False
        elif chosen and not all(any(row in cell for cell in cells[:2]) for row in rows):
            hidden += 1
            continue
        yield from _within(line.replace("\t", " ").rstrip(), cells)
    yield from _told(hidden)


def _told(hidden: int) -> Iterator[str]:
    if hidden:
        yield f"{_INDENT}⋮ {hidden} more rows"


def _within(line: str, cells: Sequence[str]) -> Iterator[str]:
    """Yield a line, or its cells on as many lines as they need."""
    if len(line) <= WIDTH:
        yield line
        return
    first = cells[0]
    rest = list(cells[1:])
    while rest and len(f"{first} {rest[0]}".rstrip()) <= WIDTH:
        first = f"{first} {rest.pop(0)}"
    below = " ".join(" ".join(rest).split())
    if len(first) > WIDTH:
        first, *more = wrapped(first.rstrip(), WIDTH - len(_INDENT))
        below = " ".join([*more, below])
    yield first.rstrip()
    for part in wrapped(below, WIDTH - len(_INDENT)):
        yield _INDENT + part.rstrip()
