"""The tree of a Go regular expression, with the measures that Go limits.

Source: Go 1.26 regexp/syntax/parse.go (checkSize, checkHeight, repeatIsValid).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

REPEATS_MAX = 1000
HEIGHT_MAX = 1000
SIZE_MAX = (128 << 20) // 40

Look: TypeAlias = Literal["begin", "end", "begin line", "end line", "word boundary", "no word boundary"]


def concat(parts: tuple[Node, ...]) -> Node:
    """Return the parts one after the other."""
    return parts[0] if len(parts) == 1 else Concat(*_measures(parts), parts)


def alternate(parts: tuple[Node, ...]) -> Node:
    """Return the choice of one of the parts."""
    return parts[0] if len(parts) == 1 else Alternate(*_measures(parts, between=len(parts) - 1), parts)


def group(part: Node) -> Group:
    """Return the part as a capturing group."""
    return Group(part.height + 1, part.size + 2, part.repeats, part)


def repeat(part: Node, least: int, most: int | None, *, counted: bool) -> Repeat:
    """Return the part repeated; `counted` where that is written in braces."""
    if most is None:
        size = 2 + part.size if least == 0 else 1 + least * part.size
    elif counted:
        size = most * part.size + most - least
    else:
        size = 1 + part.size
    count = least if most is None else most
    # A part that is repeated no times at all cannot exceed the limit, whatever stands in it.
    repeats = 1 if counted and most == 0 else part.repeats * (max(1, count) if counted else 1)
    return Repeat(part.height + 1, max(1, size), repeats, part, least, most)


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A part of the tree. `height`, `size` and `repeats` (the largest product of nested counts) are Go's limits."""

    height: int = 1
    size: int = 1
    repeats: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Characters(Node):
    """One character out of a set. Only its ASCII members are known: bit n of `ascii` stands for chr(n)."""

    ascii: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Assertion(Node):
    """A condition on the place, that takes no character."""

    look: Look = "begin"


@dataclass(frozen=True, slots=True, eq=False)
class Concat(Node):
    """Parts one after the other; without parts it matches the empty text."""

    parts: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Alternate(Node):
    parts: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Repeat(Node):
    """`most` is None where there is no upper bound."""

    part: Node = field(default_factory=Node)
    least: int = 0
    most: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Group(Node):
    """A capturing group; groups that only hold together are not in the tree."""

    part: Node = field(default_factory=Node)


def _measures(parts: tuple[Node, ...], *, between: int = 0) -> tuple[int, int, int]:
    if not parts:
        return (1, 1, 1)
    return (
        1 + max(part.height for part in parts),
        max(1, between + sum(part.size for part in parts)),
        max(part.repeats for part in parts),
    )
