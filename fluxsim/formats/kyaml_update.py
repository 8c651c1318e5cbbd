"""A run of setters over files: every file read, the values set, the files with a change written anew.

Source: image-automation-controller v1.2.1 internal/update/setters.go; kyaml v0.21.1 kio/pkgio_writer.go,
kio/kioutil/kioutil.go (`DefaultPathAndIndexAnnotation`, `SortNodes`) and kio/kio.go (`Pipeline`).
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import NamedTuple

from fluxsim.formats.kyaml import Resource, WrongNodeKind, fields_of, read, tidy, written
from fluxsim.formats.kyaml_changes import Change, FileChange, ObjectIdentifier, SetterError, SetterResult
from fluxsim.formats.kyaml_known import Commented, Known, known
from fluxsim.formats.kyaml_node import Node, is_null
from fluxsim.formats.kyaml_package import ManifestFile
from fluxsim.formats.kyaml_setters import scalars, set_value, setter_in, setter_of

_NO_INDEX = "resources must be annotated with internal.config.kubernetes.io/index to be written to files"


class _Entry(NamedTuple):
    """A document for a file, and its place in it; an item of a List (place -1) finds both when it is written."""

    file: str
    place: int
    resource: Resource


class Update:
    """Files one after the other in the order of the walk; the changes go into the result.

    The items of a `kind: List` file belong to no file: their changes are recorded under "", and they are written to
    files named after them, beside the List. That is how kyaml behaves, not how anybody would want it.
    """

    def __init__(self, setters: Mapping[str, str], result: SetterResult) -> None:
        self._setters = setters
        self._result = result
        self._entries: list[_Entry] = []
        self._texts: dict[str, bytes] = {}
        """New texts of files that were already as kyaml writes them."""
        self._changed: set[str] = set()
        self._real: dict[str, str] = {}

    def visit(self, file: ManifestFile) -> None:
        """Set the values of a file. One that cannot be parsed is left alone. Raises SetterError."""
        self._real[file.name] = file.real
        content = known(file.data)
        names = [] if content.commented is None else self._names(content.commented)
        if content.commented is None or (content.plain and not names):
            content.forget_resources()
            return
        if content.parts is not None and self._splice(file.name, content, names):
            return
        for place, resource in enumerate(content.resources()):
            entry = _Entry(_file_of(resource, file.name), -1 if resource.in_list else place, resource)
            self._entries.append(entry)
            self._set(entry)

    def write(self, directory: str) -> None:
        """Put the new bytes of each changed file into the result. Raises SetterError."""
        entries = [entry for entry in self._entries if entry.file in self._changed]
        if any(entry.place < 0 for entry in entries):
            entries = self._placed(entries)
        files: dict[str, list[_Entry]] = {}
        for entry in entries:
            files.setdefault(entry.file, []).append(entry)
        texts = dict(self._texts)
        for name, documents in files.items():
            documents.sort(key=lambda entry: entry.place)
            texts[name] = written(entry.resource for entry in documents).encode()
        for name, text in texts.items():
            if name.startswith("/"):
                raise SetterError("package paths may not be absolute paths")
            if ".." in name and ".." in posixpath.normpath(name):
                raise SetterError(f"resource must be written under package {directory}: {posixpath.normpath(name)}")
            self._result.changed[self._real.get(name) or posixpath.join(directory, name)] = text

    def _placed(self, entries: list[_Entry]) -> list[_Entry]:
        """Give the items of Lists their files, and places from the highest one taken there."""
        named = [entry if entry.place >= 0 else entry._replace(file=_file_of_item(entry)) for entry in entries]
        for name in dict.fromkeys(entry.file for entry in named if entry.file in self._texts):
            documents = enumerate(read(self._texts.pop(name).decode()))
            named = [_Entry(name, place, document) for place, document in documents] + named
        last: dict[str, int] = {}
        for entry in named:
            last[entry.file] = max(entry.place, last.get(entry.file, 0))
        placed: list[_Entry] = []
        for entry in named:
            if entry.place < 0:
                entry = entry._replace(place=last[entry.file])
                last[entry.file] += 1
            placed.append(entry)
        return placed

    def _names(self, commented: list[Commented]) -> list[str | None]:
        """Return the setter of each scalar that would change, None for the others."""
        setters = self._setters
        names = [setter_in(scalar.comment, setters) for scalar in commented]
        pairs = zip(names, commented, strict=True)
        differs = any(name is not None and setters[name] != scalar.value for name, scalar in pairs)
        return names if differs else []

    def _splice(self, file: str, content: Known, names: list[str | None]) -> bool:
        """Set the values of a file in place; False if a new value does not fit into the place of the old."""
        values = tuple(None if name is None else self._setters[name] for name in names)
        text = content.with_values(values)
        if text is None:
            return False
        self._texts[file] = text
        marks = ((part.identifier, scalar.value) for part in content.parts or () for scalar in part.marked)
        for (of, old), name, new in zip(marks, names, values, strict=True):
            if name is not None and new is not None and new != old:
                self._result.changes.append(FileChange(file, of, Change(old, new, name)))
        return True

    def _set(self, entry: _Entry) -> None:
        root = entry.resource.root
        for node in scalars(root):
            setter = setter_of(node, self._setters) if node.line_comment or node.head else None
            if setter is None:
                continue
            old, new = node.value, self._setters[setter]
            set_value(node, new)
            if old != new:
                self._changed.add(entry.file)
                self._result.changes.append(FileChange(entry.file, identifier(root), Change(old, new, setter)))


def identifier(root: Node) -> ObjectIdentifier:
    """Return how a resource names itself."""
    api_version, kind = fields_of(root, ("apiVersion", "kind"))
    metadata = root.field("metadata")
    name, namespace = fields_of(metadata, ("name", "namespace")) if metadata else ("", "")
    return ObjectIdentifier(api_version, kind, name, namespace)


def _file_of(resource: Resource, name: str) -> str:
    """Return the file that a resource is kept under: the one it was read from, "" for the item of a List."""
    internal, legacy = resource.claims
    if resource.in_list:
        if not is_null(resource.root):
            try:
                tidy(resource.root)
            except WrongNodeKind as error:
                raise SetterError(str(error)) from error
        name = internal or legacy
    legacy = legacy or internal
    if legacy and legacy != name:
        raise SetterError("resource input to function has mismatched legacy and internal path annotations")
    return name


def _file_of_item(entry: _Entry) -> str:
    """Return the file that kyaml makes up for the item of a List."""
    if entry.file:
        return entry.file
    root = entry.resource.root
    if is_null(root):
        raise SetterError(_NO_INDEX)
    of = identifier(root)
    metadata = root.field("metadata")
    others = (metadata.field("labels"), metadata.field("annotations")) if metadata else ()
    if not any(of) and not any(other is not None and other.content for other in others):
        raise SetterError("missing Resource metadata")
    return posixpath.normpath(posixpath.join(of.namespace, f"{of.kind.lower()}_{of.name}.yaml"))
