"""What goes into an artifact: a checkout, its sparse directories, other artifacts put in, less what is ignored.

Source: source-controller v1.9.1 gitrepository_controller.go (reconcileInclude, validateSparseCheckoutPaths).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fluxsim.formats.sourceignore import ArtifactFiles
from fluxsim.formats.tree import Json, Map
from fluxsim.systems.artifacts import Artifact, FileTree
from fluxsim.systems.gitserver import Head


class NoSuchDirectory(Exception):
    """A directory of spec.sparseCheckout is not in the repository."""


@dataclass(frozen=True, slots=True)
class Included:
    """An artifact to put in: what of it, and where."""

    artifact: Artifact
    source: str
    target: str


def contents(head: Head, spec: Json, included: Sequence[Included]) -> tuple[FileTree, str]:
    """Return (files, digest of all that they depend on). Raises NoSuchDirectory."""
    files: FileTree = head.files
    directories = [_clean(directory) for directory in spec.get("sparseCheckout") or ()]
    for directory in directories:
        if not files.is_dir(directory):
            told = f"sparse checkout dir '{directory}' does not exist in repository"
            raise NoSuchDirectory(f"{told}: lstat {directory}: no such file or directory")
    if directories:
        files = Sparse(files, directories)
    for one in included:
        files = Overlaid(files, one)
    ignored = ArtifactFiles(files, spec.get("ignore"))
    parts = [head.tree, *ignored.patterns, *(f"sparse {directory}" for directory in directories)]
    parts += [f"include {one.artifact.content} {one.source} {one.target}" for one in included]
    return ignored, hashlib.sha256("\n".join(parts).encode()).hexdigest()


def observed(obj: Map) -> tuple[Json, ...]:
    """Return what of status must equal `wanted` for an artifact to stand."""
    status = obj.get("status", {})
    return tuple(status.get(field) or None for field in _OBSERVED)


def wanted(spec: Json) -> tuple[Json, ...]:
    """Return what of a spec, beside the revision, decides about the content of an artifact."""
    return tuple(spec.get(field) or None for field in _OBSERVED.values())


def observations(spec: Json) -> dict[str, Json]:
    """Return the status that says for which spec an artifact was made."""
    return dict(zip(_OBSERVED, wanted(spec), strict=True))


_OBSERVED = {
    "observedIgnore": "ignore",
    "observedRecurseSubmodules": "recurseSubmodules",
    "observedInclude": "include",
    "observedSparseCheckout": "sparseCheckout",
}


class Sparse:
    """Only some directories of a tree, all that is in them."""

    def __init__(self, files: FileTree, directories: Sequence[str]) -> None:
        self._files = files
        self._directories = directories

    def read(self, path: str) -> bytes | None:
        return self._files.read(path) if self._is_inside(path) else None

    def is_dir(self, path: str) -> bool:
        return (self._is_inside(path) or self._leads_inside(path)) and self._files.is_dir(path)

    def list(self, path: str) -> list[str]:
        names = self._files.list(path)
        if self._is_inside(path):
            return names
        return [name for name in names if self.is_dir(_joined(path, name))]

    def _is_inside(self, path: str) -> bool:
        return any(not one or path == one or path.startswith(f"{one}/") for one in self._directories)

    def _leads_inside(self, path: str) -> bool:
        return path in ("", ".") or any(one.startswith(f"{path}/") for one in self._directories)


class Overlaid:
    """A tree with a part of another one at a path; what is put in wins."""

    def __init__(self, files: FileTree, included: Included) -> None:
        self._files = files
        self._over = included.artifact.files
        self._source = _clean(included.source)
        self._target = _clean(included.target)

    def read(self, path: str) -> bytes | None:
        there = self._inside(path)
        found = self._over.read(there) if there is not None else None
        return found if found is not None else self._files.read(path)

    def is_dir(self, path: str) -> bool:
        there = self._inside(path)
        if there is not None and self._over.is_dir(there):
            return True
        return path in self._parents() or self._files.is_dir(path)

    def list(self, path: str) -> list[str]:
        names = dict.fromkeys(self._files.list(path) if self._files.is_dir(path) else ())
        there = self._inside(path)
        if there is not None and self._over.is_dir(there):
            names.update(dict.fromkeys(self._over.list(there)))
        at = "" if path == "." else path
        for parent in (*self._parents(), self._target):
            above, _slash, name = parent.rpartition("/")
            if name and above == at:
                names.setdefault(name)
        return sorted(names)

    def _inside(self, path: str) -> str | None:
        at = "" if path == "." else path
        if not self._target:
            return _joined(self._source, at)
        if at == self._target:
            return self._source
        return _joined(self._source, at.removeprefix(f"{self._target}/")) if at.startswith(f"{self._target}/") else None

    def _parents(self) -> Iterator[str]:
        above = self._target.rpartition("/")[0]
        while above:
            yield above
            above = above.rpartition("/")[0]


def _clean(path: str) -> str:
    """Return a path of a spec inside its tree: `..` stops at the root."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def _joined(directory: str, name: str) -> str:
    at = "" if directory == "." else directory
    return f"{at}/{name}" if at and name else at or name
