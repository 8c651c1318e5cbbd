"""Durations as Go and Kubernetes write them; a duration is an int of nanoseconds, as Go's time.Duration.

Source: Go 1.25 time/format.go and time/time.go; k8s.io/apimachinery v0.36.1 pkg/util/duration.
"""

from __future__ import annotations

import re
from functools import lru_cache

REMEMBERED_MAX = 4096
"""So many texts are remembered: a world has few intervals, and asks for them with every run."""

NANOSECOND = 1
MICROSECOND = 1000 * NANOSECOND
MILLISECOND = 1000 * MICROSECOND
SECOND = 1000 * MILLISECOND
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE

UNITS = {
    "ns": NANOSECOND,
    "us": MICROSECOND,
    "µs": MICROSECOND,  # the micro sign
    "μs": MICROSECOND,  # the Greek letter
    "ms": MILLISECOND,
    "s": SECOND,
    "m": MINUTE,
    "h": HOUR,
}

CRD_PATTERN = r"^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$"
"""What the API server lets through in Flux's duration fields: no sign, no µs or ns, and a digit on both sides of a point."""

_CRD = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?(?:ms|s|m|h))+")
_NUMBER = re.compile(r"([0-9]*)(?:\.([0-9]*))?")
_UNIT = re.compile(r"[^0-9.]*")
_MAGNITUDE_MAX = 1 << 63
_DIGITS_MAX = len(str(_MAGNITUDE_MAX))


class InvalidDuration(ValueError):
    """Text that Go's time.ParseDuration refuses, with its message."""


@lru_cache(REMEMBERED_MAX)
def parse_duration(text: str) -> int:
    """Return the nanoseconds of `1h2m3.5s`, with sign and with Go's limit of about 292 years.

    Raises InvalidDuration. The fraction goes through a float64 as in Go, so its last nanosecond may be lost.
    """
    negative = text.startswith("-")
    rest = text[1:] if text[:1] in ("-", "+") else text
    if rest == "0":
        return 0
    if not rest:
        raise _invalid(text)
    total = 0
    at = 0
    while at < len(rest):
        number = _NUMBER.match(rest, at)
        assert number is not None, "the pattern also matches nothing"
        whole, fraction = number.group(1), number.group(2) or ""
        if not whole and not fraction:
            raise _invalid(text)
        whole = whole.lstrip("0")
        # Longer text is refused before it becomes a number: int() of many digits is slow.
        if len(whole) > _DIGITS_MAX or int(whole or "0") > _MAGNITUDE_MAX:
            raise _invalid(text)
        at = number.end()
        unit = _UNIT.match(rest, at)
        assert unit is not None, "the pattern also matches nothing"
        if not unit.group():
            raise InvalidDuration(f"time: missing unit in duration {_quoted(text)}")
        if unit.group() not in UNITS:
            raise InvalidDuration(f"time: unknown unit {_quoted(unit.group())} in duration {_quoted(text)}")
        at = unit.end()
        total += int(whole or "0") * UNITS[unit.group()] + _fraction(fraction, UNITS[unit.group()])
        if total > _MAGNITUDE_MAX:
            raise _invalid(text)
    if negative:
        return -total
    if total == _MAGNITUDE_MAX:
        raise _invalid(text)
    return total


@lru_cache(REMEMBERED_MAX)
def duration_text(nanoseconds: int) -> str:
    """Write the duration as Go's Duration.String: `1h0m0s`, `1m30.5s`, `1.5ms`, `0s`."""
    sign = "-" if nanoseconds < 0 else ""
    size = abs(nanoseconds)
    if size == 0:
        return "0s"
    for unit, name in ((MICROSECOND, "ns"), (MILLISECOND, "µs"), (SECOND, "ms")):
        if size < unit:
            smallest = {"ns": NANOSECOND, "µs": MICROSECOND, "ms": MILLISECOND}[name]
            return f"{sign}{_decimal(size, smallest)}{name}"
    minutes, below = divmod(size, MINUTE)
    seconds = f"{_decimal(below, SECOND)}s"
    if minutes == 0:
        return f"{sign}{seconds}"
    hours, minutes = divmod(minutes, 60)
    return f"{sign}{hours}h{minutes}m{seconds}" if hours else f"{sign}{minutes}m{seconds}"


