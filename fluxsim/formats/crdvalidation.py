"""Checks a value against the OpenAPI schema of a CRD and its CEL rules, in the API server's words.

Upstream meets the properties of an object in Go's map order; here they come in the order of their names.
Source: k8s.io/kube-openapi pkg/validation/validate; k8s.io/apiextensions-apiserver v0.33 pkg/apiserver/validation;
k8s.io/apimachinery v0.33 pkg/util/validation/field.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple, TypeAlias

from fluxsim.formats.celrules import RuleFailed, holds
from fluxsim.formats.goregex import compiled
from fluxsim.formats.gotext import quoted
from fluxsim.formats.tree import Json, Map, freeze

Broken: TypeAlias = Literal[
    "required", "type", "enum", "pattern", "minLength", "maxLength", "minItems", "maxItems", "minimum", "cel"
]

_BLOCKING = ("required", "type", "enum", "maxLength", "maxItems")
"""After one of these the server does not look at the CEL rules."""

_UNCHECKED = (
    'Invalid value: "null": some validation rules were not checked because the object was invalid; '
    "correct the existing errors to complete validation"
)


class Cause(NamedTuple):
    """One fault: where, what the server says, and which rule is broken."""

    field: str
    message: str
    rule: Broken


def marked(schema: Mapping[str, Json]) -> Map:
    """Return the schema frozen, with the key `rules` wherever it or something below has CEL rules."""
    entries = dict(schema)
    if "properties" in entries:
        entries["properties"] = Map({key: marked(below) for key, below in entries["properties"].items()})
    for key in ("items", "additionalProperties"):
        if key in entries:
            entries[key] = marked(entries[key])
    below_it = [
        *entries.get("properties", {}).values(),
        entries.get("items", {}),
        entries.get("additionalProperties", {}),
    ]
    if "x-kubernetes-validations" in entries or any("rules" in below for below in below_it):
        entries["rules"] = True
    return Map({key: freeze(entry) for key, entry in entries.items()})


def problems(value: Json, schema: Mapping[str, Json]) -> list[Cause]:
    """Return all faults of an object, or none. The schema is one from `marked`."""
    found = list(_schema_problems(value, schema, ""))
    if "rules" not in schema:
        return found
    if any(cause.rule in _BLOCKING for cause in found):
        return [*found, Cause("<nil>", _UNCHECKED, "cel")]
    return [*found, *_rule_problems(value, schema, "")]


def _schema_problems(value: Json, schema: Mapping[str, Json], path: str) -> Iterator[Cause]:
    expected = schema.get("type")
    if expected is not None and not _is_of(value, expected):
        got = _type_name(value)
        yield Cause(path, f'Invalid value: "{got}": {path} in body must be of type {expected}: "{got}"', "type")
        return
    if "enum" in schema and value not in schema["enum"]:
        allowed = ", ".join(quoted(choice) for choice in schema["enum"])
        yield Cause(path, f"Unsupported value: {_shown(value)}: supported values: {allowed}", "enum")
    if isinstance(value, str):
        yield from _text_problems(value, schema, path)
    elif isinstance(value, Mapping):
        yield from _object_problems(value, schema, path)
    elif isinstance(value, list):
        yield from _list_problems(value, schema, path)
    elif "minimum" in schema and value < schema["minimum"]:
        told = f"{path} in body should be greater than or equal to {schema['minimum']}"
        yield Cause(path, f"Invalid value: {_shown(value)}: {told}", "minimum")


def _text_problems(value: str, schema: Mapping[str, Json], path: str) -> Iterator[Cause]:
    if "maxLength" in schema and len(value) > schema["maxLength"]:
        yield Cause(path, f"Too long: may not be more than {schema['maxLength']} bytes", "maxLength")
    if "minLength" in schema and len(value) < schema["minLength"]:
        told = f"{path} in body should be at least {schema['minLength']} chars long"
        yield Cause(path, f"Invalid value: {_shown(value)}: {told}", "minLength")
    if "pattern" in schema and not compiled(schema["pattern"]).matches(value):
        told = f"{path} in body should match '{schema['pattern']}'"
        yield Cause(path, f"Invalid value: {_shown(value)}: {told}", "pattern")


def _object_problems(value: Mapping[str, Json], schema: Mapping[str, Json], path: str) -> Iterator[Cause]:
    for key in schema.get("required", ()):
        if key not in value:
            yield Cause(_below(path, key), "Required value", "required")
    for key, item, below in _children(value, schema):
        yield from _schema_problems(item, below, _below(path, key))


def _list_problems(value: list[Json], schema: Mapping[str, Json], path: str) -> Iterator[Cause]:
    if "maxItems" in schema and len(value) > schema["maxItems"]:
        yield Cause(path, f"Too many: {len(value)}: must have at most {schema['maxItems']} items", "maxItems")
    if "minItems" in schema and len(value) < schema["minItems"]:
        told = f"{path} in body should have at least {schema['minItems']} items"
        yield Cause(path, f"Invalid value: {len(value)}: {told}", "minItems")
    for index, item in enumerate(value):
        yield from _schema_problems(item, schema.get("items", {}), f"{path}[{index}]")


def _rule_problems(value: Json, schema: Mapping[str, Json], path: str) -> Iterator[Cause]:
    for entry in schema.get("x-kubernetes-validations", ()):
        told = entry.get("message") or f"failed rule: {entry['rule']}"
        try:
            if holds(entry["rule"], value):
                continue
        except RuleFailed as error:
            told = f"{error} evaluating rule: {told}"
        yield Cause(path, f'Invalid value: "{schema["type"]}": {told}', "cel")
    if isinstance(value, Mapping):
        for key, item, below in _children(value, schema):
            if "rules" in below:
                yield from _rule_problems(item, below, _below(path, key))
    elif isinstance(value, list) and "rules" in schema.get("items", ()):
        for index, item in enumerate(value):
            yield from _rule_problems(item, schema["items"], f"{path}[{index}]")


def _children(value: Mapping[str, Json], schema: Mapping[str, Json]) -> Iterator[tuple[str, Json, Mapping[str, Json]]]:
    properties, others = schema.get("properties", {}), schema.get("additionalProperties")
    for key in sorted(value):
        below = properties.get(key, others)
        if below is not None:
            yield key, value[key], below


def _below(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _is_of(value: Json, expected: str) -> bool:
    match expected:
        case "object":
            return isinstance(value, Mapping)
        case "array":
            return isinstance(value, list)
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return not isinstance(value, bool) and (
                isinstance(value, int) or (isinstance(value, float) and value.is_integer())
            )
        case _:
            return isinstance(value, int | float) and not isinstance(value, bool)


def _type_name(value: Json) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "object" if isinstance(value, Mapping) else "array"


def _shown(value: Json) -> str:
    """A bad value as field.Invalid prints it."""
    return quoted(value) if isinstance(value, str) else json.dumps(value)
