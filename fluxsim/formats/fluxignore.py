"""spec.ignore of a Kustomization: paths that do not count as drift and that Flux leaves to others.

Source: fluxcd/pkg ssa v0.76.1 jsondiff/{selector,unstructured,patch}.go, manager_apply.go (computeDriftedPaths).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from fluxsim.formats.fieldmanagers import entries_in
from fluxsim.formats.goregex import InvalidRegex, Regex, compiled
from fluxsim.formats.selectortext import InvalidSelectorText, SelectorText, parsed
from fluxsim.formats.tree import EMPTY_MAP, Json, evolve, freeze, get, without
from fluxsim.formats.typedtree import ABSENT

_EXPRESSIONS = ("group", "version", "kind", "name", "namespace")

Pointer: TypeAlias = tuple[str, ...]


class InvalidIgnoreRule(ValueError):
    """A rule that cannot be read or applied; the message is Flux's."""


@dataclass(frozen=True, slots=True)
class Target:
    """Which objects a rule is for: all that is given must match, expressions as a whole."""

    expressions: Mapping[str, Regex]
    labels: SelectorText | None
    annotations: SelectorText | None

    @classmethod
    def of(cls, target: Mapping[str, str]) -> Target:
        """Read `target` of a rule. Raises InvalidIgnoreRule."""
        expressions: dict[str, Regex] = {}
        for field in _EXPRESSIONS:
            if target.get(field):
                try:
                    expressions[field] = compiled(f"^(?:{target[field]})$")
                except InvalidRegex as error:
                    raise InvalidIgnoreRule(f"invalid {field} regex: {error}") from error
        labels = _selector(target.get("labelSelector"), "label")
        return cls(expressions, labels, _selector(target.get("annotationSelector"), "annotation"))

    def matches(self, obj: Json) -> bool:
        group, _, version = str(obj.get("apiVersion", "")).rpartition("/")
        metadata: Mapping[str, Json] = obj.get("metadata") or {}
        parts = {
            "group": group,
            "version": version,
            "kind": str(obj.get("kind", "")),
            "name": str(metadata.get("name") or ""),
            "namespace": str(metadata.get("namespace") or ""),
        }
        return (
            all(regex.matches(parts[field]) for field, regex in self.expressions.items())
            and (self.labels is None or self.labels.matches(metadata.get("labels") or {}))
            and (self.annotations is None or self.annotations.matches(metadata.get("annotations") or {}))
        )


def _selector(text: str | None, what: str) -> SelectorText | None:
    try:
        return parsed(text) if text else None
    except InvalidSelectorText as error:
        raise InvalidIgnoreRule(f"invalid {what} selector: {error}") from error


@dataclass(frozen=True, slots=True)
class IgnoreRules:
    """The rules of a Kustomization, ready to use."""

    rules: tuple[tuple[Target | None, tuple[Pointer, ...]], ...] = ()

    @classmethod
    def of(cls, ignore: Iterable[Mapping[str, Json]] | None) -> IgnoreRules:
        """Read spec.ignore. Raises InvalidIgnoreRule."""
        rules: list[tuple[Target | None, tuple[Pointer, ...]]] = []
        for rule in ignore or ():
            try:
                target = Target.of(rule["target"]) if rule.get("target") is not None else None
            except InvalidIgnoreRule as error:
                raise InvalidIgnoreRule(f"failed to create ignore rule selector: {error}") from error
            rules.append((target, tuple(_pointer(path) for path in rule.get("paths") or ())))
        return cls(tuple(rules))

    def paths_for(self, obj: Json) -> list[Pointer]:
        """Return the paths to ignore in that object."""
        return [path for target, paths in self.rules if target is None or target.matches(obj) for path in paths]

    def stripped(self, obj: Json, paths: Sequence[Pointer]) -> Json:
        """Return the object without what stands at the paths."""
        for path in paths:
            obj = _removed(obj, path)
        return obj

    def left_to_others(self, desired: Json, live: Json, tried: Json, manager: str) -> Json:
        """Return what to apply: at ignored paths that drifted nothing if another applier owns them, else the live value.

        `tried` is the result of the dry run. Raises InvalidIgnoreRule.
        """
        drifted = [path for path in self.paths_for(tried) if _found(live, path) != _found(tried, path)]
        others = [path for path in drifted if _owned_by_other(live, path, manager)]
        desired = self.stripped(desired, others)
        for path in drifted:
            if path not in others:
                desired = _replaced(desired, path, _found(live, path))
        return desired


NO_RULES = IgnoreRules()


# -- JSON pointers


def _pointer(text: str) -> Pointer:
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:])


def _steps(tree: Json, path: Pointer) -> Iterator[str | int]:
    """Yield the steps with list indexes as numbers; a negative one counts from the end."""
    for part in path:
        step: str | int = part
        if isinstance(tree, list):
            digits = part.removeprefix("-")
            step = int(part) if digits.isascii() and digits.isdigit() else -len(tree) - 1
        yield step
        tree = get(tree, step, default=ABSENT)


def _found(tree: Json, path: Pointer) -> Json:
    return get(tree, *_steps(tree, path), default=ABSENT)


def _removed(tree: Json, path: Pointer) -> Json:
    return without(freeze(tree), tuple(_steps(tree, path))) if path else tree


def _replaced(tree: Json, path: Pointer, value: Json) -> Json:
    steps = tuple(_steps(tree, path))
    parent = get(tree, *steps[:-1], default=ABSENT)
    text = "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)
    if not isinstance(parent, dict | list):
        raise InvalidIgnoreRule(f"replace operation does not apply: doc is missing path: {text}: missing value")
    if get(tree, *steps, default=ABSENT) is ABSENT:
        raise InvalidIgnoreRule(f"replace operation does not apply: doc is missing key: {text}: missing value")
    return evolve(freeze(tree), steps, None if value is ABSENT else value)


# -- who owns a path


def _owned_by_other(live: Json, path: Pointer, manager: str) -> bool:
    """Return whether somebody else applies that path; what only updates set does not count."""
    appliers = [
        (entry.get("manager"), entry.get("fieldsV1") or EMPTY_MAP)
        for entry in entries_in(live)
        if entry.get("operation") == "Apply" and not entry.get("subresource")
    ]
    steps = _field_steps(live, path, [fields for _, fields in appliers])
    return steps is not None and any(
        get(fields, *steps, default=ABSENT) is not ABSENT for name, fields in appliers if name != manager
    )


def _field_steps(live: Json, path: Pointer, known: Sequence[Json]) -> list[str] | None:
    """Return the path in FieldsV1's steps; an index becomes the keys of its item if any applier owns that item."""
    steps: list[str] = []
    value = live
    for part in path:
        if not (part.isascii() and part.isdigit()):
            steps.append(f"f:{part}")
            value = get(value, part, default=ABSENT)
            continue
        value = get(value, int(part), default=ABSENT)
        step = _key_step(value, [get(fields, *steps, default=EMPTY_MAP) for fields in known])
        if step is None:
            return None
        steps.append(step)
    return steps or None


def _key_step(item: Json, nodes: Sequence[Json]) -> str | None:
    if not isinstance(item, Mapping):
        return None
    for node in nodes:
        for step in node:
            if step.startswith("k:") and all(item.get(key) == value for key, value in json.loads(step[2:]).items()):
                return str(step)
    return None
