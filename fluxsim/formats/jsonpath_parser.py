"""The parser of kubectl's JSONPath templates: text to nodes, with client-go's error texts.

Source: k8s.io/client-go v0.36 util/jsonpath/parser.go.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TypeAlias

from fluxsim.formats.gotext import unicode_point
from fluxsim.formats.gounquote import UnquoteFault, unquoted_characters


class JSONPathError(ValueError):
    """A fault of a template, in client-go's words."""


class SyntaxFault(JSONPathError):
    """The template cannot be parsed."""


@dataclass(frozen=True, slots=True)
class Literal:
    """Text between actions or in quotes, or a number or bool written in an action."""

    value: str | int | float | bool
    is_text: bool


@dataclass(frozen=True, slots=True)
class Field:
    name: str


@dataclass(frozen=True, slots=True)
class Array:
    """`[start:end:step]`; of `[3]` the end is derived, so that `[-1]` ends at the list's end and not at 0."""

    start: int | None
    end: int | None
    step: int | None
    end_is_derived: bool


@dataclass(frozen=True, slots=True)
class Filter:
    left: tuple[Node, ...]
    operator: str
    right: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Wildcard: ...


@dataclass(frozen=True, slots=True)
class Recursive: ...


@dataclass(frozen=True, slots=True)
class Identifier:
    name: str


@dataclass(frozen=True, slots=True)
class Union:
    branches: tuple[tuple[Node, ...], ...]


Node: TypeAlias = "Literal | Field | Array | Filter | Wildcard | Recursive | Identifier | Union | tuple[Node, ...]"

_KEY = re.compile(r"'([^']*)'")
_SLICE = re.compile(r"(-?[0-9]*)(:-?[0-9]*)?(:-?[0-9]*)?")
_COMPARISON = re.compile(r"([^!<>=]+)([!<>=]+)(.+?)", re.DOTALL)
_INTEGER = re.compile(r"[+-]?[0-9]+")
_FLOAT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)")
_TERMINATORS = frozenset(" \t\r\n.,[]$@{}")
_INT64 = range(-(1 << 63), 1 << 63)


def parse(text: str) -> tuple[Node, ...]:
    """Return the template's pieces: a Literal for text, a tuple of nodes for an action in braces."""
    parser = _Parser(text)
    pieces: list[Node] = []
    while parser.at < len(text):
        brace = text.find("{", parser.at)
        if brace < 0:
            brace = len(text)
        if brace > parser.at:
            pieces.append(Literal(text[parser.at : brace], is_text=True))
        parser.at = brace + 1
        if brace < len(text):
            pieces.append(tuple(parser.action()))
    return tuple(pieces)


