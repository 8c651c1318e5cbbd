"""The tree of a parsed template; str(node) is the source as Go's error messages quote it.

Source: Go 1.26 text/template/parse/node.go.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TypeAlias

from fluxsim.formats.gotext import quoted
from fluxsim.formats.gounquote import UnquoteFault, unquoted_characters


@dataclass(slots=True)
class Identifier:
    at: int
    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(slots=True)
class Field:
    at: int
    names: list[str]

    def __str__(self) -> str:
        return "".join(f".{name}" for name in self.names)


@dataclass(slots=True)
class Variable:
    """`$x.Field`: the first name is the variable's with its dollar."""

    at: int
    names: list[str]

    def __str__(self) -> str:
        return ".".join(self.names)


@dataclass(slots=True)
class Dot:
    at: int

    def __str__(self) -> str:
        return "."


@dataclass(slots=True)
class NilLiteral:
    at: int

    def __str__(self) -> str:
        return "nil"


@dataclass(slots=True)
class Bool:
    at: int
    value: bool

    def __str__(self) -> str:
        return "true" if self.value else "false"


@dataclass(slots=True)
class Number:
    """A number as it may be used: `integer`, `unsigned` and `real` are None where it is not one of these."""

    at: int
    text: str
    integer: int | None
    unsigned: int | None
    real: float | None

    def __str__(self) -> str:
        return self.text


@dataclass(slots=True)
class String:
    at: int
    quoted: str
    value: str

    def __str__(self) -> str:
        return self.quoted


@dataclass(slots=True)
class Chain:
    """Fields of something that is no field or variable itself: `(pipeline).Field`."""

    at: int
    node: Node
    names: list[str] = field(default_factory=list[str])

    def __str__(self) -> str:
        inner = f"({self.node})" if isinstance(self.node, Pipe) else str(self.node)
        return inner + "".join(f".{name}" for name in self.names)


@dataclass(slots=True)
class Command:
    at: int
    arguments: list[Node] = field(default_factory=list["Node"])

    def __str__(self) -> str:
        return " ".join(f"({node})" if isinstance(node, Pipe) else str(node) for node in self.arguments)


@dataclass(slots=True)
class Pipe:
    at: int
    assigns: bool = False
    declared: list[Variable] = field(default_factory=list[Variable])
    commands: list[Command] = field(default_factory=list[Command])

    def __str__(self) -> str:
        names = ", ".join(str(variable) for variable in self.declared)
        declaration = f"{names} {'=' if self.assigns else ':='} " if self.declared else ""
        return declaration + " | ".join(str(command) for command in self.commands)


@dataclass(slots=True)
class Text:
    at: int
    value: str


@dataclass(slots=True)
class Action:
    at: int
    pipe: Pipe

    def __str__(self) -> str:
        return f"{{{{{self.pipe}}}}}"


@dataclass(slots=True)
class Branch:
    """An if, with or range; `otherwise` is None without else."""

    kind: str
    at: int
    pipe: Pipe
    body: list[Statement]
    otherwise: list[Statement] | None

    def __str__(self) -> str:
        body = "".join(str(node) for node in self.body)
        otherwise = "" if self.otherwise is None else "{{else}}" + "".join(str(node) for node in self.otherwise)
        return f"{{{{{self.kind} {self.pipe}}}}}{body}{otherwise}{{{{end}}}}"


@dataclass(slots=True)
class Include:
    """`{{template "name" pipeline}}`."""

    at: int
    name: str
    pipe: Pipe | None

    def __str__(self) -> str:
        return f"{{{{template {quoted(self.name)}{'' if self.pipe is None else f' {self.pipe}'}}}}}"


@dataclass(slots=True)
class Leave:
    """A break or continue of the innermost range."""

    kind: str
    at: int

    def __str__(self) -> str:
        return f"{{{{{self.kind}}}}}"


@dataclass(slots=True)
class Boundary:
    """An end or else: it closes a list and is never executed."""

    kind: str
    at: int

    def __str__(self) -> str:
        return f"{{{{{self.kind}}}}}"


Node: TypeAlias = "Identifier | Field | Variable | Dot | NilLiteral | Bool | Number | String | Chain | Command | Pipe"
Statement: TypeAlias = Text | Action | Branch | Include | Leave

_INT64 = range(-(1 << 63), 1 << 63)
_UINT64 = range(1 << 64)
_DECIMAL = re.compile(r"[+-]?(?:[0-9_]+\.?[0-9_]*|\.[0-9_]+)(?:[eE][+-]?[0-9_]+)?")
_HEX_FLOAT = re.compile(r"[+-]?0[xX][0-9a-fA-F_]*\.?[0-9a-fA-F_]*[pP][+-]?[0-9]+")


class NumberFault(ValueError):
    """Text that Go reads as the start of a number but not as a number."""


def number(at: int, text: str, *, is_character: bool) -> Number:
    """Read a number or a character constant; raises NumberFault. Imaginary numbers are not supported."""
    if is_character:
        return _character(at, text)
    magnitude = _integer(text.lstrip("+-"))
    if magnitude is not None:
        value = -magnitude if text.startswith("-") else magnitude
        integer = value if value in _INT64 else None
        signed = text[0] in "+-"
        unsigned = value if (value in _UINT64 and (not signed or value == 0)) else None
        if integer is not None or unsigned is not None:
            return Number(at, text, integer, unsigned, float(value))
        raise NumberFault(f"integer overflow: {quoted(text)}")
    real = _real(text)
    if real is None:
        raise NumberFault(f"illegal number syntax: {quoted(text)}")
    if not any(character in ".eEpP" for character in text):
        raise NumberFault(f"integer overflow: {quoted(text)}")
    whole = int(real) if real.is_integer() else None
    return Number(
        at,
        text,
        whole if whole is not None and whole in _INT64 else None,
        whole if whole is not None and whole in _UINT64 else None,
        real,
    )


def _character(at: int, text: str) -> Number:
    try:
        value = unquoted_characters(text[1:-1], "'")
    except UnquoteFault as error:
        raise NumberFault(str(error)) from error
    if len(value) != 1:
        raise NumberFault("invalid syntax" if not value else f"malformed character constant: {text}")
    code = ord(value)
    return Number(at, text, code, code, float(code))


def _integer(text: str) -> int | None:
    """Go's integer literals without sign: 0x, 0o, 0b, a leading 0 for octal, `_` between digits."""
    if text.startswith("0") and len(text) > 1 and text[1] in "0123456789_":
        text = f"0o{text[1:].removeprefix('_')}"
    try:
        return int(text, 0) if len(text) < 100 else None
    except ValueError:
        return None


def _real(text: str) -> float | None:
    if _HEX_FLOAT.fullmatch(text):
        try:
            return float.fromhex(text.replace("_", ""))
        except (ValueError, OverflowError):
            return None
    if not _DECIMAL.fullmatch(text):
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return None if value in (float("inf"), float("-inf")) else value
