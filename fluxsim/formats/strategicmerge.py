"""Strategic merge patches as kubectl and the API server apply them to Kubernetes' own kinds.

Maps merge, null deletes, lists merge by the merge key of their field or are replaced. A patch can say more: `$patch`
(replace, delete) in a map or an element, `$retainKeys` in a map, `$setElementOrder/<list>` and
`$deleteFromPrimitiveList/<list>` beside a list.
Making such patches is in strategicmerge_diff; kustomize merges by rules of its own, see kustomize_merge.

What Go leaves to the order of its maps is decided here: lists are merged before elements are deleted from them,
and of several faults the one that stands first in the patch is told.
Source: apimachinery v0.36 util/strategicpatch/patch.go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fluxsim.formats.gotext import value_text
from fluxsim.formats.strategicmerge_order import check, ordered
from fluxsim.formats.strategicmerge_schema import Field, Schema
from fluxsim.formats.strategicmerge_values import (
    DELETE_FROM_PRIMITIVE_LIST,
    DIRECTIVE,
    LIST,
    MAP,
    RETAIN_KEYS,
    SET_ELEMENT_ORDER,
    StrategicMergeError,
    bad_list,
    deduplicated,
    deeply_equal,
    element_type,
    identity,
    no_merge_key,
    type_of,
    unexpected_type,
    unknown_directive,
)
from fluxsim.formats.tree import Json, freeze


def applied(document: Json, patch: Json, schema: Schema) -> Json:
    """Return the document with the patch applied, frozen; null stands for an empty document or patch.

    Raises StrategicMergeError when either is no map, or the patch does not fit the document.
    """
    for side in (document, patch):
        if side is not None and not isinstance(side, Mapping):
            raise StrategicMergeError("invalid JSON document")
    return freeze(merged_map(document or {}, patch or {}, schema))


def merged_map(
    original: Mapping[str, Json], patch: Mapping[str, Json], schema: Schema, *, onto_patch: bool = False
) -> dict[str, Json]:
    """Merge a patch into a map; with `onto_patch` that map is itself a patch, which keeps nulls and directives."""
    if DIRECTIVE in patch:
        return _directed(patch)
    result = dict(original)
    rest = dict(patch)
    _retain_keys(result, rest, onto_patch=onto_patch)
    _merge_ordered_lists(result, rest, schema, onto_patch=onto_patch)
    for key in sorted(rest, key=lambda key: key.startswith(DELETE_FROM_PRIMITIVE_LIST)):
        deleting = key.startswith(DELETE_FROM_PRIMITIVE_LIST)
        if deleting and onto_patch:
            result[key] = rest[key]
            continue
        field = (_field_name(key, DELETE_FROM_PRIMITIVE_LIST) or key) if deleting else key
        _merge_field(result, field, rest[key], schema, onto_patch=onto_patch, deleting=deleting)
    return result


def _merge_field(
    result: dict[str, Json], key: str, value: Json, schema: Schema, *, onto_patch: bool, deleting: bool
) -> None:
    if value is None:
        if onto_patch:
            result[key] = None
        else:
            result.pop(key, None)
        return
    known: Json = result.get(key)
    kind = type_of(value)
    if key in result and type_of(known) == kind:
        if kind == MAP:
            field = schema.field(key)
            replaced = field.strategy == "replace"
            result[key] = value if replaced else merged_map(known, value, field.schema, onto_patch=onto_patch)
        elif kind == LIST:
            field = schema.list_field(key)
            result[key] = _merged_list(list(known), value, field, onto_patch=onto_patch, deleting=deleting)
        else:
            result[key] = value
    elif not deleting:
        if _is_directive(value, drop_nulls=not onto_patch):
            result.pop(key, None)
        else:
            result[key] = _cleaned(value, drop_nulls=not onto_patch)


def _directed(patch: Mapping[str, Json]) -> dict[str, Json]:
    match patch[DIRECTIVE]:
        case "replace":
            return {key: value for key, value in patch.items() if key != DIRECTIVE}
        case "delete":
            return {}
        case unknown:
            raise unknown_directive(unknown, patch)


def _is_directive(value: Json, *, drop_nulls: bool) -> bool:
    return isinstance(value, Mapping) and DIRECTIVE in value and not (drop_nulls and value[DIRECTIVE] is None)


def _cleaned(value: Json, *, drop_nulls: bool) -> Json:
    """Return a value that is new to the document without its directives, and without nulls in maps if they go."""
    if isinstance(value, Mapping):
        return {
            key: _cleaned(item, drop_nulls=drop_nulls)
            for key, item in value.items()
            if not (drop_nulls and item is None) and not _is_directive(item, drop_nulls=drop_nulls)
        }
    if isinstance(value, list | tuple):
        return [
            _cleaned(item, drop_nulls=drop_nulls) for item in value if not _is_directive(item, drop_nulls=drop_nulls)
        ]
    return value


def _field_name(key: str, prefix: str) -> str:
    """Return the name of the list that a key such as `$setElementOrder/containers` speaks of."""
    head, slash, name = key.partition("/")
    if not slash or head != prefix:
        raise bad_list(prefix)
    return name


def _retain_keys(result: dict[str, Json], patch: dict[str, Json], *, onto_patch: bool) -> None:
    """Take `$retainKeys` out of the patch, and what it does not name out of the result."""
    if RETAIN_KEYS not in patch:
        return
    keys = patch.pop(RETAIN_KEYS)
    if onto_patch:
        known = result.setdefault(RETAIN_KEYS, keys)
        if not deeply_equal(known, keys):
            raise StrategicMergeError(
                f"{value_text(known)} and {value_text(keys)} are not deep equal: "
                "this may happen when calculating the 3-way diff patch"
            )
        return
    if type_of(keys) != LIST:
        raise bad_list(RETAIN_KEYS)
    retained = {identity(key) for key in keys}
    for key, value in patch.items():
        beside_a_list = key.startswith((DELETE_FROM_PRIMITIVE_LIST, SET_ELEMENT_ORDER))
        if value is not None and not beside_a_list and identity(key) not in retained:
            raise bad_list(RETAIN_KEYS)
    for key in [key for key in result if identity(key) not in retained]:
        del result[key]


def _merge_ordered_lists(result: dict[str, Json], patch: dict[str, Json], schema: Schema, *, onto_patch: bool) -> None:
    """Merge the lists for which the patch gives an order, and take them and the order out of the patch."""
    for key in [key for key in patch if key.startswith(SET_ELEMENT_ORDER)]:
        order = patch.pop(key)
        if onto_patch and not deeply_equal(result.setdefault(key, order), order):
            raise bad_list(SET_ELEMENT_ORDER)
        if type_of(order) != LIST:
            raise unexpected_type(LIST, order)
        name = _field_name(key, SET_ELEMENT_ORDER)
        for side in (result, patch):
            if name in side and type_of(side[name]) != LIST:
                raise unexpected_type(LIST, side[name])
        # The merge below changes this list, and it is by the changed one that elements are ordered.
        server: list[Json] = list(result.get(name, ()))
        changes: Sequence[Json] = patch.get(name, ())
        field = schema.list_field(name)
        check(changes, order, field.merge_key)
        if name in result:
            merged: Sequence[Json] = server
            if name in patch:
                merged = _merged_list(server, changes, field, onto_patch=onto_patch, deleting=False)
        elif name in patch:
            merged = _cleaned(changes, drop_nulls=False)
        else:
            continue
        if not field.merge_key:
            # Go tells the elements apart before it looks whether they are scalars, and panics if they are not.
            for item in (*order, *merged):
                identity(item)
        maps = element_type(server, changes) == MAP
        result[name] = ordered(merged, order, server, field.merge_key, maps=maps)
        patch.pop(name, None)


def _merged_list(
    server: list[Json], patch: Sequence[Json], field: Field, *, onto_patch: bool, deleting: bool
) -> Sequence[Json]:
    """Merge a list into the server's, which is changed as Go changes it: what is deleted moves the rest up."""
    if field.strategy != "merge" and not deleting:
        return patch
    if not server and not patch:
        return server
    maps = element_type(server, patch) == MAP
    key = field.merge_key
    if not maps:
        if deleting and not onto_patch:
            gone = {identity(item) for item in patch}
            return [item for item in server if identity(item) not in gone]
        return ordered(deduplicated([*server, *patch]), patch, server, key, maps=False)
    if not key:
        kind = "ptr" if field.schema.pointer else field.schema.kind
        raise StrategicMergeError(f"cannot merge lists without merge key for {kind}")
    elements, size, replaced = _without_directives(server, patch, key)
    if replaced:
        return ordered(elements, (), elements, key, maps=True)
    merged = _merged_elements(server[:size], elements, field, onto_patch=onto_patch)
    kept = min(len(server), len(merged))
    server[:kept] = merged[:kept]
    return ordered(merged, elements, merged[:size], key, maps=True)


