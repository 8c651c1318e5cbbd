"""`configMapGenerator` and `secretGenerator`: objects made from literals, env files and files.

Source: kustomize api v0.21.1 internal/generators/*.go, kv/kv.go, types/generatoroptions.go;
kyaml yaml/datamap.go.
"""

from __future__ import annotations

import base64
import posixpath
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from fluxsim.formats.gotext import from_octets, octets, quoted
from fluxsim.formats.kustomize.collection import Collection
from fluxsim.formats.kustomize.errors import KustomizeError
from fluxsim.formats.kustomize.files import Root
from fluxsim.formats.kustomize.kustomization import Generator, GeneratorOptions
from fluxsim.formats.kustomize.resource import ORIGIN, Resource
from fluxsim.formats.kustomize.scalars import bare_key, text_of
from fluxsim.formats.tree import Json

_BASE64_LINE = 70
_LINE_BYTES_MAX = 64 * 1024
_BYTE_ORDER_MARK = "\ufeff".encode()


def generated(entry: Generator, kind: str, common: GeneratorOptions | None, root: Root, path: str) -> Resource:
    """Return the object for an entry; `kind` is ConfigMap or Secret, `path` the kustomization's file.

    Raises KustomizeError.
    """
    if not entry.name:
        raise KustomizeError("a configmap must have a name")
    options = _options(entry.options, common)
    metadata: dict[str, Json] = {"name": entry.name}
    if entry.namespace:
        metadata["namespace"] = entry.namespace
    tree: dict[str, Json] = {"apiVersion": "v1", "kind": kind, "metadata": metadata}
    if kind == "Secret":
        tree["type"] = entry.type or "Opaque"
    pairs = _distinct(entry, _pairs(entry, root))
    if kind == "Secret":
        tree["data"] = {bare_key(key): _base64(value) for key, value in pairs.items()}
    else:
        tree |= config_map_data(pairs)
    if options.immutable:
        tree["immutable"] = True
    resource = Resource(tree, path)
    for field, texts in (("labels", options.labels), ("annotations", options.annotations)):
        if texts:
            resource.set_texts(field, texts)
    resource.needs_hash = not options.disable_name_suffix_hash
    resource.behavior = entry.behavior if entry.behavior in {"create", "replace", "merge"} else "unspecified"
    return resource


def _options(own: GeneratorOptions | None, common: GeneratorOptions | None) -> GeneratorOptions:
    if common is None or own is None:
        return own or common or GeneratorOptions()
    return GeneratorOptions(
        labels={**common.labels, **own.labels},
        annotations={**common.annotations, **own.annotations},
        disable_name_suffix_hash=own.disable_name_suffix_hash or common.disable_name_suffix_hash,
        immutable=own.immutable or common.immutable,
    )


def config_map_data(pairs: Mapping[str, bytes]) -> dict[str, Json]:
    """Return `data`, and `binaryData` for what is no UTF-8; neither is there when it would be empty."""
    data: dict[str, Json] = {}
    binary: dict[str, Json] = {}
    for key in sorted(pairs):
        try:
            data[bare_key(key)] = pairs[key].decode("utf-8")
        except UnicodeDecodeError:
            binary[bare_key(key)] = _base64(pairs[key])
    return ({"data": data} if data else {}) | ({"binaryData": binary} if binary else {})


def _base64(data: bytes) -> str:
    """Encode as kyaml does: in lines of 70 characters when it takes more than one."""
    text = base64.b64encode(data).decode()
    if len(text) < _BASE64_LINE:
        return text
    return "".join(text[at : at + _BASE64_LINE] + "\n" for at in range(0, len(text), _BASE64_LINE))


def _distinct(entry: Generator, pairs: Iterable[tuple[str, bytes]]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for key, value in pairs:
        if key in found:
            raise KustomizeError(f"configmap {entry.name} illegally repeats the key `{key}`")
        found[key] = value
    return dict(sorted(found.items()))


def _pairs(entry: Generator, root: Root) -> list[tuple[str, bytes]]:
    sources: tuple[tuple[str, Sequence[str], Callable[[str], Iterator[tuple[str, bytes]]]], ...] = (
        ("env source files:", entry.envs, lambda path: _lines(root.load(path))),
        ("literal sources", entry.literals, _literal),
        ("file sources:", entry.files, lambda source: _file(source, root)),
    )
    pairs: list[tuple[str, bytes]] = []
    for told, texts, read in sources:
        for text in texts:
            try:
                pairs += read(text)
            except KustomizeError as error:
                raise error.within(f"loading KV pairs: {told} [{' '.join(texts)}]") from error
    return pairs


def _literal(source: str) -> Iterator[tuple[str, bytes]]:
    key, equals, value = source.partition("=")
    if not key or not equals:
        raise KustomizeError(f"invalid literal source {source}, expected key=value")
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1]
    yield key, octets(value)


