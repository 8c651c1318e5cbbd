"""The files of a build: what may be read from where, and how a missing one is told.

Paths in a FileTree are relative to its top, with slashes and without `.` or `..`; the top itself is "".
Source: kustomize api v0.21.1 internal/loader/{fileloader,loadrestrictions}.go, kyaml filesys/fsondisk.go;
fluxcd/pkg kustomize v1.35 filesys/fs_secure.go for the wording where the whole tree may be read.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from typing import Protocol

from fluxsim.formats.kustomize.errors import KustomizeError

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_REMOTE = ("http://", "https://")
_GIT = (
    "git::", "git@", "ssh://", "git://", "file://", "github.com/", "github.com:", "gh:", "git.", "gitlab.com/",
    "bitbucket.org/", "dev.azure.com/",
)  # fmt: skip


class FileTree(Protocol):
    """A tree of files: a dict, a directory, a Git tree. Links that leave the tree are absent."""

    def read(self, path: str, /) -> bytes | None:
        """Return the bytes of a file, None when there is no file of that path."""
        ...

    def is_dir(self, path: str, /) -> bool: ...

    def list(self, path: str, /) -> Sequence[str]:
        """Return the names in a directory, sorted."""
        ...


class DictTree:
    """A FileTree of texts by path."""

    def __init__(self, files: Mapping[str, str | bytes]) -> None:
        self._files = {
            posixpath.normpath(path): data.encode() if isinstance(data, str) else data for path, data in files.items()
        }
        self._directories: dict[str, set[str]] = {"": set()}
        for path in self._files:
            below = path
            while below:
                above, _, name = below.rpartition("/")
                self._directories.setdefault(above, set()).add(name)
                below = above

    def read(self, path: str, /) -> bytes | None:
        return self._files.get(path)

    def is_dir(self, path: str, /) -> bool:
        return path in self._directories

    def list(self, path: str, /) -> Sequence[str]:
        return sorted(self._directories.get(path, ()))


class Access:
    """A FileTree as one build sees it: remembers what was asked, and knows where the tree stands for messages."""

    def __init__(self, files: FileTree, location: str, *, inside_root_only: bool) -> None:
        self.location = location
        self.inside_root_only = inside_root_only
        self.read_paths: dict[str, None] = {}
        self.directories: dict[str, None] = {}
        self._files = files

    def shown(self, path: str) -> str:
        """Return the path as a message shows it."""
        return posixpath.normpath(posixpath.join(self.location, path))

    def within(self, shown: str) -> str | None:
        """Return the path in the tree, None when it is outside."""
        if shown == self.location:
            return ""
        top = self.location.rstrip("/") + "/"
        return shown[len(top) :] if shown.startswith(top) else None

    def is_above(self, shown: str) -> bool:
        """Return whether the path is a directory that the whole tree lies in."""
        return self.location.startswith(shown.rstrip("/") + "/") or not shown.strip("./")

    def read(self, path: str) -> bytes | None:
        self.read_paths[path] = None
        return self._files.read(path)

    def is_dir(self, path: str) -> bool:
        if path not in self.directories:
            self.directories[path] = None
        return self._files.is_dir(path)

    def absence(self, shown: str) -> str:
        """Say that neither file nor directory is there, as a walk from the top down finds it."""
        path = self.within(shown)
        if path is None:
            return f"lstat {shown}: no such file or directory"
        at = ""
        for step in path.split("/"):
            before, at = at, f"{at}/{step}" if at else step
            if not self.is_dir(at) and self.read(at) is None:
                if not self.is_dir(before):
                    return "not a directory"
                return f"lstat {self.shown(at)}: no such file or directory"
        return f"lstat {shown}: no such file or directory"


class Root:
    """A directory that is built, with those that led to it: a build may not come back to one of them."""

    def __init__(self, access: Access, path: str, parent: Root | None = None) -> None:
        self.access = access
        self.path = path
        self.parent = parent

    def __str__(self) -> str:
        return self.access.shown(self.path)

    def tree_path(self, path: str) -> str:
        """Return the path in the tree of a path that a kustomization in this directory names."""
        return self.access.within(self._join(path)) or path

    def load(self, path: str) -> bytes:
        """Read a file. Raises KustomizeError in the words of the file system that the build runs on."""
        if path.startswith(_REMOTE):
            raise KustomizeError(f"remote file '{path}' cannot be fetched: builds run offline")
        shown = self._join(path)
        within = self.access.within(shown)
        data = self.access.read(within) if within else None
        if not self.access.inside_root_only:
            return self._whole_tree(shown, within, data)
        if data is None:
            if self.access.is_above(shown) if within is None else self.access.is_dir(within):
                raise KustomizeError(f"'{shown}' must resolve to a file")
            raise KustomizeError(f"evalsymlink failure on '{shown}' : {self.access.absence(shown)}")
        if self.path and not (within or "").startswith(f"{self.path}/"):
            raise KustomizeError(f"security; file '{shown}' is not in or below '{self}'")
        return data

    def _whole_tree(self, shown: str, within: str | None, data: bytes | None) -> bytes:
        if within is None:
            top = self.access.location
            raise KustomizeError(f"fs-security-constraint read {shown}: path '{shown}' is not in or below '{top}'")
        if data is not None:
            return data
        if self.access.is_dir(within):
            raise KustomizeError(f"read {shown}: is a directory")
        problem = self.access.absence(shown).rpartition(": ")[2]
        raise KustomizeError(f"open {shown}: {problem}")

    def enter(self, path: str) -> Root:
        """Return the root for a directory that this one names. Raises KustomizeError."""
        if not path:
            raise KustomizeError("new root cannot be empty")
        if path.startswith((*_REMOTE, *_GIT)):
            raise KustomizeError(f"remote base '{path}' cannot be fetched: builds run offline")
        if posixpath.isabs(path):
            raise KustomizeError(f"new root '{path}' cannot be absolute")
        shown = self._join(path)
        if self.access.within(shown) is None and self.access.is_above(shown):
            raise KustomizeError(f"cycle detected: candidate root '{shown}' contains visited root '{self}'")
        root = confirmed(self.access, shown, self)
        visited: Root | None = self
        while visited is not None:
            if not root.path or visited.path == root.path or visited.path.startswith(f"{root.path}/"):
                raise KustomizeError(f"cycle detected: candidate root '{root}' contains visited root '{visited}'")
            visited = visited.parent
        return root

    def kustomization(self) -> tuple[str, bytes]:
        """Return the name and the bytes of the one kustomization file. Raises KustomizeError."""
        found: list[tuple[str, bytes]] = []
        for name in NAMES:
            data = self.access.read(f"{self.path}/{name}" if self.path else name)
            if data is not None:
                found.append((name, data))
        if not found:
            first, second, third = NAMES
            raise KustomizeError(f"unable to find one of '{first}', '{second}' or '{third}' in directory '{self}'")
        if len(found) > 1:
            raise KustomizeError(f"Found multiple kustomization files under: {self}\n")
        return found[0]

    def _join(self, path: str) -> str:
        if posixpath.isabs(path):
            return posixpath.normpath(path)
        return self.access.shown(posixpath.join(self.path, path))


def confirmed(access: Access, shown: str, parent: Root | None, named: str = "") -> Root:
    """Return the root for a directory; `shown` is its path as messages show it. Raises KustomizeError.

    `named` is what a person called it, which a few messages repeat.
    """
    named = named or shown
    path = access.within(shown)
    if path is not None and access.is_dir(path):
        return Root(access, path, parent)
    if path is not None and access.read(path) is not None:
        raise KustomizeError(f"must build at directory: '{named}': file is not directory")
    absent = f"evalsymlink failure on '{named}' : {access.absence(shown)}"
    raise KustomizeError(f"must build at directory: not a valid directory: {absent}")
