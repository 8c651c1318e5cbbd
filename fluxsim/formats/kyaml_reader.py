"""The place of go-yaml's scanner in a text, the tokens it has seen and the comments it has taken.

Which node a comment belongs to depends on what the scanner has seen when it meets the comment: the last token, the
indentation, the line breaks before it. A place is `(index, line, column)`; columns of whole-line comments count
from 1, all others from 0, as in the original.
Source: go.yaml.in/yaml/v3 v3.0.4, scannerc.go (`yaml_parser_scan_line_comment`, `yaml_parser_scan_comments`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum, auto
from typing import NamedTuple

from fluxsim.formats.kyaml_node import YamlSyntaxError

BREAKS = "\r\n\x85\u2028\u2029"
BLANK_OR_END = f" \t{BREAKS}\0"
BREAK_OR_END = f"{BREAKS}\0"
BREAK = re.compile(f"\r\n|[{BREAKS}]")
BLANKS = re.compile("[ \t]*")
LINE = re.compile(f"[^{BREAK_OR_END}]*")
SPACE_AHEAD_MAX = 512
"""How far go-yaml looks for a comment past blanks."""

_NOT_ALLOWED = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class T(IntEnum):
    """The kinds of token."""

    STREAM_START = auto()
    STREAM_END = auto()
    VERSION = auto()
    TAG_DIRECTIVE = auto()
    DOCUMENT_START = auto()
    DOCUMENT_END = auto()
    SEQUENCE_START = auto()
    MAPPING_START = auto()
    BLOCK_END = auto()
    FLOW_SEQUENCE_START = auto()
    FLOW_SEQUENCE_END = auto()
    FLOW_MAPPING_START = auto()
    FLOW_MAPPING_END = auto()
    BLOCK_ENTRY = auto()
    FLOW_ENTRY = auto()
    KEY = auto()
    VALUE = auto()
    ALIAS = auto()
    ANCHOR = auto()
    TAG = auto()
    SCALAR = auto()


class Mark(NamedTuple):
    """A place in the text."""

    at: int
    line: int
    column: int


@dataclass(slots=True)
class Token:
    """A token; `extra` is a scalar's style, a tag's suffix or a directive's prefix."""

    kind: T
    start: Mark
    value: str = ""
    extra: str = ""


@dataclass(slots=True)
class Comment:
    """A comment and the token it waits for: the first whose place is not before `token_at`."""

    token_at: int
    start: Mark
    scan_at: int = 0
    end_at: int = 0
    head: str = ""
    line: str = ""
    foot: str = ""


class Reader:
    """A text and how far it has been read.

    Raises YamlSyntaxError for characters that YAML does not allow, when it is made.
    """

    def __init__(self, text: str) -> None:
        text = text.removeprefix("\ufeff")
        if bad := _NOT_ALLOWED.search(text):
            raise YamlSyntaxError("control characters are not allowed", text.count("\n", 0, bad.start()) + 1)
        self.text = text + "\0\0\0\0"
        self.at = 0
        self.line = 0
        self.line_start = 0
        self.newlines = 0
        """Line breaks since the last character that was not a blank."""
        self.tokens: list[Token] = []
        self.comments: list[Comment] = []
        self.indent = -1
        self.flow_level = 0
        self.simple_key_allowed = True

    def mark(self) -> Mark:
        return Mark(self.at, self.line, self.at - self.line_start)

    def fault(self, problem: str, mark: Mark | None = None) -> YamlSyntaxError:
        return YamlSyntaxError(problem, (mark.line if mark else self.line) + 1)

    def skip_breaks(self, blanks: str) -> None:
        """Step over blanks and line breaks, which begin where the scanner stands."""
        start = self.at
        self.at = start + len(blanks)
        for found in BREAK.finditer(blanks):
            self.line += 1
            self.newlines += 1
            self.line_start = start + found.end()

    def scan_line_comment(self, token_at: int) -> None:
        """Take the comment behind a token, up to the end of the line."""
        if self.newlines > 0:
            return
        found = BLANKS.match(self.text, self.at)
        assert found, "the pattern matches the empty text"
        start = found.end()
        if self.text[start] != "#" or start - self.at >= SPACE_AHEAD_MAX:
            return
        self.at = start
        mark = self.mark()
        self.comments.append(Comment(token_at, mark, line=self.rest_of_line()))

    def rest_of_line(self) -> str:
        found = LINE.match(self.text, self.at)
        assert found, "the pattern matches the empty text"
        self.at = found.end()
        self.newlines = 0
        return found[0]

    def scan_comments(self, scan_mark: Mark) -> None:
        """Take whole-line comments: the foot of what came before, and the head of what comes next."""
        text = self.text
        token = self.tokens[-1]
        if token.kind == T.FLOW_ENTRY and len(self.tokens) > 1:
            token = self.tokens[-2]
        scan_at, token_at = scan_mark.at, token.start.at
        start = Mark(0, 0, 0)
        first_empty, recent_empty = self.newlines <= 1, False
        line, column = self.line, self.at - self.line_start
        foot_line = -1
        if scan_mark.line > 0:
            foot_line = line - self.newlines + 1 + (self.newlines == 0 and column > 1)
        indent = max(self.indent, 0)
        comment = ""
        at = self.at
        while at - self.at < SPACE_AHEAD_MAX:
            column += 1
            character = text[at]
            if character in " \t":
                at += 1
                continue
            closes = self.flow_level > 0 and character in "]}"
            if closes or character in BREAK_OR_END:
                if closes or not recent_empty:
                    dedented = start.column - 1 < indent
                    is_foot = (start.line == foot_line and token.kind != T.VALUE) or dedented
                    if closes or (first_empty and is_foot):
                        if comment:
                            token_at = start.at if dedented else token_at
                            self.comments.append(Comment(token_at, start, scan_at, at, foot=comment))
                            scan_at = token_at = at
                            comment = ""
                    elif comment and character != "\0":
                        comment += "\n"
                if closes or character == "\0":
                    break
                first_empty, recent_empty = False, True
                column = 0
                line += 1
                at += 1
                continue
            if comment and column - 1 < indent and column != start.column:
                # At another indentation it is the foot of what came before.
                self.comments.append(Comment(token_at, start, scan_at, at, foot=comment))
                scan_at = token_at = at
                comment = ""
            if character != "#":
                break
            if comment:
                comment += "\n"
            else:
                start = Mark(at, line, column)
            recent_empty = False
            self.skip_breaks(text[self.at : at])
            comment += self.rest_of_line()
            # The line break behind the comment is stepped over unseen.
            at, column, line = self.at + 1, 0, self.line
            indent = max(self.indent, 0)
        if comment:
            self.comments.append(Comment(start.at, start, scan_at, at - 1, head=comment))
