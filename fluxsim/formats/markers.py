"""`$imagepolicy` markers in manifests: where they are, and what the images of policies make of them.

    result = apply_setters({"apps/app.yaml": b"..."}, {"flux-system:app": ImageRef("ghcr.io/app", "1.2.3")})
    result.changed   {"apps/app.yaml": new bytes}      result.changes   what was set, in which object

A file with a changed value is written anew as kyaml writes it, whole; the others stay as they are.
Source: image-automation-controller v1.2.1 internal/update/setters.go, kyaml v0.21.1 kio/pkgio_writer.go.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, cast

from fluxsim.formats.imageref import InvalidReference, parse_reference
from fluxsim.formats.kyaml import Resource, WrongNodeKind, fields_of, read, tidy, written
from fluxsim.formats.kyaml_changes import Change, FileChange, ObjectIdentifier
from fluxsim.formats.kyaml_node import Node, YamlSyntaxError, is_null
from fluxsim.formats.kyaml_package import TOKEN, ManifestFile, NoSuchPath, manifests
from fluxsim.formats.kyaml_setters import scalars, set_value, setter_of, shorthand_in
from fluxsim.formats.tree import Json

__all__ = ["Change", "FileChange", "ImageRef", "Marker", "ObjectIdentifier", "SetterError", "SetterResult"]
__all__ += ["TOKEN", "UnsupportedStrategy", "apply_setters", "find_markers"]

Part: TypeAlias = Literal["", "tag", "name", "digest"]


class SetterError(ValueError):
    """A run that fails as a whole, in Flux's words: a policy's image that is no reference, or files it cannot write."""


class UnsupportedStrategy(SetterError):
    """A spec.update.strategy that is not Setters: the automation stalls with reason InvalidUpdateStrategy."""


@dataclass(frozen=True, slots=True)
class ImageRef:
    """A policy's status.latestRef."""

    name: str
    tag: str = ""
    digest: str = ""

    @classmethod
    def of(cls, latest: Mapping[str, Json]) -> ImageRef:
        return cls(latest.get("name", ""), latest.get("tag", ""), latest.get("digest", ""))

    def __str__(self) -> str:
        return f"{self.name}:{self.tag}@{self.digest}" if self.digest else f"{self.name}:{self.tag}"


@dataclass(frozen=True, slots=True)
class Marker:
    """A marker and the value it marks; the place, from 1, is that of the value. `part` "" is the whole reference."""

    line: int
    column: int
    policy: str
    part: Part
    value: str


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


def apply_setters(
    files: Mapping[str, bytes],
    policies: Mapping[str, ImageRef | None],
    *,
    path: str = "",
    symlinks: Mapping[str, str] | None = None,
    strategy: str = "Setters",
) -> SetterResult:
    """Set what the policies elected in all marked fields below the path.

    `policies` by `namespace:name`; one without an image sets nothing. `symlinks` by their path in the tree. A file
    that cannot be parsed is passed over in silence, as in Flux. Raises SetterError, UnsupportedStrategy before all else.
    """
    if strategy != "Setters":
        raise UnsupportedStrategy(f"unsupported update strategy: {strategy}")
    setters = _setters(policies)
    try:
        directory, found = manifests(files, path, symlinks or {})
    except NoSuchPath as error:
        raise SetterError(str(error)) from error
    result = SetterResult()
    package = _Package(setters, result)
    for file in found:
        package.visit(file)
    package.write(directory)
    return result


def find_markers(path: str, data: bytes) -> list[Marker]:
    """Return the markers of a file in the order of its lines; none if the file is not one that Flux would read."""
    if not manifests({path: data}, "", {})[1]:
        return []
    try:
        resources = read(data.decode())
    except (YamlSyntaxError, WrongNodeKind, UnicodeDecodeError):
        return []
    markers: list[Marker] = []
    for resource in resources:
        for node in scalars(resource.root):
            name = shorthand_in(node.line_comment or node.head)
            if name is not None:
                policy, part = _policy_and_part(name)
                markers.append(Marker(node.line + resource.first_line, node.column, policy, part, node.value))
    return markers


