"""Kubernetes YAML as kyaml reads and writes it: the documents of a file, comments kept, layout normalised.

Not kept: blank lines, indentation, the spaces before a comment, line ends, what stands on a `---` line, documents
without content. Each document keeps the indentation of its first sequence, wide or compact, for all of them.
Source: sigs.k8s.io/kustomize/kyaml v0.21.1 kio/byteio_reader.go, kio/byteio_writer.go, yaml/util.go, yaml/kfns.go.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fluxsim.formats.kyaml_emitter import Emitter, SequenceStyle
from fluxsim.formats.kyaml_node import NULL, Document, Node, YamlSyntaxError, is_null, kind_of
from fluxsim.formats.kyaml_parser import parse

_SEPARATOR = re.compile(r"\n---.*\n")
_LISTS = frozenset(("List", "ResourceList"))
_INDEX, _LEGACY_INDEX = "internal.config.kubernetes.io/index", "config.kubernetes.io/index"
_PATH, _LEGACY_PATH = "internal.config.kubernetes.io/path", "config.kubernetes.io/path"
_ID, _LEGACY_ID = "internal.config.kubernetes.io/id", "config.k8s.io/id"
_SEQUENCES = "internal.config.kubernetes.io/seqindent"
_MIGRATION = "internal.config.kubernetes.io/annotations-migration-resource-id"
BOOKKEEPING = (_INDEX, _LEGACY_INDEX, _SEQUENCES, _PATH, _LEGACY_PATH, _MIGRATION)
"""Annotations that kyaml sets while it works and removes before it writes, whoever wrote them."""


class WrongNodeKind(ValueError):
    """A document, or its metadata or annotations, that is not a mapping, in kyaml's words."""

    def __init__(self, node: Node) -> None:
        kind = {"scalar": "ScalarNode", "sequence": "SequenceNode", "alias": "AliasNode", "mapping": "MappingNode"}
        contents = written([Resource(Document(node), "compact")])
        super().__init__(f"wrong node kind: expected MappingNode but got {kind[node.kind]}: node contents:\n{contents}")


@dataclass(slots=True)
class Resource:
    """One document and how its sequences are indented. `in_list` says that it was an item of a `kind: List` file."""

    document: Document
    sequences: SequenceStyle
    first_line: int = 0
    """Lines of the file above the document."""
    in_list: bool = False
    claims: tuple[str, str] = ("", "")
    """The file it belongs to by its own annotations: the internal one and the legacy one."""

    @property
    def root(self) -> Node:
        return self.document.root


def read(text: str) -> list[Resource]:
    """Return the documents of a file, of a List file its items.

    Raises YamlSyntaxError, and WrongNodeKind for a document that is no mapping.
    """
    parts = split(text)
    resources: list[Resource] = []
    for part, first_line in parts:
        try:
            document = parse(part)
        except YamlSyntaxError as error:
            raise YamlSyntaxError(error.problem, error.line + first_line) from error
        if document is None or is_null(document.root):
            continue
        if document.root.kind != "mapping":
            raise WrongNodeKind(document.root)
        resource = Resource(document, sequence_style(part), first_line, claims=_claims(document.root))
        tidy(document.root)
        if len(parts) == 1 and _is_list(document.root):
            items = document.root.field("items")
            nodes = items.content if items else []
            resources += [
                Resource(Document(node), "compact", first_line, in_list=True, claims=_claims(node)) for node in nodes
            ]
        else:
            resources.append(resource)
    return resources


def written(resources: Iterable[Resource]) -> str:
    """Return the text of the documents, `---` between them."""
    emitter = Emitter()
    for resource in resources:
        emitter.document(resource.document, resource.sequences)
    return emitter.text()


