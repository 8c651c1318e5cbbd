"""Conversions and arithmetic: integers wrap at 64 bits, floats are added as decimals.

Source: Masterminds/sprig v3.3.0 numeric.go; spf13/cast v1.8.0; shopspring/decimal v1.4.0.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import MAX_EMAX, MIN_EMIN, ROUND_HALF_UP, Context, Decimal

from fluxsim.formats.gotemplate.errors import FunctionFault
from fluxsim.formats.gotemplate.formatting import text_of
from fluxsim.formats.gotemplate.values import INTERFACE, Function, GoSlice, Int64, Value

NUMBERS_MAX = 1_000_000
"""The longest list that until and its like may make."""

_DECIMALS = Context(prec=2000, Emax=MAX_EMAX, Emin=MIN_EMIN)
_QUOTIENT_PLACES = Decimal(1).scaleb(-16)
_FLOAT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?(?:inf(?:inity)?|nan)", re.IGNORECASE)
_DECIMAL_INTEGER = re.compile(r"[+-]?[0-9]+")
_TRAILING_ZEROS = re.compile(r"\.0+$")


def int64_of(value: Value) -> Int64:
    """Convert as spf13/cast does: text in Go's literal forms (0x, a leading 0 for octal), what is no number gives 0."""
    if isinstance(value, str):
        return Int64(_literal(_TRAILING_ZEROS.sub("", value)) or 0)
    if isinstance(value, float):
        if math.isnan(value) or math.isinf(value) or not -(2.0**63) <= value < 2.0**63:
            return Int64(-(1 << 63))
        return Int64(int(value))
    return _wrapped(int(value)) if isinstance(value, int) else Int64(0)


def int_of(value: Value) -> int:
    return int(int64_of(value))


def float_of(value: Value) -> float:
    if isinstance(value, str):
        number = float(value) if _FLOAT.fullmatch(value) else 0.0
        # Digits beyond the largest float are an error for Go, the word is not.
        return 0.0 if math.isinf(number) and any(digit in value for digit in "0123456789") else number
    return float(value) if isinstance(value, int | float) else 0.0


def _literal(text: str) -> int | None:
    sign = -1 if text.startswith("-") else 1
    digits = text[1:] if text[:1] in ("-", "+") else text
    if len(digits) > 1 and digits[0] == "0" and digits[1] in "0123456789_":
        digits = f"0o{digits[1:].removeprefix('_')}"
    if len(digits) > 80 or not digits.isascii() or digits != digits.strip():
        return None
    try:
        value = sign * int(digits, 0) if digits[:1].isdigit() else None
    except ValueError:
        return None
    return value if value is not None and -(1 << 63) <= value < 1 << 63 else None


def _wrapped(value: int) -> Int64:
    return Int64(Int64.wrapped(value))


def _divided(first: Value, second: Value) -> Int64:
    dividend, divisor = int64_of(first), int64_of(second)
    if divisor == 0:
        raise FunctionFault("runtime error: integer divide by zero")
    quotient = abs(dividend) // abs(divisor)
    return _wrapped(quotient if (dividend < 0) == (divisor < 0) else -quotient)


def _remainder(first: Value, second: Value) -> Int64:
    return _wrapped(int64_of(first) - int64_of(second) * _divided(first, second))


def _product(first: Value, *others: Value) -> Int64:
    result = int64_of(first)
    for other in others:
        result = _wrapped(result * int64_of(other))
    return result


def _decimal_operation(operation: Callable[[Decimal, Decimal], Decimal], first: Value, *others: Value) -> float:
    result = _decimal(first)
    for other in others:
        result = operation(result, _decimal(other))
    # A decimal has no negative zero.
    return float(result) + 0.0


def _decimal(value: Value) -> Decimal:
    number = float_of(value)
    if math.isnan(number) or math.isinf(number):
        raise FunctionFault(f"Cannot create a Decimal from {'NaN' if math.isnan(number) else 'Inf'}")
    return Decimal(repr(number))


def _quotient(first: Decimal, second: Decimal) -> Decimal:
    if second == 0:
        raise FunctionFault("decimal division by 0")
    return _DECIMALS.divide(first, second).quantize(_QUOTIENT_PLACES, ROUND_HALF_UP, _DECIMALS)


def _rounded(value: Value, places: int, *round_on: float) -> float:
    try:
        power = math.pow(10, places)
    except OverflowError:
        power = math.inf
    digits = power * float_of(value)
    if power in (0, math.inf) or math.isinf(digits) or math.isnan(digits):
        return digits if 0 < power < math.inf else math.nan
    up = math.modf(digits)[0] >= (round_on[0] if round_on else 0.5)
    return (math.ceil(digits) if up else math.floor(digits)) / power


