"""Values in YAML or JSON that a string of an object holds, such as a configuration file in a ConfigMap.

Source: kustomize api v0.21.1 filters/replacement/replacement.go (`setValueInStructuredData`).
"""

from __future__ import annotations

from collections.abc import Sequence

from fluxsim.formats import goyaml
from fluxsim.formats.gojson import compact, indented
from fluxsim.formats.kustomize.errors import KustomizeError
from fluxsim.formats.kustomize.pathmatch import MISSING, NewLeaf, Place, lookup, places
from fluxsim.formats.kustomize.scalars import plain_value, retyped, text_of
from fluxsim.formats.kyaml_emitter import Emitter
from fluxsim.formats.kyaml_node import STR, Document, Node, YamlSyntaxError, kind_of
from fluxsim.formats.kyaml_parser import parse
from fluxsim.formats.tree import Json


def set_in_text(tree: Json, steps: Sequence[str], value: Json, new_leaf: NewLeaf | None) -> bool:
    """Set the value where the path goes on inside a string; False when it does not, or cannot be followed there."""
    found = _text_on_the_way(tree, steps)
    if found is None:
        return False
    at, text = found
    try:
        written = _written(text, steps[at:], value, new_leaf)
        holder = lookup(tree, steps[: at - 1])
    except (KustomizeError, goyaml.YamlError, YamlSyntaxError):
        return False
    if written is None:
        return False
    _replace(holder, steps[at - 1], lookup(tree, steps[:at]), written)
    return True


def _text_on_the_way(tree: Json, steps: Sequence[str]) -> tuple[int, str] | None:
    """Return how many steps lead to a string, or other scalar, that can be read as YAML, and its text."""
    for at in range(1, len(steps)):
        try:
            value = lookup(tree, steps[:at])
        except KustomizeError:
            continue
        if value is MISSING or isinstance(value, dict | list):
            continue
        text = text_of(value)
        try:
            goyaml.load(text, dialect="resource")
        except goyaml.YamlError:
            continue
        return at, text
    return None


def _written(text: str, steps: Sequence[str], value: Json, new_leaf: NewLeaf | None) -> str | None:
    """Return the text with the value set in it, in its own style."""
    inside = goyaml.load(text, dialect="resource")
    paths: list[list[str | int]] = []
    holder: list[Json] = [inside]
    found = places(inside, steps, new_leaf)
    if not found:
        return None
    for place in found:
        paths.append(_concrete(holder, place))
        _put(place, value)
    if text.lstrip()[:1] in {"{", "["}:
        pretty = "\n" in text and "  " in text
        return indented(inside, "  ") if pretty else compact(inside)
    document = parse(text)
    if document is None:
        return None
    for path in paths:
        _put_node(document, path, inside)
    emitter = Emitter()
    emitter.document(document, "compact")
    return emitter.text().strip()


def _put(place: Place, value: Json) -> None:
    old = place.value
    if isinstance(old, dict | list):
        place.holder[place.key] = value
    elif place.made:
        place.holder[place.key] = plain_value(text_of(value))
    else:
        place.holder[place.key] = retyped(old, text_of(value))


def _concrete(top: list[Json], place: Place) -> list[str | int]:
    """Return the keys and indexes from the top to a place."""
    path = _way(top[0], place)
    assert path is not None, place
    return path


def _way(value: Json, place: Place) -> list[str | int] | None:
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in entries:
        if value is place.holder and key == place.key:
            return [key]
        below = _way(item, place)
        if below is not None:
            return [key, *below]
    return None


def _put_node(document: Document, path: Sequence[str | int], tree: Json) -> None:
    """Bring a value of the tree into the nodes, which keep their comments and styles."""
    node = document.root
    for at, step in enumerate(path):
        tree = tree[step]
        below = _below(node, step)
        if below is None:
            _append(node, step, _node(tree))
            return
        if at == len(path) - 1:
            _set(below, tree)
            return
        node = below


def _below(node: Node, step: str | int) -> Node | None:
    if isinstance(step, str):
        return node.field(step)
    return node.content[step] if step < len(node.content) else None


def _append(node: Node, step: str | int, new: Node) -> None:
    if isinstance(step, str):
        node.content += [Node("scalar", step), new]
    else:
        node.content.append(new)
    if node.kind == "scalar":
        node.kind = "mapping" if isinstance(step, str) else "sequence"


def _set(node: Node, value: Json) -> None:
    if isinstance(value, dict | list):
        new = _node(value)
        node.kind, node.value, node.content, node.tag, node.style = new.kind, "", new.content, "", "plain"
        return
    if node.kind == "scalar" and not node.tag:
        node.tag = kind_of(node)
    node.kind, node.content = "scalar", []
    node.value = text_of(value)


def _node(value: Json) -> Node:
    if isinstance(value, dict):
        content = [node for key, item in value.items() for node in (Node("scalar", key, tag=STR), _node(item))]
        return Node("mapping", content=content)
    if isinstance(value, list):
        return Node("sequence", content=[_node(item) for item in value])
    return Node("scalar", text_of(value), tag=STR if isinstance(value, str) else "")


def _replace(holder: Json, step: str, old: Json, new: str) -> None:
    if isinstance(holder, dict) and step in holder:
        holder[step] = new
    elif isinstance(holder, list):
        at = next(index for index, item in enumerate(holder) if item is old)
        holder[at] = new
