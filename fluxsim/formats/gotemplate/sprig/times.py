"""Durations as text. What needs a date, a clock or chance cannot be run; see `unavailable.py`.

Source: Masterminds/sprig v3.3.0 date.go.
"""

from __future__ import annotations

import re

from fluxsim.formats.durations import HOUR, MINUTE, SECOND, InvalidDuration, duration_text, parse_duration
from fluxsim.formats.gotemplate.values import INTERFACE, Function, Int64, Value

_DAY = 24 * HOUR
_ROUND_UNITS = ((365 * _DAY, "y"), (30 * _DAY, "mo"), (_DAY, "d"), (HOUR, "h"), (MINUTE, "m"), (SECOND, "s"))
_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")


def _from_seconds(value: Value) -> str:
    """Only text and int64 count; a plain number in a template is an int and gives 0s, as in sprig."""
    if isinstance(value, str):
        seconds = int(value) if _INTEGER.fullmatch(value) else 0
    else:
        seconds = int(value) if isinstance(value, Int64) else 0
    return duration_text(Int64.wrapped(seconds * SECOND))


def _rounded(value: Value) -> str:
    nanoseconds = 0
    if isinstance(value, str):
        try:
            nanoseconds = parse_duration(value)
        except InvalidDuration:
            nanoseconds = 0
    elif isinstance(value, Int64):
        nanoseconds = int(value)
    for unit, name in _ROUND_UNITS:
        if abs(nanoseconds) > unit:
            return f"{abs(nanoseconds) // unit}{name}"
    return "0s"


FUNCTIONS: dict[str, Function] = {
    "duration": Function(_from_seconds, (INTERFACE,)),
    "durationRound": Function(_rounded, (INTERFACE,)),
}
