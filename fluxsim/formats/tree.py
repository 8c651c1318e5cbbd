"""JSON trees that nobody can change: what the API store, the log and every reader share by reference.

A tree is made of `Map` (a dict), `Seq` (a list), str, int, bool, float and None. `freeze` makes one,
`thaw` gives an ordinary copy to edit, `evolve` gives a new tree with one path changed and everything
else shared. Frozen classes are real dicts and lists, so json, orjson, pydantic and == take them as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn, TypeAlias

Json: TypeAlias = Any
"""A value of a JSON tree. The one place where `Any` is meant: what a document holds is not known to us."""

Path: TypeAlias = Sequence[str | int]
"""Keys and list indexes from the root, `("spec", "containers", 0, "image")`."""


def _refuse(self: object, *_args: object, **_kwargs: object) -> NoReturn:
    raise TypeError(f"a frozen {type(self).__name__} cannot be changed: build a new tree with evolve() or thaw()")


class Map(dict[str, Any]):
    """A frozen JSON object."""

    __slots__ = ()
    __setitem__ = __delitem__ = clear = pop = popitem = setdefault = update = __ior__ = _refuse

    def __copy__(self) -> Map:
        return self

    def __deepcopy__(self, _memo: dict[int, Any]) -> Map:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return (Map, (dict(self),))


class Seq(list[Any]):
    """A frozen JSON array."""

    __slots__ = ()
    __setitem__ = __delitem__ = append = clear = extend = insert = pop = remove = reverse = sort = _refuse
    __iadd__ = __imul__ = _refuse

    def __copy__(self) -> Seq:
        return self

    def __deepcopy__(self, _memo: dict[int, Any]) -> Seq:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return (Seq, (list(self),))


EMPTY_MAP = Map()
EMPTY_SEQ = Seq()


_LEAVES = frozenset((str, int, bool, float, type(None)))
_FROZEN = _LEAVES | {Map, Seq}
"""Asked first: to ask a leaf whether it is a Mapping costs more than all the rest."""


def freeze(value: Json) -> Json:
    """Return the tree frozen all the way down; a frozen tree comes back as it is."""
    kind = type(value)
    if kind in _FROZEN:
        return value
    if kind is dict:
        return Map({key: item if type(item) in _FROZEN else freeze(item) for key, item in value.items()})
    if isinstance(value, Mapping):
        return Map({key: freeze(item) for key, item in value.items()})
    if isinstance(value, list | tuple):
        return Seq([freeze(item) for item in value])
    return value


def thaw(value: Json) -> Json:
    """Return an ordinary dict/list copy of the tree, free to edit."""
    if type(value) in _LEAVES:
        return value
    if isinstance(value, Mapping):
        return {key: thaw(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [thaw(item) for item in value]
    return value


_ABSENT = object()


def get(tree: Json, *path: str | int, default: Json = None) -> Json:
    """Return what stands at the path, or `default` where a key is absent or the tree has another shape there."""
    for step in path:
        if isinstance(tree, dict):
            tree = tree.get(step, _ABSENT)
            if tree is _ABSENT:
                return default
        elif isinstance(tree, list) and isinstance(step, int) and -len(tree) <= step < len(tree):
            tree = tree[step]
        else:
            return default
    return tree


def evolve(tree: Json, path: Path, value: Json) -> Json:
    """Return the frozen tree with `value` at `path`, missing maps made on the way; all else is shared."""
    if not path:
        return freeze(value)
    step = path[0]
    if isinstance(step, int):
        items = list(tree)
        items[step] = evolve(items[step], path[1:], value)
        return Seq(items)
    entries = dict(tree) if isinstance(tree, dict) else {}
    entries[step] = freeze(value) if len(path) == 1 else evolve(entries.get(step), path[1:], value)
    return Map(entries)


def without(tree: Json, path: Path) -> Json:
    """Return the frozen tree with the key at `path` left out; an absent path gives the tree itself."""
    step, rest = path[0], path[1:]
    if isinstance(tree, list):
        if not isinstance(step, int) or not -len(tree) <= step < len(tree):
            return tree
        items = list(tree)
        if rest:
            items[step] = without(items[step], rest)
        else:
            del items[step]
        return Seq(items)
    if not isinstance(tree, dict) or step not in tree:
        return tree
    entries = dict(tree)
    if rest:
        entries[str(step)] = without(entries[str(step)], rest)
    else:
        del entries[str(step)]
    return Map(entries)


def merged(base: Json, patch: Json) -> Json:
    """Return `base` with an RFC 7396 merge patch applied: maps merge, null deletes, everything else replaces."""
    kind = type(patch)
    if kind in _LEAVES:
        return patch
    if kind is not dict and kind is not Map and not isinstance(patch, Mapping):
        return freeze(patch)
    entries = dict(base) if isinstance(base, dict) else {}
    for key, value in patch.items():
        if value is None:
            entries.pop(key, None)
        else:
            entries[key] = merged(entries.get(key), value)
    return Map(entries)


def differences(
    old: Json, new: Json, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], Json, Json]]:
    """Yield (path, old value, new value) for each leaf or list that differs; an absent side is None."""
    if old is new or old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            yield from differences(old.get(key), new.get(key), (*path, key))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (left, right) in enumerate(zip(old, new, strict=True)):
            yield from differences(left, right, (*path, index))
    else:
        yield (path, old, new)
