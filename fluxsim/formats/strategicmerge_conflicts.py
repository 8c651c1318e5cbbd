"""Whether two strategic merge patches disagree: what `kubectl apply --overwrite=false` asks.

Source: apimachinery v0.36 util/strategicpatch/patch.go (MergingMapsHaveConflicts).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fluxsim.formats.gotext import value_text
from fluxsim.formats.strategicmerge_schema import Schema
from fluxsim.formats.strategicmerge_values import (
    DIRECTIVE,
    LIST,
    MAP,
    RETAIN_KEYS,
    StrategicMergeError,
    deduplicated,
    deeply_equal,
    element_type,
    identity,
    sorted_by_text,
    type_of,
)
from fluxsim.formats.tree import Json


def conflicting(left: Mapping[str, Json], right: Mapping[str, Json], schema: Schema) -> bool:
    """Tell whether two patches give different values to one field; a field that one lacks is no conflict.

    Raises StrategicMergeError for lists that cannot be compared, above all parallel lists that both have.
    """
    if (DIRECTIVE in left) != (DIRECTIVE in right):
        return True
    if not deeply_equal(left.get(DIRECTIVE), right.get(DIRECTIVE)):
        return True
    return any(
        _field_conflicts(key, value, right[key], schema)
        for key, value in left.items()
        if key in right and key not in {DIRECTIVE, RETAIN_KEYS}
    )


def _field_conflicts(key: str, left: Json, right: Json, schema: Schema) -> bool:
    kind = type_of(left)
    if kind == MAP:
        field = schema.field(key)
        return _values_conflict(left, right, field.schema, replaced=field.strategy == "replace")
    if kind == LIST:
        field = schema.list_field(key)
        if type_of(right) != LIST:
            return True
        if field.strategy == "merge":
            return _merged_lists_conflict(left, right, field.schema, field.merge_key)
        return _lists_conflict(left, right, field.schema)
    return not deeply_equal(left, right)


def _values_conflict(left: Json, right: Json, schema: Schema, *, replaced: bool = False) -> bool:
    kind = type_of(left)
    if kind == MAP:
        if type_of(right) != MAP:
            return True
        if replaced:
            # Two values for a field that is always replaced are left to the later of them.
            return (DIRECTIVE in left) != (DIRECTIVE in right) or not deeply_equal(
                left.get(DIRECTIVE), right.get(DIRECTIVE)
            )
        return conflicting(left, right, schema)
    return not deeply_equal(left, right)


def _merged_lists_conflict(left: Sequence[Json], right: Sequence[Json], schema: Schema, key: str) -> bool:
    """Lists that merge conflict in elements of the same merge key; sets of scalars never do."""
    if element_type(left, right) != MAP:
        return False
    lefts, rights = _by_key(left, key), _by_key(right, key)
    return any(_values_conflict(element, rights[name], schema) for name, element in lefts.items() if name in rights)


def _by_key(elements: Sequence[Mapping[str, Json]], key: str) -> dict[tuple[str, Json], Mapping[str, Json]]:
    found: dict[tuple[str, Json], Mapping[str, Json]] = {}
    for element in elements:
        if key not in element:
            raise StrategicMergeError(f"cannot find merge key `{key}` in merging list element:{value_text(element)}")
        found[identity(element[key])] = element
    return found


def _lists_conflict(left: Sequence[Json], right: Sequence[Json], schema: Schema) -> bool:
    """Lists that are replaced conflict unless they are equal; scalars are compared as sets."""
    kind = element_type(left, right)
    if len(left) != len(right):
        return True
    if kind != MAP:
        left, right = (sorted_by_text(deduplicated(items)) for items in (left, right))
    if any(_values_conflict(one, other, schema) for one, other in zip(left, right, strict=False)):
        return True
    if len(left) > len(right):
        # Only repeated scalars lead here: Go walks the one list by the places of the other, and panics.
        raise StrategicMergeError(f"runtime error: index out of range [{len(right)}] with length {len(right)}")
    return False