def _without_directives(
    server: list[Json], patch: Sequence[Mapping[str, Json]], key: str
) -> tuple[list[Mapping[str, Json]], int, bool]:
    """Delete what the patch deletes from the server's list.

    Returns the other elements of the patch, how many of the server's are left, and whether the patch replaces them.
    """
    elements: list[Mapping[str, Json]] = []
    deleting: _Deleting | None = None
    replaced = False
    for element in patch:
        match element.get(DIRECTIVE, _ABSENT):
            case "delete":
                if key not in element:
                    raise no_merge_key(element, key)
                deleting = deleting or _Deleting(server, key)
                deleting.delete(identity(element[key]))
            case "replace":
                replaced = True
            case "merge":
                raise StrategicMergeError("merging lists cannot yet be specified in the patch")
            case absent if absent is _ABSENT:
                elements.append(element)
            case unknown:
                raise unknown_directive(unknown, element)
    return elements, len(server) if deleting is None else deleting.size, replaced


_ABSENT = object()


class _Deleting:
    """The server's list while elements are deleted from it.

    What follows a deleted element moves up. The list keeps its length, and behind the `size` elements that are left
    stands what stood there before, as in the array below a Go slice.
    """

    def __init__(self, server: list[Json], key: str) -> None:
        self.server = server
        self.names = [identity(element[key]) if key in element else None for element in server]
        self.size = len(server)

    def delete(self, name: tuple[str, Json]) -> None:
        """Delete all elements that have this merge key."""
        at = 0
        while name in self.names[at : self.size]:
            at = self.names.index(name, at)
            for items in (self.server, self.names):
                items[at : self.size - 1] = items[at + 1 : self.size]
            self.size -= 1


def _merged_elements(
    server: Sequence[Mapping[str, Json]], patch: Sequence[Mapping[str, Json]], field: Field, *, onto_patch: bool
) -> list[Mapping[str, Json]]:
    """Merge each element of the patch into the server's of the same merge key, or append it as it is."""
    key = field.merge_key
    merged = list(server)
    places: dict[tuple[str, Json], int] = {}
    for place, element in enumerate(merged):
        if key in element:
            places.setdefault(identity(element[key]), place)
    for element in patch:
        if key not in element:
            raise no_merge_key(element, key)
        place = places.setdefault(identity(element[key]), len(merged))
        if place < len(merged):
            merged[place] = merged_map(merged[place], element, field.schema, onto_patch=onto_patch)
        else:
            merged.append(element)
    return merged
