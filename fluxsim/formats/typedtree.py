"""JSON trees by the types of their fields: which fields a tree has, and the tree without some of them.

A tree that a cut leaves empty becomes null, as in the library; the API server drops such nulls afterwards.
Source: kubernetes-sigs/structured-merge-diff v6, typed/{helpers,tofieldset,remove}.go, fieldpath/set.go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from fluxsim.formats.fieldset import (
    EMPTY,
    MEMBER,
    SELF,
    FieldSet,
    Node,
    below,
    has,
    key_step,
    value_step,
)
from fluxsim.formats.listtypes import ANY, Type
from fluxsim.formats.tree import Json


class _Absent:
    """No value at all, where None is JSON's null."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = _Absent()


class NoKey(ValueError):
    """A list item that cannot be told from the others."""


def item_step(type_: Type, item: Json) -> str:
    """Return the step to an item of a list that merges."""
    if not type_.keys:
        if isinstance(item, Mapping):
            raise NoKey("associative list without keys has an element that's a map type")
        if isinstance(item, list):
            raise NoKey("not supported: associative list with lists as elements")
        if item is None:
            raise NoKey("associative list without keys has an element that's an explicit null")
        return value_step(item)
    if item is None:
        raise NoKey("associative list with keys may not have a null element")
    if not isinstance(item, Mapping):
        raise NoKey("associative list with keys may not have non-map elements")
    names: list[str] = []
    values: list[Json] = []
    for key, default in zip(type_.keys, type_.defaults, strict=True):
        value = item.get(key, default)
        if value is not None or key in item:
            names.append(key)
            values.append(value)
    if not names:
        listed = " ".join(f'"{key}"' for key in type_.keys)
        told = f"associative list with keys has an element that omits all key fields [{listed}]"
        raise NoKey(f"{told} (and doesn't have default values for any key fields)")
    return key_step(names, values)


def form_of(type_: Type, value: Json) -> str:
    """Return what a value of the type is merged as: scalar, list or map; null is what the type is."""
    if type_.form != "any":
        return type_.form
    if isinstance(value, Mapping):
        return "map"
    return "list" if isinstance(value, list) else "map" if value is None else "scalar"


def child_type(type_: Type, key: str) -> Type:
    """Return the type of what stands under the key."""
    field = type_.fields.get(key)
    return field.type if field is not None else type_.element or ANY


def same(one: Json, other: Json) -> bool:
    """Equality of JSON: true is not 1, though 1 is 1.0."""
    if one is other:
        return True
    if one != other:
        return False
    if isinstance(one, Mapping):
        return all(same(item, other[key]) for key, item in one.items())
    if isinstance(one, list):
        return all(same(item, partner) for item, partner in zip(one, other, strict=True))
    return isinstance(one, bool) == isinstance(other, bool)


# -- which fields a tree has


def field_set(value: Json, type_: Type) -> FieldSet:
    """Return the leaves and items that the tree mentions; structs on the way are no members, map entries are."""
    return _mentioned(value, type_) or EMPTY


def _mentioned(value: Json, type_: Type) -> Node | None:
    """Return the node of a value: MEMBER for a leaf, None where there is nothing to own."""
    form = form_of(type_, value)
    if form == "scalar" or type_.atomic or (form == "list" and type_.form == "any"):
        return MEMBER
    if form == "list":
        return _mentioned_items(value, type_) if isinstance(value, list) else None
    if not isinstance(value, Mapping):
        return None
    out: dict[str, Json] = {}
    fields = type_.fields
    for key, item in value.items():
        field = fields.get(key)
        node = _mentioned(item, field.type if field is not None else type_.element or ANY)
        if field is None or item is None or (not item and isinstance(item, Mapping)):
            out["f:" + key] = as_member(node)
        elif node is not None:
            out["f:" + key] = node
    return out or None


def _mentioned_items(items: Sequence[Json], type_: Type) -> Node | None:
    out: dict[str, Json] = {}
    element = type_.element or ANY
    for item in items:
        step = item_step(type_, item)
        # An item that stands there twice is owned whole.
        out[step] = MEMBER if step in out else as_member(_mentioned(item, element))
    return out or None


def as_member(node: Node | None) -> Node:
    return MEMBER if not node else node if SELF in node else {SELF: MEMBER, **node}


# -- the tree without some fields


def without(value: Json, fields: FieldSet, type_: Type) -> Json:
    """Return the tree without the fields of the set; a map or list that loses all becomes None."""
    form = form_of(type_, value)
    if form == "scalar":
        return value
    if not value or type_.atomic or (form == "list" and type_.form == "any"):
        return None
    if form == "list":
        return _items_without(value, fields, type_) if isinstance(value, list) else None
    if not isinstance(value, Mapping):
        return None
    out: dict[str, Json] = {}
    changed = False
    for key, item in value.items():
        step = "f:" + key
        if step not in fields:
            out[key] = item
            continue
        if has(fields, step):
            changed = True
            continue
        out[key] = without(item, below(fields, step), child_type(type_, key))
        changed = changed or out[key] is not item
    return value if not changed else out or None


def _items_without(items: Sequence[Json], fields: FieldSet, type_: Type) -> Json:
    element = type_.element or ANY
    out: list[Json] = []
    for item in items:
        step = item_step(type_, item)
        if has(fields, step):
            continue
        out.append(without(item, below(fields, step), element) if step in fields else item)
    unchanged = len(out) == len(items) and all(one is other for one, other in zip(out, items, strict=True))
    return items if unchanged else out or None


def with_named(fields: FieldSet, type_: Type) -> FieldSet:
    """Return the set with every declared field on the way to a member as a member, which `field_set` leaves out."""
    out: dict[str, Json] = {}
    for step, node in fields.items():
        if not node or step == SELF:
            out[step] = node
            continue
        named = type_.form != "list" and step.startswith("f:")
        inner = with_named(node, child_type(type_, step[2:]) if named else type_.element or ANY)
        out[step] = as_member(inner) if named and step[2:] in type_.fields else inner
    return out
