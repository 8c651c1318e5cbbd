"""The comments that name a setter, and what a setter does to a node.

Source: kyaml v0.21.1 fieldmeta/fieldmeta.go and yaml/compatibility.go (`FormatNonStringStyle`);
image-automation-controller v1.2.1 internal/update/filter.go.
"""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterator
from functools import lru_cache
from urllib.parse import unquote

from fluxsim.formats.kyaml_node import NULL, STR, Node, is_text_in_yaml_1_1, kind_of

SHORTHAND = "$imagepolicy"
COMMENTS_MAX = 4096
"""How many comments are remembered with what they name."""
_REFERENCE = "/definitions/io.k8s.cli.setters."
_BAD_ESCAPE = re.compile("%(?![0-9a-fA-F]{2})")
_DECODER = json.JSONDecoder()


def scalars(node: Node) -> Iterator[Node]:
    """Yield the scalars that setters visit: values, not keys, and of keys that repeat only the first."""
    if node.kind == "scalar":
        yield node
    elif node.kind == "sequence":
        for item in node.content:
            yield from scalars(item)
    elif node.kind == "mapping":
        seen: set[str] = set()
        for key, value in node.pairs():
            if key.value not in seen:
                seen.add(key.value)
                if value.kind != "alias":
                    yield from scalars(value)


def setter_of(node: Node, known: Container[str]) -> str | None:
    """Return the setter that the node's comment names, if it is known."""
    return setter_in(node.line_comment or node.head, known)


def setter_in(comment: str, known: Container[str]) -> str | None:
    """Return the setter that a comment names, if it is known.

    The short form is `# {"$imagepolicy": "ns:name:tag"}`: the whole comment one JSON object of strings. kyaml's long
    form, `# {"$ref": "#/definitions/io.k8s.cli.setters.ns:name:tag"}`, may have text behind it.
    """
    for name in _names(comment):
        if name is not None and name in known:
            return name
    return None


def shorthand_in(comment: str) -> str | None:
    """Return the setter that a comment names in the short form, known or not."""
    return _names(comment)[0]


def set_value(node: Node, value: str) -> None:
    """Give a scalar a new text, as a string.

    A text that YAML 1.1 reads as something else is quoted. Otherwise the node keeps the tag that its old text had,
    so a field that was a number may come out as `!!int v2`.
    """
    node.tag = kind_of(node)
    node.value = value
    if is_text_in_yaml_1_1(value):
        return
    if node.style not in {"double", "single"}:
        node.style, node.tagged = "double", False
    if node.tag == NULL:
        node.style, node.tagged = "plain", False
        return
    node.tag = STR


@lru_cache(maxsize=COMMENTS_MAX)
def _names(comment: str) -> tuple[str | None, str | None]:
    """Return the setters that a comment names in the short and in the long form."""
    text = comment.lstrip("#")
    return (_shorthand(text), _reference(text)) if "{" in text else (None, None)


def _shorthand(text: str) -> str | None:
    try:
        marker = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(marker, dict) or not all(value is None or isinstance(value, str) for value in marker.values()):
        return None
    # The name goes into the fragment of a URL, where %70 is a p.
    name = marker.get(SHORTHAND)
    if not name or _BAD_ESCAPE.search(name):
        return None
    return unquote(name) if "%" in name else str(name)


def _reference(text: str) -> str | None:
    try:
        schema, _ = _DECODER.raw_decode(text.lstrip(" \t\r\n"))
    except (ValueError, RecursionError):
        return None
    reference = schema.get("$ref") if isinstance(schema, dict) else None
    if not isinstance(reference, str):
        return None
    _, _, fragment = reference.partition("#")
    if not fragment.startswith(_REFERENCE) or _BAD_ESCAPE.search(fragment):
        return None
    return unquote(fragment[len(_REFERENCE) :])
