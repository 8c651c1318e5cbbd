"""The three ways of an ImagePolicy to elect the best of some candidates.

Each order offers `latest` for a whole list, and `key` for one candidate, so that an index need not look at the others.
Source: image-reflector-controller v1.2.0, internal/policy/{semver,numerical,alphabetical,factory}.go.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

from fluxsim.formats import semver
from fluxsim.formats.gofloat import parse_float

Direction: TypeAlias = Literal["asc", "desc"]

Key: TypeAlias = Any
"""What candidates of one order are compared by; of another type for each order, of one type within it."""


class NoLatestTag(ValueError):
    """Nothing can be elected, in Flux's words."""


class NotElectable(ValueError):
    """A candidate that the order passes over, and why."""


class InvalidOrder(ValueError):
    """A choice of policy that Flux refuses, in its words."""


class Order(Protocol):
    """How candidates compare. Values: equal orders are one order."""

    @property
    def smallest_wins(self) -> bool: ...

    @property
    def last_of_equals_wins(self) -> bool: ...

    def latest(self, candidates: Sequence[str]) -> str:
        """Return the best of the list, which is in the order of the tag database. Raises NoLatestTag."""
        ...

    def key(self, candidate: str) -> Key:
        """Return what the candidate is compared by.

        Raises NotElectable where it is passed over, NoLatestTag where it fails the election as a whole.
        """
        ...


@dataclass(frozen=True, slots=True)
class SemVer:
    """Elects the highest version within a range; of equals, the first in the list. What is no version is passed over."""

    range: str
    smallest_wins: Literal[False] = False
    last_of_equals_wins: Literal[False] = False

    def latest(self, candidates: Sequence[str]) -> str:
        _refuse_none(candidates)
        allows, best, best_key = _constraint(self.range).allows, None, None
        for candidate in candidates:
            try:
                version = semver.parse_tag(candidate)
            except semver.InvalidVersion:
                continue
            if (best_key is None or version.key > best_key) and allows(version):
                best, best_key = candidate, version.key
        if best is None:
            raise NoLatestTag(NOTHING_FITS)
        return best

    def key(self, candidate: str) -> semver.Key:
        try:
            version = semver.parse_tag(candidate)
        except semver.InvalidVersion as error:
            raise NotElectable(str(error)) from error
        if not _constraint(self.range).allows(version):
            raise NotElectable(f"outside the range {self.range}")
        return version.key


@dataclass(frozen=True, slots=True)
class Alphabetical:
    """Elects the last ("asc") or the first ("desc") in the order of bytes."""

    order: Direction = "asc"
    last_of_equals_wins: Literal[False] = False

    @property
    def smallest_wins(self) -> bool:
        return self.order == "desc"

    def latest(self, candidates: Sequence[str]) -> str:
        _refuse_none(candidates)
        # Code points are in the order of their UTF-8 bytes.
        return min(candidates) if self.order == "desc" else max(candidates)

    def key(self, candidate: str) -> str:
        return candidate


@dataclass(frozen=True, slots=True)
class Numerical:
    """Elects the largest number ("asc") or the smallest ("desc"); of equals, the later in the list.

    One candidate that is not a number fails the election, as in Flux: filter first. NaN compares with nothing, so
    with it the order of the list decides.
    """

    order: Direction = "asc"
    last_of_equals_wins: Literal[True] = True

    @property
    def smallest_wins(self) -> bool:
        return self.order == "desc"

    def latest(self, candidates: Sequence[str]) -> str:
        _refuse_none(candidates)
        numbers = [self.key(candidate) for candidate in candidates]
        best = 0
        for place, number in enumerate(numbers):
            if not (number > numbers[best] if self.order == "desc" else number < numbers[best]):
                best = place
        return candidates[best]

    def key(self, candidate: str) -> float:
        try:
            return parse_float(candidate)
        except ValueError as error:
            raise NoLatestTag(f"failed to parse invalid numeric value '{candidate}'") from error


def semver_order(range_: str) -> SemVer:
    """Return the order of a semver policy. Raises InvalidOrder."""
    try:
        _constraint(range_)
    except semver.InvalidConstraint as error:
        raise InvalidOrder(str(error)) from error
    return SemVer(range_)


def direction(order: str) -> Direction:
    """Return the direction that an `order` field means; letters of any case will do. Raises InvalidOrder."""
    match order.upper():
        case "" | "ASC":
            return "asc"
        case "DESC":
            return "desc"
        case other:
            raise InvalidOrder(f"invalid order argument provided: '{other}', must be one of: ASC, DESC")


def compares_with_nothing(key: Key) -> bool:
    """Tell whether the key is NaN."""
    return isinstance(key, float) and math.isnan(key)


def _refuse_none(candidates: Iterable[str]) -> None:
    if not candidates:
        raise NoLatestTag("version list argument cannot be empty")


NOTHING_FITS = "unable to determine latest version from provided list"

_constraint = functools.lru_cache(maxsize=1024)(semver.parse_constraint)