def _policy_and_part(name: str) -> tuple[str, Part]:
    policy, _, part = name.rpartition(":")
    if part in {"tag", "name", "digest"} and ":" in policy:
        return policy, cast(Part, part)
    return name, ""


def _setters(policies: Mapping[str, ImageRef | None]) -> dict[str, str]:
    setters: dict[str, str] = {}
    for policy, image in policies.items():
        if image is None:
            continue
        try:
            parse_reference(str(image))
        except InvalidReference as error:
            raise SetterError(f'encountered invalid image ref "{image}": {error}') from error
        setters[policy] = str(image)
        setters[f"{policy}:tag"] = image.tag
        setters[f"{policy}:name"] = image.name
        setters[f"{policy}:digest"] = image.digest
    return setters


class _Package:
    """The resources of all files read, and the files to write: those with a change.

    The items of a `kind: List` file belong to no file: their changes are recorded under "", and they are written to
    files named after them, beside the List. That is how kyaml behaves, not how anybody would want it.
    """

    def __init__(self, setters: Mapping[str, str], result: SetterResult) -> None:
        self.setters = setters
        self.result = result
        self.resources: dict[str, list[Resource]] = {}
        self.real: dict[str, str] = {}
        self.to_write: dict[str, None] = {}

    def visit(self, file: ManifestFile) -> None:
        try:
            resources = read(file.data.decode())
        except (YamlSyntaxError, WrongNodeKind, UnicodeDecodeError):
            return
        self.real[file.name] = file.real
        for resource in resources:
            name = self._file_of(resource, file.name)
            self.resources.setdefault(name, []).append(resource)
            self._set(resource, name)

    def _file_of(self, resource: Resource, name: str) -> str:
        internal, legacy = resource.claims
        if resource.in_list:
            if not is_null(resource.root):
                try:
                    tidy(resource.root)
                except WrongNodeKind as error:
                    raise SetterError(str(error)) from error
            name = internal or legacy
            legacy = legacy or name
        else:
            legacy = legacy or internal
        if legacy and legacy != name:
            raise SetterError("resource input to function has mismatched legacy and internal path annotations")
        return name

    def _set(self, resource: Resource, name: str) -> None:
        for node in scalars(resource.root):
            setter = setter_of(node, self.setters) if node.line_comment or node.head else None
            if setter is None:
                continue
            old, new = node.value, self.setters[setter]
            set_value(node, new)
            if old != new:
                self.to_write[name] = None
                change = FileChange(name, _identifier(resource.root), Change(old, new, setter))
                self.result.changes.append(change)

    def write(self, directory: str) -> None:
        outputs = {name: list(self.resources[name]) for name in self.to_write if name}
        if "" in self.to_write:
            # An item is numbered from the highest number of the file it goes to, and stands after equals.
            taken = {name: len(resources) - 1 for name, resources in outputs.items()}
            for item in self.resources[""]:
                name = _file_of_item(item.root)
                at = taken.setdefault(name, 0)
                taken[name] += 1
                outputs.setdefault(name, []).insert(at + 1, item)
        for name, resources in outputs.items():
            if ".." in posixpath.normpath(name):
                raise SetterError(f"resource must be written under package {directory}: {posixpath.normpath(name)}")
            inside = posixpath.join(directory, name)
            self.result.changed[self.real.get(name, inside)] = written(resources).encode()


def _identifier(root: Node) -> ObjectIdentifier:
    api_version, kind = fields_of(root, ("apiVersion", "kind"))
    metadata = root.field("metadata")
    name, namespace = fields_of(metadata, ("name", "namespace")) if metadata else ("", "")
    return ObjectIdentifier(api_version, kind, name, namespace)


def _file_of_item(root: Node) -> str:
    if is_null(root):
        raise SetterError("resources must be annotated with internal.config.kubernetes.io/index to be written to files")
    identifier = _identifier(root)
    if not any(identifier):
        raise SetterError("missing Resource metadata")
    return posixpath.join(identifier.namespace, f"{identifier.kind.lower()}_{identifier.name}.yaml")
