"""The order of a list after a strategic merge patch.

The elements that the patch orders stand in the patch's order, the others in the order that the server had; then both
are interleaved: one of the server's comes first only if the server knows both and had it first. So an element that a
patch adds without saying where goes to the front.
Source: apimachinery v0.36 util/strategicpatch/patch.go (normalizeElementOrder, mergeSortedSlice, partition*).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import takewhile

from fluxsim.formats.gotext import value_text
from fluxsim.formats.strategicmerge_values import (
    DIRECTIVE,
    LIST,
    MAP,
    SET_ELEMENT_ORDER,
    StrategicMergeError,
    bad_list,
    identity,
    no_merge_key,
    type_of,
    unexpected_type,
)
from fluxsim.formats.tree import Json

INSERTED_MAX = 20
"""Up to how many items Go sorts by insertion. Of more, those without a place go ahead here, the last one first; where
Go's merging leaves them, which its comparison was not made for, is not worth the same effort."""


def ordered(
    elements: Sequence[Json], wanted: Sequence[Json], server: Sequence[Json], key: str, *, maps: bool
) -> list[Json]:
    """Return the merged elements in the order that a patch and the server's list ask for.

    `key` is the merge key of the list, empty where it has none. `maps` says that the elements are maps; those that
    are to be deleted ($patch: delete, in a patch that is merged into another) go to the end of their part.
    """
    listed, others = _parted(elements, wanted, key)
    listed = in_order_of(wanted, listed, key, maps=maps)
    others = in_order_of(server, others, key, maps=maps)
    return _interleaved(others, listed, _places(server, key, maps=maps), key, maps=maps)


def in_order_of(order: Sequence[Json], items: Sequence[Json], key: str, *, maps: bool) -> list[Json]:
    """Sort items by their places in `order`, those to be deleted behind them."""
    deleted: list[Json] = []
    if maps:
        for item in (*items, *order):
            _keyed(item, key)
        items, deleted = without_deletions(items)
    places = _places(order, key, maps=maps)
    ranked = [(places.get(_name(item, key, maps=maps), -1), item) for item in items]
    if all(place >= 0 for place, _ in ranked):
        ranked.sort(key=lambda pair: pair[0])
    elif len(ranked) <= INSERTED_MAX:
        _insert_one_by_one(ranked)
    else:
        ranked = [pair for pair in reversed(ranked) if pair[0] < 0] + sorted(
            (pair for pair in ranked if pair[0] >= 0), key=lambda pair: pair[0]
        )
    return [item for _, item in ranked] + deleted


def _insert_one_by_one(ranked: list[tuple[int, Json]]) -> None:
    """Sort by insertion as Go does, to which an item is less than one without a place, and one without than all."""
    for start in range(1, len(ranked)):
        at = start
        while at > 0 and (min(ranked[at][0], ranked[at - 1][0]) < 0 or ranked[at][0] < ranked[at - 1][0]):
            ranked[at - 1], ranked[at] = ranked[at], ranked[at - 1]
            at -= 1


def _interleaved(
    left: Sequence[Json], right: Sequence[Json], places: Mapping[tuple[str, Json], int], key: str, *, maps: bool
) -> list[Json]:
    """Merge two sorted lists: of two, the left one is taken if both have a place and its place is the lower."""
    merged: list[Json] = []
    at = 0
    for item in right:
        place = places.get(_name(item, key, maps=maps), -1)
        while at < len(left) and 0 <= places.get(_name(left[at], key, maps=maps), -1) < place:
            merged.append(left[at])
            at += 1
        merged.append(item)
    return [*merged, *left[at:]]


def _parted(elements: Sequence[Json], wanted: Sequence[Json], key: str) -> tuple[list[Json], list[Json]]:
    """Part the elements into those that the wanted order names and the others."""
    listed: list[Json] = []
    others: list[Json] = []
    maps = list(takewhile(lambda item: isinstance(item, Mapping), wanted)) if key else []
    names = {identity(item[key]) for item in maps if key in item} if key else {identity(item) for item in wanted}
    for item in elements:
        name = identity(_keyed(item, key)[key] if key else item)
        if name not in names and key and len(maps) < len(wanted):
            raise StrategicMergeError(f"value for key {len(maps)} is not a map")
        (listed if name in names else others).append(item)
    return listed, others


def _keyed(item: Json, key: str) -> Mapping[str, Json]:
    """Return the element, which has to be a map with the merge key."""
    if not isinstance(item, Mapping):
        raise unexpected_type(MAP, item)
    if key not in item:
        raise no_merge_key(item, key)
    return item


def _places(items: Sequence[Json], key: str, *, maps: bool) -> dict[tuple[str, Json], int]:
    """Return the first place of each name."""
    found: dict[tuple[str, Json], int] = {}
    for place, item in enumerate(items):
        found.setdefault(_name(item, key, maps=maps), place)
    return found


def _name(item: Json, key: str, *, maps: bool) -> tuple[str, Json]:
    if not maps:
        return identity(item)
    return identity(item.get(key) if isinstance(item, Mapping) else None)


def without_deletions(items: Sequence[Json]) -> tuple[list[Json], list[Json]]:
    """Part elements into those to keep and those with `$patch: delete`."""
    kept: list[Json] = []
    deleted: list[Json] = []
    for item in items:
        if not isinstance(item, Mapping):
            raise unexpected_type(MAP, item)
        (deleted if item.get(DIRECTIVE) == "delete" else kept).append(item)
    return kept, deleted


def check(patch: Sequence[Json], order: Json, key: str) -> None:
    """Raise StrategicMergeError unless a patch's list names its elements in the order of its $setElementOrder."""
    if type_of(order) != LIST:
        raise bad_list(SET_ELEMENT_ORDER)
    if not order or not patch:
        return
    kept = without_deletions(patch)[0] if key else patch
    at = 0
    for wanted in order:
        while at < len(kept) and isinstance(kept[at], Mapping) and DIRECTIVE in kept[at]:
            at += 1
        if at == len(kept):
            return
        if same_name(kept[at], wanted, key):
            at += 1
    if at < len(kept):
        raise StrategicMergeError(
            f"The order in patch list:\n{value_text(patch)}\n doesn't match {SET_ELEMENT_ORDER} list:\n"
            f"{value_text(order)}\n"
        )


def same_name(left: Json, right: Json, key: str) -> bool:
    """Tell whether two elements have the same merge key; without a key they have to be the same themselves."""
    if not key:
        return type_of(left) == type_of(right) and identity(left) == identity(right)
    if not isinstance(right, Mapping) and isinstance(left, Mapping):
        raise unexpected_type(MAP, right)
    left, right = _keyed(left, key)[key], _keyed(right, key)[key]
    return type_of(left) == type_of(right) and identity(left) == identity(right)
