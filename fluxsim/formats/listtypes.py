"""What server-side apply knows of each kind: its fields, which lists merge by which keys, and what is owned whole.

The table data/list_types.json holds types and names only. A type is written in words: `string`, `map of quantity`,
`atomic list of string`, `set of string`, `list by containerPort,protocol of ContainerPort`, the name of a type, or `any`
(no schema: maps merge by key, lists are atomic). Its last character tells how Go writes the field:
`?` left out when it is zero or empty, `!` always, its zero value if need be, `~` always, null if need be.
Source: Kubernetes 1.37, client-go applyconfigurations/internal and k8s.io/api types.go (tags of the fields).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Literal, NamedTuple, TypeAlias

from fluxsim.formats.tree import Json

Form: TypeAlias = Literal["scalar", "list", "map", "any"]
Written: TypeAlias = Literal["", "?", "!", "~"]

_EITHER = frozenset(("quantity", "intstr", "time", "duration"))
"""Scalars that merge as a value of any type, and that Go reads and writes by rules of their own."""


_FLAGS: Mapping[str, Written] = {"?": "?", "!": "!", "~": "~"}


class Type:
    """How a value merges. A list with neither `atomic` nor `keys` is a set of scalars.

    `fields` are the declared fields of a map; `always` are those that Go writes whatever they hold.
    `defaults` are the values that stand for missing keys (None: the key is left out of the item's name).
    `element` is the type of list items and of map values that are no declared field.
    """

    __slots__ = ("always", "atomic", "defaults", "element", "fields", "form", "keys", "name", "scalar")

    def __init__(
        self,
        form: Form,
        *,
        scalar: str = "",
        name: str = "",
        atomic: bool = False,
        element: Type | None = None,
        keys: tuple[str, ...] = (),
        defaults: tuple[Json, ...] = (),
    ) -> None:
        self.form: Form = form
        self.scalar = scalar
        self.name = name
        self.atomic = atomic
        self.element = element
        self.keys = keys
        self.defaults = defaults
        self.fields: dict[str, Field] = {}
        self.always: list[tuple[str, Field]] = []

    @property
    def merged_as(self) -> str:
        """The scalar as the merge sees it: string, numeric, boolean or untyped."""
        return "untyped" if self.scalar in _EITHER else "string" if self.scalar == "bytes" else self.scalar


class Field(NamedTuple):
    """A declared field of a map."""

    type: Type
    written: Written


ANY_ATOMIC = Type("any", atomic=True)
ANY = Type("any")
ANY.element = ANY
ANY_ATOMIC.element = ANY_ATOMIC


def type_of(api_version: str, kind: str) -> Type:
    """Return the type of a kind; one that neither Kubernetes nor Flux declares is `ANY`."""
    return native_type(api_version, kind) or _flux_type(api_version, kind) or ANY


@cache
def native_type(api_version: str, kind: str) -> Type | None:
    """Return the type of a kind that Flux, too, knows as a Go struct, or None."""
    name = _table()["kinds"].get(f"{api_version} {kind}")
    return None if name is None else _named(name)


@cache
def _table() -> Mapping[str, Json]:
    text = resources.files("fluxsim.formats").joinpath("data/list_types.json").read_text(encoding="utf-8")
    table: Mapping[str, Json] = json.loads(text)
    return table


_TYPES: dict[str, Type] = {}
"""The types read so far, by name; a type is entered before its fields are, since it may hold itself."""


def _named(name: str) -> Type:
    found = _TYPES.get(name)
    if found is not None:
        return found
    entry = _table()["types"][name]
    made = _TYPES[name] = Type("map", name=name, atomic=entry.get("atomic", False))
    if "of" in entry:
        made.element = _worded(entry["of"])
    for field, words in entry.get("fields", {}).items():
        flag = _FLAGS.get(words[-1], "")
        made.fields[field] = Field(_worded(words.rstrip("?!~")), flag)
        if flag in {"!", "~"}:
            made.always.append((field, made.fields[field]))
    return made


@cache
def _worded(words: str) -> Type:
    """Read a type written in words."""
    if words in {"any", "any atomic"}:
        return ANY if words == "any" else ANY_ATOMIC
    if words.startswith("granular "):
        return _granular(_named(words.removeprefix("granular ")))
    atomic = words.startswith("atomic ")
    words = words.removeprefix("atomic ")
    head, of, rest = words.partition(" of ")
    if not of:
        return _named(words) if words in _table()["types"] else Type("scalar", scalar=words)
    element = _worded(rest)
    if head == "map":
        return Type("map", atomic=atomic, element=element)
    keys = tuple(sorted(head.removeprefix("list by ").split(","))) if head.startswith("list by ") else ()
    defaults = _table()["key defaults"].get(rest, {})
    return Type("list", atomic=atomic, element=element, keys=keys, defaults=tuple(defaults.get(key) for key in keys))


def _granular(type_: Type) -> Type:
    """Return the type as a reference uses it that takes back that the type is atomic."""
    made = Type("map", name=type_.name, element=type_.element)
    made.fields, made.always = type_.fields, type_.always
    return made


# -- Flux's kinds, by the schemas of their CRDs


@cache
def _flux_type(api_version: str, kind: str) -> Type | None:
    from fluxsim.formats.crdschema import definition

    found = definition(api_version, kind)
    if found is None:
        return None
    made = _by_schema(found.schema)
    text = Type("scalar", scalar="string")
    made.fields.update(apiVersion=Field(text, ""), kind=Field(text, ""), metadata=Field(_named("ObjectMeta"), ""))
    return made


def _by_schema(schema: Mapping[str, Json]) -> Type:
    """Translate a structural schema as kube-openapi's schemaconv does."""
    match schema.get("type"):
        case "object":
            return _map_by_schema(schema)
        case "array":
            kind = schema.get("x-kubernetes-list-type", "atomic")
            keys = tuple(sorted(schema.get("x-kubernetes-list-map-keys", ()))) if kind == "map" else ()
            properties = schema["items"].get("properties", {})
            defaults = tuple(properties.get(key, {}).get("default") for key in keys)
            return Type(
                "list", atomic=kind == "atomic", element=_by_schema(schema["items"]), keys=keys, defaults=defaults
            )
        case "string":
            return Type("scalar", scalar="string")
        case "boolean":
            return Type("scalar", scalar="boolean")
        case "integer" | "number":
            return Type("scalar", scalar="numeric")
        case _:
            return Type("scalar", scalar="untyped") if schema.get("x-kubernetes-int-or-string") else ANY


def _map_by_schema(schema: Mapping[str, Json]) -> Type:
    made = Type("map", atomic=schema.get("x-kubernetes-map-type") == "atomic")
    more = schema.get("additionalProperties")
    if isinstance(more, Mapping):
        made.element = _by_schema(more)
    elif more or schema.get("x-kubernetes-preserve-unknown-fields"):
        made.element = ANY
    for name, property_ in schema.get("properties", {}).items():
        made.fields[name] = Field(_by_schema(property_), "")
    return made
