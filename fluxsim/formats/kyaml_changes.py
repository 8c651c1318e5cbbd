"""What setters changed: which value, in which object, in which file.

Source: image-automation-controller v1.2.1 internal/update/result.go.
"""

from __future__ import annotations

from typing import NamedTuple


class ObjectIdentifier(NamedTuple):
    """An object in a file as its own YAML names it; the namespace may be empty, and so may be the name."""

    api_version: str
    kind: str
    name: str
    namespace: str


class Change(NamedTuple):
    """One value that a setter rewrote; `setter` is `namespace:policy`, with `:tag`, `:name` or `:digest`."""

    old_value: str
    new_value: str
    setter: str


class FileChange(NamedTuple):
    """A change with the file (relative to the update's path) and the object where it was made."""

    file: str
    object: ObjectIdentifier
    change: Change
