"""A timeline as text: readable at 100 columns; people, the bot and controllers told apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from rich.text import Text

from fluxsim.kernel.units import Millis, clock_text
from fluxsim.observe.timeline import Lane, Row

WIDTH = 100
TOLD_EACH = 2
"""How often the same line is told before the rest is only counted."""

_CLOCK = 11
_ACTOR = 25

_MARKS: dict[Lane, tuple[str, str]] = {
    "people": ("☺", "bold cyan"),
    "ci": ("⚙", "blue"),
    "registry": ("▣", "blue"),
    "policies": ("◆", "magenta"),
    "bot": ("✎", "bold yellow"),
    "git": ("⎇", "green"),
    "flux": ("↻", "dim"),
    "pods": ("●", "bold green"),
    "world": ("⚡", "bold red"),
}


def lines(rows: Sequence[Row], *, width: int = WIDTH, indent: int = 2) -> Iterator[Text]:
    """Yield a line for each row, long texts wrapped under themselves; the same second is not repeated."""
    before = ""
    for row in folded(rows):
        clock = clock_text(row.at_ms)
        mark, style = _MARKS[row.lane]
        shown = "" if clock == before else clock
        before = clock
        head = f"{'':{indent}}{shown:>{_CLOCK}} {mark} {_fit(row.actor, _ACTOR):{_ACTOR}} "
        room = width - len(head)
        for number, part in enumerate(wrapped(row.text, room)):
            text = Text(head if number == 0 else " " * len(head), style=style if number == 0 else "")
            text.append(part, style="red" if row.bad else "")
            yield text


def folded(rows: Sequence[Row]) -> list[Row]:
    """Return the rows with what happens over and over told twice, then once more for all the rest."""
    told = [(row.actor, row.text) for row in rows]
    total = Counter(told)
    last: dict[tuple[str, str], Millis] = {line: row.at_ms for line, row in zip(told, rows, strict=True)}
    seen: Counter[tuple[str, str]] = Counter()
    shown: list[Row] = []
    for line, row in zip(told, rows, strict=True):
        seen[line] += 1
        left = total[line] - TOLD_EACH
        if seen[line] <= TOLD_EACH or left == 1:
            shown.append(row)
        elif seen[line] == TOLD_EACH + 1:
            shown.append(replace(row, text=f"{row.text}; {left} times from now to {clock_text(last[line])}"))
    return shown


def wrapped(text: str, room: int) -> list[str]:
    """Return the text in parts of at most `room` characters, broken at spaces where there are any."""
    parts: list[str] = []
    line = ""
    for word in text.replace("\n", " ").split(" "):
        while len(word) > room:
            space = room - len(line) - (1 if line else 0)
            if space < room // 3:
                parts.append(line)
                line, space = "", room
            line = f"{line} {word[:space]}" if line else word[:space]
            word = word[space:]
            parts.append(line)
            line = ""
        if line and len(line) + 1 + len(word) > room:
            parts.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return [*parts, line] if line or not parts else parts


def _fit(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: room - 1]}…"
