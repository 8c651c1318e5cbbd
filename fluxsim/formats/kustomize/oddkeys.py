"""Manifests with keys that are no strings, which kustomize carries along and refuses only when it prints them.

A patch may still put a string in the place of such a key, so its tree is needed. Documents with aliases or merge keys
go without.
"""

from __future__ import annotations

from fluxsim.formats.kustomize.scalars import UntypedKey, plain_value
from fluxsim.formats.kyaml_node import STR, Node, YamlSyntaxError, kind_of
from fluxsim.formats.kyaml_parser import parse
from fluxsim.formats.tree import Json


class _Unsupported(ValueError):
    """A document that is too unusual for this."""


def with_odd_keys(data: bytes) -> list[Json]:
    """Return the documents of a text with UntypedKey for keys that are no strings; none when that cannot be done."""
    documents: list[Json] = []
    try:
        for chunk in data.decode("utf-8").replace("\r\n", "\n").split("\n---\n"):
            document = parse(chunk + "\n")
            documents.append(None if document is None else _tree(document.root))
    except (UnicodeDecodeError, YamlSyntaxError, _Unsupported):
        return []
    return documents


def _tree(node: Node) -> Json:
    if node.kind == "mapping":
        return {_key(key): _tree(value) for key, value in node.pairs()}
    if node.kind == "sequence":
        return [_tree(item) for item in node.content]
    if node.kind == "alias" or node.tagged or node.anchor:
        raise _Unsupported
    return node.value if kind_of(node) == STR else plain_value(node.value)


def _key(node: Node) -> str:
    if node.kind != "scalar" or node.anchor or node.value == "<<":
        raise _Unsupported
    return node.value if kind_of(node) == STR else UntypedKey(node.value)
