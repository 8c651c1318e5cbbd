"""`vars`: `$(NAME)` in known fields becomes the value of a field of some object.

Source: kustomize api v0.21.1 types/var.go, internal/accumulator/{resaccumulator,refvartransformer}.go,
filters/refvar/*.go.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TypeAlias

from fluxsim.formats.kustomize.collection import Collection
from fluxsim.formats.kustomize.errors import KustomizeError
from fluxsim.formats.kustomize.fieldspecs import FieldSpecs, WalkError, set_field
from fluxsim.formats.kustomize.identity import Identity
from fluxsim.formats.kustomize.kustomization import Var
from fluxsim.formats.kustomize.pathmatch import MISSING, lookup, steps_of
from fluxsim.formats.kustomize.resource import Resource
from fluxsim.formats.kustomize.scalars import canonical, text_of, unspelled
from fluxsim.formats.tree import Json

Values: TypeAlias = Callable[[str], Json]

_INDEXED = re.compile(r"^(.*)\[([0-9]+)\]$", re.ASCII)
"""`ports[0]`, which vars may write for `ports.0`."""


class Variables:
    """The vars of a build, by name."""

    def __init__(self) -> None:
        self.by_name: dict[str, Var] = {}

    def declare(self, incoming: Iterable[Var], objects: Collection) -> None:
        """Take the vars of a kustomization, and note on the objects which of them they answer. Raises KustomizeError."""
        incoming = tuple(incoming)
        for var in incoming:
            _note(var, objects)
        self.add(incoming)

    def add(self, incoming: Iterable[Var]) -> None:
        for var in incoming:
            if var.name in self.by_name:
                raise KustomizeError(f"var '{var.name}' already encountered")
            self.by_name[var.name] = var

    def resolve(self, objects: Collection, specs: FieldSpecs) -> list[str]:
        """Replace `$(NAME)` everywhere; return the names that stood nowhere. Raises KustomizeError."""
        values = {name: _value(self.by_name[name], objects) for name in sorted(self.by_name)}
        if not values:
            return []
        used: dict[str, None] = {}

        def value_of(name: str) -> Json:
            value = values.get(name)
            if name not in values or isinstance(value, dict | list) or value is None:
                return f"$({name})"
            used[name] = None
            return value

        for resource in objects:
            for spec in specs.of(resource.gvk):
                set_field(resource, spec, lambda found: _expanded(found, value_of))
        return [name for name in values if name not in used]


def _note(var: Var, objects: Collection) -> None:
    reference = var.objref
    identity = Identity(reference.gvk, reference.name, reference.namespace, reference.gvk.cluster_scoped)
    anywhere = not reference.namespace and not identity.cluster_scoped

    def matches(other: Identity) -> bool:
        if anywhere:
            return other.name == identity.name and other.gvk == identity.gvk
        return other.key == identity.key

    found = objects.by_any_id(matches)
    if len(found) > 1:
        raise KustomizeError(f"found {len(found)} resId matches for var {var} (unable to disambiguate)")
    for resource in found:
        resource.names_vars.append(var.name)


def _value(var: Var, objects: Collection) -> Json:
    for resource in objects:
        if var.name in resource.names_vars:
            return _field(var, resource)
    raise KustomizeError(f"var '{var}' cannot be mapped to a field in the set of known resources")


def _field(var: Var, resource: Resource) -> Json:
    steps = [step for found in steps_of(var.field_path) for step in _INDEXED.sub(r"\1\n\2", found).split("\n")]
    try:
        value = lookup(resource.tree, steps)
    except KustomizeError:
        value = MISSING
    if value is MISSING:
        raise KustomizeError(f"field specified in var '{var}' not found in corresponding resource")
    return text_of(value) if isinstance(value, str) else unspelled(value)


def _expanded(value: Json, value_of: Values) -> Json:
    if isinstance(value, str):
        return expanded(value, value_of)
    if isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, str):
                value[key] = expanded(item, value_of)
    elif isinstance(value, list):
        for at, item in enumerate(value):
            if not isinstance(item, str):
                raise WalkError("invalid value type expect a string")
            value[at] = expanded(item, value_of)
    return value


def expanded(text: str, value_of: Values) -> Json:
    """Return the text with `$(NAME)` replaced; `$$` is a dollar. A text that is one reference takes the value's type."""
    parts: list[str] = []
    done = at = 0
    while at < len(text):
        if text[at] != "$" or at + 1 == len(text):
            at += 1
            continue
        parts.append(text[done:at])
        following = text[at + 1]
        close = text.find(")", at + 2) if following == "(" else -1
        if close >= 0:
            name = text[at + 2 : close]
            value = value_of(name)
            if text == f"$({name})":
                return value
            parts.append(canonical(value))
            at = close + 1
        else:
            parts.append("$" if following == "$" else f"${following}")
            at += 2
        done = at
    return "".join(parts) + text[done:]
