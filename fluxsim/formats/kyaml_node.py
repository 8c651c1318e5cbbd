"""A YAML node as go-yaml v3 keeps it: value, style, tag, anchor and the comments around it.

kyaml edits these nodes and writes them back, so whatever a node does not remember (blank lines, indentation, the
spaces before a comment) is lost in a file that it re-encodes.
Source: go.yaml.in/yaml/v3 v3.0.4, yaml.go (`Node`) and resolve.go (`resolve`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["scalar", "mapping", "sequence", "alias"]
Style: TypeAlias = Literal["plain", "double", "single", "literal", "folded"]

NULL, BOOL, STR, INT, FLOAT, TIME, MERGE = (
    "!!null",
    "!!bool",
    "!!str",
    "!!int",
    "!!float",
    "!!timestamp",
    "!!merge",
)
LONG_TAG = "tag:yaml.org,2002:"


class YamlSyntaxError(ValueError):
    """Text that go-yaml v3 refuses. `line` counts from 1 in the text that was given."""

    def __init__(self, problem: str, line: int) -> None:
        super().__init__(f"line {line}: {problem}")
        self.problem = problem
        self.line = line


@dataclass(slots=True, eq=False)
class Node:
    """A node of the tree; keys and values of a mapping alternate in `content`.

    `tag` is "" as long as the text decides it: `kind_of` tells what it then is. `tagged` says that the file spells
    the tag out. `value` of an alias is the anchor's name. Line and column count from 1 in the document's text.
    """

    kind: Kind
    value: str = ""
    style: Style = "plain"
    flow: bool = False
    tag: str = ""
    tagged: bool = False
    anchor: str = ""
    content: list[Node] = field(default_factory=list["Node"])
    head: str = ""
    line_comment: str = ""
    foot: str = ""
    line: int = 0
    column: int = 0

    def pairs(self) -> list[tuple[Node, Node]]:
        return list(zip(self.content[::2], self.content[1::2], strict=True))

    def field(self, name: str) -> Node | None:
        """Return the value of the first key of that name, or None."""
        if self.kind != "mapping":
            return None
        content = self.content
        return next((content[at + 1] for at in range(0, len(content), 2) if content[at].value == name), None)


@dataclass(slots=True)
class Document:
    """One document: its root and the comments that belong to neither its first nor its last node."""

    root: Node
    head: str = ""
    foot: str = ""


def kind_of(node: Node) -> str:
    """Return the short tag of a node: the one spelled out, or what its text means."""
    if node.tag:
        return node.tag
    if node.kind != "scalar":
        return {"mapping": "!!map", "sequence": "!!seq"}.get(node.kind, "")
    if node.style != "plain":
        return STR
    return MERGE if node.value == "<<" else resolved(node.value)


def is_null(node: Node) -> bool:
    return (node.kind == "scalar" or bool(node.tag)) and kind_of(node) == NULL


def is_text_in_yaml_1_1(value: str) -> bool:
    """Whether YAML 1.1, which the API server's clients read, takes the bare value for a string.

    Source: kyaml yaml/compatibility.go (`IsValueNonString`), on go-yaml v2.
    """
    if not value or "\n" in value:
        return True
    if value in _WORDS_1_1:
        return False
    # go-yaml v2 hands a date to an interface{} as a string, and has no octals that begin with 0o and a sign.
    return resolved(value) in {STR, TIME} or value[:3] in {"0o+", "0o-"}


def resolved(value: str) -> str:
    """Return the tag that an unquoted, untagged text has."""
    if not value:
        return NULL
    first = value[0]
    if first in _LETTERS:
        return _WORDS.get(value, STR)
    if first == ".":
        return _WORDS.get(value) or (FLOAT if _is_float(value) else STR)
    if first in "+-0123456789":
        return _WORDS.get(value) or _number(value)
    return STR


def _number(value: str) -> str:
    if value[4:5] == "-" and _is_time(value):
        return TIME
    bare = value.replace("_", "")
    if (match := _INTEGER.fullmatch(bare)) and _fits(bare, match):
        return INT
    if _SIGN_INSIDE.fullmatch(bare):
        return INT
    return FLOAT if _is_float(bare) else STR


def _fits(text: str, match: re.Match[str]) -> bool:
    """Whether the integer fits into int64, or without a sign into uint64."""
    if len(text) < 17:
        return True
    sign, digits, base = match[1], match[2] or match[3] or match[4] or match[5], 10
    base = 16 if match[2] else 2 if match[3] else 8 if match[4] else 10
    size = int(digits, base)
    return size <= 2**63 if sign == "-" else size < (2**63 if sign else 2**64)


def _is_float(text: str) -> bool:
    return _FLOAT.fullmatch(text) is not None and float(text) not in {float("inf"), float("-inf")}


def _is_time(text: str) -> bool:
    match = _TIME.fullmatch(text)
    if match is None:
        return False
    year, month, day = int(match[1]), int(match[2]), int(match[3])
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    days = (31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    hour, minute, second = (int(match[at] or match[at + 5] or 0) for at in (4, 5, 6))
    zone = int(match[7] or 0) <= 24 and int(match[8] or 0) < 60
    return 1 <= month <= 12 and 1 <= day <= days[month - 1] and hour < 24 and minute < 60 and second < 60 and zone


_LETTERS = frozenset("yYnNtTfFoO~")
_WORDS = {
    **dict.fromkeys(("~", "null", "Null", "NULL"), NULL),
    **dict.fromkeys(("true", "True", "TRUE", "false", "False", "FALSE"), BOOL),
    **dict.fromkeys((".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF"), FLOAT),
    **dict.fromkeys(("+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF"), FLOAT),
}
_WORDS_1_1 = frozenset(
    ("y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "n", "N", "no", "No", "NO", "off", "Off", "OFF")
)
_INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))", re.ASCII)
_SIGN_INSIDE = re.compile("0b[-+][01]{1,63}|0o[-+][0-7]{1,21}", re.ASCII)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_TIME = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"(?:[Tt]([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,][0-9]+)?(?:Z|[+-]([0-9]{2}):([0-9]{2}))"
    r"| ([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,][0-9]+)?)?",
    re.ASCII,
)
