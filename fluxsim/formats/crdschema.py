"""What the API server checks, adds and drops when an object of a Flux kind is written.

The schemas are those of the CRDs of Flux 2.9 (data/flux_crds.json: types, rules and names). Order as in the server:
unknown fields are dropped, defaults set, nulls dropped, then the schema and at last the CEL rules are checked.
Source: k8s.io/apiextensions-apiserver v0.33 pkg/apiserver/schema (pruning, defaulting, cel),
pkg/apiserver/validation; k8s.io/kube-openapi pkg/validation.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal, NamedTuple, TypeAlias

from fluxsim.formats.crdvalidation import Cause, marked, problems
from fluxsim.formats.tree import Json, Map, Seq, freeze

Scope: TypeAlias = Literal["Namespaced", "Cluster"]

_ROOT_KEYS = ("apiVersion", "kind", "metadata")


class Invalid(ValueError):
    """The server refuses the object; the message is the one of its Status, `causes` are its details."""

    def __init__(self, group_kind: str, name: str, causes: tuple[Cause, ...]) -> None:
        told = ", ".join(f"{cause.field}: {cause.message}" for cause in causes)
        super().__init__(f'{group_kind} "{name}" is invalid: {f"[{told}]" if len(causes) > 1 else told}')
        self.causes = causes


class NotServed(LookupError):
    """The server knows no such kind in that version."""

    def __init__(self, api_version: str, kind: str) -> None:
        super().__init__(f'no matches for kind "{kind}" in version "{api_version}"')


class Admitted(NamedTuple):
    """The object as it is stored, frozen, and the paths of the unknown fields that were dropped."""

    object: Map
    pruned: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of `kubectl get`; NAME stands before them, and those with a priority show with `-o wide` only."""

    name: str
    type: str
    json_path: str
    priority: int


@dataclass(frozen=True, slots=True)
class Definition:
    """A kind as it is served: each has one version, which is also the stored one."""

    api_version: str
    kind: str
    plural: str
    singular: str
    short_names: tuple[str, ...]
    categories: tuple[str, ...]
    scope: Scope
    status_subresource: bool
    columns: tuple[Column, ...]
    schema: Mapping[str, Json]

    @property
    def group(self) -> str:
        return self.api_version.partition("/")[0]


def admit(object_: Mapping[str, Json]) -> Admitted:
    """Return what is stored for a created or updated object; what is not of a Flux kind comes back as it is.

    With field validation Strict the server refuses an object that has fields in `pruned` (see `unknown_fields`).
    Raises NotServed for another version of a Flux group, and Invalid.
    """
    found = definition(object_.get("apiVersion", ""), object_.get("kind", ""))
    if found is None:
        if _is_flux(object_.get("apiVersion", "")):
            raise NotServed(object_["apiVersion"], object_.get("kind", ""))
        return Admitted(freeze(object_), ())
    dropped: list[str] = []
    pruned = _pruned(object_, found.schema, "", dropped)
    stored = Map(_completed(pruned, found.schema))
    causes = problems(stored, found.schema)
    if causes:
        name = (stored.get("metadata") or {}).get("name", "")
        raise Invalid(f"{found.kind}.{found.group}", name, tuple(causes))
    return Admitted(stored, tuple(dropped))


def unknown_fields(pruned: tuple[str, ...]) -> str:
    """Return the message with which the server refuses dropped fields when validation is Strict."""
    told = ", ".join(f'unknown field "{path}"' for path in pruned)
    return f"strict decoding error: {told}"


def definition(api_version: str, kind: str) -> Definition | None:
    """Return the kind if Flux serves it in this version."""
    return definitions().get((api_version, kind))


@cache
def definitions() -> dict[tuple[str, str], Definition]:
    """Return all Flux kinds by apiVersion and kind, in the order of their names."""
    text = resources.files("fluxsim.formats").joinpath("data/flux_crds.json").read_text(encoding="utf-8")
    return {(found.api_version, found.kind): found for found in _parsed(json.loads(text))}


def _parsed(document: Mapping[str, Json]) -> Iterator[Definition]:
    for name, entry in document.items():
        api_version, _, kind = name.rpartition("/")
        yield Definition(
            api_version=api_version,
            kind=kind,
            plural=entry["plural"],
            singular=entry["singular"],
            short_names=tuple(entry["shortNames"]),
            categories=tuple(entry["categories"]),
            scope=entry["scope"],
            status_subresource=entry["statusSubresource"],
            columns=tuple(
                Column(column["name"], column["type"], column["jsonPath"], column.get("priority", 0))
                for column in entry["printerColumns"]
            ),
            schema=marked(entry["schema"]),
        )


@cache
def _flux_groups() -> frozenset[str]:
    return frozenset(found.group for found in definitions().values())


def _is_flux(api_version: str) -> bool:
    group, slash, _ = api_version.partition("/")
    return bool(slash) and group in _flux_groups()


def _pruned(value: Json, schema: Mapping[str, Json], path: str, dropped: list[str]) -> Json:
    """Return the value without fields that the schema does not know; their paths go to `dropped`."""
    if schema.get("x-kubernetes-preserve-unknown-fields"):
        return value
    if isinstance(value, Mapping):
        properties, others = schema.get("properties", {}), schema.get("additionalProperties")
        kept: dict[str, Json] = {}
        for key, item in value.items():
            below = f"{path}.{key}" if path else key
            if not path and key in _ROOT_KEYS:
                kept[key] = item
            elif key in properties or others is not None:
                kept[key] = _pruned(item, properties.get(key, others), below, dropped)
            else:
                dropped.append(below)
        return kept
    if isinstance(value, list) and "items" in schema:
        return [_pruned(item, schema["items"], f"{path}[{index}]", dropped) for index, item in enumerate(value)]
    return value


def _completed(value: Json, schema: Mapping[str, Json]) -> Json:
    """Return the value frozen, with defaults for what is absent or null, without other nulls; no field is nullable."""
    if isinstance(value, Mapping):
        properties, others = schema.get("properties", {}), schema.get("additionalProperties")
        entries: dict[str, Json] = {}
        for key, item in value.items():
            below = properties.get(key, others)
            if below is None:
                entries[key] = freeze(item)
            elif item is None and "default" not in below:
                continue
            elif item is not None:
                entries[key] = _completed(item, below)
        for key, below in properties.items():
            if key not in entries and "default" in below:
                entries[key] = _completed(below["default"], below)
        return Map(entries)
    if isinstance(value, list):
        below = schema.get("items")
        return freeze(value) if below is None else Seq(_completed(item, below) for item in value)
    return value
