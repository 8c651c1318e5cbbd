"""Which lists of a kind kustomize merges, and by which keys.

kustomize asks the schema of Kubernetes 1.21.2 whatever the cluster runs; kinds outside it (autoscaling/v2, custom
resources) have no merge keys at all, unless a kustomization brings a schema of its own (`openapi.path`).
What the API server merges is another matter: see listtypes.
Source: kyaml v0.21 openapi/openapi.go; data/merge_keys.json holds the x-kubernetes-patch-* extensions of that schema.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from fluxsim.formats.tree import Json

_EXTENSIONS = {
    "x-kubernetes-patch-strategy": "strategy",
    "x-kubernetes-patch-merge-key": "key",
    "x-kubernetes-list-map-keys": "keys",
}


class Schema:
    """What is known of one place in an object, and the way to the places below."""

    __slots__ = ("_facts", "_fields", "_types")

    def __init__(self, types: Mapping[str, Mapping[str, Json]], facts: Mapping[str, Json]) -> None:
        self._types = types
        self._facts = facts
        self._fields: Mapping[str, Json] = types.get(facts.get("type", ""), {})

    @property
    def merges(self) -> bool:
        """Whether a strategic merge patch merges this list; every other list is replaced."""
        return "merge" in str(self._facts.get("strategy", "")).split(",")

    @property
    def keys(self) -> tuple[str, ...]:
        """The fields that tell the elements of a merged list apart; none for a list of scalars."""
        if "keys" in self._facts:
            return tuple(self._facts["keys"])
        return (self._facts["key"],) if "key" in self._facts else ()

    def field(self, name: str) -> Schema | None:
        """Return what is known of a field, None where the schema says nothing that matters to merging."""
        facts = self._fields.get(name, self._fields.get("*"))
        return None if facts is None else Schema(self._types, facts)

    def elements(self) -> Schema | None:
        """Return what is known of a list's elements."""
        return Schema(self._types, {"type": self._facts["type"]}) if "type" in self._facts else None


class Schemas:
    """The schemas of a set of kinds."""

    def __init__(self, table: Mapping[str, Json]) -> None:
        self._types: Mapping[str, Mapping[str, Json]] = table["types"]
        self._kinds: Mapping[str, str] = table["kinds"]

    def of(self, api_version: str, kind: str) -> Schema | None:
        """Return the schema of a kind, None for one that is not known or has nothing to merge."""
        name = self._kinds.get(f"{api_version} {kind}")
        return None if name is None else Schema(self._types, {"type": name})

    @classmethod
    def from_openapi(cls, document: Mapping[str, Json]) -> Schemas:
        """Read the `definitions` of an OpenAPI document, as `openapi.path` names one. It replaces the built-in one."""
        return cls(table(document))


@cache
def built_in() -> Schemas:
    """The kinds that kustomize knows by itself."""
    text = resources.files("fluxsim.formats").joinpath("data/merge_keys.json").read_text(encoding="utf-8")
    return Schemas(json.loads(text))


def table(document: Mapping[str, Json]) -> dict[str, Json]:
    """Reduce an OpenAPI document to types and kinds: `{"types": {type: {field: facts}}, "kinds": {"v1 Pod": type}}`.

    A map from names to values has the field `*`. A schema that stands inside another becomes a type of its own,
    named by its path.
    """
    definitions: Mapping[str, Any] = document.get("definitions") or {}
    types: dict[str, dict[str, Json]] = {}
    kinds: dict[str, str] = {}
    for name, definition in definitions.items():
        _collect(name, definition, types)
        for known in definition.get("x-kubernetes-group-version-kind") or ():
            group, version = known.get("group", ""), known.get("version", "")
            kinds[f"{group}/{version} {known.get('kind')}" if group else f"{version} {known.get('kind')}"] = name
    return {"types": types, "kinds": kinds}


def _collect(name: str, definition: Mapping[str, Any], types: dict[str, dict[str, Json]]) -> None:
    fields = types.setdefault(name, {})
    for key, schema in (definition.get("properties") or {}).items():
        fields[key] = _facts(f"{name}.{key}", schema, types)
    extra = definition.get("additionalProperties")
    if isinstance(extra, Mapping):
        fields["*"] = _facts(f"{name}.*", extra, types)


def _facts(path: str, schema: Mapping[str, Any], types: dict[str, dict[str, Json]]) -> dict[str, Json]:
    facts = {short: schema[long] for long, short in _EXTENSIONS.items() if long in schema}
    inner = schema.get("items") if schema.get("type") == "array" else schema
    if not isinstance(inner, Mapping):
        return facts
    if "$ref" in inner:
        facts["type"] = str(inner["$ref"]).removeprefix("#/definitions/")
    elif inner.get("properties") or isinstance(inner.get("additionalProperties"), Mapping):
        facts["type"] = path
        _collect(path, inner, types)
    return facts
