"""One image repository of a registry: manifests by digest, tags that point to them, and a log of all tags ever moved."""

from __future__ import annotations

import json
from bisect import bisect_left, insort
from collections.abc import Sequence
from typing import Literal, NamedTuple

from fluxsim.formats.ociimage import (
    DOCKER_LIST,
    INDEX,
    MANIFEST,
    Build,
    digest_of,
    index_of,
    labels_of,
    parts,
)
from fluxsim.formats.taglist import TagList
from fluxsim.formats.tree import Json
from fluxsim.kernel.changes import Changes
from fluxsim.systems.imagename import ImageName


class TagEvent(NamedTuple):
    """One line of the log. `seq` counts from 1 in each repository; a moved tag is another put."""

    seq: int
    what: Literal["put", "delete"]
    tag: str
    digest: str


class Manifest:
    """What a digest names. The bytes of a synthetic image are made again when somebody wants them."""

    __slots__ = ("_raw", "build", "digest", "media_type", "pull_size", "size")

    def __init__(
        self, digest: str, media_type: str, size: int, *, pull_size: int, build: Build | None = None, raw: bytes = b""
    ) -> None:
        self.digest = digest
        self.media_type = media_type
        self.size = size
        self.pull_size = pull_size
        """Bytes of config and layers, what a node stores."""
        self.build = build
        self._raw = raw

    @classmethod
    def of_build(cls, build: Build) -> Manifest:
        made = parts(build)
        size = sum(map(len, made.blobs))
        return cls(digest_of(made.manifest), MANIFEST, len(made.manifest), pull_size=size, build=build)

    @classmethod
    def of_bytes(cls, media_type: str, raw: bytes, digest: str = "") -> Manifest:
        return cls(digest or digest_of(raw), media_type, len(raw), pull_size=_pull_size(raw), raw=raw)

    @property
    def raw(self) -> bytes:
        return self._raw if self.build is None else parts(self.build).manifest

    @property
    def is_index(self) -> bool:
        return self.media_type in (INDEX, DOCKER_LIST)

    def members(self) -> list[str]:
        """Return the digests of the manifests that an index lists."""
        if not self.is_index:
            return []
        listed = _entries(json.loads(self._raw).get("manifests"))
        return [digest for digest in map(get_digest, listed) if digest]


