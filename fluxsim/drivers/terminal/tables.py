"""Tables as the two tools write them.

flux pads every cell and ends each with a tab; kubectl parts its columns by three spaces and leaves the last one alone.
Source: flux2 v2.9.4 pkg/printers/table_printer.go (tablewriter settings); kubectl v1.32 and Go's text/tabwriter.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

KUBECTL_WIDTH_MIN = 6
KUBECTL_PADDING = 3


def flux_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return the table; without headings the rows alone. A cell of several lines goes on under itself."""
    titles = [heading.upper() for heading in headings]
    split = [[cell.split("\n") for cell in row] for row in rows]
    columns = len(titles) or max((len(row) for row in rows), default=0)
    widths = [
        max(
            [_width(titles[place]) if titles else 0, *(_width(line) for row in split for line in row[place])],
            default=0,
        )
        for place in range(columns)
    ]
    text = ""
    if titles:
        cells = [_padded(title, width) for title, width in zip(titles, widths, strict=True)]
        text += "\t".join(cells) + " \n"
    for row in split:
        for line in range(max(len(cell) for cell in row)):
            cells = [
                _padded(cell[line] if line < len(cell) else "", width) for cell, width in zip(row, widths, strict=True)
            ]
            text += "".join(f"{cell}\t" for cell in cells) + "\n"
    return text


def kubectl_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return the table; without headings the rows alone. What follows the first line of a cell is cut, with `...`."""
    lines = [[heading.upper() for heading in headings], *([_first_line(cell) for cell in row] for row in rows)]
    return tabbed([line for line in lines if line])


def tabbed(
    lines: Sequence[Sequence[str]], *, padding: int = KUBECTL_PADDING, width_min: int = KUBECTL_WIDTH_MIN
) -> str:
    """Return lines of cells in columns as Go's text/tabwriter lays them out; the last cell of a line is not padded."""
    columns = max((len(line) for line in lines), default=0)
    widths = [
        max([width_min, *(len(line[place]) + padding for line in lines if place < len(line) - 1)])
        for place in range(columns)
    ]
    text = ""
    for line in lines:
        text += "".join(f"{cell:{width}}" for cell, width in zip(line[:-1], widths, strict=False))
        text += f"{line[-1] if line else ''}\n"
    return text


def _first_line(cell: str) -> str:
    for place, character in enumerate(cell):
        if character in "\f\n\r":
            return f"{cell[:place]}..."
    return cell


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def _width(text: str) -> int:
    """Return how many columns of a terminal the text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(one) else 2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text
    )