def _file(source: str, root: Root) -> Iterator[tuple[str, bytes]]:
    key, equals, path = source.partition("=")
    if not equals:
        yield posixpath.basename(source), root.load(source)
        return
    if "=" in path:
        raise KustomizeError(f"source {quoted(source)} key name or file path contains '='")
    if not key:
        raise KustomizeError(f"missing key name for file path {quoted(path)} in source {quoted(source)}")
    if not path:
        raise KustomizeError(f"missing file path for key name {quoted(key)} in source {quoted(source)}")
    yield key, root.load(path)


def _lines(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Read an env file: values as they stand, comments and blank lines left out, `NAME` alone is empty."""
    for number, line in enumerate(data.split(b"\n")):
        if len(line) >= _LINE_BYTES_MAX:
            return  # Go's scanner stops at such a line, and nobody asks it why
        line = line.removesuffix(b"\r")
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError as error:
            shown = " ".join(str(octet) for octet in line)
            raise KustomizeError(f"line [{shown}] has invalid utf8 bytes : {from_octets(line)}") from error
        if number == 0 and line.startswith(_BYTE_ORDER_MARK):
            text = text[1:]
        text = _without_leading_space(text)
        if not text or text.startswith("#"):
            continue
        key, _, value = text.partition("=")
        if key:
            yield key, value.encode()


def _without_leading_space(text: str) -> str:
    at = 0
    while at < len(text) and (text[at] in "\t\v\f\r\x85\xa0" or unicodedata.category(text[at])[0] == "Z"):
        at += 1
    return text[at:]


def absorb(objects: Collection, resource: Resource, generator: str) -> None:
    """Add a generated object, or merge it into the one that has, or had, its id. Raises KustomizeError."""
    try:
        _absorb(objects, resource)
    except KustomizeError as error:
        raise error.within(f"merging from generator {generator}") from error


def _absorb(objects: Collection, resource: Resource) -> None:
    identity = resource.identity
    found = objects.by_any_id(lambda other: other.key == identity.key)
    merges = resource.behavior in {"merge", "replace"}
    if not found:
        if merges:
            raise KustomizeError(f"id {identity.go_syntax()} does not exist; cannot merge or replace")
        objects.append_all([resource])
        return
    if len(found) > 1:
        shown = " ".join(str(other.identity) for other in found)
        raise KustomizeError(f"found multiple objects [{shown}] that could accept merge of {identity}")
    if not merges:
        raise KustomizeError(
            f"id {identity.go_syntax()} exists; can not use behavior: '{resource.behavior}', "
            "behavior must be merge or replace"
        )
    old = found[0]
    merge_data = resource.behavior == "merge"
    origin = old.texts("annotations").get(ORIGIN)
    _take_over(resource, old)
    if merge_data:
        if origin is not None:
            resource.set_texts("annotations", {**resource.texts("annotations"), ORIGIN: origin})
        for field in ("data", "binaryData"):
            _merge_texts(resource.tree, old.tree, field)
    objects.resources[objects.resources.index(old)] = resource


def _take_over(resource: Resource, old: Resource) -> None:
    """Give the new object the old one's name, namespace, labels, annotations and memory."""
    resource.set_texts("labels", {**old.texts("labels"), **resource.texts("labels")})
    resource.set_texts("annotations", {**old.texts("annotations"), **resource.texts("annotations")})
    resource.set_name(old.name)
    resource.set_namespace(old.namespace)
    resource.needs_hash = resource.needs_hash and old.needs_hash
    resource.behavior = old.behavior
    resource.prefixes, resource.suffixes = list(old.prefixes), list(old.suffixes)
    resource.previous = list(old.previous)
    resource.names_vars = list(old.names_vars)


def _merge_texts(tree: dict[str, Json], old: Mapping[str, Json], field: str) -> None:
    texts: dict[str, Json] = {}
    for entries in (old.get(field), tree.get(field)):
        if isinstance(entries, dict):
            texts.update({bare_key(key): text_of(value) for key, value in entries.items()})
    tree.pop(field, None)
    if texts:
        tree[field] = texts
