"""The registries of a world: image repositories by name, who may use them, and how they fail."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal, TypeAlias

from fluxsim.formats.ociimage import Build, digest_of
from fluxsim.kernel.changes import Changes
from fluxsim.systems.imagename import ImageName, InvalidName, is_digest, is_tag, parse_name, parse_reference
from fluxsim.systems.imagerepository import ImageRepository, Manifest, TagEvent
from fluxsim.systems.registryerrors import RegistryError, list_request, manifest_request, pull_text

__all__ = [
    "Access",
    "Build",
    "ImageName",
    "ImageRepository",
    "InvalidName",
    "Manifest",
    "Mode",
    "PullError",
    "Pulled",
    "Registry",
    "RegistryError",
    "TagEvent",
    "family_of",
]

Access: TypeAlias = Literal["read-write", "read-only", "none"]
Mode: TypeAlias = Literal["outage", "rate-limit", "expired-token", "auth", "truncated-list", "stale-list"]
"""The first four refuse every request; the last two answer, but with a list that is not the whole one."""


class PullError(Exception):
    """An image that a node cannot pull; the text is containerd's, as it stands in the kubelet's events."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """An image that a node has pulled."""

    reference: str
    """With host, path and tag in full, as the runtime reports it."""
    name: str
    digest: str
    size: int
    labels: dict[str, str]

    @property
    def image_id(self) -> str:
        """`ghcr.io/a/b@sha256:…`, what status.containerStatuses[].imageID shows."""
        return f"{self.name}@{self.digest}"


@dataclass(frozen=True, slots=True)
class _Fault:
    mode: Mode
    drop: int = 0
    first: int = 0
    seqs: dict[ImageName, int] = field(default_factory=dict[ImageName, int])


class Registry:
    """All image repositories that can be reached, whatever their host.

    Names may be written in any way that means the same repository (`nginx`, `docker.io/library/nginx`). A credential is
    the name of a key or token, empty for nobody; who is not named may read and write.
    """

    def __init__(self, changes: Changes | None = None) -> None:
        self._changes = changes or Changes()
        self._repositories: dict[ImageName, ImageRepository] = {}
        self._access: dict[tuple[str, ImageName | None], Access] = {}
        self._faults: dict[ImageName | None, _Fault] = {}
        self._names: dict[str, ImageName] = {}
        self._serial = 0

    # -- what clients do

    def list_tags(self, image: str, credential: str = "") -> Sequence[str]:
        """Return the tags, sorted by bytes; the same tuple again while nothing changed. Raises RegistryError.

        A truncated list lacks its newest tags, or all behind the first n; a stale one is that of some time ago.
        """
        repository, fault = self._listing(image, credential)
        return repository.tags() if fault is None else _shortened(repository, fault)

    def scan(self, image: str, credential: str = "") -> Sequence[str]:
        """Return what list_tags does, in no promised order: the whole list as one that knows what changed since the last scan."""
        repository, fault = self._listing(image, credential)
        return repository.listed() if fault is None else _shortened(repository, fault)

    def head(self, image: str, reference: str, credential: str = "") -> str:
        """Return the digest that a tag or a digest names, asked for with HEAD. Raises RegistryError."""
        return self._manifest("HEAD", image, reference, credential).digest

    def manifest(self, image: str, reference: str, credential: str = "") -> Manifest:
        """Return the manifest of a tag or digest, asked for with GET. Raises RegistryError."""
        return self._manifest("GET", image, reference, credential)

    def resolve(self, image: str, reference: str) -> str:
        """Return the digest of a tag or digest, empty where there is none: for those who look on, past all faults."""
        repository = self.find(image)
        if repository is None:
            return ""
        digest = reference if is_digest(reference) else repository.digest(reference)
        return digest if repository.manifest(digest) is not None else ""

    def pull(self, reference: str, credential: str = "") -> Pulled:
        """Return the image that a container's `image` names. Raises InvalidName, PullError.

        With tag and digest the digest decides, and the tag is not looked at.
        """
        wanted = parse_reference(reference)
        try:
            manifest = self._manifest("HEAD", str(wanted.name), wanted.digest or wanted.tag, credential)
        except RegistryError as error:
            raise PullError(pull_text(wanted, error)) from error
        repository = self._repositories[wanted.name]
        size = manifest.pull_size
        for member in manifest.members()[:1]:
            inner = repository.manifest(member)
            size += inner.pull_size if inner is not None else 0
        return Pulled(str(wanted), str(wanted.name), manifest.digest, size, repository.labels(manifest.digest))

    def push(self, image: str, tag: str, build: Build, credential: str = "") -> str:
        """Push the image of a build under a tag, which moves if it is there already; return the digest. Raises RegistryError."""
        repository = self._writable(image, tag, credential)
        manifest = repository.add_build(build)
        repository.put_tag(tag, manifest.digest)
        return manifest.digest

    def retag(
        self, image: str, source: str, tag: str, *, to: str = "", rewrap: bool = False, credential: str = ""
    ) -> str:
        """Point a tag at the image of another tag or digest, here or in the repository `to`; return the digest.

        Nothing is copied and the digest stays, but for `rewrap`: an index around the image, as `docker buildx imagetools
        create` makes of a single manifest. Raises RegistryError.
        """
        manifest = self.manifest(image, source, credential)
        repository = self._writable(to or image, tag, credential)
        origin = self._repositories[self._name(image)]
        if repository is not origin:
            repository.copy_from(origin, manifest.digest)
        digest = repository.wrapped(manifest.digest).digest if rewrap and not manifest.is_index else manifest.digest
        repository.put_tag(tag, digest)
        return digest

    def push_manifest(
        self, image: str, reference: str, media_type: str, raw: bytes, credential: str = "", *, digest: str = ""
    ) -> str:
        """Push a manifest as a client sends it, under a tag or its digest; return the digest. Raises RegistryError.

        Whether the blobs are there is the caller's to check. `digest` is the one to store it under where it is not sha256.
        """
        name = self._name(image)
        request = manifest_request("PUT", name, reference)
        repository = self._writable(image, reference, credential)
        try:
            readable = isinstance(json.loads(raw), dict)
        except ValueError:
            readable = False
        if not readable:
            raise RegistryError("invalid", name, request, detail="MANIFEST_INVALID: manifest invalid")
        digest = digest or digest_of(raw)
        if is_digest(reference) and reference != digest:
            detail = "DIGEST_INVALID: provided digest did not match uploaded content"
            raise RegistryError("invalid", name, request, detail=detail)
        repository.add_manifest(Manifest.of_bytes(media_type, raw, digest))
        if not is_digest(reference):
            repository.put_tag(reference, digest)
        return digest

    def delete_tag(self, image: str, tag: str, credential: str = "") -> str:
        """Delete a tag, not what it points to; return that digest. Raises RegistryError."""
        repository = self._holding("DELETE", image, tag, credential)
        return repository.delete_tag(tag)

    def delete_manifest(self, image: str, digest: str, credential: str = "") -> list[str]:
        """Delete a manifest with all its tags, which are returned. Raises RegistryError."""
        repository = self._holding("DELETE", image, digest, credential)
        return repository.delete_manifest(digest)

    def retain(
        self,
        image: str,
        keep: int,
        *,
        per_family: bool = False,
        protect: Sequence[str] = (),
        family: Callable[[str], str] | None = None,
    ) -> list[tuple[str, str]]:
        """Run the clean-up: delete all tags but the `keep` last put; return what went, oldest first, as (tag, digest).

        With `per_family` the newest of each family stay. `protect` names tags, with `*` as in file names, that stay and are
        not counted. Images that lose their last tag go too, so that pulling by digest fails as well.
        """
        repository = self.need(image)
        kept: dict[str, int] = {}
        doomed: list[str] = []
        for tag in reversed(repository.newest_last()):
            if any(fnmatchcase(tag, pattern) for pattern in protect):
                continue
            group = (family or family_of)(tag) if per_family else ""
            if kept.get(group, 0) < keep:
                kept[group] = kept.get(group, 0) + 1
            else:
                doomed.append(tag)
        gone = [(tag, repository.delete_tag(tag)) for tag in reversed(doomed)]
        for digest in dict.fromkeys(digest for _, digest in gone):
            if repository.manifest(digest) is not None and not repository.tags_of(digest):
                repository.delete_manifest(digest)
        return gone

    # -- looking on

    def find(self, image: str) -> ImageRepository | None:
        return self._repositories.get(self._name(image))

    def need(self, image: str) -> ImageRepository:
        """Return the repository; RegistryError where nothing was ever pushed there."""
        repository = self.find(image)
        if repository is None:
            name = self._name(image)
            raise RegistryError("name unknown", name, list_request(name))
        return repository

    def create(self, image: str) -> ImageRepository:
        """Return the repository of a name; an empty one where there was none."""
        name = self._name(image)
        if name not in self._repositories:
            self._changing()
            self._repositories[name] = ImageRepository(name, self._changes)
        return self._repositories[name]

    def repositories(self) -> list[ImageRepository]:
        """Return all repositories, by name."""
        return [self._repositories[name] for name in sorted(self._repositories)]

    def state(self, image: str) -> Hashable:
        """Return what changes whenever a client could notice anything: tags, manifests, access, faults."""
        repository = self._repositories.get(self._name(image))
        return (self._serial, repository.serial if repository is not None else -1)

    # -- rules and faults

    def grant(self, credential: str, access: Access, image: str = "") -> None:
        """Say what a credential may do, with one image or with all; the empty credential is whoever comes without one."""
        self._changing()
        self._access[credential, self._name(image) if image else None] = access

    def fail(self, mode: Mode, image: str = "", *, drop: int = 1, first: int = 0, seq: int | None = None) -> None:
        """Let requests for one image, or all requests, fail from now on.

        `truncated-list` hides the `drop` newest tags, or shows the `first` n only; `stale-list` shows the tags as they were
        at `seq` of the log, or as they are now.
        """
        name = self._name(image) if image else None
        chosen = self.repositories() if name is None else [self.create(image)]
        seqs = {one.name: one.seq if seq is None else seq for one in chosen}
        self._changing()
        self._faults[name] = _Fault(mode, drop=drop, first=first, seqs=seqs)

    def heal(self, image: str = "") -> None:
        """Take a fault back; without an image all faults."""
        self._changing()
        if image:
            self._faults.pop(self._name(image), None)
        else:
            self._faults.clear()

    def _changing(self) -> None:
        """Say that something changes now, before it does."""
        self._serial += 1
        self._changes.coming()

    def _name(self, image: str) -> ImageName:
        name = self._names.get(image)
        if name is None:
            try:
                name = self._names[image] = parse_name(image)
            except InvalidName as error:
                bad = ImageName("registry", image)
                raise RegistryError("invalid", bad, list_request(bad), detail=_BAD_NAME) from error
        return name

    def _reach(self, name: ImageName, request: str, credential: str, *, write: bool = False) -> _Fault | None:
        """Raise what stands in the way of a request; return the fault that only shortens lists."""
        fault = self._faults.get(name) or self._faults.get(None)
        if fault is not None and fault.mode != "truncated-list" and fault.mode != "stale-list":
            raise RegistryError(fault.mode, name, request, credential=credential)
        access = self._access.get((credential, name)) or self._access.get((credential, None), "read-write")
        if access == "none":
            raise RegistryError("auth", name, request, credential=credential)
        if write and access == "read-only":
            raise RegistryError("denied", name, request, credential=credential)
        return fault

    def _listing(self, image: str, credential: str) -> tuple[ImageRepository, _Fault | None]:
        name = self._name(image)
        request = list_request(name)
        fault = self._reach(name, request, credential)
        repository = self._repositories.get(name)
        if repository is None:
            raise RegistryError("name unknown", name, request, credential=credential)
        return repository, fault

    def _manifest(self, method: Literal["GET", "HEAD"], image: str, reference: str, credential: str) -> Manifest:
        name = self._name(image)
        request = manifest_request(method, name, reference)
        self._reach(name, request, credential)
        repository = self._repositories.get(name)
        if repository is None:
            raise RegistryError("name unknown", name, request, credential=credential)
        digest = reference if is_digest(reference) else repository.digest(reference)
        manifest = repository.manifest(digest)
        if manifest is None:
            raise RegistryError("manifest unknown", name, request, credential=credential)
        return manifest

    def _writable(self, image: str, tag: str, credential: str) -> ImageRepository:
        name = self._name(image)
        request = manifest_request("PUT", name, tag)
        if not is_tag(tag) and not is_digest(tag):
            raise RegistryError("invalid", name, request, detail="TAG_INVALID: manifest tag did not match URI")
        self._reach(name, request, credential, write=True)
        return self.create(image)

    def _holding(self, method: str, image: str, reference: str, credential: str) -> ImageRepository:
        """Return the repository to delete something from; RegistryError where it is not there."""
        name = self._name(image)
        request = manifest_request(method, name, reference)
        self._reach(name, request, credential, write=True)
        if not self.resolve(image, reference):
            raise RegistryError("manifest unknown", name, request, credential=credential)
        return self.need(image)


_BAD_NAME = "NAME_INVALID: invalid repository name"


def _shortened(repository: ImageRepository, fault: _Fault) -> Sequence[str]:
    """Return the list that a fault lets through."""
    if fault.mode == "stale-list":
        return repository.tags_at(fault.seqs.get(repository.name, 0))
    if fault.first:
        return repository.tags()[: fault.first]
    newest = repository.newest_last()
    hidden = set(newest[max(0, len(newest) - fault.drop) :])
    return tuple(tag for tag in repository.tags() if tag not in hidden)


def family_of(tag: str) -> str:
    """Return the family of a tag: its first part up to `-` if that begins with a letter and holds no digit, else nothing.

    `production-v1.2.3-0a1b2c3-1767268800` is of the family `production`, `v1.2.3` and `1.2.3-rc.1` of none.
    """
    first = tag.partition("-")[0]
    return first if first[:1].isalpha() and not any(character.isdigit() for character in first) else ""