def _action(text: str) -> tuple[Node, ...]:
    """Parse the inside of brackets as an action of its own; what stands behind a brace in it is lost, as in Go."""
    first = parse(f"{{{text}}}")[0]
    assert isinstance(first, tuple), first
    return first


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def action(self) -> list[Node]:
        """Parse from behind a left brace to behind its right brace."""
        nodes: list[Node] = []
        while True:
            rest = self.text[self.at : self.at + 3]
            character = rest[:1]
            if character == "}":
                self.at += 1
                return nodes
            if not character or character in "\r\n":
                raise SyntaxFault("unclosed action")
            if rest == "[?(":
                nodes.append(self._filter())
            elif rest.startswith(".."):
                self._recursive(nodes)
            elif character in " @$":
                self.at += 1
            elif character == "[":
                nodes += self._array()
            elif character in "\"'":
                nodes.append(self._quote(character))
            elif character == ".":
                self.at += 1
                nodes.append(self._field())
            elif character in "+-" or _is_digit(character):
                nodes.append(self._number())
            elif _is_alphanumeric(character):
                nodes.append(self._identifier())
            else:
                raise SyntaxFault(f"unrecognized character in action: {unicode_point(character)}")

    def _until_terminator(self, *, escapes: bool) -> str:
        start = self.at
        while self.at < len(self.text) and self.text[self.at] not in _TERMINATORS:
            self.at += 2 if escapes and self.text[self.at] == "\\" else 1
        self.at = min(self.at, len(self.text))
        return self.text[start : self.at]

    def _identifier(self) -> Node:
        name = self._until_terminator(escapes=False)
        if name in ("true", "false"):
            return Literal(name == "true", is_text=False)
        return Identifier(name)

    def _field(self) -> Node:
        name = self._until_terminator(escapes=True)
        return Wildcard() if name == "*" else Field(name.replace("\\", ""))

    def _recursive(self, nodes: list[Node]) -> None:
        if nodes and isinstance(nodes[-1], Recursive):
            raise SyntaxFault("invalid multiple recursive descent")
        self.at += 2
        nodes.append(Recursive())
        if self.at < len(self.text) and _is_alphanumeric(self.text[self.at]):
            nodes.append(self._field())

    def _number(self) -> Node:
        start = self.at
        self.at += self.text[self.at] in "+-"
        while self.at < len(self.text) and (self.text[self.at] == "." or _is_digit(self.text[self.at])):
            self.at += 1
        text = self.text[start : self.at]
        if _INTEGER.fullmatch(text) and len(text) < 32 and int(text) in _INT64:
            return Literal(int(text), is_text=False)
        if _FLOAT.fullmatch(text):
            return Literal(float(text), is_text=False)
        raise SyntaxFault(f"cannot parse number {text}")

    def _quote(self, quote: str) -> Node:
        start = self.at
        while True:
            self.at += 1
            character = self.text[self.at : self.at + 1]
            if not character or character == "\n":
                raise SyntaxFault("unterminated quoted string")
            if character == quote and self.text[self.at - 1] != "\\":
                break
        self.at += 1
        text = self.text[start : self.at]
        try:
            return Literal(_unquoted(text, quote), is_text=True)
        except UnquoteFault as error:
            raise SyntaxFault(f"unquote string {text} error {error}") from error

    def _array(self) -> list[Node]:
        start = self.at + 1
        while True:
            self.at += 1
            character = self.text[self.at : self.at + 1]
            if not character or character == "\n":
                raise SyntaxFault("unterminated array")
            if character == "]":
                break
        inside = self.text[start : self.at]
        self.at += 1
        if inside == "*":
            inside = ":"
        parts = inside.split(",")
        if len(parts) > 1:
            return [Union(tuple(_action(f"[{part.strip(' ')}]") for part in parts))]
        key = _KEY.fullmatch(inside)
        if key is not None:
            return list(_action(f".{key.group(1)}"))
        return [_slice(inside)]

    def _filter(self) -> Node:
        self.at += 3
        start = self.at
        quote = ""
        closed = False
        while True:
            character = self.text[self.at : self.at + 1]
            if not character or character == "\n":
                raise SyntaxFault("unterminated filter")
            if character in "\"'":
                if not quote:
                    quote = character
                elif character == quote and self.text[self.at - 1] != "\\":
                    closed = True
            elif character == ")" and bool(quote) == closed:
                break
            self.at += 1
        inside = self.text[start : self.at]
        self.at += 2
        if self.text[self.at - 1 : self.at] != "]":
            raise SyntaxFault("unclosed array expect ]")
        comparison = _COMPARISON.fullmatch(inside)
        if comparison is None:
            return Filter(_action(inside), "exists", ())
        left, operator, right = comparison.groups()
        return Filter(_action(left), operator, _action(right))


def _slice(inside: str) -> Array:
    match = _SLICE.fullmatch(inside)
    if match is None:
        raise SyntaxFault(f"invalid array index {inside}")
    start = _index(match.group(1))
    step = _index((match.group(3) or "")[1:])
    if match.group(2) is not None:
        return Array(start, _index(match.group(2)[1:]), step, end_is_derived=False)
    return Array(start, (start or 0) + 1, step, end_is_derived=True)


def _index(text: str) -> int | None:
    if not text:
        return None
    if text == "-" or len(text) > 20 or int(text) not in _INT64:
        raise SyntaxFault(f"array index {text} is not a number")
    return int(text)


def _unquoted(text: str, quote: str) -> str:
    inside = text[1:-1]
    if "\\" not in inside and quote not in inside:
        return inside
    return unquoted_characters(inside, quote)


def _is_digit(character: str) -> bool:
    return unicodedata.category(character) == "Nd"


def _is_alphanumeric(character: str) -> bool:
    return character == "_" or character.isalpha() or _is_digit(character)