class ImageRepository:
    """Tags and manifests under one name. It knows nothing of credentials and faults: those are the registry's."""

    def __init__(self, name: ImageName, changes: Changes | None = None) -> None:
        self.name = name
        self._changes = changes or Changes()
        self.log: list[TagEvent] = []
        self.serial = 0
        """Grows with whatever a client could notice."""
        self._digests: dict[str, str] = {}  # in the order of the last put
        self._sorted: list[str] = []
        self._tags: tuple[str, ...] | None = ()
        self._listed = TagList()
        self._unlisted: dict[str, bool] = {}  # what came (True) or went since the list was last asked for
        self._manifests: dict[str, Manifest] = {}
        self._blobs: dict[str, bytes] = {}
        self._unwritten: list[Build] = []  # whose blobs nobody has asked for yet

    # -- tags

    @property
    def seq(self) -> int:
        """The number of the newest line of the log; a cursor to come back with."""
        return len(self.log)

    def tags(self) -> tuple[str, ...]:
        """Return all tags, sorted by bytes as the OCI specification wants; the same tuple while none comes or goes."""
        if self._tags is None:
            self._tags = tuple(self._sorted)
        return self._tags

    def listed(self) -> TagList:
        """Return all tags as a list that knows what changed since it was last asked for: a scan of many costs what is new."""
        if self._unlisted:
            came = [tag for tag, is_there in self._unlisted.items() if is_there]
            went = [tag for tag, is_there in self._unlisted.items() if not is_there]
            self._listed = self._listed.changed(added=came, removed=went)
            self._unlisted.clear()
        return self._listed

    def newest_last(self) -> list[str]:
        """Return all tags in the order in which they were last put."""
        return list(self._digests)

    def tags_at(self, seq: int) -> tuple[str, ...]:
        """Return the tags as they were after a line of the log."""
        if seq >= self.seq:
            return self.tags()
        live: dict[str, None] = {}
        for event in self.log[:seq]:
            if event.what == "put":
                live[event.tag] = None
            else:
                live.pop(event.tag, None)
        return tuple(sorted(live))

    def changes(self, since: int) -> Sequence[TagEvent]:
        """Return the lines of the log after a cursor."""
        return self.log[since:]

    def digest(self, tag: str) -> str:
        """Return what a tag points to, empty where there is no such tag."""
        return self._digests.get(tag, "")

    def tags_of(self, digest: str) -> list[str]:
        return sorted(tag for tag, other in self._digests.items() if other == digest)

    def put_tag(self, tag: str, digest: str) -> None:
        """Point a tag at a manifest that is here. Pointing it where it points already is not an event."""
        assert digest in self._manifests, f"{self.name} has no manifest {digest}"
        old = self._digests.get(tag)
        if old != digest:
            self._changing()
        self._digests.pop(tag, None)
        self._digests[tag] = digest
        if old == digest:
            return
        if old is None:
            insort(self._sorted, tag)
            self._tags = None
            self._unlisted[tag] = True
        self._record("put", tag, digest)

    def delete_tag(self, tag: str) -> str:
        """Take a tag away and return what it pointed to; the manifest stays."""
        self._changing()
        digest = self._digests.pop(tag)
        del self._sorted[bisect_left(self._sorted, tag)]
        self._tags = None
        self._unlisted[tag] = False
        self._record("delete", tag, digest)
        return digest

    # -- manifests and blobs

    def manifest(self, digest: str) -> Manifest | None:
        return self._manifests.get(digest)

    def add_build(self, build: Build) -> Manifest:
        """Add the image of a build, with all its blobs."""
        manifest = self.add_manifest(Manifest.of_build(build))
        self._unwritten.append(build)
        return manifest

    def add_manifest(self, manifest: Manifest) -> Manifest:
        if manifest.digest not in self._manifests:
            self._changing()
            self._manifests[manifest.digest] = manifest
        return self._manifests[manifest.digest]

    def wrapped(self, digest: str) -> Manifest:
        """Add an index around a manifest that is here, and return it."""
        inner = self._manifests[digest]
        return self.add_manifest(Manifest.of_bytes(INDEX, index_of(inner.media_type, inner.raw)))

    def delete_manifest(self, digest: str) -> list[str]:
        """Take a manifest away with all tags that point to it; return those. Its blobs stay, as in a registry that was not swept."""
        tags = self.tags_of(digest)
        for tag in tags:
            self.delete_tag(tag)
        self._changing()
        del self._manifests[digest]
        return tags

    def referrers(self, digest: str) -> list[Manifest]:
        """Return the manifests whose `subject` is this one, in the order in which they came."""
        return [
            manifest
            for manifest in self._manifests.values()
            if manifest.build is None and get_digest(json.loads(manifest.raw).get("subject")) == digest
        ]

    def labels(self, digest: str) -> dict[str, str]:
        """Return the labels of an image; those of its first manifest for an index."""
        manifest = self._manifests.get(digest)
        while manifest is not None and manifest.is_index:
            members = manifest.members()
            manifest = self._manifests.get(members[0]) if members else None
        if manifest is None:
            return {}
        if manifest.build is not None:
            return labels_of(manifest.build)
        config = self.blob(get_digest(json.loads(manifest.raw).get("config")))
        try:
            labels: Json = json.loads(config or b"{}").get("config", {}).get("Labels")
        except (ValueError, AttributeError):
            labels = None
        return labels if isinstance(labels, dict) else {}

    def blob(self, digest: str) -> bytes | None:
        """Return a blob; those of synthetic images are written when the first blob is asked for."""
        for build in self._unwritten:
            for blob in parts(build).blobs:
                self._blobs[digest_of(blob)] = blob
        self._unwritten.clear()
        return self._blobs.get(digest)

    def add_blob(self, content: bytes, digest: str = "") -> str:
        """Add a blob under its sha256, or under the digest that it was checked against."""
        digest = digest or digest_of(content)
        self._blobs[digest] = content
        return digest

    def delete_blob(self, digest: str) -> bool:
        """Take a blob away; tell whether it was there."""
        if self.blob(digest) is None:
            return False
        del self._blobs[digest]
        return True

    def copy_from(self, other: ImageRepository, digest: str) -> Manifest:
        """Bring a manifest and all that it needs over from another repository; no bytes are copied, the digest stays."""
        manifest = other._manifests[digest]
        for member in manifest.members():
            if member in other._manifests:
                self.copy_from(other, member)
        if manifest.build is not None:
            self._unwritten.append(manifest.build)
        elif not manifest.is_index:
            content = json.loads(manifest.raw)
            for wanted in [content.get("config"), *_entries(content.get("layers"))]:
                blob = other.blob(get_digest(wanted))
                if blob is not None:
                    self._blobs[get_digest(wanted)] = blob
        return self.add_manifest(manifest)

    def _changing(self) -> None:
        """Say that something changes now, before it does."""
        self.serial += 1
        self._changes.coming()

    def _record(self, what: Literal["put", "delete"], tag: str, digest: str) -> None:
        self.log.append(TagEvent(len(self.log) + 1, what, tag, digest))


def get_digest(described: Json) -> str:
    """Return the digest of a descriptor, empty for anything else."""
    digest: Json = described.get("digest") if isinstance(described, dict) else None
    return digest if isinstance(digest, str) else ""


def _entries(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _pull_size(raw: bytes) -> int:
    content = json.loads(raw)
    described = [content.get("config"), *_entries(content.get("layers"))]
    return sum(entry["size"] for entry in described if isinstance(entry, dict) and isinstance(entry.get("size"), int))
