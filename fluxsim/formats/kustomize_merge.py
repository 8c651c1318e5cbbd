"""Strategic merge patches as kustomize applies them, which is not how the API server does.

Elements of a patch come first in a merged list; an element without its merge key empties the list; `$patch` knows
delete, replace and merge, and the API server's other directives are plain fields. The walk below keeps the order of
kyaml's steps, since much of what kustomize does to odd patches follows from that order alone.
Source: kyaml v0.21 yaml/merge2, yaml/walk and yaml/fns.go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

from fluxsim.formats.goyaml_reader import MapWithBlanks
from fluxsim.formats.goyaml_write import dump
from fluxsim.formats.linkedtext import overwritten, settle
from fluxsim.formats.openapi import Schema, Schemas, built_in
from fluxsim.formats.tree import Json, thaw

DIRECTIVE = "$patch"


class PatchError(ValueError):
    """A patch that kustomize refuses, in its words."""


def merged(target: Mapping[str, Json], patch: Mapping[str, Json], schemas: Schemas | None = None) -> Json:
    """Return `target` with the patch merged in as an ordinary tree, or None when the patch deletes the object.

    The schema is found by the apiVersion and kind of the target, or of the patch where the target has none.
    A patch that is to replace the whole object changes nothing: kustomize keeps the object that it handed in.
    """
    if _text(patch.get(DIRECTIVE)) == "replace":
        return thaw(target)
    result = _walked(_copied(target), thaw(patch), None, schemas if schemas is not None else built_in())
    settle(result)
    return None if result is _ABSENT else result


def _copied(tree: Json) -> Json:
    """Return a copy to edit that still tells `key:` from `key: null`: kyaml drops the first wherever it walks."""
    if isinstance(tree, MapWithBlanks):
        return MapWithBlanks({key: _copied(value) for key, value in tree.items()}, tree.blanks)
    if isinstance(tree, Mapping):
        return {key: _copied(value) for key, value in tree.items()}
    return [_copied(item) for item in tree] if isinstance(tree, list | tuple) else tree


class _Absent:
    """What stands where nothing stands: not even a null."""


class _KeptNull:
    """A null that the target states itself, which a patch that does not name it must not remove."""


_ABSENT = _Absent()
_KEPT_NULL = _KeptNull()
_Kind: TypeAlias = Literal["MappingNode", "SequenceNode", "ScalarNode"]


def _walked(target: Json, patch: Json, schema: Schema | None, schemas: Schemas) -> Json:
    if schema is None:
        schema = _schema_of(target, schemas) or _schema_of(patch, schemas)
    given = [side for side in (target, patch) if not _missing(side)]
    if not given:
        return _map(target, patch, schema, schemas)
    kind = _kind(given[0])
    for side in given:
        _require(side, kind)
    if kind == "MappingNode":
        return _map(target, patch, schema, schemas)
    if kind == "SequenceNode" and schema is not None and schema.merges:
        return _keyed_list(target, patch, schema, schemas)
    return target if patch is _ABSENT else patch


def _schema_of(side: Json, schemas: Schemas) -> Schema | None:
    if not isinstance(side, dict):
        return None
    api_version, kind = side.get("apiVersion"), side.get("kind")
    if not isinstance(api_version, str) or not isinstance(kind, str):
        return None
    return schemas.of(api_version, kind)


def _map(target: Json, patch: Json, schema: Schema | None, schemas: Schemas) -> Json:
    result = _chosen_map(target, patch)
    if not isinstance(result, dict):
        return result
    # A map that comes from the patch is walked against itself: that drops its nulls and obeys directives inside it.
    names = sorted({*result, *(patch if isinstance(patch, dict) else ())})
    blanks = result.blanks if isinstance(result, MapWithBlanks) else ()
    for name in names:
        below = schema.field(name) if schema is not None else None
        ours = _ABSENT if name in blanks else result.get(name, _ABSENT)
        theirs = patch.get(name, _ABSENT) if isinstance(patch, dict) else _ABSENT
        value = _walked(ours, theirs, below, schemas)
        if value is _KEPT_NULL:
            result[name] = None
        elif _missing(value):
            result.pop(name, None)
        else:
            result[name] = overwritten(result.get(name), value)
    return result


def _chosen_map(target: Json, patch: Json) -> Json:
    if _missing(target):
        if isinstance(patch, dict):
            try:
                if _map_directive(patch) == "delete":
                    return _ABSENT
            except PatchError:
                pass  # kyaml looks at the error of a directive only where there is something to merge into
        return _KEPT_NULL if patch is _ABSENT and target is None else patch
    if patch is None:
        return _ABSENT
    directive = "merge" if patch is _ABSENT else _map_directive(patch)
    if directive == "delete":
        return _ABSENT
    return patch if directive == "replace" else target


def _map_directive(patch: dict[str, Json]) -> str:
    """Take the directive out of a map."""
    directive = patch.get(DIRECTIVE, _ABSENT)
    if directive is _ABSENT:
        return "merge"
    known = _known_directive(directive)
    del patch[DIRECTIVE]
    return known


def _list_directive(patch: list[Json]) -> str:
    """Take the directive out of a list: an element that holds nothing but `$patch`."""
    found = next((item for item in patch if isinstance(item, dict) and DIRECTIVE in item), None)
    if found is None or len(found) > 1:
        return "merge"
    known = _known_directive(found[DIRECTIVE])
    patch[:] = _without(patch, (DIRECTIVE,), (known,))
    return known


def _known_directive(value: Json) -> str:
    text = "null" if value is None else _text(value)
    if text not in {"delete", "replace", "merge"}:
        raise PatchError(f"unknown patch strategy '{text}'")
    return text


def _keyed_list(target: Json, patch: Json, schema: Schema, schemas: Schemas) -> Json:
    if _missing(target):
        ours = patch
    elif patch is None:
        return _ABSENT
    else:
        directive = "merge" if patch is _ABSENT else _list_directive(patch)
        if directive == "delete":
            return _ABSENT
        ours = patch if directive == "replace" else target
    sources: tuple[Json, Json] = (ours, patch)
    keys = schema.keys
    if keys:
        return _merged_elements(_key_values(sources, keys), keys, sources, schema.elements(), schemas)
    return _merged_elements(_scalar_values(sources), ("",), sources, schema.elements(), schemas)


def _merged_elements(
    found: list[tuple[str, ...]],
    keys: tuple[str, ...],
    sources: tuple[Json, Json],
    schema: Schema | None,
    schemas: Schemas,
) -> Json:
    rest: list[Json] = sources[0]
    ahead: list[Json] = []
    if len(keys) > 1:
        _complete(found)
    used = keys
    for values in found:
        used, wanted = _used_keys(found, values, keys)
        only, sought = _used_keys([wanted], wanted, used)
        ours, theirs = (_element(source, only, sought) for source in sources)
        value = _walked(ours, theirs, schema, schemas)
        if _missing(value) or value == {}:
            rest[:] = _without(rest, used, wanted)
            continue
        if isinstance(value, dict):
            for key, text in zip(used, wanted, strict=False):
                if key not in value and text:
                    value[key] = text
        ahead = _with(ahead, value, used, wanted)
    return _followed(ahead, rest, used) if found else rest


def _followed(ahead: list[Json], rest: list[Json], keys: tuple[str, ...]) -> list[Json]:
    """Put the target's elements behind the patch's. One that was merged is already in `ahead` and keeps its place."""
    for element in rest:
        if keys == ("",):
            ahead = _with(ahead, element, keys, (_text(element),))
            continue
        values: list[str] = []
        for key in keys:
            value = _field(element, key)
            if value is _ABSENT:
                ahead.append(element)
            else:
                values.append(_text(value))
        if len(keys) > 1:
            ahead = _without(ahead, keys, tuple(values))
        ahead = _with(ahead, element, keys, tuple(values))
    return ahead


def _key_values(sources: tuple[Json, Json], keys: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return the key values of all elements, the patch's first, each once; a missing one is empty."""
    found: dict[tuple[str, ...], None] = {}
    for source in reversed(sources):
        for element in source if isinstance(source, list) else ():
            found[tuple(_text(element.get(key)) if isinstance(element, dict) else "" for key in keys)] = None
    return list(found)


