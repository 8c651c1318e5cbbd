"""Semantic versions and ranges as Flux reads them.

Source: Masterminds/semver v3.5.0 (version.go, constraints.go) and fluxcd/pkg version v0.16.0 (ParseVersion).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from fluxsim.formats import goregex
from fluxsim.formats.gotext import quoted

UINT64_MAX = (1 << 64) - 1

Key: TypeAlias = tuple[int, int, int, int, tuple[tuple[int, int, str], ...]]
"""What versions are ordered by: equal keys are equal versions, whatever their build metadata."""


class InvalidVersion(ValueError):
    """Text that is no version, with the library's words."""


class InvalidConstraint(ValueError):
    """Text that is no range, with the library's words."""


class Version(NamedTuple):
    """A version; `original` is the text it was read from. Order versions by `key`, not by the tuple."""

    major: int
    minor: int
    patch: int
    pre: str
    metadata: str
    original: str
    key: Key

    def __str__(self) -> str:
        pre = f"-{self.pre}" if self.pre else ""
        metadata = f"+{self.metadata}" if self.metadata else ""
        return f"{self.major}.{self.minor}.{self.patch}{pre}{metadata}"


def parse_version(text: str) -> Version:
    """Return the version; a leading `v`, leading zeros and missing parts (`1.2`) are let through. Raises InvalidVersion."""
    match = _LOOSE_VERSION.fullmatch(text)
    if match is None:
        raise InvalidVersion("invalid semantic version")
    first, second, third, pre, metadata = match.groups()
    if len(text) < _DIGITS_MAX:
        major, minor, patch = int(first), int(second) if second else 0, int(third) if third else 0
    else:
        major, minor, patch = _segment(first), _segment(second), _segment(third)
    if not pre:
        return Version(major, minor, patch, "", metadata or "", text, (major, minor, patch, 1, ()))
    return Version(major, minor, patch, pre, metadata or "", text, (major, minor, patch, 0, _pre_key(pre)))


def parse_tag(text: str) -> Version:
    """Return the version of a tag, which must have three parts between points, unlike for the library. Raises InvalidVersion."""
    if text.count(".") < 2:
        raise InvalidVersion("invalid semantic version")
    return parse_version(text)


def compare(left: Version, right: Version) -> int:
    """Return -1, 0 or 1; build metadata does not count."""
    return (left.key > right.key) - (left.key < right.key)


@dataclass(frozen=True, slots=True)
class Constraint:
    """A range: some group of comparisons must hold as a whole.

    A prerelease is allowed by a group only where some version in that group has a prerelease part itself; then all
    comparisons of the group order it plainly, so that `>=1.0.0-0 <2.0.0` allows 2.0.0-rc.1.
    """

    text: str
    groups: tuple[tuple[Comparison, ...], ...]

    def allows(self, version: Version) -> bool:
        for comparisons in self.groups:
            if version.pre and not any(comparison.bound.pre for comparison in comparisons):
                continue
            for comparison in comparisons:
                if not comparison.holds(version, comparison):
                    break
            else:
                return True
        return False


@dataclass(frozen=True, slots=True)
class Comparison:
    """One operator with its version. `partial`: a part is missing or a wildcard; which, `any_minor` and `any_patch` say."""

    operator: str
    bound: Version
    partial: bool
    any_minor: bool
    any_patch: bool
    holds: Callable[[Version, Comparison], bool]

    @property
    def key(self) -> Key:
        return self.bound.key


def parse_constraint(text: str) -> Constraint:
    """Return the range. Raises InvalidConstraint. Takes linear time."""
    return Constraint(text, tuple(_group(arm) for arm in _without_hyphens(text).split("||")))


def _group(arm: str) -> tuple[Comparison, ...]:
    if not _VALID_ARM.matches(arm):
        raise InvalidConstraint(f"improper constraint: {quoted(arm)}")
    octets, at = arm.encode(), 0
    found: list[Comparison] = []
    while (spans := _ONE.find(octets[at:]))[0][0] >= 0:
        groups = [octets[at + start : at + end].decode() if start >= 0 else "" for start, end in spans]
        found.append(_comparison(groups[1], groups[2], groups[3], groups[4], groups[5], groups[6]))
        at += spans[0][1]
    return tuple(found)


def _comparison(operator: str, version: str, major: str, minor: str, patch: str, pre: str) -> Comparison:
    any_major = any_minor = any_patch = False
    if major in _WILDCARDS:
        version, any_major = f"0.0.0{pre}", True
    elif minor.removeprefix(".") in _WILDCARDS:
        version, any_minor = f"{major}.0.0{pre}", True
    elif patch.removeprefix(".") in _WILDCARDS:
        version, any_patch = f"{major}{minor}.0{pre}", True
    try:
        bound = parse_version(version)
    except InvalidVersion as error:
        raise InvalidConstraint("constraint parser error") from error
    partial = any_major or any_minor or any_patch
    return Comparison(operator, bound, partial, any_minor, any_patch, _OPERATORS[operator])


def _without_hyphens(text: str) -> str:
    """Rewrite `1.2 - 1.5` as `>= 1.2, <= 1.5 `."""
    octets, at, rewritten = text.encode("utf-8", "surrogateescape"), 0, text
    while (spans := _HYPHEN_RANGE.find(octets[at:]))[0][0] >= 0:
        whole, low, high = (_slice(octets[at:], spans[group]) for group in (0, 1, 11))
        rewritten = rewritten.replace(whole, f">= {low}, <= {high} ", 1)
        at += spans[0][1]
    return rewritten


