"""What setters changed: which value, in which object, in which file.

Source: image-automation-controller v1.2.1 internal/update/result.go.
"""

from __future__ import annotations

from dataclasses import dataclass, field
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


@dataclass(slots=True)
class SetterResult:
    """Files with new bytes, and every change in the order in which it was made."""

    changed: dict[str, bytes] = field(default_factory=dict[str, bytes])
    changes: list[FileChange] = field(default_factory=list[FileChange])

    def by_file(self) -> dict[str, dict[ObjectIdentifier, list[Change]]]:
        files: dict[str, dict[ObjectIdentifier, list[Change]]] = {}
        for file, identifier, change in self.changes:
            files.setdefault(file, {}).setdefault(identifier, []).append(change)
        return files

    def by_object(self) -> dict[ObjectIdentifier, list[Change]]:
        """Return the changes of each object, whichever files it is in."""
        objects: dict[ObjectIdentifier, list[Change]] = {}
        for _, identifier, change in self.changes:
            objects.setdefault(identifier, []).append(change)
        return objects


class SetterError(ValueError):
    """A run that fails as a whole, in Flux's words: a policy's image that is no reference, or files it cannot write."""


class UnsupportedStrategy(SetterError):
    """A spec.update.strategy that is not Setters: the automation stalls with reason InvalidUpdateStrategy."""
