"""The functions that text/template itself has: comparison, index, len, print, escaping.

`and`, `or` and `call` are the executor's own affair, since they do not look at all of their arguments.

Source: Go 1.26 text/template/funcs.go.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote_plus

from fluxsim.formats.gotemplate.errors import FunctionFault
from fluxsim.formats.gotemplate.formatting import sprint, sprintf, sprintln, text_of
from fluxsim.formats.gotemplate.values import (
    INTERFACE,
    REFLECT_VALUE,
    Function,
    GoMap,
    GoSlice,
    Interface,
    SizedInt,
    Struct,
    Uint8,
    Value,
    element_of,
    held,
    is_list,
    is_map,
    is_true,
    kind_name,
    type_name,
)
from fluxsim.formats.gotext import from_octets, octets


def index(item: Value, *indexes: Value) -> Value:
    item = held(item)
    if item is None:
        raise FunctionFault("index of untyped nil")
    for position in indexes:
        item = held(item)
        if item is None:
            raise FunctionFault("index of nil pointer")
        if is_list(item) or isinstance(item, str):
            data: Value = octets(item) if isinstance(item, str) else item
            place = _place(position, len(data))
            if place == len(data):
                raise FunctionFault(f"reflect: {'string' if isinstance(item, str) else 'slice'} index out of range")
            item = Uint8(data[place]) if isinstance(data, bytes) else element_of(item, data[place])
        elif is_map(item):
            item = _at_key(item, held(position))
        else:
            raise FunctionFault(f"can't index item of type {type_name(item)}")
    return item


def _at_key(item: Value, key: Value) -> Value:
    wanted = item.key if isinstance(item, GoMap) else "string"
    if key is None:
        raise FunctionFault(f"value is nil; should be of type {wanted}")
    if type_name(key) != wanted:
        raise FunctionFault(f"value has type {type_name(key)}; should be {wanted}")
    if key in item:
        return element_of(item, item[key])
    return item.zero if isinstance(item, GoMap) else Interface(None)


def _place(position: Value, capacity: int) -> int:
    """Check a place up to and with the capacity; Go finds the place behind the last element only when it takes it."""
    position = held(position)
    if position is None:
        raise FunctionFault("cannot index slice/array with nil")
    if isinstance(position, bool) or not isinstance(position, int):
        raise FunctionFault(f"cannot index slice/array with type {type_name(position)}")
    if not 0 <= position <= capacity:
        raise FunctionFault(f"index out of range: {position}")
    return position


def sliced(item: Value, *indexes: Value) -> Value:
    item = held(item)
    if item is None:
        raise FunctionFault("slice of untyped nil")
    if len(indexes) > 3:
        raise FunctionFault(f"too many slice indexes: {len(indexes)}")
    if isinstance(item, str) and len(indexes) == 3:
        raise FunctionFault("cannot 3-index slice a string")
    if not isinstance(item, str) and not is_list(item):
        raise FunctionFault(f"can't slice item of type {type_name(item)}")
    data: Value = octets(item) if isinstance(item, str) else item
    places = [_place(position, len(data)) for position in indexes]
    start, end = (places + [0, len(data)][len(places) :])[:2]
    if start > end:
        raise FunctionFault(f"invalid slice index: {start} > {end}")
    if len(places) == 3 and end > places[2]:
        raise FunctionFault(f"invalid slice index: {end} > {places[2]}")
    part = data[start:end]
    if isinstance(part, bytes):
        return from_octets(part)
    return GoSlice(part, item.element, item.type_name) if isinstance(item, GoSlice) else part


def length(item: Value) -> int:
    if isinstance(item, Interface):
        item = item.value
        if item is None:
            raise FunctionFault("len of nil pointer")
    if item is None:
        raise FunctionFault("reflect: call of reflect.Value.Type on zero Value")
    if isinstance(item, str):
        return len(octets(item))
    if is_list(item) or is_map(item):
        return len(item)
    raise FunctionFault(f"len of type {type_name(item)}")


def _basic_kind(value: Value) -> str | None:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, SizedInt) and not value.signed:
        return "uint"
    for kind, name in ((int, "int"), (float, "float"), (str, "string")):
        if isinstance(value, kind):
            return name
    return None


def equal(first: Value, *others: Value) -> bool:
    first = held(first)
    if not others:
        raise FunctionFault("missing argument for comparison")
    return any(_same(first, held(other)) for other in others)


def _same(first: Value, other: Value) -> bool:
    kinds = _basic_kind(first), _basic_kind(other)
    if kinds[0] != kinds[1]:
        if set(kinds) == {"int", "uint"}:
            return bool(first == other)
        if first is not None and other is not None:
            raise _incompatible(first, other)
        return False
    if kinds[0] is not None:
        return bool(first == other)
    if first is None or other is None:
        return first is None and other is None
    if kind_name(first) != kind_name(other):
        raise FunctionFault(
            f"non-comparable types {sprintf('%s', [first])}: {type_name(first)}, {type_name(other)}: {text_of(other)}"
        )
    if not _is_comparable(other):
        raise FunctionFault(f"non-comparable type {sprintf('%s', [other])}: {type_name(other)}")
    return bool(first == other)


def _is_comparable(value: Value) -> bool:
    """Go compares structs whose fields it can compare, no lists and maps."""
    if isinstance(value, Struct):
        return value.pointer or all(_is_comparable(item) for item in value.fields.values())
    return not is_list(value) and not is_map(value)


def _incompatible(first: Value, other: Value) -> FunctionFault:
    return FunctionFault(f"incompatible types for comparison: {type_name(first)} and {type_name(other)}")


def less(first: Value, other: Value) -> bool:
    first, other = held(first), held(other)
    kinds = _basic_kind(first), _basic_kind(other)
    if None in kinds:
        raise FunctionFault("invalid type for comparison")
    if kinds[0] != kinds[1] and set(kinds) != {"int", "uint"}:
        raise _incompatible(first, other)
    if kinds[0] == "bool":
        raise FunctionFault("invalid type for comparison")
    if kinds[0] == "string":
        return octets(first) < octets(other)
    return bool(first < other)


def less_or_equal(first: Value, other: Value) -> bool:
    return less(first, other) or equal(first, other)


_HTML = str.maketrans({"\0": "\ufffd", '"': "&#34;", "'": "&#39;", "&": "&amp;", "<": "&lt;", ">": "&gt;"})
_JS = {"\\": "\\\\", "'": "\\'", '"': '\\"', "<": "\\u003C", ">": "\\u003E", "&": "\\u0026", "=": "\\u003D"}


def _js_escaped(character: str) -> str:
    if character in _JS:
        return _JS[character]
    code = ord(character)
    if code < 0x20 or (code >= 0x80 and not character.isprintable()):
        return f"\\u{code:04X}"
    return character


def _joined(values: tuple[Value, ...]) -> str:
    """The arguments as print writes them, but an absent one as `<no value>`."""
    return sprint(["<no value>" if value is None else value for value in values])


def _escaper(escape: Callable[[str], str]) -> Function:
    return Function(lambda *values: escape(_joined(values)), (INTERFACE,), variadic=True)


BUILTINS: dict[str, Function] = {
    "and": Function(lambda *values: values[-1], (REFLECT_VALUE, REFLECT_VALUE), variadic=True),
    "or": Function(lambda *values: values[-1], (REFLECT_VALUE, REFLECT_VALUE), variadic=True),
    "call": Function(lambda *values: values[-1], (REFLECT_VALUE, REFLECT_VALUE), variadic=True),
    "html": _escaper(lambda text: text.translate(_HTML)),
    "index": Function(index, (REFLECT_VALUE, REFLECT_VALUE), variadic=True),
    "slice": Function(sliced, (REFLECT_VALUE, REFLECT_VALUE), variadic=True),
    "js": _escaper(lambda text: "".join(_js_escaped(character) for character in text)),
    "len": Function(length, (REFLECT_VALUE,)),
    "not": Function(lambda value: not is_true(held(value)), (REFLECT_VALUE,)),
    "print": Function(lambda *values: sprint(values), (INTERFACE,), variadic=True),
    "printf": Function(lambda template, *values: sprintf(template, values), ("string", INTERFACE), variadic=True),
    "println": Function(lambda *values: sprintln(values), (INTERFACE,), variadic=True),
    "urlquery": _escaper(lambda text: quote_plus(octets(text), safe="~")),
    "eq": Function(equal, (REFLECT_VALUE, REFLECT_VALUE), variadic=True),
    "ne": Function(lambda first, other: not equal(first, other), (REFLECT_VALUE, REFLECT_VALUE)),
    "lt": Function(less, (REFLECT_VALUE, REFLECT_VALUE)),
    "le": Function(less_or_equal, (REFLECT_VALUE, REFLECT_VALUE)),
    "gt": Function(lambda first, other: not less_or_equal(first, other), (REFLECT_VALUE, REFLECT_VALUE)),
    "ge": Function(lambda first, other: not less(first, other), (REFLECT_VALUE, REFLECT_VALUE)),
}
