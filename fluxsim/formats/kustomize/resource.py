"""An object during a build: its tree, which transformers change in place, and what the build remembers about it.

kustomize keeps its memory in annotations of the object; here it is beside the tree, and shows up as annotations
only where that can be seen: while a JSON patch runs, and in a few messages.
Source: kustomize api v0.21.1 resource/resource.go, internal/utils/annotations.go, kyaml yaml/rnode.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from fluxsim.formats.goyaml_reader import MapWithBlanks
from fluxsim.formats.kustomize.errors import KustomizeError
from fluxsim.formats.kustomize.identity import Gvk, Identity, gvk_of, kind_facts
from fluxsim.formats.kustomize.scalars import bare_key, text_of
from fluxsim.formats.tree import Json

INTERNAL = "internal.config.kubernetes.io/"
ORIGIN = "config.kubernetes.io/origin"
TRANSFORMATIONS = "alpha.config.kubernetes.io/transformations"
BUILD_ANNOTATIONS = frozenset(
    [
        f"{INTERNAL}{name}"
        for name in (
            "previousKinds", "previousNames", "prefixes", "suffixes", "previousNamespaces", "allowNameChange",
            "allowKindChange", "refBy", "generatorBehavior", "needsHashSuffix", "path", "index", "seqindent",
            "id", "annotations-migration-resource-id", "helm-generated",
        )
    ]
    + ["config.kubernetes.io/path", "config.kubernetes.io/index", "config.k8s.io/id"]
)  # fmt: skip
"""Annotations that kustomize takes for its own, and removes from what it prints even when a user wrote them."""


_PREVIOUS = ("previousNames", "previousKinds", "previousNamespaces")


class ImageOrigin(NamedTuple):
    """Who wrote an image: a file, and the texts to look for in it, one after the other, to come to the line."""

    path: str
    hints: tuple[str, ...]

    def line(self, text: str) -> int:
        """Return the 1-based line of the last hint in the text of the file, 0 when it cannot be found."""
        at = 0
        for hint in self.hints:
            found = text.find(hint, at)
            if found < 0:
                return 0
            at = found
        return text.count("\n", 0, at) + 1


class Resource:
    """An object in the making. `path` is the file it came from."""

    __slots__ = ("behavior", "images", "names_vars", "needs_hash", "path", "prefixes", "previous", "suffixes", "tree")

    def __init__(self, tree: dict[str, Json], path: str = "") -> None:
        self.tree = tree
        self.path = path
        self.previous: list[tuple[str, str, str]] = []
        """(kind, name, effective namespace) before each change, the oldest first."""
        self.prefixes: list[str] = []
        self.suffixes: list[str] = []
        self.needs_hash = False
        self.behavior: str | None = None
        self.names_vars: list[str] = []
        self.images: dict[tuple[str, ...], ImageOrigin] = {}
        """Who wrote an image, where it was not the file that the object came from; see imageorigins."""

    @property
    def kind(self) -> str:
        return text_of(self.tree.get("kind"))

    @property
    def gvk(self) -> Gvk:
        tree = self.tree
        return gvk_of(text_of(tree.get("apiVersion")), text_of(tree.get("kind")))

    @property
    def metadata(self) -> Mapping[str, Json]:
        metadata = self.tree.get("metadata")
        return metadata if isinstance(metadata, dict) else {}

    @property
    def name(self) -> str:
        return text_of(self.metadata.get("name"))

    @property
    def namespace(self) -> str:
        return text_of(self.metadata.get("namespace"))

    @property
    def identity(self) -> Identity:
        tree = self.tree
        api_version, kind, metadata = tree.get("apiVersion"), tree.get("kind"), tree.get("metadata")
        if type(api_version) is not str or type(kind) is not str:
            api_version, kind = text_of(api_version), text_of(kind)
        gvk, cluster_scoped = kind_facts(api_version, kind)
        if not isinstance(metadata, dict):
            return Identity(gvk, "", "", cluster_scoped)
        return Identity(gvk, text_of(metadata.get("name")), text_of(metadata.get("namespace")), cluster_scoped)

    @property
    def previous_identities(self) -> list[Identity]:
        group, version, _ = self.gvk
        return [Identity(Gvk(group, version, kind), name, namespace) for kind, name, namespace in self.previous]

    @property
    def original(self) -> Identity:
        """The first id that the object had."""
        return self.previous_identities[0] if self.previous else self.identity

    def remember(self) -> None:
        """Keep the current id among the previous ones, before it changes."""
        identity = self.identity
        self.previous.append((identity.gvk.kind, identity.name, identity.effective_namespace))

    def set_name(self, name: str) -> None:
        self.made_metadata()["name"] = name

    def set_namespace(self, namespace: str) -> None:
        if namespace:
            self.made_metadata()["namespace"] = namespace
        elif "namespace" in self.metadata:
            del self.made_metadata()["namespace"]

    def made_metadata(self) -> dict[str, Json]:
        """Return the metadata to change, made when there is none."""
        metadata = self.tree.get("metadata")
        if not isinstance(metadata, dict):
            metadata = self.tree["metadata"] = {}
        return metadata

    def texts(self, field: str) -> dict[str, str]:
        """Return metadata.labels or metadata.annotations, every value as the text that stands in the file."""
        entries = self.metadata.get(field)
        if not isinstance(entries, dict):
            return {}
        blanks = entries.blanks if isinstance(entries, MapWithBlanks) else ()
        return {
            key: ("" if key in blanks else "null") if value is None else text_of(value)
            for key, value in entries.items()
        }

    def set_texts(self, field: str, entries: Mapping[str, str]) -> None:
        """Replace metadata.labels or metadata.annotations; without entries the field goes."""
        metadata = self.made_metadata()
        if entries:
            metadata[field] = {bare_key(key): text for key, text in entries.items()}
        else:
            metadata.pop(field, None)

    def annotate(self, entries: Mapping[str, str]) -> None:
        """Add annotations; those that are there keep their values, whatever these are."""
        metadata = self.made_metadata()
        old = metadata.get("annotations")
        if isinstance(old, dict):
            old.update(entries)
        else:
            metadata["annotations"] = dict(entries)

    def recall(self) -> None:
        """Take over what annotations of the object say about earlier builds, as kustomize does."""
        annotations = self.texts("annotations")
        if not any(key.startswith(INTERNAL) for key in annotations):
            return
        told = {key.removeprefix(INTERNAL): text for key, text in annotations.items() if key.startswith(INTERNAL)}
        names, kinds, namespaces = (told[field].split(",") if told.get(field) else [] for field in _PREVIOUS)
        if not len(names) == len(kinds) == len(namespaces):
            raise KustomizeError(
                "number of previous names, number of previous namespaces, number of previous kinds not equal"
            )
        self.previous = list(zip(kinds, names, namespaces, strict=True))
        self.prefixes = told["prefixes"].split(",") if told.get("prefixes") else []
        self.suffixes = told["suffixes"].split(",") if told.get("suffixes") else []
        self.needs_hash = told.get("needsHashSuffix") == "enabled"
        self.behavior = told.get("generatorBehavior")
        kept = {key: text for key, text in annotations.items() if key not in BUILD_ANNOTATIONS}
        self.set_texts("annotations", kept)

    def build_annotations(self) -> dict[str, str]:
        """Return the annotations in which kustomize keeps what is remembered here."""
        found: dict[str, str] = {}
        if self.behavior is not None:
            found[f"{INTERNAL}generatorBehavior"] = self.behavior
        if self.needs_hash:
            found[f"{INTERNAL}needsHashSuffix"] = "enabled"
        if self.prefixes:
            found[f"{INTERNAL}prefixes"] = ",".join(self.prefixes)
        if self.suffixes:
            found[f"{INTERNAL}suffixes"] = ",".join(self.suffixes)
        if self.previous:
            kinds, names, namespaces = zip(*self.previous, strict=True)
            found[f"{INTERNAL}previousKinds"] = ",".join(kinds)
            found[f"{INTERNAL}previousNames"] = ",".join(names)
            found[f"{INTERNAL}previousNamespaces"] = ",".join(namespaces)
        return found

    def shown(self) -> dict[str, Json]:
        """Return the tree as kustomize has it inside, for messages."""
        annotations = {**self.texts("annotations"), **self.build_annotations()}
        if not annotations:
            return self.tree
        return {**self.tree, "metadata": {**self.metadata, "annotations": annotations}}

    def same_name_changes(self, other: Resource, *, lenient: bool) -> bool:
        """Return whether both went through the same layers of prefixes and suffixes; `lenient` takes none for any."""
        return _same_ending(self.prefixes, other.prefixes, lenient=lenient) and _same_ending(
            self.suffixes, other.suffixes, lenient=lenient
        )


def _same_ending(left: list[str], right: list[str], *, lenient: bool) -> bool:
    if not left or not right:
        return lenient or not (left or right)
    shorter = min(len(left), len(right))
    return left[-shorter:] == right[-shorter:]