def until(start: int, stop: int, step: int) -> GoSlice:
    if (stop < start and step >= 0) or (stop >= start and step <= 0):
        return GoSlice(element="int")
    numbers = range(start, stop, step)
    if len(numbers) > NUMBERS_MAX:
        raise FunctionFault(f"the list would be longer than {NUMBERS_MAX}")
    return GoSlice(numbers, "int")


def _sequence(*parameters: int) -> str:
    match parameters:
        case (end,):
            start, step = 1, -1 if end < 1 else 1
            stop = end + step
        case (start, end):
            step = -1 if end < start else 1
            stop = end + step
        case (start, step, end):
            if end < start and step > 0:
                return ""
            stop = end + (-1 if end < start else 1)
        case _:
            return ""
    return " ".join(str(number) for number in until(start, stop, step))


def _parsed_octal(value: Value) -> Int64:
    text = text_of(value)
    digits = text[1:] if text[:1] in ("-", "+") else text
    if not digits or len(digits) > 24 or any(digit not in "01234567" for digit in digits):
        return Int64(0)
    number = int(digits, 8) * (-1 if text.startswith("-") else 1)
    return Int64(number if -(1 << 63) <= number < 1 << 63 else 0)


def _parsed_decimal(text: str) -> int:
    if not _DECIMAL_INTEGER.fullmatch(text):
        return 0
    if len(text) > 80:
        return -(1 << 63) if text.startswith("-") else (1 << 63) - 1
    return max(-(1 << 63), min((1 << 63) - 1, int(text)))


def _largest(first: Value, *others: Value) -> float:
    numbers = [float_of(value) for value in (first, *others)]
    return math.nan if any(math.isnan(number) for number in numbers) else max(numbers)


def _smallest(first: Value, *others: Value) -> float:
    numbers = [float_of(value) for value in (first, *others)]
    return math.nan if any(math.isnan(number) for number in numbers) else min(numbers)


def _whole(rounding: Callable[[float], int], value: Value) -> float:
    number = float_of(value)
    return number if math.isnan(number) or math.isinf(number) else float(rounding(number))


_ANY = (INTERFACE,)
_TWO = (INTERFACE, INTERFACE)

FUNCTIONS: dict[str, Function] = {
    "atoi": Function(_parsed_decimal, ("string",)),
    "int64": Function(int64_of, _ANY),
    "int": Function(int_of, _ANY),
    "float64": Function(float_of, _ANY),
    "toDecimal": Function(_parsed_octal, _ANY),
    "seq": Function(_sequence, ("int",), variadic=True),
    "until": Function(lambda count: until(0, count, -1 if count < 0 else 1), ("int",)),
    "untilStep": Function(until, ("int", "int", "int")),
    "add1": Function(lambda value: _wrapped(int64_of(value) + 1), _ANY),
    "add": Function(lambda *values: _wrapped(sum(int64_of(value) for value in values)), _ANY, variadic=True),
    "sub": Function(lambda first, second: _wrapped(int64_of(first) - int64_of(second)), _TWO),
    "div": Function(_divided, _TWO),
    "mod": Function(_remainder, _TWO),
    "mul": Function(_product, _TWO, variadic=True),
    "add1f": Function(lambda value: _decimal_operation(_DECIMALS.add, value, 1), _ANY),
    "addf": Function(lambda *values: _decimal_operation(_DECIMALS.add, 0, *values), _ANY, variadic=True),
    "subf": Function(lambda *values: _decimal_operation(_DECIMALS.subtract, *values), _TWO, variadic=True),
    "divf": Function(lambda *values: _decimal_operation(_quotient, *values), _TWO, variadic=True),
    "mulf": Function(lambda *values: _decimal_operation(_DECIMALS.multiply, *values), _TWO, variadic=True),
    "biggest": Function(lambda *values: max(int64_of(value) for value in values), _TWO, variadic=True),
    "max": Function(lambda *values: max(int64_of(value) for value in values), _TWO, variadic=True),
    "min": Function(lambda *values: min(int64_of(value) for value in values), _TWO, variadic=True),
    "maxf": Function(_largest, _TWO, variadic=True),
    "minf": Function(_smallest, _TWO, variadic=True),
    "ceil": Function(lambda value: _whole(math.ceil, value), _ANY),
    "floor": Function(lambda value: _whole(math.floor, value), _ANY),
    "round": Function(_rounded, (INTERFACE, "int", "float64"), variadic=True),
}
