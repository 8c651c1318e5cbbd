"""Functions of any value: defaults, types, JSON, failure.

Source: Masterminds/sprig v3.3.0 defaults.go, reflect.go, functions.go.
"""

from __future__ import annotations

import json
import math
from typing import NoReturn

from fluxsim.formats import gojson
from fluxsim.formats.gojson_scanner import InvalidJson, check
from fluxsim.formats.gotemplate.errors import FunctionFault
from fluxsim.formats.gotemplate.values import (
    INTERFACE,
    Function,
    GoMap,
    GoSlice,
    Struct,
    Value,
    is_list,
    is_map,
    is_true,
    kind_name,
    type_name,
)

NIL_DEREFERENCE = "runtime error: invalid memory address or nil pointer dereference"


def is_empty(value: Value) -> bool:
    """Tell whether a value is the zero value of its type or has no elements; a struct never is."""
    return not is_true(value)


def deeply_equal(first: Value, second: Value) -> bool:
    """Go's reflect.DeepEqual: 1 and 1.0, or lists of different types, are not equal."""
    if type_name(first) != type_name(second):
        return False
    if is_list(first):
        return len(first) == len(second) and all(map(deeply_equal, first, second))
    if is_map(first):
        return first.keys() == second.keys() and all(deeply_equal(item, second[key]) for key, item in first.items())
    return bool(first == second)


def json_value(value: Value) -> Value:
    """Turn a template's value into a JSON tree; raises UnsupportedValue for what encoding/json refuses."""
    if isinstance(value, Struct):
        if value.json is None:
            raise gojson.UnsupportedValue(f"json: unsupported type: {type_name(value)}")
        return json_value(value.json)
    if isinstance(value, GoMap) and value.key != "string":
        raise gojson.UnsupportedValue(f"json: unsupported type: {value.type_name}")
    if is_map(value):
        written = {key: json_value(item) for key, item in value.items()}
        return gojson.Fields(written) if isinstance(value, gojson.Fields) else written
    if is_list(value):
        return [json_value(item) for item in value]
    return value


def _default(default: Value, *given: Value) -> Value:
    return default if not given or is_empty(given[0]) else given[0]


def _coalesce(*values: Value) -> Value:
    return next((value for value in values if not is_empty(value)), None)


def _ternary(when_true: Value, when_false: Value, condition: Value) -> Value:
    return when_true if condition else when_false


def _from_json(text: str) -> Value:
    try:
        return _parsed_json(text)
    except FunctionFault:
        return None


def _parsed_json(text: str) -> Value:
    """Parse JSON; every number is a float, as in Go."""
    try:
        check(text)
        return json.loads(text, parse_int=_json_number, parse_float=_json_number)
    except InvalidJson as error:
        raise FunctionFault(str(error)) from error
    except RecursionError as error:
        raise FunctionFault("exceeded max depth") from error


def _json_number(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise FunctionFault(f"json: cannot unmarshal number {digits} into Go value of type float64")
    return number


def _compact_json(value: Value, *, escape_html: bool = True) -> str:
    try:
        return gojson.compact(json_value(value), escape_html=escape_html)
    except gojson.UnsupportedValue as error:
        raise FunctionFault(str(error)) from error


def _pretty_json(value: Value) -> str:
    try:
        return gojson.indented(json_value(value), "  ")
    except gojson.UnsupportedValue as error:
        raise FunctionFault(str(error)) from error


def _or_empty(function: Function) -> Function:
    """The variant of a function that answers a fault with empty text."""

    def call(value: Value) -> str:
        try:
            return str(function.call(value))
        except FunctionFault:
            return ""

    return Function(call, function.parameters)


def _raw_json(value: Value) -> str:
    return _compact_json(value, escape_html=False)


def _fail(message: str) -> NoReturn:
    raise FunctionFault(message)


def _is_like(target: str, value: Value) -> bool:
    return type_name(value) in (target, f"*{target}")


def _deep_copy(value: Value) -> Value:
    if value is None:
        raise FunctionFault("reflect: call of reflect.Value.Type on zero Value")
    return _copied(value)


def _copied(value: Value) -> Value:
    if isinstance(value, GoSlice):
        return GoSlice(map(_copied, value), value.element, value.type_name)
    if type(value) is list:
        return [_copied(item) for item in value]
    if type(value) is dict:
        return {key: _copied(item) for key, item in value.items()}
    return value


_ANY = (INTERFACE,)
_TO_JSON = Function(_compact_json, _ANY)
_TO_PRETTY_JSON = Function(_pretty_json, _ANY)

FUNCTIONS: dict[str, Function] = {
    "hello": Function(lambda: "Hello!"),
    "default": Function(_default, (INTERFACE, INTERFACE), variadic=True),
    "empty": Function(is_empty, _ANY),
    "coalesce": Function(_coalesce, _ANY, variadic=True),
    "all": Function(lambda *values: not any(map(is_empty, values)), _ANY, variadic=True),
    "any": Function(lambda *values: not all(map(is_empty, values)), _ANY, variadic=True),
    "ternary": Function(_ternary, (INTERFACE, INTERFACE, "bool")),
    "fromJson": Function(_from_json, ("string",)),
    "mustFromJson": Function(_parsed_json, ("string",)),
    "toJson": _or_empty(_TO_JSON),
    "mustToJson": _TO_JSON,
    "toPrettyJson": _or_empty(_TO_PRETTY_JSON),
    "mustToPrettyJson": _TO_PRETTY_JSON,
    "toRawJson": Function(_raw_json, _ANY),
    "mustToRawJson": Function(_raw_json, _ANY),
    "deepCopy": Function(_deep_copy, _ANY),
    "mustDeepCopy": Function(_deep_copy, _ANY),
    "typeOf": Function(type_name, _ANY),
    "typeIs": Function(lambda target, value: target == type_name(value), ("string", INTERFACE)),
    "typeIsLike": Function(_is_like, ("string", INTERFACE)),
    "kindOf": Function(kind_name, _ANY),
    "kindIs": Function(lambda target, value: target == kind_name(value), ("string", INTERFACE)),
    "deepEqual": Function(deeply_equal, (INTERFACE, INTERFACE)),
    "fail": Function(_fail, ("string",)),
}
