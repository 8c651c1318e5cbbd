"""Typed reading of JSON into structs, with encoding/json's rules and errors.

A Struct says which Go type it stands for and which fields it has; the result is a dataclass, or what `make` returns.
Keys match without regard to case, null leaves a field as it is, an unknown key is an error, and the first error in
the order of sorted keys is the one that is told. Source: Go 1.26 encoding/json/decode.go.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from fluxsim.formats.gojson import number_text
from fluxsim.formats.gotext import float_text
from fluxsim.formats.tree import Json, Map

T = TypeVar("T")


class FieldError(ValueError):
    """A value that does not fit its field, in Go's words."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A string, bool or whole number; `go_name` is the type that messages name."""

    go_name: str
    python: type


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list; the result is a tuple."""

    item: Type


@dataclass(frozen=True, slots=True)
class MapOfText:
    """A map of strings; the result is frozen."""

    go_name: str = "map[string]string"


@dataclass(frozen=True, slots=True)
class Embedded:
    """A field of structs that are embedded in the one that has it: messages name them."""

    structs: str
    kind: Type


@dataclass(frozen=True, slots=True)
class Struct(Generic[T]):
    """An object with known fields. JSON name `newTag` becomes the argument `new_tag` of `make`.

    A lenient one ignores fields that it does not know and takes numbers and booleans for text, as sigs.k8s.io/yaml
    does when it reads straight into a struct.
    """

    go_name: str
    make: Callable[..., T]
    fields: Mapping[str, Any]
    strict: bool = True
    converts: bool = False

    def read(self, tree: Json) -> T:
        """Return the struct that a document holds. Raises FieldError."""
        if tree is None:
            return self.make()
        if not isinstance(tree, Mapping):
            raise FieldError(f"json: cannot unmarshal {_shape(tree)} into Go value of type {self.type_name}")
        return self.of(tree, ())

    @property
    def type_name(self) -> str:
        return f"types.{self.go_name}"

    def of(self, tree: Mapping[str, Json], path: tuple[str, ...]) -> T:
        arguments: dict[str, Any] = {}
        fields = self.fields
        for key in sorted(tree):
            name = key if key in fields else next((name for name in fields if name.lower() == key.lower()), None)
            if name is None:
                if self.strict:
                    raise FieldError(f'json: unknown field "{key}"')
                continue
            kind: Type | Embedded = fields[name]
            at = (*path, name)
            if isinstance(kind, Embedded):
                at = (*path, kind.structs, name)
                kind = kind.kind
            value = _read(kind, tree[key], self.go_name, at, converts=self.converts)
            if value is not None:
                arguments[argument_name(name)] = value
        return self.make(**arguments)

    def lenient(self, *, strict: bool = False) -> Struct[T]:
        """Return the struct as sigs.k8s.io/yaml reads it, with all structs below it."""
        fields = {name: _lenient(kind, strict=strict) for name, kind in self.fields.items()}
        return Struct(self.go_name, self.make, fields, strict=strict, converts=True)


Type: TypeAlias = Scalar | ListOf | MapOfText | Struct[Any]


def _lenient(kind: Any, *, strict: bool) -> Any:
    if isinstance(kind, Embedded):
        return Embedded(kind.structs, _lenient(kind.kind, strict=strict))
    if isinstance(kind, ListOf):
        return ListOf(_lenient(kind.item, strict=strict))
    return kind.lenient(strict=strict) if isinstance(kind, Struct) else kind


TEXT = Scalar("string", str)
BOOL = Scalar("bool", bool)
INT = Scalar("int", int)
INT64 = Scalar("int64", int)
MAP = MapOfText()
TEXTS = ListOf(TEXT)
GVK = {name: Embedded("Gvk", TEXT) for name in ("group", "version", "kind")}
"""The fields of a resid.Gvk, embedded in many structs."""


_CAPITAL = re.compile(r"(?<=[a-z0-9])([A-Z])")


def argument_name(json_name: str) -> str:
    """Return the Python name for a JSON field: patchesJson6902 is patches_json6902."""
    return _CAPITAL.sub(r"_\1", json_name).lower()


def _read(kind: Type, value: Json, owner: str, path: tuple[str, ...], *, converts: bool) -> Any:
    if value is None:
        return None
    if isinstance(kind, Struct):
        if isinstance(value, Mapping):
            return kind.of(value, path)
    elif isinstance(kind, ListOf):
        if isinstance(value, Sequence) and not isinstance(value, str):
            return tuple(_item(kind.item, item, owner, path, converts=converts) for item in value)
    elif isinstance(kind, MapOfText):
        if isinstance(value, Mapping):
            return Map({key: _item(TEXT, value[key], owner, path, converts=converts) for key in sorted(value)})
    elif kind.python is bool or isinstance(value, bool):
        if kind.python is type(value):
            return value
        if converts and kind.python is str:
            return "true" if value else "false"
    elif isinstance(value, kind.python):
        return value
    elif converts and kind.python is str and isinstance(value, int | float):
        return float_text(value) if isinstance(value, float) else str(value)
    elif kind.python is int and isinstance(value, float):
        raise FieldError(_mismatch(f"number {number_text(value)}", kind, owner, path))
    raise FieldError(_mismatch(_shape(value), kind, owner, path))


def _item(kind: Type, value: Json, owner: str, path: tuple[str, ...], *, converts: bool) -> Any:
    """Read an element: null makes a zero value here, since there is no field to leave alone."""
    if value is None:
        return kind.make() if isinstance(kind, Struct) else kind.python() if isinstance(kind, Scalar) else None
    return _read(kind, value, owner, path, converts=converts)


def _mismatch(shape: str, kind: Type, owner: str, path: tuple[str, ...]) -> str:
    return f"json: cannot unmarshal {shape} into Go struct field {owner}.{'.'.join(path)} of type {_go_type(kind)}"


def _go_type(kind: Type) -> str:
    if isinstance(kind, ListOf):
        return f"[]{_go_type(kind.item)}"
    return kind.type_name if isinstance(kind, Struct) else kind.go_name


def _shape(value: Json) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "object" if isinstance(value, Mapping) else "array"
