"""Numbers as Go's strconv.ParseFloat reads them into a float64.

Source: Go 1.26 strconv/atof.go: decimal and hexadecimal, `Inf`, `NaN`, underscores between digits; no spaces, no
digits outside ASCII, and what is too large for a float64 is refused.
"""

from __future__ import annotations

import math
import re

_DIGITS = r"[0-9](?:_?[0-9])*"
_DECIMAL = re.compile(rf"[+-]?(?:{_DIGITS}(?:\.(?:{_DIGITS})?)?|\.{_DIGITS})(?:[eE][+-]?{_DIGITS})?")
_HEX_DIGITS = r"[0-9a-fA-F](?:_?[0-9a-fA-F])*"
_HEXADECIMAL = re.compile(rf"[+-]?0[xX](?:_?{_HEX_DIGITS}(?:\.(?:{_HEX_DIGITS})?)?|\.{_HEX_DIGITS})[pP][+-]?{_DIGITS}")
_INFINITY = re.compile(r"[+-]?inf(?:inity)?", re.IGNORECASE | re.ASCII)


def parse_float(text: str) -> float:
    """Return the number. Raises ValueError."""
    if text.isascii() and text.isdigit() and len(text) <= 300:
        return float(text)
    if _DECIMAL.fullmatch(text):
        return _finite(float(text))
    if _HEXADECIMAL.fullmatch(text):
        try:
            return _finite(float.fromhex(text.replace("_", "")))
        except OverflowError as error:
            raise ValueError("value out of range") from error
    if _INFINITY.fullmatch(text):
        return -math.inf if text.startswith("-") else math.inf
    if text.lower() == "nan":
        return math.nan
    raise ValueError("invalid syntax")


def _finite(value: float) -> float:
    if math.isinf(value):
        raise ValueError("value out of range")
    return value
