"""Merging, comparing and cutting JSON trees by the types of their fields: the walks of structured-merge-diff.

Every function takes the type of the tree and returns sets of fields (fieldset) or trees that share what did not change.
A tree that a cut leaves empty becomes null, as in the library; the API server drops such nulls afterwards.
Source: kubernetes-sigs/structured-merge-diff v6, typed/{tofieldset,compare,merge,remove}.go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from fluxsim.formats.fieldset import (
    EMPTY,
    MEMBER,
    SELF,
    FieldSet,
    Node,
    below,
    field_step,
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
            out["f:" + key] = _member(node)
        elif node is not None:
            out["f:" + key] = node
    return out or None


def _mentioned_items(items: Sequence[Json], type_: Type) -> Node | None:
    out: dict[str, Json] = {}
    element = type_.element or ANY
    for item in items:
        step = item_step(type_, item)
        # An item that stands there twice is owned whole.
        out[step] = MEMBER if step in out else _member(_mentioned(item, element))
    return out or None


def _member(node: Node | None) -> Node:
    return MEMBER if not node else node if SELF in node else {SELF: MEMBER, **node}


# -- what differs between two trees


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
    if _equal(old, new):
        return None
    form, was = form_of(type_, new), form_of(type_, old)
    if form == was:
        return _compared_as(form, old, new, type_)
    return _both(_compared_as(was, old, new, type_), _compared_as(form, old, new, type_))


def _equal(old: Json, new: Json) -> bool:
    """Equality of JSON: true is not 1."""
    return old == new and isinstance(old, bool) == isinstance(new, bool)


def _compared_as(form: str, old: Json, new: Json, type_: Type) -> _Found | None:
    if form == "map" and not type_.atomic:
        return _compared_maps(old, new, type_)
    if form == "list" and not type_.atomic and type_.form != "any":
        return _compared_lists(old, new, type_)
    return _Found(modified=MEMBER)


def _compared_maps(old: Json, new: Json, type_: Type) -> _Found | None:
    left: Mapping[str, Json] = old if isinstance(old, Mapping) else {}
    right: Mapping[str, Json] = new if isinstance(new, Mapping) else {}
    if not left and not right:
        return _Found(modified=MEMBER)
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
        return _Found(modified=MEMBER)
    found = _Found()
    element = type_.element or ANY
    for step in [*left, *(step for step in right if step not in left)]:
        before, after = left.get(step, ()), right.get(step, ())
        if len(before) < 2 and len(after) < 2:
            _note(found, step, _compared(before[0] if before else ABSENT, after[0] if after else ABSENT, element))
        elif len(before) >= 2 and len(after) >= 2:
            if list(before) != list(after):
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
    return {**node, step: inner if known is None else _member(inner) if not known else _member(known)}


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


# -- the tree that an applied one gives


def merged(live: Json, config: Json, type_: Type) -> Json:
    """Return the live tree with the applied one merged in: nothing is removed, lists take the order of `config`.

    What does not change is the live tree itself.
    """
    if config is ABSENT or live is config:
        return live
    if live is ABSENT:
        return config
    form = form_of(type_, config)
    if form == "map" and not type_.atomic:
        return _merged_maps(live, config, type_)
    if form == "list" and not type_.atomic and type_.form != "any":
        return _merged_lists(live, config, type_)
    return live if _equal(live, config) else config


def _merged_maps(live: Json, config: Json, type_: Type) -> Json:
    if not isinstance(live, Mapping) or not live:
        return live if live == config and live is not None else config
    if not config:
        return live
    out: dict[str, Json] | None = None
    for key, value in config.items():
        was = live.get(key, ABSENT)
        now = merged(was, value, child_type(type_, key))
        if now is not was:
            out = dict(live) if out is None else out
            out[key] = now
    return live if out is None else out


def _merged_lists(live: Json, config: Json, type_: Type) -> Json:
    if not isinstance(live, list) or not live:
        return live if live == config and live is not None else config
    if not config:
        return live
    element = type_.element or ANY
    wanted = {item_step(type_, item): item for item in config}
    there: dict[str, Json] = {}
    order = [item_step(type_, item) for item in live]
    for step, item in zip(order, live, strict=True):
        there[step] = None if step in there else item
    out = [
        live[at] if taken is None else merged(there.get(taken, ABSENT), wanted[taken], element)
        for at, taken in _interleaved(order, list(wanted), there)
    ]
    unchanged = len(out) == len(live) and all(one is other for one, other in zip(out, live, strict=True))
    return live if unchanged else out


def _interleaved(
    order: Sequence[str], wanted: Sequence[str], there: Mapping[str, Json]
) -> list[tuple[int, str | None]]:
    """Return the order of the merged list: (place in the live list, None) for an item only there, (0, step) for one applied.

    Applied items keep their order; the others stay where they stood between them.
    """
    in_wanted = set(wanted)
    shared = [step for step in wanted if step in there]
    done: set[str] = set()
    out: list[tuple[int, str | None]] = []
    at, next_, expected = 0, 0, 0
    while at < len(order) or next_ < len(wanted):
        if at < len(order) and next_ < len(wanted):
            step = order[at]
            if step == wanted[next_]:
                out.append((0, step))
                done.add(step)
                at, next_, expected = at + 1, next_ + 1, expected + 1
                continue
            if step in in_wanted and expected < len(shared) and shared[expected] != step:
                at += 1
                continue
        if at < len(order):
            if order[at] not in in_wanted:
                out.append((at, None))
                at += 1
                continue
            if order[at] in done:
                at += 1
        if next_ < len(wanted):
            step = wanted[next_]
            out.append((0, step))
            done.add(step)
            next_ += 1
            if expected < len(shared) and shared[expected] == step:
                expected += 1
    return out


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
        out[step] = _member(inner) if named and step[2:] in type_.fields else inner
    return out
