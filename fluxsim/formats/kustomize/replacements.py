"""`replacements`: values copied from one object into fields of others.

Source: kustomize api v0.21.1 filters/replacement/replacement.go, internal/builtins/ReplacementTransformer.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from fluxsim.formats import goyaml
from fluxsim.formats.gotext import quoted
from fluxsim.formats.kustomize.collection import Collection, matches_gvk, matches_texts, pattern
from fluxsim.formats.kustomize.errors import KustomizeError
from fluxsim.formats.kustomize.fields import FieldError
from fluxsim.formats.kustomize.files import Root
from fluxsim.formats.kustomize.identity import Gvk, Identity
from fluxsim.formats.kustomize.imageorigins import note_change, snapshot
from fluxsim.formats.kustomize.kustomization import FieldOptions, Replacement, Selector, Source, Target
from fluxsim.formats.kustomize.kustomizationfile import REPLACEMENT_FILE
from fluxsim.formats.kustomize.manifests import copied
from fluxsim.formats.kustomize.pathmatch import MISSING, NewLeaf, Place, lookup, places, steps_of
from fluxsim.formats.kustomize.resource import Resource
from fluxsim.formats.kustomize.scalars import plain_value, retyped, text_of
from fluxsim.formats.kustomize.steps import Step
from fluxsim.formats.kustomize.structured import set_in_text
from fluxsim.formats.linkedtext import overwritten, settle
from fluxsim.formats.tree import Json

DEFAULT_FIELD = "metadata.name"
_NOBODY = Identity(Gvk(), "")


class Value(NamedTuple):
    """What is copied. `typed` is False for a constant, which is whatever its text means where it lands."""

    value: Json
    typed: bool = True

    @property
    def text(self) -> str:
        return text_of(self.value)

    @property
    def scalar(self) -> bool:
        return not isinstance(self.value, dict | list)


def replacement_step(entries: Sequence[Replacement], root: Root, file: str) -> Step:
    """Return the transformer for all entries of a kustomization. Raises KustomizeError."""
    loaded = [(one, path) for entry in entries for one, path in _loaded(entry, root, file)]

    def run(objects: Collection) -> None:
        for replacement, path in loaded:
            replace_in(objects, replacement, path)

    return Step("ReplacementTransformer", run)


def _loaded(entry: Replacement, root: Root, file: str) -> list[tuple[Replacement, str]]:
    if not entry.path:
        return [(entry, file)]
    if entry.source is not None or entry.targets:
        raise KustomizeError("cannot specify both path and inline replacement")
    data = root.load(entry.path)
    try:
        content = goyaml.load(data, dialect="yaml1.1")
        if not isinstance(content, dict | list):
            kind = "invalid" if content is None else "string" if isinstance(content, str) else type(content).__name__
            raise KustomizeError(f"unsupported replacement type encountered within replacement path: {kind}")
        items = content if isinstance(content, list) else [content]
        path = root.tree_path(entry.path)
        return [(REPLACEMENT_FILE.read(item), path) for item in items]
    except goyaml.YamlError as error:
        raise KustomizeError(f"error converting YAML to JSON: {error}") from error
    except FieldError as error:
        raise KustomizeError(f"error unmarshaling JSON: while decoding JSON: {error}") from error


def replace_in(objects: Collection, replacement: Replacement, path: str) -> None:
    """Copy one value to all its targets. Raises KustomizeError."""
    if (replacement.source is None and replacement.source_value is None) or not replacement.targets:
        raise KustomizeError("replacements must specify a source and at least one target")
    value = _source_value(objects, replacement)
    for target in replacement.targets:
        if target.select is None:
            raise KustomizeError("target must specify resources to select")
        _check_patterns(target.select)
        for resource in objects:
            if _meant(resource, target.select, target.reject):
                images = snapshot(resource)
                for field in target.field_paths or (DEFAULT_FIELD,):
                    _copy(resource, value, field, target)
                note_change(resource, images, path, _hints(replacement, target))


def _check_patterns(selector: Selector) -> None:
    try:
        for expression in (selector.group, selector.version, selector.kind, selector.name, selector.namespace):
            pattern(expression)
    except KustomizeError as error:
        raise error.within("error creating target selector") from error


def _hints(replacement: Replacement, target: Target) -> tuple[str, ...]:
    field = target.field_paths[-1] if target.field_paths else DEFAULT_FIELD
    return (replacement.source.field_path or DEFAULT_FIELD,) if replacement.source is not None else (field,)


def _ids(resource: Resource) -> list[Identity]:
    return [resource.identity, *resource.previous_identities]


def _source_value(objects: Collection, replacement: Replacement) -> Value:
    source = replacement.source
    if source is None:
        return Value(replacement.source_value, typed=False)
    if replacement.source_value is not None:
        raise KustomizeError("value and resource selectors are mutually exclusive")
    resource = _source(objects, source)
    field = source.field_path or DEFAULT_FIELD
    try:
        value = lookup(resource.tree, steps_of(field))
    except KustomizeError as error:
        raise error.within("error looking up replacement source") from error
    if value is MISSING or value is None or value in ({}, []):
        raise KustomizeError(f"fieldPath `{field}` is missing for replacement source {source.identity}")
    return _piece(Value(value), source.options)


def _source(objects: Collection, source: Source) -> Resource:
    found = [resource for resource in objects if any(id_.selected_by(source.identity) for id_ in _ids(resource))]
    if not found:
        raise KustomizeError(f"nothing selected by {source}")
    if len(found) > 1:
        raise KustomizeError(f"multiple matches for selector {source}")
    return found[0]


def _piece(value: Value, options: FieldOptions | None) -> Value:
    if options is None or not options.delimiter:
        return value
    if not value.scalar:
        raise KustomizeError("delimiter option can only be used with scalar nodes")
    pieces = value.text.split(options.delimiter)
    if not 0 <= options.index < len(pieces):
        raise KustomizeError(f"options.index {options.index} is out of bounds for value {value.text}")
    return value._replace(value=pieces[options.index])


def _meant(resource: Resource, select: Selector, rejected: Sequence[Selector]) -> bool:
    if not matches_texts(select, resource):
        return False
    ids = _ids(resource)
    for reject in rejected:
        if (reject.label_selector or reject.annotation_selector) and matches_texts(reject, resource):
            return False
        if reject.identity != _NOBODY and any(_matches(reject, id_) for id_ in ids):
            return False
    return any(_matches(select, id_) for id_ in ids)


def _matches(selector: Selector, identity: Identity) -> bool:
    return (
        matches_gvk(selector, identity)
        and pattern(selector.name)(identity.name)
        and pattern(selector.namespace)(identity.namespace)
    )


def _copy(resource: Resource, value: Value, field: str, target: Target) -> None:
    options = target.options or FieldOptions()
    new_leaf: NewLeaf | None = (lambda: _empty(value)) if options.create else None
    steps = steps_of(field)
    if set_in_text(resource.tree, steps, value.value, new_leaf):
        return
    words = "find or create" if options.create else "find"
    try:
        found = places(resource.tree, steps, new_leaf)
    except KustomizeError as error:
        raise error.within(f"unable to {words} field {quoted(field)} in replacement target") from error
    if not found:
        raise KustomizeError(f"unable to {words} field {quoted(field)} in replacement target")
    for place in found:
        _put(place, value, options)
    settle(resource.tree)


def _empty(value: Value) -> Json:
    if value.scalar:
        return ""
    return [] if isinstance(value.value, list) else {}


def _put(place: Place, value: Value, options: FieldOptions) -> None:
    """Write a value: a scalar keeps the type it has, one that was just made takes what its text means."""
    old = place.value
    text = value.text
    if options.delimiter:
        if isinstance(old, dict | list):
            raise KustomizeError("delimiter option can only be used with scalar nodes")
        text = _spliced("" if place.made else text_of(old), text, options)
    elif isinstance(old, dict | list):
        place.holder[place.key] = copied(value.value) if value.typed else plain_value(value.text)
        return
    if place.made:
        new = plain_value(text)
    else:
        new = retyped(old, text)
    place.holder[place.key] = overwritten(old, new)


def _spliced(old: str, text: str, options: FieldOptions) -> str:
    pieces = old.split(options.delimiter)
    if options.index < 0:
        pieces.insert(0, text)
    elif options.index >= len(pieces):
        pieces.append(text)
    else:
        pieces[options.index] = text
    return options.delimiter.join(pieces)
