"""Resource quantities as Kubernetes writes them back: `2000m` is `2`, `1024Mi` is `1Gi`, `0.5` is `500m`.

Source: k8s.io/apimachinery (2026-07) pkg/api/resource/{quantity,amount,suffix,math}.go.
"""

from __future__ import annotations

import re
from fractions import Fraction

_FORM = re.compile(r"([+-]?)0*([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[+-]?[0-9]*)", re.ASCII)
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL_SUFFIX = {exponent: suffix for suffix, exponent in _DECIMAL.items()}
_BINARY_SUFFIX = {exponent: suffix for suffix, exponent in _BINARY.items()} | {0: ""}
_EXPONENT = re.compile(r"[eE]([+-]?[0-9]+)", re.ASCII)
_INT64_MAX = 2**63 - 1
_DIGITS_MAX = 18
"""Numbers with more digits leave the fast path, on which a text in canonical form is kept as it is."""

_EXPONENT_MAX = 10_000
"""A larger decimal exponent is refused, where Go would fill the memory."""


class InvalidQuantity(ValueError):
    """Not a quantity."""


def canonical(text: str) -> str:
    """Return a quantity as the server writes it."""
    if text == "0":
        return text
    match = _FORM.fullmatch(text)
    if not text or match is None:
        raise InvalidQuantity(
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
        )
    sign, whole, fraction, suffix = match[1], match[2] or "0", match[3] or "", match[4]
    base, exponent, exponential = _suffix(suffix)
    if _is_canonical(whole, fraction, base, exponent):
        return text
    value = Fraction(int(whole + fraction), 10 ** len(fraction))
    value *= Fraction(base) ** exponent
    value = _rounded_up(value, -9)
    binary = base == 2
    if binary:
        value = min(value, Fraction(_INT64_MAX))
    written = _binary_text(value) if binary and value >= 1024 and value.denominator == 1 else None
    if written is None:
        written = _decimal_text(value, exponential=exponential)
    return f"-{written}" if sign == "-" and value else written


def _suffix(suffix: str) -> tuple[int, int, bool]:
    """Return base and exponent, and whether the number is written with an exponent."""
    if suffix in _DECIMAL:
        return 10, _DECIMAL[suffix], False
    if suffix in _BINARY:
        return 2, _BINARY[suffix], False
    match = _EXPONENT.fullmatch(suffix)
    if match is None or abs(int(match[1])) > _EXPONENT_MAX:
        raise InvalidQuantity("unable to parse quantity's suffix")
    return 10, int(match[1]), True


def _is_canonical(whole: str, fraction: str, base: int, exponent: int) -> bool:
    """Return whether Go keeps the text: a cheap test that lets some odd forms through."""
    digits = whole + fraction
    if base == 2:
        room = 15 - len(whole) - exponent * 3 // 10 - 1
        return not fraction and room >= 0 and int(digits) & 7 != 0
    scale = exponent - len(fraction)
    return (
        len(digits) <= _DIGITS_MAX
        and scale >= -9
        and scale % 3 == 0
        and not digits.endswith("000")
        and not digits.startswith("0")
    )


def _rounded_up(value: Fraction, exponent: int) -> Fraction:
    """Round away from zero to a multiple of a power of ten."""
    unit = Fraction(10) ** exponent
    return -(-value // unit) * unit


def _decimal_text(value: Fraction, *, exponential: bool) -> str:
    """Write a whole number of thousandths, units, thousands …, as large as the last digit allows."""
    if not value:
        return "0"
    number, exponent = int(value * 10**9), -9
    while number % 1000 == 0:
        number //= 1000
        exponent += 3
    if exponential or exponent not in _DECIMAL_SUFFIX:
        return f"{number}e{exponent}" if exponent else str(number)
    return f"{number}{_DECIMAL_SUFFIX[exponent]}"


def _binary_text(value: Fraction) -> str:
    number, exponent = int(value), 0
    while number % 1024 == 0 and exponent < 60:
        number //= 1024
        exponent += 10
    return f"{number}{_BINARY_SUFFIX[exponent]}"
