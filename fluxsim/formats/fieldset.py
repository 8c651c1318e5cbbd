"""Sets of field paths, in the form in which managedFields stores them (FieldsV1).

A set is a tree of mappings. A key names one step: `f:replicas` a field, `k:{"name":"web"}` the item of a list with
those keys, `v:"a"` the item of a set, `i:0` an index. What stands under a key is a node: an empty mapping is a member
of the set; a mapping with `.` is a member with members below it; any other only leads to members below it.
The trees of a set may be shared and frozen; no function changes what it is given.
Source: kubernetes-sigs/structured-merge-diff v6, fieldpath.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from fluxsim.formats.gojson import compact, string_text
from fluxsim.formats.gotext import float_text, quoted
from fluxsim.formats.tree import EMPTY_MAP, Json, Map

FieldSet: TypeAlias = Mapping[str, Json]
Node: TypeAlias = Mapping[str, Json]

SELF = "."
MEMBER: Node = EMPTY_MAP
EMPTY: FieldSet = EMPTY_MAP

_NOBODY: Node = Map({"": EMPTY_MAP})
"""Stands for a node that is absent; compared by identity."""


def union(left: FieldSet, right: FieldSet) -> FieldSet:
    """Return what is in either."""
    if not right or left is right:
        return left
    if not left:
        return right
    out = dict(left)
    for step, node in right.items():
        out[step] = _joined(left[step], node) if step in left else node
    return out


def _joined(left: Node, right: Node) -> Node:
    if not left:
        return right if not right or SELF in right else {SELF: MEMBER, **right}
    if not right:
        return left if SELF in left else {SELF: MEMBER, **left}
    return union(left, right)


def difference(left: FieldSet, right: FieldSet) -> FieldSet:
    """Return what is in `left` and not in `right`; a member of `right` does not take what lies below it."""
    return _cut(left, right, below=False)


def difference_with_below(left: FieldSet, right: FieldSet) -> FieldSet:
    """Return what is in `left` and neither in `right` nor below a member of it."""
    return _cut(left, right, below=True)


def _cut(left: FieldSet, right: FieldSet, *, below: bool) -> FieldSet:
    if not left or not right:
        return left
    out: dict[str, Json] = {}
    for step, node in left.items():
        if step == SELF:
            continue
        other = right.get(step, _NOBODY)
        kept = node if other is _NOBODY else _rest(node, other, below=below)
        if kept is not _NOBODY:
            out[step] = kept
    return out


def _rest(left: Node, right: Node, *, below: bool) -> Node:
    taken = not right or SELF in right
    if taken and below:
        return _NOBODY
    member = (not left or SELF in left) and not taken
    return node_of(_cut(left, right, below=below), member=member)


def node_of(members_below: FieldSet, *, member: bool) -> Node:
    """Return the node for that subset, itself a member or not."""
    if not members_below or (len(members_below) == 1 and SELF in members_below):
        return MEMBER if member else _NOBODY
    if member:
        return members_below if SELF in members_below else {SELF: MEMBER, **members_below}
    return (
        {step: node for step, node in members_below.items() if step != SELF} if SELF in members_below else members_below
    )


def is_nobody(node: Node) -> bool:
    """Return whether `node_of` found neither a member here nor any below."""
    return node is _NOBODY


def intersection(left: FieldSet, right: FieldSet) -> FieldSet:
    """Return what is in both."""
    if left is right:
        return left
    out: dict[str, Json] = {}
    for step, node in left.items():
        if step == SELF or step not in right:
            continue
        other = right[step]
        member = (not node or SELF in node) and (not other or SELF in other)
        kept = node_of(intersection(node, other), member=member)
        if kept is not _NOBODY:
            out[step] = kept
    return out


def has(fields: FieldSet, step: str) -> bool:
    """Return whether that step is itself a member."""
    node = fields.get(step)
    return node is not None and (not node or SELF in node)


def below(fields: FieldSet, step: str) -> FieldSet:
    """Return what lies under that step, without the step itself."""
    return fields.get(step) or EMPTY


def is_empty(fields: FieldSet) -> bool:
    """Return whether the set has no member."""
    return not fields or all(step == SELF for step in fields)


def paths(fields: FieldSet) -> Iterator[tuple[str, ...]]:
    """Yield the members as steps from the root, in the order of the merge library: members of a level, then what is below."""
    return _paths(fields, ())


def _paths(fields: FieldSet, before: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    ordered = sorted((step for step in fields if step != SELF), key=_rank)
    yield from ((*before, step) for step in ordered if has(fields, step))
    for step in ordered:
        yield from _paths(fields[step], (*before, step))


def has_path(fields: FieldSet, path: Sequence[str]) -> bool:
    for step in path[:-1]:
        fields = below(fields, step)
    return has(fields, path[-1])


def of_paths(members: Sequence[Sequence[str]]) -> FieldSet:
    """Return the set of these paths."""
    found: FieldSet = EMPTY
    for path in members:
        node: Node = MEMBER
        for step in reversed(path):
            node = {step: node}
        found = union(found, node)
    return found


def in_order(fields: FieldSet) -> FieldSet:
    """Return the set with its keys sorted, as the server writes it; a frozen part was written so before."""
    if type(fields) is Map:
        return fields
    return Map({step: in_order(fields[step]) for step in sorted(fields)})


def read(stored: Json) -> FieldSet:
    """Return the set that a `fieldsV1` tree stands for: unknown kinds of steps dropped, `.` only where it says something."""
    if not isinstance(stored, Mapping):
        return EMPTY
    out: dict[str, Json] = {}
    changed = False
    for step, node in stored.items():
        if step == SELF:
            out[step] = MEMBER
            continue
        if step[:2] not in ("f:", "k:", "v:", "i:"):
            changed = True
            continue
        kept = read(node)
        if len(kept) == 1 and SELF in kept:
            kept = MEMBER
        out[step] = kept
        changed = changed or kept is not node
    return out if changed or type(stored) is not Map else stored


# -- steps


def field_step(name: str) -> str:
    return "f:" + name


def key_step(keys: Sequence[str], values: Sequence[Json]) -> str:
    """Return the step to the item with these keys, which are in order of their names."""
    parts = [
        f'"{key}":{string_text(value) if type(value) is str else compact(value)}'
        for key, value in zip(keys, values, strict=True)
    ]
    return "k:{" + ",".join(parts) + "}"


def value_step(value: Json) -> str:
    """Return the step to the item of a set."""
    return "v:" + compact(value)


def path_text(path: Sequence[str]) -> str:
    """Write a path as conflicts show it: `.spec.template.spec.containers[name="web"].image`."""
    return "".join(step_text(step) for step in path)


def step_text(step: str) -> str:
    kind, rest = step[:2], step[2:]
    if kind == "f:":
        return f".{rest}"
    if kind == "k:":
        return "[" + ",".join(f"{key}={_value_text(value)}" for key, value in sorted(json.loads(rest).items())) + "]"
    return f"[={_value_text(json.loads(rest))}]" if kind == "v:" else f"[{rest}]"


def _value_text(value: Json) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return float_text(value)
    if isinstance(value, Mapping):
        return "".join(f"{key}={_value_text(item)}" for key, item in value.items())
    if isinstance(value, list):
        return "[" + ",".join(_value_text(item) for item in value) + "]"
    return quoted(value) if isinstance(value, str) else str(value)


def _rank(step: str) -> tuple[Json, ...]:
    """Order of steps: fields by name, then items by their keys, then by value, then indexes."""
    kind, rest = step[:2], step[2:]
    if kind == "f:":
        return (0, rest)
    if kind == "k:":
        return (1, *((key, *_value_rank(value)) for key, value in sorted(json.loads(rest).items())))
    return (2, *_value_rank(json.loads(rest))) if kind == "v:" else (3, int(rest))


def _value_rank(value: Json) -> tuple[int, Json]:
    """Numbers before strings before booleans before null."""
    if value is None:
        return (3, 0)
    if isinstance(value, bool):
        return (2, value)
    return (1, value) if isinstance(value, str) else (0, value)
