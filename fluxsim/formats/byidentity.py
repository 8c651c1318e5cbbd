"""What was worked out for frozen trees, found again by which objects they are: no comparison, no hash of what they hold."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

from fluxsim.formats.tree import Json, Map, Seq

T = TypeVar("T")


class ByIdentity(Generic[T]):
    """Results for tuples of trees. Only for functions of nothing but their arguments.

    The trees are held, so an id that is found is the id of the very same tree. A full memory forgets everything.
    """

    __slots__ = ("_known", "_max")

    def __init__(self, remembered_max: int) -> None:
        self._known: dict[tuple[Hashable, ...], tuple[tuple[Json, ...], T]] = {}
        self._max = remembered_max

    def find(self, trees: tuple[Json, ...], *others: Hashable) -> T | None:
        """Return what was added for these very trees and equal `others`."""
        known = self._known.get((*map(id, trees), *others))
        return None if known is None else known[1]

    def add(self, result: T, trees: tuple[Json, ...], *others: Hashable) -> T:
        """Remember a result and return it; not if one of the trees could still change."""
        if all(tree is None or type(tree) is Map or type(tree) is Seq for tree in trees):
            if len(self._known) >= self._max:
                self._known.clear()
            self._known[*map(id, trees), *others] = (trees, result)
        return result
