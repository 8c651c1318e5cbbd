"""Values of patches as Go compares, orders and names them, and the errors that strategic merge patches end in.

Go tells 1 from 1.0 and from true, and stops the request when it has to compare two maps for identity.
Source: apimachinery v0.36 util/mergepatch/errors.go, util/strategicpatch/patch.go (sliceElementType and the sorting).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fluxsim.formats.gotext import float_text, value_text
from fluxsim.formats.tree import Json

MAP = "map[string]interface {}"
LIST = "[]interface {}"

DIRECTIVE = "$patch"
RETAIN_KEYS = "$retainKeys"
DELETE_FROM_PRIMITIVE_LIST = "$deleteFromPrimitiveList"
SET_ELEMENT_ORDER = "$setElementOrder"


class StrategicMergeError(ValueError):
    """A patch that is none, does not fit the object, or cannot be made.

    StrategicMergeError
    ├── Conflict             the patch would overwrite what others changed, and may not
    └── PreconditionFailed   the patch changes what has to stay
    """


class Conflict(StrategicMergeError):
    """The patch would overwrite what others changed, and may not."""


class PreconditionFailed(StrategicMergeError):
    """The patch changes what has to stay."""

    def __init__(self, patch: Mapping[str, Json]) -> None:
        super().__init__(f"precondition failed for: {value_text(patch)}")


def bad_list(directive: str) -> StrategicMergeError:
    """A list beside a field that is not what its directive asks for."""
    names = {
        DELETE_FROM_PRIMITIVE_LIST: "primitive list",
        RETAIN_KEYS: "retainKeys",
        SET_ELEMENT_ORDER: "setElementOrder list",
    }
    return StrategicMergeError(f"invalid patch format of {names[directive]}")


def no_merge_key(element: Mapping[str, Json], key: str) -> StrategicMergeError:
    return StrategicMergeError(f"map: {value_text(element)} does not contain declared merge key: {key}")


def unexpected_type(wanted: str, got: Json) -> StrategicMergeError:
    return StrategicMergeError(f"expected a {wanted}, but received a {type_of(got) or '%!s(<nil>)'}")


def unknown_directive(value: Json, patch: Mapping[str, Json]) -> StrategicMergeError:
    return StrategicMergeError(f"unknown patch type: {_as_string(value)} in map: {value_text(patch)}")


def _as_string(value: Json) -> str:
    """Write a value as %s does, which complains of all that is no string."""
    if isinstance(value, str):
        return value
    if value is None:
        return "%!s(<nil>)"
    if isinstance(value, Mapping):
        return "map[" + " ".join(f"{key}:{_as_string(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, list | tuple):
        return "[" + " ".join(_as_string(item) for item in value) + "]"
    text = float_text(value) if isinstance(value, float) else value_text(value)
    return f"%!s({type_of(value)}={text})"


def type_of(value: Json) -> str:
    """Return the Go type that a JSON value is decoded into, the empty string for null."""
    if value is None:
        return ""
    if isinstance(value, str):
        return "string"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int64"
    if isinstance(value, float):
        return "float64"
    return MAP if isinstance(value, Mapping) else LIST


def identity(value: Json) -> tuple[str, Json]:
    """Return what is equal for equal scalars of the same type, and for no others.

    Raises StrategicMergeError for maps and lists, at which Go's comparison panics.
    """
    kind = type_of(value)
    if kind in {MAP, LIST}:
        raise StrategicMergeError(f"runtime error: comparing uncomparable type {kind}")
    return kind, value


def deeply_equal(left: Json, right: Json) -> bool:
    """Compare like reflect.DeepEqual: scalars of different types differ."""
    if left is right:
        return True
    kind = type_of(left)
    if kind != type_of(right):
        return False
    if kind == MAP:
        return left.keys() == right.keys() and all(deeply_equal(value, right[key]) for key, value in left.items())
    if kind == LIST:
        return len(left) == len(right) and all(deeply_equal(a, b) for a, b in zip(left, right, strict=True))
    return bool(left == right)


def element_type(*lists: Sequence[Json]) -> str:
    """Return the one type that all elements of all lists have.

    Raises StrategicMergeError when there is no element, or for lists, nulls and mixed elements.
    """
    found = ""
    for items in lists:
        for item in items:
            kind = type_of(item)
            if not found:
                if kind == LIST:
                    raise StrategicMergeError("lists of lists are not supported")
                if not kind:
                    raise StrategicMergeError("runtime error: invalid memory address or nil pointer dereference")
                found = kind
            elif kind != found:
                raise StrategicMergeError(f"list element types are not identical: {value_text(list(lists))}")
    if not found:
        raise StrategicMergeError("no elements in any of the given slices")
    return found


def sorted_by_text(values: Sequence[Json], key: str | None = None) -> list[Json]:
    """Sort scalars, or maps by a field, by how %v prints them; of equals the later comes first.

    Go's comparison takes equals for less, so that its insertion sort (up to twelve elements) turns them round.
    """
    turned = list(values)
    turned.reverse()
    turned.sort(key=value_text if key is None else lambda value: value_text(value.get(key)))
    return turned


def deduplicated(values: Sequence[Json]) -> list[Json]:
    """Leave out repeated scalars; the last one takes the place of each that goes, as in Go."""
    known = [identity(value) for value in values]
    kept = list(values)
    at = 0
    while at < len(kept) - 1:
        other = at + 1
        while other < len(kept):
            if known[other] == known[at]:
                kept[other], known[other] = kept[-1], known[-1]
                del kept[-1], known[-1]
            else:
                other += 1
        at += 1
    return kept