def _scalar_values(sources: tuple[Json, Json]) -> list[tuple[str, ...]]:
    found: dict[tuple[str, ...], None] = {}
    for source in reversed(sources):
        for element in source if isinstance(source, list) else ():
            found[(_text(element),)] = None
    return list(found)


def _complete(found: list[tuple[str, ...]]) -> None:
    """Fill a missing part of a key from an element that agrees in the rest: 8080 matches 8080/UDP."""
    for at, left in enumerate(found):
        for other, right in enumerate(found):
            common = _agreed(left, right)
            if common is not None:
                found[at] = found[other] = common


def _agreed(left: Sequence[str], right: Sequence[str]) -> tuple[str, ...] | None:
    if any(one and two and one != two for one, two in zip(left, right, strict=True)):
        return None
    if not any(one == two for one, two in zip(left, right, strict=True)):
        return None
    return tuple(one or two for one, two in zip(left, right, strict=True))


def _used_keys(
    found: Sequence[Sequence[str]], values: Sequence[str], keys: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the keys that any element has, and these values of one; all of them when none has any."""
    present = {keys[at] for other in found for at, text in enumerate(other) if text}
    if not present:
        return keys, tuple(values)
    used = tuple(key for key in keys if key in present)
    return used, tuple(text for at, text in enumerate(values) if text or keys[at] in present)


def _element(source: Json, keys: Sequence[str], values: Sequence[str]) -> Json:
    if not isinstance(source, list):
        return _ABSENT
    if keys[0] == "":
        return next((item for item in source if _text(item) == values[0]), _ABSENT)
    for item in source:
        if isinstance(item, dict) and all(
            key in item and _text(item[key]) == value for key, value in zip(keys, values, strict=True)
        ):
            return item
    return _ABSENT


def _matching(element: Json, keys: Sequence[str], values: Sequence[str]) -> bool:
    """Tell whether an element has the keys with the values; an empty value is met by any value of that key."""
    known = False
    for at, key in enumerate(keys):
        if at < len(values):
            value = _scalar(element) if key == "" else _field(element, key)
            known = value is not _ABSENT and ((key != "" and not values[at]) or _text(value) == values[at])
        if not known:
            return False
    return True


def _kept(elements: list[Json], keys: Sequence[str], values: Sequence[str]) -> list[tuple[Json, bool]]:
    """Return the elements with whether they match, without nulls, empty maps and what kyaml loses on the way."""
    kept: list[tuple[Json, bool]] = []
    by_key = keys[0] != "" and bool(values) and values[0] != ""
    for element in elements:
        if element is None or element == {}:
            continue
        if by_key and not isinstance(element, dict):
            kept.append((element, False))
            continue
        matches = _matching(element, keys, values)
        if matches or values:
            kept.append((element, matches))
    return kept


def _without(elements: list[Json], keys: Sequence[str], values: Sequence[str]) -> list[Json]:
    return [element for element, matches in _kept(elements, keys, values) if not matches]


def _with(elements: list[Json], element: Json, keys: Sequence[str], values: Sequence[str]) -> list[Json]:
    kept = _kept(elements, keys, values)
    replaced = [element if matches else other for other, matches in kept]
    return replaced if any(matches for _, matches in kept) else [*replaced, element]


def _scalar(element: Json) -> Json:
    _require(element, "ScalarNode")
    return element


def _field(element: Json, key: str) -> Json:
    _require(element, "MappingNode")
    return element.get(key, _ABSENT) if isinstance(element, dict) else _ABSENT


def _missing(value: Json) -> bool:
    return value is None or value is _ABSENT


def _kind(value: Json) -> _Kind:
    if isinstance(value, dict):
        return "MappingNode"
    return "SequenceNode" if isinstance(value, list) else "ScalarNode"


def _require(value: Json, kind: _Kind) -> None:
    found = _kind(value)
    if not _missing(value) and found != kind:
        raise PatchError(f"wrong node kind: expected {kind} but got {found}: node contents:\n{dump(value)}")


def _text(value: Any) -> str:
    """Return the text of a scalar as it stands in YAML; maps, lists and nulls have none."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else ""
