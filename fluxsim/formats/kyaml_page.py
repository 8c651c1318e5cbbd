"""Text as go-yaml v3's emitter lays it out: where the line stands, when a break or a blank is due, and comments.

Source: go.yaml.in/yaml/v3 v3.0.4, emitterc.go (`put_break`, `yaml_emitter_write_*`).
"""

from __future__ import annotations

import re

from fluxsim.formats.kyaml_reader import BREAKS

_BREAK = re.compile(f"([{BREAKS}])")


class Page:
    """What has been written, and the state that decides on the next blank or break.

    `whitespace`: the last character was a blank or an indicator that needs none behind it. `indention`: the line holds
    nothing but indentation. `foot_indent`: a foot comment ended at this indentation, so a blank line follows it.
    """

    def __init__(self) -> None:
        self.out: list[str] = []
        self.column = 0
        self.indent = -1
        self.whitespace = True
        self.indention = True
        self.foot_indent = -1

    def text(self) -> str:
        return "".join(self.out)

    def put(self, text: str) -> None:
        self.out.append(text)
        self.column += len(text)

    def line_break(self, character: str = "\n") -> None:
        self.out.append(character)
        self.column = 0
        self.indention = True

    def write_indent(self) -> None:
        indent = max(self.indent, 0)
        column = self.column
        if not self.indention or column > indent or (column == indent and not self.whitespace):
            self.line_break()
        if self.foot_indent == indent:
            self.line_break()
        if self.column < indent:
            self.put(" " * (indent - self.column))
        self.whitespace = True
        self.foot_indent = -1

    def indicator(self, text: str, *, space: bool = False, whitespace: bool = False, indention: bool = False) -> None:
        self.put(f" {text}" if space and not self.whitespace else text)
        self.whitespace = whitespace
        self.indention = self.indention and indention

    def comment(self, comment: str) -> None:
        breaks = False
        for part in _BREAK.split(comment):
            if not part:
                continue
            if part in BREAKS:
                self.line_break(part)
                breaks = True
                continue
            if breaks:
                self.write_indent()
            self.put(part if part[0] == "#" else f"# {part}")
            self.indention = False
            breaks = False
        if not breaks:
            self.line_break()
        self.whitespace = True

    def single_quoted_lines(self, value: str) -> None:
        self.indicator("'", space=True)
        breaks = False
        for part in _BREAK.split(value):
            if not part:
                continue
            if part in BREAKS:
                if not breaks and part == "\n":
                    self.line_break()
                self.line_break(part)
                breaks = True
                continue
            if breaks:
                # Text after a break never begins with a space: such text goes into double quotes.
                self.write_indent()
            self.put(part.replace("'", "''"))
            self.indention = False
            breaks = False
        self.indicator("'")

    def block_lines(self, value: str, *, folds: bool) -> None:
        """Write the text of a literal or folded scalar, which begins on a new line."""
        self.whitespace = True
        breaks = leading_blank = True
        # The original looks at the start of the whole text here, not at the place of the break.
        first = value.lstrip(BREAKS)[:1]
        doubles = folds and first not in {"", " ", "\t"}
        for part in _BREAK.split(value):
            if not part:
                continue
            if part in BREAKS:
                if doubles and not breaks and not leading_blank and part == "\n":
                    self.line_break()
                self.line_break(part)
                breaks = True
                continue
            if breaks:
                self.write_indent()
                leading_blank = part[0] in " \t"
            self.put(part)
            self.indention = False
            breaks = False
