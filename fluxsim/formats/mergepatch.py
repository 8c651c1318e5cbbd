"""JSON merge patches (RFC 7396) as kubectl and the API server apply and make them, for custom resources above all.

Unlike the RFC (see tree.merged), nulls go from maps inside lists too, unless the list takes the place of a map.
Source: gopkg.in/evanphx/json-patch.v4 v4.13 merge.go; apimachinery v0.36 util/jsonmergepatch/patch.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeGuard

from fluxsim.formats.gotext import value_text
from fluxsim.formats.tree import Json, freeze


class MergePatchError(ValueError):
    """A document or patch that is none, or a patch that changes what has to stay."""


def applied(document: Json, patch: Json) -> Json:
    """Return the document with the patch applied, frozen.

    A document that is no map is replaced. Raises MergePatchError for null, and for a patch neither map nor list.
    """
    if document is None:
        raise MergePatchError("Invalid JSON Document")
    if not _is_map(patch):
        if not _is_list(patch):
            raise MergePatchError("Invalid JSON Patch")
        return freeze([_pruned(item) for item in patch])
    return freeze(_merged(document, patch) if _is_map(document) else _pruned(patch))


def _merged(document: Mapping[str, Json], patch: Mapping[str, Json]) -> dict[str, Json]:
    result = dict(document)
    for key, value in patch.items():
        known = result.get(key)
        if value is None:
            result.pop(key, None)
        elif _is_map(known):
            result[key] = _merged(known, value) if _is_map(value) else value
        else:
            result[key] = _pruned(value)
    return result


def _pruned(value: Json) -> Json:
    """Return a value without the nulls in its maps; nulls in lists stay."""
    if _is_map(value):
        return {key: _pruned(item) for key, item in value.items() if item is not None}
    return [_pruned(item) for item in value] if _is_list(value) else value


def two_way_patch(original: Mapping[str, Json], modified: Mapping[str, Json]) -> Json:
    """Return the patch, frozen, that leads from one document to another: lists are replaced, null deletes."""
    return freeze(_difference(original, modified))


def three_way_patch(
    original: Mapping[str, Json],
    modified: Mapping[str, Json],
    current: Mapping[str, Json],
    *,
    unchanged: Iterable[Sequence[str]] = (),
) -> Json:
    """Return the patch, frozen, that brings `modified` to the live object `current`; `original` was applied before.

    What is not in `modified` is deleted only if it was in `original`. Raises MergePatchError when the patch has one
    of the paths that are to stay `unchanged`.
    """
    additions = _filtered(_difference(current, modified), nulls=False)
    deletions = _filtered(_difference(original, modified), nulls=True)
    # Additions hold no nulls, so that none of the deletions can get lost here.
    patch = _merged(deletions, additions)
    for path in unchanged:
        found: Json = patch
        for step in path[:-1]:
            found = found.get(step) if _is_map(found) else None
        if _is_map(found) and path[-1] in found:
            raise MergePatchError(f"precondition failed for: {value_text(patch)}")
    return freeze(patch)


def _difference(original: Mapping[str, Json], modified: Mapping[str, Json]) -> dict[str, Json]:
    patch: dict[str, Json] = {}
    for key, value in modified.items():
        known = original.get(key)
        if key in original and _is_map(known) and _is_map(value):
            inner = _difference(known, value)
            if inner:
                patch[key] = inner
        elif key not in original or not _same(known, value):
            patch[key] = value
    patch.update((key, None) for key in original if key not in modified)
    return patch


def _same(left: Json, right: Json) -> bool:
    """Compare as JSON does: all numbers are of one type, true is not 1."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if _is_map(left) and _is_map(right):
        return left.keys() == right.keys() and all(_same(value, right[key]) for key, value in left.items())
    if _is_list(left) and _is_list(right):
        return len(left) == len(right) and all(_same(a, b) for a, b in zip(left, right, strict=True))
    return bool(left == right)


def _filtered(patch: Mapping[str, Json], *, nulls: bool) -> dict[str, Json]:
    """Keep only the nulls of a patch, or all but the nulls; an empty map is a value, one left empty is nothing."""
    kept: dict[str, Json] = {}
    for key, value in patch.items():
        if _is_map(value) and value:
            inner = _filtered(value, nulls=nulls)
            if inner:
                kept[key] = inner
        elif (value is None) == nulls:
            kept[key] = value
    return kept


def _is_map(value: Json) -> TypeGuard[Mapping[str, Json]]:
    return isinstance(value, Mapping)


def _is_list(value: Json) -> TypeGuard[list[Json]]:
    return isinstance(value, list | tuple)
