"""Manifest files and inline patches: text to objects.

Source: kustomize api v0.21.1 resource/factory.go, internal/kusterr; kyaml v0.21 kio/byteio_reader.go, yaml/rnode.go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from fluxsim.formats import goyaml
from fluxsim.formats.gotext import value_text
from fluxsim.formats.goyaml_reader import MapWithBlanks
from fluxsim.formats.kustomize.errors import KustomizeError, LateError, MalformedYaml
from fluxsim.formats.kustomize.oddkeys import with_odd_keys
from fluxsim.formats.kustomize.resource import Resource
from fluxsim.formats.kustomize.scalars import text_of
from fluxsim.formats.kustomize.spelling import attach_spellings
from fluxsim.formats.tree import Json


def resources_in(data: bytes, path: str) -> list[Resource]:
    """Return the objects of a text, free to change. `path` is the file it stands in. Raises KustomizeError."""
    resources = [Resource(copied(tree), path) for tree in _objects(data)]
    for resource in resources:
        resource.recall()
    return resources


def objects_in(data: bytes) -> list[dict[str, Json]]:
    """Return the objects of a text as ordinary trees of the caller's own. Raises KustomizeError."""
    return [copied(tree) for tree in _objects(data)]


def resources_in_file(data: bytes, path: str, named: str) -> list[Resource]:
    """Return the objects of a file; an error of YAML tells the file as the kustomization named it."""
    try:
        return resources_in(data, path)
    except MalformedYaml as error:
        raise MalformedYaml(f"{error} in File: {named}") from error


def copied(value: Json) -> Json:
    """Return a copy of an ordinary tree that still knows what its file says beyond the values."""
    kind = type(value)
    if kind is dict:
        return {key: copied(item) if type(item) in _CONTAINERS else item for key, item in value.items()}
    if kind is list:
        return [copied(item) if type(item) in _CONTAINERS else item for item in value]
    if kind is MapWithBlanks:
        return MapWithBlanks({key: copied(item) for key, item in value.items()}, value.blanks)
    return value


_CONTAINERS = frozenset([dict, list, MapWithBlanks])


@lru_cache(maxsize=2048)
def _objects(data: bytes) -> tuple[Json, ...]:
    """Return the objects of a text, which nobody may change."""
    try:
        documents = goyaml.load_all(data, dialect="resource")
    except goyaml.YamlError as error:
        documents = with_odd_keys(data) if "unsupported type" in str(error) else []
        if not documents:
            raise _worded(error) from error
    attach_spellings(data, documents)
    if len(documents) == 1:
        documents = _unwrapped(documents[0])
    return tuple(_inlined(_valid(documents)))


def _worded(error: goyaml.YamlError) -> KustomizeError:
    if error.stage == "parse":
        return MalformedYaml(f"MalformedYAMLError: {error}")
    if error.stage == "anchors":
        return KustomizeError(str(error))
    # Go notices when it prints; then it has no map any more to show.
    return LateError(f"map[string]interface {{}}(nil): {error}" if "\n" in str(error) else str(error))


def _unwrapped(tree: Json) -> list[Json]:
    """Return the items of a lone `kind: List`, else the document."""
    if not isinstance(tree, Mapping) or tree.get("kind") not in {"List", "ResourceList"}:
        return [tree]
    if "items" not in tree and "functionConfig" not in tree:
        return [tree]
    items = tree.get("items")
    return list(items) if isinstance(items, list) else []


def _valid(documents: Sequence[Json]) -> list[Json]:
    valid: list[Json] = []
    for tree in documents:
        if tree in (None, {}, []):
            continue
        if not isinstance(tree, Mapping):
            raise KustomizeError("missing Resource metadata")
        check_metadata(tree)
        valid.append(tree)
    return valid


def check_metadata(tree: Mapping[str, Json]) -> None:
    """Refuse an object without kind or name. Raises KustomizeError."""
    kind = text_of(tree.get("kind"))
    metadata = tree.get("metadata")
    meta: Mapping[str, Json] = metadata if isinstance(metadata, Mapping) else {}
    name = text_of(meta.get("name"))
    if kind and (name or kind.endswith("List")):
        return
    if not any(_told(tree.get(field)) for field in ("apiVersion", "kind")) and not any(
        _told(meta.get(field)) for field in ("name", "namespace", "labels", "annotations")
    ):
        raise KustomizeError("missing Resource metadata")
    shown = (
        f"{{{{{text_of(tree.get('apiVersion'))} {kind}}} {{{{{name} {text_of(meta.get('namespace'))}}} "
        f"{_texts(meta.get('labels'))} {_texts(meta.get('annotations'))}}}}}"
    )
    raise KustomizeError(f"missing {'metadata.name' if kind else 'kind'} in object {shown}")


def _told(value: Json) -> bool:
    return value not in (None, {}, [])


def _texts(value: Json) -> str:
    return value_text({key: text_of(item) for key, item in value.items()} if isinstance(value, Mapping) else {})


def _inlined(objects: list[Json]) -> list[Json]:
    """Replace each FooList by its items, which come after everything else of the file."""
    if not any(_is_list(tree) for tree in objects):
        return objects
    queue, result = list(objects), list[Json]()
    while queue:
        tree = queue.pop(0)
        if not _is_list(tree):
            result.append(tree)
            continue
        items = tree["items"]
        if items is None:
            continue
        if not isinstance(items, list):
            kind = text_of(tree.get("kind"))
            raise KustomizeError(f"expected array in {kind}/items, but found {_go_kind(items)}")
        queue += _valid(items)
    return result


def _is_list(tree: Mapping[str, Json]) -> bool:
    return text_of(tree.get("kind")).endswith("List") and "items" in tree


def _go_kind(value: Json) -> str:
    if isinstance(value, Mapping):
        return "map[string]interface {}"
    return {bool: "bool", int: "int", float: "float64"}.get(type(value), "string")
