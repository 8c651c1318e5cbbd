"""Functions of maps. keys and values come sorted by key; in Go their order changes from run to run.

Source: Masterminds/sprig v3.3.0 dict.go; dario.cat/mergo v1.0.1.
"""

from __future__ import annotations

from fluxsim.formats.gotemplate.errors import FunctionFault
from fluxsim.formats.gotemplate.formatting import text_of
from fluxsim.formats.gotemplate.sprig.general import is_empty
from fluxsim.formats.gotemplate.values import (
    INTERFACE,
    MAP,
    Function,
    GoMap,
    GoSlice,
    Value,
    is_map,
    sort_key,
    type_name,
)


def _dict(*values: Value) -> dict[str, Value]:
    padded = [*values, ""] if len(values) % 2 else values
    return {text_of(padded[index]): padded[index + 1] for index in range(0, len(padded), 2)}


def _get(mapping: dict[str, Value], key: str) -> Value:
    return mapping.get(key, "")


def _set(mapping: dict[str, Value], key: str, value: Value) -> Value:
    mapping[key] = value
    return mapping


def _unset(mapping: dict[str, Value], key: str) -> Value:
    mapping.pop(key, None)
    return mapping


def _pluck(key: str, *mappings: dict[str, Value]) -> list[Value]:
    return [mapping[key] for mapping in mappings if key in mapping]


def _keys(*mappings: dict[str, Value]) -> GoSlice:
    return GoSlice([key for mapping in mappings for key in sorted(mapping, key=sort_key)])


def _values(mapping: dict[str, Value]) -> list[Value]:
    return [mapping[key] for key in sorted(mapping, key=sort_key)]


def _pick(mapping: dict[str, Value], *keys: str) -> Value:
    return {key: mapping[key] for key in keys if key in mapping}


def _omit(mapping: dict[str, Value], *keys: str) -> Value:
    return {key: value for key, value in mapping.items() if key not in keys}


def _merged(into: dict[str, Value], *sources: dict[str, Value]) -> Value:
    for source in sources:
        _merge(into, source, overwrites=False)
    return into


def _merged_over(into: dict[str, Value], *sources: dict[str, Value]) -> Value:
    for source in sources:
        _merge(into, source, overwrites=True)
    return into


def _merge(into: dict[str, Value], source: dict[str, Value], *, overwrites: bool) -> None:
    """Take from the source what is missing or empty; maps merge with maps, lists are not joined."""
    for key, value in source.items():
        known = into.get(key)
        if value is None:
            if overwrites:
                into[key] = value
        elif _is_plain(value) and _is_plain(known) and known:
            _merge(known, value, overwrites=overwrites)
        elif key not in into or is_empty(known) or overwrites:
            into[key] = value


def _is_plain(value: Value) -> bool:
    return is_map(value) and not isinstance(value, GoMap)


def _dig(*path: Value) -> Value:
    """`dig "a" "b" default map`: the value at a path of keys, or the default."""
    if len(path) < 3:
        raise FunctionFault("dig needs at least three arguments")
    *keys, default, value = path
    _converted(value, MAP)
    for key in keys:
        _converted(key, "string")
    for depth, key in enumerate(keys):
        if depth:
            _converted(value, MAP)
        if key not in value:
            return default
        value = value[key]
    return value


def _converted(value: Value, wanted: str) -> None:
    if type_name(value) != wanted:
        got = "nil" if value is None else type_name(value)
        raise FunctionFault(f"interface conversion: interface {{}} is {got}, not {wanted}")


_MERGE = Function(_merged, (MAP, MAP), variadic=True)
_MERGE_OVER = Function(_merged_over, (MAP, MAP), variadic=True)

FUNCTIONS: dict[str, Function] = {
    "dict": Function(_dict, (INTERFACE,), variadic=True),
    "get": Function(_get, (MAP, "string")),
    "set": Function(_set, (MAP, "string", INTERFACE)),
    "unset": Function(_unset, (MAP, "string")),
    "hasKey": Function(lambda mapping, key: key in mapping, (MAP, "string")),
    "pluck": Function(_pluck, ("string", MAP), variadic=True),
    "keys": Function(_keys, (MAP,), variadic=True),
    "values": Function(_values, (MAP,)),
    "pick": Function(_pick, (MAP, "string"), variadic=True),
    "omit": Function(_omit, (MAP, "string"), variadic=True),
    "merge": _MERGE,
    "mustMerge": _MERGE,
    "mergeOverwrite": _MERGE_OVER,
    "mustMergeOverwrite": _MERGE_OVER,
    "dig": Function(_dig, (INTERFACE,), variadic=True),
}
