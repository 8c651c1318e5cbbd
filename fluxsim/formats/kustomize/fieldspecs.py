"""Field specs: where in an object a transformer acts, and the walk that finds or makes the place.

A path crosses lists by itself; `containers[]` says that a list is expected there.
Source: kustomize api v0.21.1 types/fieldspec.go, filters/{fieldspec,fsslice}.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Literal, NamedTuple, TypeAlias

from fluxsim.formats.goyaml_write import dump
from fluxsim.formats.kustomize.errors import KustomizeError
from fluxsim.formats.kustomize.fields import BOOL, GVK, TEXT, Struct
from fluxsim.formats.kustomize.identity import Gvk
from fluxsim.formats.kustomize.resource import Resource
from fluxsim.formats.tree import Json

Setter: TypeAlias = Callable[[Json], Json]
"""Takes the value that stands at a place and returns the one to put there, which may be the same object."""

Creates: TypeAlias = Literal["nothing", "text", "map"]
"""What a walk may make at the end of a path where the spec says `create`."""


class FieldSpec(NamedTuple):
    """A path in the objects of the kinds that `gvk` selects."""

    gvk: Gvk
    path: str
    create: bool = False


FIELD_SPEC = Struct(
    "FieldSpec",
    lambda group="", version="", kind="", path="", create=False: FieldSpec(Gvk(group, version, kind), path, create),
    {**GVK, "path": TEXT, "create": BOOL},
)


class WalkError(KustomizeError):
    """A path that leads through something that is neither map nor list."""


@lru_cache(maxsize=4096)
def split_path(path: str, separator: str) -> tuple[str, ...]:
    """Cut a path; a separator after a backslash is part of a step, one at the start is ignored."""
    parts = path.split(separator)
    if len(parts) > 1 and not parts[0]:
        parts = parts[1:]
    steps = [parts[0]]
    for part in parts[1:]:
        if steps[-1].endswith("\\"):
            steps[-1] = steps[-1][:-1] + separator + part
        else:
            steps.append(part)
    return tuple(steps)


class FieldSpecs:
    """An immutable list of specs that remembers which of them concern a kind."""

    __slots__ = ("_by_gvk", "specs")

    def __init__(self, specs: Iterable[FieldSpec] = ()) -> None:
        self.specs: tuple[FieldSpec, ...] = tuple(specs)
        self._by_gvk: dict[Gvk, tuple[FieldSpec, ...]] = {}

    def of(self, gvk: Gvk) -> tuple[FieldSpec, ...]:
        """Return the specs for objects of this kind, in order."""
        found = self._by_gvk.get(gvk)
        if found is None:
            found = self._by_gvk[gvk] = tuple(spec for spec in self.specs if gvk.selected_by(spec.gvk))
        return found

    def merged(self, others: Iterable[FieldSpec]) -> FieldSpecs:
        """Return the specs with those of `others` that are not there yet. Raises KustomizeError."""
        specs = list(self.specs)
        for other in others:
            known = next((s for s in specs if s.path == other.path and s.gvk.selected_by(other.gvk)), None)
            if known is None:
                specs.append(other)
            elif known.create != other.create:
                raise KustomizeError("conflicting fieldspecs")
        return self if len(specs) == len(self.specs) else FieldSpecs(specs)


@lru_cache(maxsize=4096)
def _steps(path: str) -> tuple[tuple[str, bool], ...]:
    """Return the names on a path, each with whether a list is expected there."""
    return tuple((step.removesuffix("[]"), step.endswith("[]")) for step in split_path(path, "/"))


def set_field(resource: Resource, spec: FieldSpec, setter: Setter, creates: Creates = "nothing") -> None:
    """Put what `setter` makes of it at every place of the path, changing the object. Raises KustomizeError."""
    try:
        _walk(resource.tree, _steps(spec.path), 0, setter, creates if spec.create else "nothing")
    except WalkError as error:
        raise KustomizeError(f"considering field '{spec.path}' of object {resource.identity}: {error}") from error


def _walk(value: Json, steps: tuple[tuple[str, bool], ...], at: int, setter: Setter, creates: Creates) -> None:
    """Follow the path from a value that is not at its end."""
    last = len(steps) - 1
    while isinstance(value, dict):
        name, expects_list = steps[at]
        child = value.get(name)
        if child is None:
            if not name:
                raise WalkError("cannot set or create an empty field name")
            if expects_list:
                if name in value:
                    value[name] = []
                return
            if creates != "nothing":
                child = value[name] = "" if creates == "text" and at == last else {}
            elif at < last or name not in value:
                return
        if at == last:
            new = setter(child)
            if new is not child:
                value[name] = new
            return
        value = child
        at += 1
    if isinstance(value, list):
        _walk_list(value, steps, at, setter, creates)
    elif value is not None:
        raise WalkError("expected sequence or mapping node")


def _walk_list(
    items: list[Json], steps: tuple[tuple[str, bool], ...], at: int, setter: Setter, creates: Creates
) -> None:
    try:
        for item in items:
            if item is not None:
                _walk(item, steps, at, setter, creates)
    except WalkError as error:
        rest = " ".join(f"{name}[]" if expects_list else name for name, expects_list in steps[at:])
        raise WalkError(f"visit traversal on path: [{rest}]: {error}") from error


def wrong_kind(expected: str, value: Json) -> str:
    """Say that a map, list or scalar stands where another of them is needed."""
    actual = "MappingNode" if isinstance(value, dict) else "SequenceNode" if isinstance(value, list) else "ScalarNode"
    return f"wrong node kind: expected {expected} but got {actual}: node contents:\n{dump(value)}"
