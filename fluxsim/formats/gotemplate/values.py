"""The values of a template: Python's own where Go's type is clear from them, small classes where it is not.

| Go | here |
|---|---|
| bool, string, int, float64 | bool, str, int, float |
| int64, uint64, uint8 … | Int64, Uint64, Uint8: an int that knows its type |
| map[string]interface {}, []interface {} | dict, list |
| map[K]V, []T of other types | GoMap, GoSlice |
| a struct or a pointer to one | Struct |
| a value in an interface; an absent value | Interface; None |

A str may hold surrogates that stand for bytes which are no UTF-8 (surrogateescape), since Go's strings are bytes.
Inside of a dict or list nil is None; what is taken out of one is an Interface, until a pipeline has passed it on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, TypeAlias

Value: TypeAlias = Any
"""Any value of the table above."""

INTERFACE: Final = "interface {}"
MAP: Final = "map[string]interface {}"
LIST: Final = "[]interface {}"
REFLECT_VALUE: Final = "reflect.Value"


@dataclass(frozen=True, slots=True)
class Interface:
    """What a field, index or range takes out of a dict or list: only error messages tell it from what it holds."""

    value: Value


class SizedInt(int):
    """An integer of a Go type other than int; arithmetic on it gives a plain int."""

    go_type: ClassVar[str] = "int"
    bits: ClassVar[int] = 64
    signed: ClassVar[bool] = True

    @classmethod
    def wrapped(cls, value: int) -> SizedInt:
        """Cut to the bits of the type, as Go's arithmetic overflows."""
        value &= (1 << cls.bits) - 1
        return cls(value - (1 << cls.bits) if cls.signed and value >> (cls.bits - 1) else value)


class Int64(SizedInt):
    go_type = "int64"


class Uint64(SizedInt):
    go_type = "uint64"
    signed = False


class Uint32(SizedInt):
    go_type = "uint32"
    bits = 32
    signed = False


class Uint8(SizedInt):
    go_type = "uint8"
    bits = 8
    signed = False


class GoSlice(list[Any]):
    """A list whose elements have one type."""

    def __init__(self, items: Iterable[Value] = (), element: str = "string", type_name: str | None = None) -> None:
        super().__init__(items)
        self.element = element
        self.type_name = type_name or f"[]{element}"


class GoMap(dict[Any, Any]):
    """A map whose values have one type; `zero` is what a missing key stands for when it is indexed."""

    def __init__(
        self,
        items: Mapping[Any, Any] | Iterable[tuple[Any, Any]] = (),
        *,
        key: str = "string",
        element: str = "string",
        zero: Value = "",
        type_name: str | None = None,
    ) -> None:
        super().__init__(items)
        self.key = key
        self.element = element
        self.zero = zero
        self.type_name = type_name or f"map[{key}]{element}"


@dataclass(frozen=True, slots=True)
class Function:
    """A Go function; `parameters` are type names, the last one repeats when it is variadic.

    Arguments arrive checked against these types. The function raises FunctionFault where Go returns an error.
    """

    call: Callable[..., Value]
    parameters: tuple[str, ...] = ()
    variadic: bool = False

    def parameter(self, index: int) -> str:
        return self.parameters[min(index, len(self.parameters) - 1)]


@dataclass(frozen=True, slots=True)
class Struct:
    """A struct, or with `pointer` a pointer to one.

    Fields of `embedded` ones can be reached directly, as in Go. `text` is what its String method gives.
    `json` is its form for encoding/json; None stands for a struct that JSON refuses.
    """

    type_name: str
    fields: Mapping[str, Value]
    embedded: tuple[str, ...] = ()
    methods: Mapping[str, Function] = field(default_factory=dict[str, Function])
    text: str | None = None
    pointer: bool = False
    json: Value = None

    def __hash__(self) -> int:
        return hash((self.type_name, tuple(self.fields.values())))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Struct):
            return NotImplemented
        return self.type_name == other.type_name and list(self.fields.items()) == list(other.fields.items())

    def field(self, name: str) -> Value:
        """Return the field, also of an embedded struct; KeyError if there is none."""
        if name in self.fields:
            return self.fields[name]
        for embedded in self.embedded:
            inner = self.fields[embedded]
            try:
                return inner.field(name)
            except KeyError:
                continue
        raise KeyError(name)


def type_name(value: Value) -> str:
    """Return the Go type, `map[string]interface {}`; `<nil>` for nothing."""
    match value:
        case None:
            return "<nil>"
        case Interface():
            return INTERFACE
        case bool():
            return "bool"
        case str():
            return "string"
        case SizedInt():
            return value.go_type
        case int():
            return "int"
        case float():
            return "float64"
        case Struct():
            return f"*{value.type_name}" if value.pointer else value.type_name
        case GoSlice() | GoMap():
            return value.type_name
        case _:
            return MAP if isinstance(value, Mapping) else LIST


def kind_name(value: Value) -> str:
    """Return Go's reflect.Kind: `struct`, `slice`, `invalid`."""
    match value:
        case None:
            return "invalid"
        case Struct():
            return "ptr" if value.pointer else "struct"
        case bool() | str() | int() | float():
            return type_name(value)
        case _:
            return "map" if isinstance(value, Mapping) else "slice"


def is_list(value: Value) -> bool:
    return isinstance(value, list)


def is_map(value: Value) -> bool:
    return isinstance(value, dict)


def is_true(value: Value) -> bool:
    """Tell whether the value counts as true in `if`: not the zero value of its type; a struct always."""
    if isinstance(value, Struct):
        return True
    return bool(value)


def held(value: Value) -> Value:
    """Return what an interface holds, and any other value as it is."""
    return value.value if isinstance(value, Interface) else value


def element_of(container: Value, value: Value) -> Value:
    """Return a value taken out of a container, in an Interface where the container's elements are interfaces."""
    return value if isinstance(container, GoSlice | GoMap) else Interface(value)


def thawed(value: Value) -> Value:
    """Return a copy of plain trees that a template may change (`set`); Go values are handed on as they are."""
    if isinstance(value, GoMap | GoSlice | Struct):
        return value
    if isinstance(value, Mapping):
        return {key: thawed(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [thawed(item) for item in value]
    return value


def sort_key(value: Value) -> Any:
    """The order in which Go ranges over and prints the keys of a map of one key type."""
    if isinstance(value, Struct):
        return tuple(sort_key(item) for item in value.fields.values())
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape")
    return value
