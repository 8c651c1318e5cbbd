"""The artifact store of source-controller: the file trees that it fetched, served to kustomize-controller.

An emptyDir in Flux: lost with the pod. The newest two artifacts of a source are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from fluxsim.kernel.changes import Changes


class FileTree(Protocol):
    """Files by path, as a checkout or an artifact holds them. Paths use `/` and no leading one."""

    def read(self, path: str) -> bytes | None: ...
    def is_dir(self, path: str) -> bool: ...
    def list(self, path: str) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class Artifact:
    """What a source serves. `content` tells equal content from other content in O(1): equal ids, equal files."""

    revision: str
    digest: str
    path: str
    files: FileTree
    content: str
    metadata: Mapping[str, str]


class ArtifactStore:
    """Artifacts by their path, `gitrepository/<namespace>/<name>/<hash>.tar.gz`."""

    KEPT = 2
    """--artifact-retention-records."""

    def __init__(self, changes: Changes | None = None) -> None:
        self._changes = changes or Changes()
        self._stored: dict[str, Artifact] = {}

    def get(self, path: str) -> Artifact | None:
        return self._stored.get(path)

    def store(self, artifact: Artifact) -> int:
        """Add an artifact; return how many old ones of the same source were collected."""
        self._changes.coming()
        self._stored.pop(artifact.path, None)
        self._stored[artifact.path] = artifact
        home = artifact.path.rpartition("/")[0] + "/"
        mine = [path for path in self._stored if path.startswith(home)]
        for path in mine[: -self.KEPT]:
            del self._stored[path]
        return max(0, len(mine) - self.KEPT)

    def remove(self, home: str) -> None:
        """Drop all artifacts of a source that is gone; `home` is their directory."""
        for path in [path for path in self._stored if path.startswith(f"{home}/")]:
            self._changes.coming()
            del self._stored[path]

    def lose(self) -> None:
        """Forget everything, as an emptyDir does with its pod."""
        self._changes.coming()
        self._stored.clear()
