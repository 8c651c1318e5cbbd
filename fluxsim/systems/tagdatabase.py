"""The tag database inside image-reflector-controller: the last scan of each image, lost when its pod is.

It is a hidden channel beside the API: ImageRepositories write it, ImagePolicies read it. Keyed by canonical
image name, so two ImageRepositories of one image share one record, and the last writer wins (Badger backend,
image-reflector-controller v1.2.0, internal/database).
"""

from __future__ import annotations

from collections.abc import Sequence

from fluxsim.kernel.changes import Changes


class TagDatabase:
    """Tags by canonical image name, in descending byte order as the scan stored them."""

    def __init__(self, changes: Changes | None = None) -> None:
        self._changes = changes or Changes()
        self._tags: dict[str, Sequence[str]] = {}

    def tags(self, canonical_name: str) -> Sequence[str]:
        """Return the tags of the last scan; nothing where there was none."""
        return self._tags.get(canonical_name, ())

    def store(self, canonical_name: str, tags: Sequence[str]) -> None:
        if self._tags.get(canonical_name) != tags:
            self._changes.coming()
        self._tags[canonical_name] = tags

    def lose(self) -> None:
        """Forget everything, as an emptyDir does with its pod."""
        self._changes.coming()
        self._tags.clear()
