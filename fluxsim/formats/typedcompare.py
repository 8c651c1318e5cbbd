"""What differs between two JSON trees, as sets of fields.

Source: kubernetes-sigs/structured-merge-diff v6, typed/compare.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from fluxsim.formats.fieldset import EMPTY, MEMBER, SELF, FieldSet, Node, field_step
from fluxsim.formats.listtypes import ANY, Type
from fluxsim.formats.tree import Json
from fluxsim.formats.typedtree import ABSENT, as_member, child_type, form_of, item_step, same


class Comparison(NamedTuple):
    """Fields that only the old tree has, that both have with other values, and that only the new tree has."""

    removed: FieldSet
    modified: FieldSet
    added: FieldSet


class _Found:
    """Three nodes that grow together: what differs at one place."""

    __slots__ = ("added", "modified", "removed")

    def __init__(self, removed: Node | None = None, modified: Node | None = None, added: Node | None = None) -> None:
        self.removed = removed
        self.modified = modified
        self.added = added


def compared(old: Json, new: Json, type_: Type) -> Comparison:
    """Compare two trees; either may be ABSENT."""
    found = _compared(old, new, type_)
    if found is None:
        return Comparison(EMPTY, EMPTY, EMPTY)
    return Comparison(_inner(found.removed), _inner(found.modified), _inner(found.added))


def _inner(node: Node | None) -> FieldSet:
    """The object as a whole is owned by nobody."""
    return {step: below_ for step, below_ in node.items() if step != SELF} if node else EMPTY


def _compared(old: Json, new: Json, type_: Type) -> _Found | None:
    if old is new:
        return None
    if old is ABSENT:
        return _Found(added=_whole(new, type_))
    if new is ABSENT:
        return _Found(removed=_whole(old, type_))
    form, was = form_of(type_, new), form_of(type_, old)
    if form == was:
        return _compared_as(form, old, new, type_)
    return _both(_compared_as(was, old, new, type_), _compared_as(form, old, new, type_))


def _compared_as(form: str, old: Json, new: Json, type_: Type) -> _Found | None:
    if form == "map" and not type_.atomic:
        return _compared_maps(old, new, type_)
    if form == "list" and not type_.atomic and type_.form != "any":
        return _compared_lists(old, new, type_)
    return None if same(old, new) else _Found(modified=MEMBER)


def _compared_maps(old: Json, new: Json, type_: Type) -> _Found | None:
    left: Mapping[str, Json] = old if isinstance(old, Mapping) else {}
    right: Mapping[str, Json] = new if isinstance(new, Mapping) else {}
    if not left and not right:
        return None if same(old, new) else _Found(modified=MEMBER)
    found = _Found()
    for key, value in left.items():
        _note(found, field_step(key), _compared(value, right.get(key, ABSENT), child_type(type_, key)))
    for key, value in right.items():
        if key not in left:
            _note(found, field_step(key), _compared(ABSENT, value, child_type(type_, key)))
    return found


def _compared_lists(old: Json, new: Json, type_: Type) -> _Found | None:
    left, right = _by_step(old, type_), _by_step(new, type_)
    if not left and not right:
        return None if same(old, new) else _Found(modified=MEMBER)
    found = _Found()
    element = type_.element or ANY
    for step in [*left, *(step for step in right if step not in left)]:
        before, after = left.get(step, ()), right.get(step, ())
        if len(before) < 2 and len(after) < 2:
            _note(found, step, _compared(before[0] if before else ABSENT, after[0] if after else ABSENT, element))
        elif len(before) >= 2 and len(after) >= 2:
            if not same(before, after):
                _note(found, step, _Found(modified=MEMBER))
        elif len(before) >= 2:
            if after:
                _note(found, step, _compared(ABSENT, after[0], element))
            _note(found, step, _Found(removed=MEMBER))
        else:
            if before:
                _note(found, step, _compared(before[0], ABSENT, element))
            _note(found, step, _Found(added=MEMBER))
    return found


def _by_step(items: Json, type_: Type) -> dict[str, list[Json]]:
    out: dict[str, list[Json]] = {}
    for item in items if isinstance(items, list) else ():
        out.setdefault(item_step(type_, item), []).append(item)
    return out


def _note(found: _Found, step: str, inner: _Found | None) -> None:
    if inner is None:
        return
    if inner.removed is not None:
        found.removed = _with_step(found.removed, step, inner.removed)
    if inner.modified is not None:
        found.modified = _with_step(found.modified, step, inner.modified)
    if inner.added is not None:
        found.added = _with_step(found.added, step, inner.added)


def _with_step(node: Node | None, step: str, inner: Node) -> Node:
    if node is None:
        return {step: inner}
    known = node.get(step)
    return {**node, step: inner if known is None else as_member(inner) if not known else as_member(known)}


def _both(one: _Found | None, other: _Found | None) -> _Found | None:
    """Join what was found when the two sides are of different forms: a scalar that became a map, say."""
    if one is None or other is None:
        return one or other
    return _Found(one.removed or other.removed, _first(one.modified, other.modified), one.added or other.added)


def _first(one: Node | None, other: Node | None) -> Node | None:
    return other if one is None else one


def _whole(value: Json, type_: Type) -> Node:
    """Return the node of a value that is there on one side only: everything in it, containers too."""
    form = form_of(type_, value)
    if not value or form == "scalar" or type_.atomic:
        return MEMBER
    if form == "list":
        if type_.form == "any" or not isinstance(value, list):
            return MEMBER
        element = type_.element or ANY
        items = _by_step(value, type_)
        return {
            SELF: MEMBER,
            **{step: MEMBER if len(same) > 1 else _whole(same[0], element) for step, same in items.items()},
        }
    if not isinstance(value, Mapping):
        return MEMBER
    return {SELF: MEMBER, **{field_step(key): _whole(item, child_type(type_, key)) for key, item in value.items()}}