def _slice(octets: bytes, span: tuple[int, int]) -> str:
    return octets[span[0] : span[1]].decode("utf-8", "surrogateescape")


def _not_equal(version: Version, than: Comparison) -> bool:
    if not than.partial:
        return version.key != than.key
    bound = than.bound
    if bound.major != version.major or (bound.minor != version.minor and not than.any_minor):
        return True
    if than.any_minor:
        return False
    if bound.patch != version.patch and not than.any_patch:
        return True
    if than.any_patch:
        return _pre_key(version.pre) != _pre_key(bound.pre)
    return version.key != than.key


def _greater(version: Version, than: Comparison) -> bool:
    if than.partial and version.major != than.bound.major:
        return version.major > than.bound.major
    if than.any_minor:
        return False
    if than.any_patch:
        return version.minor > than.bound.minor
    return version.key > than.key


def _less(version: Version, than: Comparison) -> bool:
    return version.key < than.key


def _greater_or_equal(version: Version, than: Comparison) -> bool:
    return version.key >= than.key


def _less_or_equal(version: Version, than: Comparison) -> bool:
    if not than.partial:
        return version.key <= than.key
    if version.major != than.bound.major:
        return version.major < than.bound.major
    return version.minor <= than.bound.minor or than.any_minor


def _about(version: Version, than: Comparison) -> bool:
    """`~`: from the bound on, within its minor version, or its major version where no minor is given."""
    bound = than.bound
    if version.key < than.key:
        return False
    if bound[:3] == (0, 0, 0) and not than.any_minor and not than.any_patch:
        # ~0.0.0 and ~* are without an upper end.
        return True
    return version.major == bound.major and (version.minor == bound.minor or than.any_minor)


def _equal_or_about(version: Version, than: Comparison) -> bool:
    return _about(version, than) if than.partial else version.key == than.key


def _compatible(version: Version, than: Comparison) -> bool:
    """`^`: from the bound on, up to the next change of its first part that is not zero."""
    bound = than.bound
    if version.key < than.key:
        return False
    if bound.major > 0 or than.any_minor:
        return version.major == bound.major
    if version.major > 0:
        return False
    if bound.minor > 0 or than.any_patch:
        return version.minor == bound.minor
    return version.minor == 0 and version.patch == bound.patch


@functools.lru_cache(maxsize=4096)
def _pre_key(pre: str) -> tuple[tuple[int, int, str], ...]:
    """Numbers come below words and are ordered as numbers, fewer parts come first. Raises InvalidVersion."""
    if not pre:
        return ()
    if _LEADING_ZERO.search(pre):
        raise InvalidVersion("version segment starts with 0")
    # A list, for speed.
    return tuple([(0, int(part), "") if _is_uint64(part) else (1, 0, part) for part in pre.split(".")])


def _segment(digits: str | None) -> int:
    if not digits:
        return 0
    if not _is_uint64(digits):
        raise InvalidVersion(
            f"error parsing version segment: strconv.ParseUint: parsing {quoted(digits)}: value out of range"
        )
    return int(digits.lstrip("0") or "0")


def _is_uint64(digits: str) -> bool:
    if not digits.isdigit():
        return False
    if len(digits) < _DIGITS_MAX:
        return True
    # The length is asked first, since int() of many digits is slow.
    significant = digits.lstrip("0")
    return len(significant) <= _DIGITS_MAX and int(significant or "0") <= UINT64_MAX


_DIGITS_MAX = 20
"""As many digits as 2^64 has."""

_LEADING_ZERO = re.compile(r"(?:^|\.)0[0-9]+(?:\.|$)")
_WILDCARDS = ("x", "X", "*", "")
_OPERATORS: dict[str, Callable[[Version, Comparison], bool]] = {
    "": _equal_or_about,
    "=": _equal_or_about,
    "!=": _not_equal,
    ">": _greater,
    "<": _less,
    ">=": _greater_or_equal,
    "=>": _greater_or_equal,
    "<=": _less_or_equal,
    "=<": _less_or_equal,
    "~": _about,
    "~>": _about,
    "^": _compatible,
}

_IDENTIFIERS = r"([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)"
_LOOSE_VERSION = re.compile(
    rf"v?([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?(?:-{_IDENTIFIERS})?(?:\+{_IDENTIFIERS})?", re.ASCII
)

# What people write as a range goes through RE2: Python's matcher takes exponential time for some of it.
# The bar in the class of digits is upstream's, and decides between its two errors.
_PART = r"[0-9|xX*]+"
_TAIL = r"([0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)"
_BOUND = rf"v?({_PART})(\.{_PART})?(\.{_PART})?(-{_TAIL})?(\+{_TAIL})?"
_OPERATOR = r"=||!=|>|<|>=|=>|<=|=<|~|~>|\^"
_ONE = goregex.compiled(rf"({_OPERATOR})\s*({_BOUND})")
_VALID_ARM = goregex.compiled(rf"^(\s*({_OPERATOR})\s*({_BOUND})\s*)((?:\s+|,\s*)({_OPERATOR})\s*({_BOUND})\s*)*$")
_HYPHEN_RANGE = goregex.compiled(rf"\s*({_BOUND})\s+-\s+({_BOUND})\s*")