def fits_crd(text: str) -> bool:
    """Tell whether CRD_PATTERN matches; the API server asks this before any controller parses the text."""
    return _CRD.fullmatch(text) is not None


def human_duration(nanoseconds: int) -> str:
    """Write an age as kubectl's AGE columns and flux's LAST SEEN do: two units while the first is small.

    Up to two seconds in the future count as now (clocks differ), more is `<invalid>`.
    """
    seconds = int(_float_seconds(nanoseconds))
    if seconds < -1:
        return "<invalid>"
    if seconds < 0:
        return "0s"
    if seconds < 120:
        return f"{seconds}s"
    minutes = nanoseconds // MINUTE
    if minutes < 10:
        return _two_units(minutes, "m", nanoseconds // SECOND % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    hours = nanoseconds // HOUR
    if hours < 8:
        return _two_units(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    days, years = hours // 24, hours // 24 // 365
    if hours < 24 * 8:
        return _two_units(days, "d", hours % 24, "h")
    if years < 2:
        return f"{days}d"
    if years < 8:
        return _two_units(years, "y", days % 365, "d")
    return f"{years}y"


def short_human_duration(nanoseconds: int) -> str:
    """Write an age with one unit only."""
    seconds = int(_float_seconds(nanoseconds))
    if seconds < -1:
        return "<invalid>"
    if seconds < 0:
        return "0s"
    if seconds < 60:
        return f"{seconds}s"
    # Go divides in floating point here, so an age a nanosecond below a round number may already count as it.
    minutes = int(nanoseconds // MINUTE + (nanoseconds % MINUTE) / MINUTE)
    if minutes < 60:
        return f"{minutes}m"
    hours = int(nanoseconds // HOUR + (nanoseconds % HOUR) / HOUR)
    if hours < 24:
        return f"{hours}h"
    if hours < 24 * 365:
        return f"{hours // 24}d"
    return f"{hours // 24 // 365}y"


def _two_units(first: int, first_unit: str, second: int, second_unit: str) -> str:
    return f"{first}{first_unit}{second}{second_unit}" if second else f"{first}{first_unit}"


def _float_seconds(nanoseconds: int) -> float:
    """Go's Duration.Seconds, which cuts towards zero before it adds the fraction."""
    size = abs(nanoseconds)
    seconds = size // SECOND + (size % SECOND) / 1e9
    return -seconds if nanoseconds < 0 else seconds


def _decimal(size: int, unit: int) -> str:
    whole, below = divmod(size, unit)
    if not below:
        return str(whole)
    digits = f"{below:0{len(str(unit)) - 1}d}".rstrip("0")
    return f"{whole}.{digits}"


def _fraction(digits: str, unit: int) -> int:
    """The nanoseconds of the digits behind the point; digits that an int64 cannot hold are cut, as in Go."""
    value, scale = 0, 1.0
    for digit in digits:
        if value > (_MAGNITUDE_MAX - 1) // 10 or value * 10 + int(digit) > _MAGNITUDE_MAX:
            break
        value, scale = value * 10 + int(digit), scale * 10
    return int(float(value) * (float(unit) / scale)) if value else 0


def _invalid(text: str) -> InvalidDuration:
    return InvalidDuration(f"time: invalid duration {_quoted(text)}")


def _quoted(text: str) -> str:
    """Go's package time has quoting of its own: bytes outside printable ASCII become hexadecimal."""
    parts: list[str] = []
    for character in text:
        if character < " " or character >= "\x80":
            parts += [f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogateescape")]
        else:
            parts.append(f"\\{character}" if character in '"\\' else character)
    return f'"{"".join(parts)}"'


def parse_millis(text: str) -> int:
    """Return whole milliseconds of a Go duration, as the simulation counts time; smaller parts are cut."""
    return parse_duration(text) // MILLISECOND


def millis_text(millis: int) -> str:
    """Return whole milliseconds as Go's Duration.String: `1m30s`, `512ms`."""
    return duration_text(millis * MILLISECOND)
