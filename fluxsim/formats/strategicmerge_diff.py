"""Making strategic merge patches, as `kubectl apply` and client libraries do.

A patch from two documents leads from the first to the second. A patch from three (last applied, wanted, live) sets
what is wanted and differs from the live object, and deletes what was applied last time and is not wanted any more.
Source: apimachinery v0.36 util/strategicpatch/patch.go (CreateTwoWayMergePatch, CreateThreeWayMergePatch).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from fluxsim.formats.gotext import value_text
from fluxsim.formats.goyaml_write import dump
from fluxsim.formats.strategicmerge import merged_map
from fluxsim.formats.strategicmerge_conflicts import conflicting
from fluxsim.formats.strategicmerge_order import in_order_of, same_name
from fluxsim.formats.strategicmerge_schema import Field, Schema
from fluxsim.formats.strategicmerge_values import (
    DELETE_FROM_PRIMITIVE_LIST,
    DIRECTIVE,
    LIST,
    MAP,
    RETAIN_KEYS,
    SET_ELEMENT_ORDER,
    Conflict,
    PreconditionFailed,
    StrategicMergeError,
    deduplicated,
    deeply_equal,
    element_type,
    no_merge_key,
    sorted_by_text,
    type_of,
)
from fluxsim.formats.tree import Json, freeze

KUBECTL_APPLY: Sequence[Sequence[str]] = (("apiVersion",), ("kind",), ("metadata", "name"))
"""What `kubectl apply` does not let a patch change."""


def two_way_patch(
    original: Mapping[str, Json],
    modified: Mapping[str, Json],
    schema: Schema,
    *,
    unchanged: Iterable[Sequence[str]] = (),
) -> Json:
    """Return the patch, frozen, that leads from one document to another; an empty one where they are the same.

    Raises StrategicMergeError where a list has no merge key or a field is unknown, PreconditionFailed when the patch
    has one of the paths that are to stay `unchanged`.
    """
    patch = _Differences(order=True).of_maps(original, modified, schema)
    _check_unchanged(patch, unchanged)
    return freeze(patch)


def three_way_patch(
    original: Mapping[str, Json],
    modified: Mapping[str, Json],
    current: Mapping[str, Json],
    schema: Schema,
    *,
    overwrite: bool = True,
    unchanged: Iterable[Sequence[str]] = (),
) -> Json:
    """Return the patch, frozen, that brings `modified` to the live object `current`; `original` was applied before.

    Raises Conflict, unless it may `overwrite`, when the patch touches what others changed since; else what
    two_way_patch raises. (Without `overwrite` Go leaves replaced lists of scalars in the patch sorted, as it needed
    them for comparing; here the patch stays the same.)
    """
    additions = _Differences(order=True, deletions=False).of_maps(current, modified, schema)
    deletions = _Differences(order=True, changes=False).of_maps(original, modified, schema)
    patch = merged_map(deletions, additions, schema, onto_patch=True)
    _check_unchanged(patch, unchanged)
    if not overwrite:
        changed = _Differences().of_maps(original, current, schema)
        if conflicting(patch, changed, schema):
            raise Conflict(
                f"patch:\n{dump(patch)}\nconflicts with changes made from original to current:\n{dump(changed)}\n"
            )
    return freeze(patch)


def _check_unchanged(patch: Mapping[str, Json], unchanged: Iterable[Sequence[str]]) -> None:
    for path in unchanged:
        found: Json = patch
        for step in path[:-1]:
            found = found.get(step) if isinstance(found, Mapping) else None
        if isinstance(found, Mapping) and path[-1] in found:
            raise PreconditionFailed(patch)


@dataclass(frozen=True, slots=True)
class _Differences:
    """Which differences go into a patch: changes and additions, deletions, and the order of lists."""

    order: bool = False
    changes: bool = True
    deletions: bool = True

    def of_maps(
        self,
        original: Mapping[str, Json],
        modified: Mapping[str, Json],
        schema: Schema,
        *,
        retain_keys: bool = False,
    ) -> dict[str, Json]:
        patch: dict[str, Json] = {}
        for key, value in modified.items():
            if key in original and key == DIRECTIVE:
                _compare_directives(original[key], value, patch)
            elif key not in original or type_of(original[key]) != type_of(value):
                if self.changes:
                    patch[key] = value
            else:
                self._compare(key, original[key], value, schema, patch)
        if self.deletions:
            patch.update((key, None) for key in original if key not in modified)
        if retain_keys:
            keys = [key for key, value in modified.items() if value is not None]
            cleared = any(value is not None and key not in modified for key, value in original.items())
            if keys and (patch or cleared):
                patch[RETAIN_KEYS] = sorted_by_text(keys)
        return patch

    def _compare(self, key: str, original: Json, modified: Json, schema: Schema, patch: dict[str, Json]) -> None:
        """Put the difference of two values of the same type into the patch."""
        kind = type_of(modified)
        if kind not in {MAP, LIST}:
            self._replace(key, original, modified, patch)
            return
        try:
            field = schema.field(key) if kind == MAP else schema.list_field(key)
        except StrategicMergeError:
            if not deeply_equal(original, modified):
                raise
            return
        if kind == LIST:
            if field.strategy == "merge":
                self._compare_lists(key, original, modified, field, patch)
            else:
                self._replace(key, original, modified, patch)
        elif field.strategy == "replace":
            if self.changes:
                patch[key] = modified
        else:
            difference = self.of_maps(original, modified, field.schema, retain_keys=field.retain_keys)
            if difference:
                patch[key] = difference

    def _replace(self, key: str, original: Json, modified: Json, patch: dict[str, Json]) -> None:
        if self.changes and not deeply_equal(original, modified):
            patch[key] = modified

    def _compare_lists(
        self, key: str, original: Sequence[Json], modified: Sequence[Json], field: Field, patch: dict[str, Json]
    ) -> None:
        """Put the difference of two lists that merge into the patch, with their parallel lists."""
        if not original:
            if modified and self.changes:
                patch[key] = modified
            return
        removed: list[Json] = []
        order: Sequence[Json]
        if element_type(original, modified) == MAP:
            changed, order = self._of_lists_of_maps(original, modified, field)
        else:
            changed, removed, order = self._of_lists_of_scalars(original, modified)
        if changed:
            patch[key] = changed
        if removed:
            patch[f"{DELETE_FROM_PRIMITIVE_LIST}/{key}"] = removed
        if order:
            patch[f"{SET_ELEMENT_ORDER}/{key}"] = order

    def _of_lists_of_maps(
        self, original: Sequence[Json], modified: Sequence[Json], field: Field
    ) -> tuple[list[Json], list[Json]]:
        """Return the list for the patch, the deletions at its end, and the order, empty where none is needed."""
        key = field.merge_key
        changed: list[Json] = []
        removed: list[Json] = []
        old_sorted, new_sorted = sorted_by_text(original, key), sorted_by_text(modified, key)
        for old, new in _side_by_side(old_sorted, new_sorted, lambda item: _key_text(item, key)):
            if new is None:
                if self.deletions:
                    removed.append({key: old[key], DIRECTIVE: "delete"})
            elif old is None:
                if self.changes:
                    changed.append(new)
            else:
                difference = self.of_maps(old, new, field.schema, retain_keys=field.retain_keys)
                if difference:
                    changed.append({**difference, key: new[key]})
        changed = in_order_of(modified, changed, key, maps=True)
        moved = len(original) != len(modified) or not all(
            same_name(old, new, key) for old, new in zip(original, modified, strict=True)
        )
        changed += removed
        ordered = (self.changes and (changed or moved)) or (self.deletions and changed)
        return changed, [{key: item[key]} for item in modified] if self.order and ordered else []

    def _of_lists_of_scalars(
        self, original: Sequence[Json], modified: Sequence[Json]
    ) -> tuple[list[Json], list[Json], Sequence[Json]]:
        """Return what is added, what is removed, and the order, empty where none is needed."""
        old_sorted, new_sorted = sorted_by_text(original), sorted_by_text(modified)
        added: list[Json] = []
        removed: list[Json] = []
        for old, new in _side_by_side(old_sorted, new_sorted, value_text):
            if new is None and self.deletions:
                removed.append(old)
            elif old is None and self.changes:
                added.append(new)
        added = in_order_of(modified, added, "", maps=False)
        # Go has sorted the original in place by now: an unsorted list asks for its order even when nothing changes.
        moved = not deeply_equal(old_sorted, modified)
        ordered = (self.deletions and removed) or (self.changes and moved)
        return added, deduplicated(removed), modified if self.order and ordered else []


def _compare_directives(original: Json, modified: Json, patch: dict[str, Json]) -> None:
    if not isinstance(original, str) or not isinstance(modified, str):
        raise StrategicMergeError(f"invalid value for special key: {DIRECTIVE}")
    if modified != original:
        patch[DIRECTIVE] = modified


def _key_text(element: Mapping[str, Json], key: str) -> str:
    if key not in element:
        raise no_merge_key(element, key)
    return value_text(element[key])


def _side_by_side(
    original: Sequence[Json], modified: Sequence[Json], text: Callable[[Json], str]
) -> Iterator[tuple[Json, Json]]:
    """Walk two lists sorted by their texts; what has no counterpart comes with None. Equal ones pair one to one."""
    old, new = 0, 0
    while old < len(original) and new < len(modified):
        left, right = text(original[old]), text(modified[new])
        yield (original[old] if left <= right else None), (modified[new] if right <= left else None)
        old += left <= right
        new += right <= left
    for item in original[old:]:
        text(item)
        yield item, None
    for item in modified[new:]:
        text(item)
        yield None, item
