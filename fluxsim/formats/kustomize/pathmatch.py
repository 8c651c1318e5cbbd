"""Field paths of replacements: `spec.containers.[name=web].env.0`, with `*` and places that are made on the way.

Source: kyaml v0.21 yaml/match.go (`PathMatcher`), yaml/fns.go (`PathGetter`), utils/pathsplitter.go.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from fluxsim.formats import goyaml
from fluxsim.formats.goregex import InvalidRegex, compiled
from fluxsim.formats.kustomize.errors import KustomizeError
from fluxsim.formats.kustomize.fieldspecs import split_path, wrong_kind
from fluxsim.formats.kustomize.scalars import plain_value, text_of
from fluxsim.formats.tree import Json

NewLeaf: TypeAlias = Callable[[], Json]
"""Makes what stands at the end of a path that is made: an empty scalar, map or list."""

_INDEX = re.compile(r"[+-]?[0-9]+")
MISSING: Json = object()


class Place(NamedTuple):
    """Where a value stands: `holder[key]`. `made` says that the path made it, so it has no type yet."""

    holder: Json
    key: str | int
    made: bool = False

    @property
    def value(self) -> Json:
        return self.holder[self.key]


def steps_of(path: str) -> tuple[str, ...]:
    r"""Cut a path at its dots: `\.` is a dot, `[a.b/c]` one key, `[name=x.y]` one element."""
    steps: list[str] = []
    parts = list(split_path(path, "."))
    while parts:
        part = parts.pop(0)
        if not part.startswith("[") or part.endswith("]"):
            steps.append(part)
            continue
        bracketed = [part]
        while parts:
            bracketed.append(parts.pop(0))
            if bracketed[-1].endswith("]"):
                break
        joined = ".".join(bracketed)
        steps.append(joined if "=" in joined else joined.strip("[]"))
    return tuple(steps)


def lookup(tree: Json, steps: Sequence[str]) -> Json:
    """Return the one value at a path, MISSING when there is none. Raises KustomizeError for a path it cannot walk."""
    value = tree
    for step in steps:
        step = step.strip()
        if not step:
            continue
        if value is None:
            return MISSING
        value = _stepped(value, step)
        if value is MISSING:
            return MISSING
    return value


def _stepped(value: Json, step: str) -> Json:
    if _INDEX.fullmatch(step) or step == "-":
        index = -1 if step == "-" else int(step)
        if index < 0 and step != "-":
            raise KustomizeError(f"array index {index} cannot be negative")
        _require(value, list)
        return value[index] if len(value) > max(index, 0) else MISSING
    if step == "*":
        raise KustomizeError("wildcard is not supported in PathGetter")
    if _is_element(step):
        field, wanted = _split_element(step)
        _require(value, list)
        for item in value:
            if field == "":
                if not isinstance(item, dict | list) and text_of(item) == wanted:
                    return item
            elif isinstance(item, dict) and field in item and text_of(item[field]) == wanted:
                return item
        return MISSING
    _require(value, dict)
    return value.get(step, MISSING)


def places(tree: Json, steps: Sequence[str], new_leaf: NewLeaf | None = None) -> list[Place]:
    """Return every place that a path leads to; with `new_leaf` the missing ones are made. Raises KustomizeError."""
    return _places(Place([tree], 0), tuple(steps), new_leaf)


def _places(place: Place, steps: tuple[str, ...], new_leaf: NewLeaf | None) -> list[Place]:
    if not steps:
        return [place]
    step = steps[0]
    if _INDEX.fullmatch(step) and int(step) >= 0:
        return _at_index(place.value, int(step), steps[1:], new_leaf)
    if _is_element(step):
        return _elements(place.value, step, steps[1:], new_leaf)
    if step == "*":
        found: list[Place] = []
        for at in range(len(_items(place.value))):
            found += _places(Place(place.value, at), steps[1:], new_leaf)
        return found
    return _field(place.value, step, steps[1:], new_leaf)


def _field(value: Json, name: str, rest: tuple[str, ...], new_leaf: NewLeaf | None) -> list[Place]:
    if value is None:
        return []
    _require(value, dict)
    made = False
    if name not in value:
        if new_leaf is None:
            return []
        value[name] = _new(rest, new_leaf)
        made = not rest
    child = value[name]
    if rest and not isinstance(child, dict | list) and child is not None:
        return _in_text(child, rest, new_leaf)
    return _places(Place(value, name, made), rest, new_leaf)


def _in_text(value: Json, rest: tuple[str, ...], new_leaf: NewLeaf | None) -> list[Place]:
    """Look into YAML held in a string. What is found stands in a copy: only `structured` writes such a text."""
    try:
        inside = goyaml.load(text_of(value), dialect="resource")
    except goyaml.YamlError as error:
        raise KustomizeError(str(error)) from error
    return _places(Place([inside], 0), rest, new_leaf)


def _at_index(value: Json, index: int, rest: tuple[str, ...], new_leaf: NewLeaf | None) -> list[Place]:
    items = _items(value)
    made = False
    if index == len(items) and new_leaf is not None and isinstance(value, list):
        items.append(_new(rest, new_leaf))
        made = not rest
    if index >= len(items):
        raise KustomizeError(f"index {index} specified but only {len(items)} elements found")
    return _places(Place(items, index, made), rest, new_leaf)


def _elements(value: Json, step: str, rest: tuple[str, ...], new_leaf: NewLeaf | None) -> list[Place]:
    field, expression = _split_element(step)
    try:
        matches = compiled(expression).matches
    except InvalidRegex as error:
        raise KustomizeError(str(error)) from error
    items = _items(value)
    for made in (False, True):
        found: list[Place] = []
        for at, item in enumerate(items):
            if field == "":
                if matches(text_of(item)):
                    found.append(Place(items, at))
            elif isinstance(item, dict) and field in item and matches(text_of(item[field])):
                found += _places(Place(items, at), rest, new_leaf)
        if found or made or new_leaf is None or not isinstance(value, list):
            return found
        items.append(plain_value(expression) if field == "" else {field: plain_value(expression)})
    return []


def _new(rest: tuple[str, ...], new_leaf: NewLeaf) -> Json:
    if not rest or rest[0] == "":
        return new_leaf()
    return [] if _is_element(rest[0]) or (_INDEX.fullmatch(rest[0]) and int(rest[0]) >= 0) else {}


def _items(value: Json) -> list[Json]:
    if value is None:
        return []
    _require(value, list)
    items: list[Json] = value
    return items


def _is_element(step: str) -> bool:
    return step.startswith("[") and step.endswith("]")


def _split_element(step: str) -> tuple[str, str]:
    field, equals, value = step.removesuffix("]").removeprefix("[").partition("=")
    if not equals:
        raise KustomizeError("list path element must contain fieldName=fieldValue for element to match")
    return field, value


def _require(value: Json, kind: type[dict[str, Json] | list[Json]]) -> None:
    if not isinstance(value, kind):
        raise KustomizeError(wrong_kind("MappingNode" if kind is dict else "SequenceNode", value))
