"""Names of image repositories as a container runtime reads them, and the one name behind all spellings.

Source: github.com/distribution/reference (what containerd, Docker and the kubelet use). The image controllers differ in one
point: for them `localhost/x` lies on Docker Hub (formats.imageref).
"""

from __future__ import annotations

import re
from typing import NamedTuple

DOCKER_HUB = "docker.io"


class InvalidName(ValueError):
    """Text that names no image; the message is the runtime's."""


class ImageName(NamedTuple):
    """A repository on a registry."""

    host: str
    path: str

    def __str__(self) -> str:
        return f"{self.host}/{self.path}"

    @property
    def api(self) -> str:
        """The host that a runtime talks to."""
        return "registry-1.docker.io" if self.host == DOCKER_HUB else self.host

    @property
    def client_host(self) -> str:
        """The host as go-containerregistry writes it."""
        return "index.docker.io" if self.host == DOCKER_HUB else self.host

    @property
    def is_local(self) -> bool:
        """Whether go-containerregistry tries plain HTTP there as well (pkg/name/registry.go, Scheme)."""
        host = self.host.partition(":")[0]
        return (
            self.host.startswith("localhost:")
            or host.startswith("127.")
            or host.endswith((".local", ".localhost"))
            or _PRIVATE_ADDRESS.fullmatch(host) is not None
        )


class Reference(NamedTuple):
    """An image: `docker.io/library/nginx:1.27@sha256:…`. Without tag and digest it means the tag `latest`."""

    name: ImageName
    tag: str
    digest: str

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        return f"{self.name}{tag}{f'@{self.digest}' if self.digest else ''}"


def parse_name(text: str) -> ImageName:
    """Return the repository that a name stands for; a tag or a digest behind it is let fall. Raises InvalidName."""
    return parse_reference(text).name


def parse_reference(text: str) -> Reference:
    """Return what a reference stands for. Raises InvalidName."""
    rest, at, digest = text.partition("@")
    if at and not _DIGEST.fullmatch(digest):
        raise InvalidName("invalid reference format")
    base, colon, tag = rest.rpartition(":")
    if not colon or "/" in tag:
        base, tag = rest, ""
    elif not _TAG.fullmatch(tag):
        raise InvalidName("invalid reference format")
    first, slash, behind = base.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost" or first != first.lower()):
        host, path = first, behind
    else:
        host, path = DOCKER_HUB, base
    if host in ("index.docker.io", "registry-1.docker.io"):
        host = DOCKER_HUB
    if host == DOCKER_HUB and "/" not in path:
        path = f"library/{path}"
    if not _PATH.fullmatch(path):
        if _PATH.fullmatch(path.lower()):
            raise InvalidName("invalid reference format: repository name must be lowercase")
        raise InvalidName("invalid reference format")
    if not _HOST.fullmatch(host):
        raise InvalidName("invalid reference format")
    if set(host) & {".", ":"}:
        host = host.lower()
    return Reference(ImageName(host, path), tag if tag or digest else "latest", digest)


def is_tag(text: str) -> bool:
    return _TAG.fullmatch(text) is not None


def is_digest(text: str) -> bool:
    return _DIGEST.fullmatch(text) is not None


_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_PATH = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_HOST = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?")
_PRIVATE_ADDRESS = re.compile(r"10\.[0-9.]+|192\.168\.[0-9.]+|172\.(?:1[6-9]|2[0-9]|3[01])\.[0-9.]+")
