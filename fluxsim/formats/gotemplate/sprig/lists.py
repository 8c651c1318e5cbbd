"""Functions of lists.

Source: Masterminds/sprig v3.3.0 list.go.
"""

from __future__ import annotations

import math

from fluxsim.formats.gotemplate.errors import FunctionFault
from fluxsim.formats.gotemplate.sprig.general import NIL_DEREFERENCE, deeply_equal, is_empty
from fluxsim.formats.gotemplate.sprig.numbers import int_of
from fluxsim.formats.gotemplate.values import INTERFACE, LIST, Function, GoSlice, Value, is_list, kind_name


def _items(value: Value, refusal: str) -> list[Value]:
    """The elements of a list; the refusal with the kind of what is none."""
    if value is None:
        raise FunctionFault(NIL_DEREFERENCE)
    if not is_list(value):
        raise FunctionFault(f"{refusal} {kind_name(value)}")
    return list(value)


def _push(value: Value, item: Value) -> list[Value]:
    return [*_items(value, "Cannot push on type"), item]


def _prepend(value: Value, item: Value) -> list[Value]:
    return [item, *_items(value, "Cannot prepend on type")]


def _first(value: Value) -> Value:
    return next(iter(_items(value, "Cannot find first on type")), None)


def _last(value: Value) -> Value:
    return next(reversed(_items(value, "Cannot find last on type")), None)


def _rest(value: Value) -> list[Value]:
    return _items(value, "Cannot find rest on type")[1:]


def _initial(value: Value) -> list[Value]:
    return _items(value, "Cannot find initial on type")[:-1]


def _reverse(value: Value) -> list[Value]:
    return _items(value, "Cannot find reverse on type")[::-1]


def _compact(value: Value) -> list[Value]:
    return [item for item in _items(value, "Cannot compact on type") if not is_empty(item)]


def _in(item: Value, items: list[Value]) -> bool:
    return any(deeply_equal(item, other) for other in items)


def _unique(value: Value) -> list[Value]:
    found: list[Value] = []
    for item in _items(value, "Cannot find uniq on type"):
        if not _in(item, found):
            found.append(item)
    return found


def _without(value: Value, *omitted: Value) -> list[Value]:
    return [item for item in _items(value, "Cannot find without on type") if not _in(item, list(omitted))]


def _has(item: Value, value: Value) -> bool:
    return value is not None and _in(item, _items(value, "Cannot find has on type"))


def _slice(value: Value, *places: Value) -> Value:
    items = _items(value, "list should be type of slice or array but")
    if not items:
        return None
    start = int_of(places[0]) if places else 0
    end = int_of(places[1]) if len(places) > 1 else len(items)
    if not 0 <= start <= end <= len(items):
        raise FunctionFault("reflect.Value.Slice: slice index out of bounds")
    part = items[start:end]
    return GoSlice(part, value.element, value.type_name) if isinstance(value, GoSlice) else part


def _concat(*values: Value) -> list[Value]:
    found: list[Value] = []
    for value in values:
        if value is None:
            raise FunctionFault(NIL_DEREFERENCE)
        if not is_list(value):
            raise FunctionFault(f"Cannot concat type {kind_name(value)} as list")
        found += value
    return found


def _chunk(size: int, value: Value) -> GoSlice:
    items = _items(value, "Cannot chunk type")
    if size <= 0:
        raise FunctionFault("runtime error: makeslice: len out of range")
    count = math.floor((len(items) - 1) / size) + 1
    return GoSlice([items[index * size : (index + 1) * size] for index in range(count)], LIST)


_ANY = (INTERFACE,)
_TWO = (INTERFACE, INTERFACE)
_LIST = Function(lambda *values: list(values), _ANY, variadic=True)

FUNCTIONS: dict[str, Function] = {"list": _LIST, "tuple": _LIST, "concat": Function(_concat, _ANY, variadic=True)}

for _name, _function in {
    "Append": Function(_push, _TWO),
    "Push": Function(_push, _TWO),
    "Prepend": Function(_prepend, _TWO),
    "First": Function(_first, _ANY),
    "Rest": Function(_rest, _ANY),
    "Last": Function(_last, _ANY),
    "Initial": Function(_initial, _ANY),
    "Reverse": Function(_reverse, _ANY),
    "Compact": Function(_compact, _ANY),
    "Uniq": Function(_unique, _ANY),
    "Without": Function(_without, _TWO, variadic=True),
    "Has": Function(_has, _TWO),
    "Slice": Function(_slice, _TWO, variadic=True),
    "Chunk": Function(_chunk, ("int", INTERFACE)),
}.items():
    # Go's plain variants panic where the must variants return an error; a template shows both alike.
    FUNCTIONS[_name.lower()] = _function
    FUNCTIONS[f"must{_name}"] = _function