def split(text: str) -> list[tuple[str, int]]:
    """Return the text of each document and the number of lines above it.

    Raises YamlSyntaxError for a separator with anything but a comment behind it.
    """
    text = text.replace("\r\n", "\n")
    if not text:
        return []
    parts: list[tuple[str, int]] = []
    before = line = 0
    for found in _SEPARATOR.finditer(text):
        behind = found[0][4:].strip()
        if behind and behind[0] != "#":
            raise YamlSyntaxError(f"invalid document separator: {found[0].strip()}", 1)
        parts.append((text[before : found.start() + 1], line))
        before = found.end()
        line += parts[-1][0].count("\n") + 1
    parts.append((text[before:], line))
    return parts


def sequence_style(text: str) -> SequenceStyle:
    """Return the style of the first sequence under a key, as kyaml guesses it from the lines of a document."""
    lines = text.split("\n")
    for at, line in enumerate(lines):
        before, dash, _ = line.partition("- ")
        if not dash or before.strip(" "):
            continue
        key = next((above for above in reversed(lines[:at]) if not above.strip(" ").startswith("#")), "")
        key = key.split("#", 1)[0]
        trimmed = key.strip(" ")
        if trimmed.count(":") != 1 or not trimmed.endswith(":"):
            continue
        deeper = len(before) - (len(key) - len(key.lstrip(" ")))
        if deeper == 0:
            return "compact"
        if deeper == 2:
            return "wide"
    return "compact"


def tidy(root: Node) -> None:
    """Leave in a resource what kyaml leaves when it has set its annotations and taken them away again.

    Raises WrongNodeKind when it cannot set them.
    """
    if root.kind != "mapping":
        raise WrongNodeKind(root)
    _remove_empty(root)
    annotations = _annotations(root)
    if annotations is None:
        return
    _copy(annotations, _LEGACY_ID, _ID)
    _copy(annotations, _ID, _LEGACY_ID)
    for name in BOOKKEEPING:
        _remove(annotations, name)
    _remove_empty(root)


def _claims(root: Node) -> tuple[str, str]:
    metadata = root.field("metadata")
    annotations = metadata.field("annotations") if metadata else None
    internal, legacy = fields_of(annotations, (_PATH, _LEGACY_PATH)) if annotations else ("", "")
    return internal, legacy


def _is_list(root: Node) -> bool:
    kind = root.field("kind")
    has_items = root.field("items") is not None or root.field("functionConfig") is not None
    return kind is not None and kind.value in _LISTS and has_items


def _annotations(root: Node) -> Node | None:
    """Return metadata.annotations, None where there are none."""
    metadata = root.field("metadata")
    if metadata is None:
        return None
    if metadata.kind != "mapping":
        raise WrongNodeKind(metadata)
    annotations = metadata.field("annotations")
    if annotations is not None and annotations.kind != "mapping":
        raise WrongNodeKind(annotations)
    return annotations


def _remove_empty(root: Node) -> None:
    size = -1
    while size != len(root.content):
        size = len(root.content)
        metadata = root.field("metadata")
        if metadata is not None and kind_of(metadata) != NULL:
            if metadata.kind != "mapping":
                raise WrongNodeKind(metadata)
            _remove(metadata, "annotations", if_empty=True)
        _remove(root, "metadata", if_empty=True)


def _remove(mapping: Node, name: str, *, if_empty: bool = False) -> None:
    content = mapping.content
    for at in range(0, len(content), 2):
        if content[at].value == name and not (if_empty and content[at + 1].content):
            del content[at : at + 2]
            return


def _copy(annotations: Node, source: str, target: str) -> None:
    value, other = annotations.field(source), annotations.field(target)
    if value is not None and value.value and other is None:
        annotations.content += (Node("scalar", target), Node("scalar", value.value, "single"))


def fields_of(root: Node, names: Sequence[str]) -> list[str]:
    """Return the texts of fields of a mapping, "" for one that is absent or null; an alias gives its anchor's name."""
    values = [root.field(name) for name in names]
    return ["" if value is None or is_null(value) else value.value for value in values]
