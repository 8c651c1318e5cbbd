"""`buildMetadata`: annotations that say where an object came from and what changed it.

Source: kustomize api v0.21.1 resource/origin.go, internal/target/kusttarget.go.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from typing import NamedTuple

from fluxsim.formats.kustomize.resource import ORIGIN, TRANSFORMATIONS, Resource
from fluxsim.formats.kyaml_emitter import Emitter
from fluxsim.formats.kyaml_node import STR, Document, Node
from fluxsim.formats.kyaml_parser import parse


class Origin(NamedTuple):
    """A place: the file of an object, or the file and the settings of what made or changed it."""

    path: str = ""
    configured_in: str = ""
    configured_by: tuple[str, str, str, str] = ("", "", "", "")
    """apiVersion, kind, name and namespace."""

    def below(self, path: str) -> Origin:
        """Return the place that a kustomization here names; going up from the top is kept as `..`."""
        joined = posixpath.normpath(posixpath.join(self.path, path)) if self.path or path else ""
        return Origin(path="" if joined == "." else joined)

    def builtin(self, kind: str, file: str) -> Origin:
        """Return the place of a built-in generator or transformer of the kustomization file here."""
        return Origin(configured_in=posixpath.join(self.path, file), configured_by=("builtin", kind, "", ""))

    def node(self) -> Node:
        content = [*_pair("path", self.path), *_pair("configuredIn", self.configured_in)]
        by = [
            node
            for name, value in zip(("apiVersion", "kind", "name", "namespace"), self.configured_by, strict=True)
            for node in _pair(name, value)
        ]
        if by:
            content += [Node("scalar", "configuredBy", tag=STR), Node("mapping", content=by)]
        return Node("mapping", content=content)


def _pair(name: str, value: str) -> list[Node]:
    return [Node("scalar", name, tag=STR), Node("scalar", value, tag=STR)] if value else []


def _text(root: Node) -> str:
    emitter = Emitter()
    emitter.document(Document(root), "compact")
    return emitter.text()


def set_origin(resource: Resource, origin: Origin) -> None:
    resource.annotate({ORIGIN: _text(origin.node())})


def origin_of(resource: Resource) -> Origin | None:
    """Return the place of what an object configures, from the object's own origin; None when it has none."""
    annotation = resource.texts("annotations").get(ORIGIN)
    document = parse(annotation) if annotation is not None else None
    if document is None:
        return None
    path = document.root.field("path")
    by = (resource.gvk.api_version, resource.kind, resource.name, resource.namespace)
    return Origin(configured_in=path.value if path is not None else "", configured_by=by)


def note_generated(resources: Iterable[Resource], origin: Origin) -> None:
    """Say of objects without an origin that a generator made them."""
    for resource in resources:
        if ORIGIN not in resource.texts("annotations"):
            set_origin(resource, origin)


def note_transformed(resources: Iterable[Resource], origin: Origin) -> None:
    """Add a transformer to what changed the objects; one without origin is taken to be made by it."""
    for resource in resources:
        if not resource.tree:
            continue
        annotations = resource.texts("annotations")
        if ORIGIN not in annotations:
            set_origin(resource, origin)
            continue
        before = parse(annotations.get(TRANSFORMATIONS, ""))
        items = before.root.content if before is not None and before.root.kind == "sequence" else []
        annotations[TRANSFORMATIONS] = _text(Node("sequence", content=[*items, origin.node()]))
        resource.set_texts("annotations", annotations)
