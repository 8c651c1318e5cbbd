"""The head of the GitOps repository as people read it: which image it renders for each Deployment, and which line says so."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TypeAlias

from fluxsim.controllers.flux.builds import Builds
from fluxsim.controllers.flux.substitution import Substitutes
from fluxsim.formats import fluxbuild
from fluxsim.formats.gitobjects import Objects
from fluxsim.formats.gittree import Difference
from fluxsim.formats.imagetag import split
from fluxsim.formats.markers import TOKEN, Marker, find_markers
from fluxsim.formats.tree import Json, Map, get
from fluxsim.kube.meta import GIT_REPOSITORY, IMAGE_POLICY, KUSTOMIZATION, Key
from fluxsim.kube.store import Store
from fluxsim.systems.artifacts import Artifact
from fluxsim.systems.gitserver import Files, GitRepository, normal_url
from fluxsim.world.closure import LOCATION
from fluxsim.world.lookup import ImageLine, images_in

DIRECTORIES_MAX = 4_096
"""So many versions of directories a world remembers the markers of."""
FILES_MAX = 1_024
"""So many versions of files with image lines are remembered in all worlds."""

Marked: TypeAlias = tuple[tuple[str, Marker], ...]
"""Markers with the paths of their files, in order."""
_Value: TypeAlias = tuple[int, str, str | None]

_IMAGE_LINE = re.compile(r"^\s*(?:-\s+)?(?:image|newTag|tag):\s*[\"']?([^\s\"'#]+)")


class Head:
    """Reads the head of a branch through the Kustomizations that the cluster has."""

    def __init__(self, repository: GitRepository, branch: str, store: Store) -> None:
        self._repository = repository
        self._branch = branch
        self._store = store
        self._builds = Builds(Substitutes(store))
        self._markers: dict[tuple[str, bytes], Marked] = {}
        self._known: tuple[object, list[ImageLine]] = (None, [])

    @property
    def commit(self) -> str:
        return self._repository.head(self._branch)

    @property
    def files(self) -> Files:
        return self._repository.files(self.commit)

    def image_lines(self) -> list[ImageLine]:
        """Return every image that the head renders for a Deployment, with the policy and the line behind it."""
        state = (self.commit, self._store.revision_of(KUSTOMIZATION), self._store.revision_of(IMAGE_POLICY))
        if self._known[0] != state:
            self._known = (state, list(self._lines()))
        return self._known[1]

    def _lines(self) -> Iterator[ImageLine]:
        files = self.files
        markers = self._markers_below(files.objects, files.root, "")
        for key in self._store.keys(KUSTOMIZATION):
            kustomization = self._store.need(key)
            for obj, container, image in images_in(self._objects(kustomization, files)):
                if obj["kind"] != "Deployment":
                    continue
                namespace = obj["metadata"].get("namespace") or "default"
                row = ImageLine(namespace, obj["metadata"]["name"], container, image, f"{key.namespace}/{key.name}")
                yield self._with_marker(row, markers)

    def _objects(self, kustomization: Map, files: Files) -> Sequence[Map]:
        reference = kustomization["spec"]["sourceRef"]
        source = self._store.get(
            Key(GIT_REPOSITORY, reference.get("namespace") or kustomization["metadata"]["namespace"], reference["name"])
        )
        if source is None or not _same(source["spec"]["url"], self._repository.url):
            return ()
        content = files.root.hex()
        artifact = Artifact(revision="", digest="", path="", files=files, content=content, metadata={})
        try:
            return self._builds.of(kustomization, artifact, location=LOCATION).objects
        except fluxbuild.BuildFailed:
            return ()

    def _with_marker(self, row: ImageLine, markers: Sequence[tuple[str, Marker]]) -> ImageLine:
        """Return the row with the marker that sets its value: of the same image, best of a policy in the row's namespace."""
        reference = split(row.image)
        fitting = [
            (path, marker)
            for path, marker in markers
            if marker.value in (row.image, reference.tag) and self._image_of(marker.policy) in (reference.name, None)
        ]
        fitting.sort(key=lambda one: (one[1].policy.partition(":")[0] != row.namespace, row.namespace not in one[0]))
        if not fitting:
            return row
        path, marker = fitting[0]
        return replace(row, policy=marker.policy, file=path, line=marker.line)

    def _image_of(self, policy: str) -> str | None:
        namespace, _colon, name = policy.partition(":")
        obj = self._store.get(Key(IMAGE_POLICY, namespace, name))
        found: str | None = get(obj, "status", "latestRef", "name") if obj is not None else None
        return found

    def _markers_below(self, objects: Objects, directory: bytes, prefix: str) -> Marked:
        """Return the markers of the files below a directory; a directory that did not change is not read again."""
        known = self._markers.get((prefix, directory))
        if known is not None:
            return known
        tree = objects.tree(directory)
        found: list[tuple[str, Marker]] = []
        for name in tree.names:
            entry = tree.get(name)
            path = prefix + name
            if entry is None:
                continue
            if entry.is_dir:
                found += self._markers_below(objects, entry.sha, f"{path}/")
            elif entry.is_file and name.endswith((".yaml", ".yml")):
                found += ((path, marker) for marker in _markers(path, objects.blob(entry.sha)))
        if len(self._markers) >= DIRECTORIES_MAX:
            self._markers.clear()
        self._markers[prefix, directory] = marked = tuple(found)
        return marked


def image_changes(repository: GitRepository, differences: Sequence[Difference]) -> list[dict[str, Json]]:
    """Return the lines with an image, a tag or a marker that differ between two trees: file, line, old and new value, policy."""
    changes: list[dict[str, Json]] = []
    for difference in differences:
        if not difference.path.endswith((".yaml", ".yml")):
            continue
        old = _values(repository, difference.path, difference.old.sha if difference.old is not None else None)
        new = _values(repository, difference.path, difference.new.sha if difference.new is not None else None)
        for place in sorted({*old, *new}):
            before, after = old.get(place), new.get(place)
            if before is not None and after is not None and before[1] != after[1]:
                policy = after[2] or before[2]
                changes.append(
                    {"file": difference.path, "line": after[0], "old": before[1], "new": after[1], "policy": policy}
                )
    return changes


def _values(repository: GitRepository, path: str, sha: bytes | None) -> Mapping[int, _Value]:
    """Return ordinal → (line, value, policy) of the image lines of a file version."""
    return {} if sha is None else _values_in(path, repository.objects.blob(sha))


@lru_cache(FILES_MAX)
def _values_in(path: str, data: bytes) -> Mapping[int, _Value]:
    markers = {marker.line: marker.policy for marker in _markers(path, data)}
    found: dict[int, _Value] = {}
    for number, text in enumerate(data.decode("utf-8", "replace").splitlines(), start=1):
        value = _IMAGE_LINE.match(text)
        if value is not None:
            found[len(found)] = (number, value.group(1), markers.get(number))
    return found


@lru_cache(FILES_MAX)
def _markers(path: str, data: bytes) -> tuple[Marker, ...]:
    return tuple(find_markers(path, data)) if TOKEN in data else ()


def _same(one: str, other: str) -> bool:
    return normal_url(one) == normal_url(other)
