"""Texts that are one and the same in several places of an object: to overwrite one overwrites all.

kustomize writes a label or an annotation into all its places as one yaml.Node, and puts a new value into a node that
is there instead of putting a new node in its place. So an overlay that changes only metadata.labels changes the
selectors as well, where an earlier layer had made both. A JSON patch ends it, since that makes all nodes anew.
Source: kustomize api v0.21.1 filters/filtersutil/setters.go (SetEntry), kyaml v0.21.1 yaml/fns.go (FieldSetter).
"""

from __future__ import annotations

from typing import Self

from fluxsim.formats.tree import Json


class Link:
    """What the places share: the value that was last written into one of them."""

    __slots__ = ("value",)

    def __init__(self, value: Json) -> None:
        self.value = value


class LinkedText(str):
    """A text that stands in more places than this."""

    __slots__ = ("link",)
    link: Link

    def __new__(cls, text: str, link: Link) -> Self:
        self = super().__new__(cls, text)
        self.link = link
        return self


def overwritten(old: Json, new: Json) -> Json:
    """Return what stands in the place of `old` when `new` is written over it; the other places wait for `settle`."""
    if type(old) is not LinkedText or new is old:
        return new
    link = old.link
    link.value = new
    return LinkedText(new, link) if isinstance(new, str) else new


def settle(tree: Json) -> None:
    """Bring all places up to date, in place."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            if type(value) is LinkedText:
                tree[key] = _current(value)
            elif isinstance(value, dict | list):
                settle(value)
    elif isinstance(tree, list):
        for item in tree:
            settle(item)


def _current(text: LinkedText) -> Json:
    value = text.link.value
    if value == text:
        return text
    return LinkedText(value, text.link) if isinstance(value, str) else value
