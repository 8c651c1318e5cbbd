"""Image references as Kubernetes reads them in a pod: where the tag and the digest are, and which are none.

Source: github.com/distribution/reference v0.6 regexp.go, normalize.go.
"""

from __future__ import annotations

import re
from typing import NamedTuple

NAME_CHARACTERS_MAX = 255

_HOST = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME = re.compile(rf"(?:{_HOST}(?:\.{_HOST})*(?::[0-9]+)?/)?{_PART}(?:/{_PART})*", re.ASCII)
_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_DIGEST = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}", re.ASCII)


class Reference(NamedTuple):
    """`name[:tag][@digest]`, parts as written."""

    name: str
    tag: str
    digest: str


def split(image: str) -> Reference:
    """Return the parts of a reference; a port of the registry is no tag."""
    repository, _at, digest = image.partition("@")
    head, colon, tail = repository.rpartition(":")
    if colon and "/" not in tail:
        return Reference(head, tail, digest)
    return Reference(repository, "", digest)


def tag_of(image: str) -> str:
    return split(image).tag


def has_tag_or_digest(image: str) -> bool:
    reference = split(image)
    return bool(reference.tag or reference.digest)


def full_name(image: str) -> str:
    """Return the repository with its host, as a container runtime reports it: `nginx:1` is of `docker.io/library/nginx`."""
    name = split(image).name
    host, slash, _rest = name.partition("/")
    if not slash:
        return f"docker.io/library/{name}"
    return name if set(host) & {".", ":"} or host == "localhost" else f"docker.io/{name}"


def fault(image: str) -> str:
    """Return why the text is no image reference, in the words of the reference library; nothing where it is one."""
    name, _at, digest = image.partition("@")
    reference = split(image)
    tagged = name != reference.name
    if (tagged and not _TAG.fullmatch(reference.tag)) or ("@" in image and not _DIGEST.fullmatch(digest)):
        return "invalid reference format"
    if _NAME.fullmatch(reference.name):
        long = len(reference.name) > NAME_CHARACTERS_MAX
        return f"repository name must not be more than {NAME_CHARACTERS_MAX} characters" if long else ""
    lower = reference.name.lower()
    if lower != reference.name and _NAME.fullmatch(lower):
        return f"invalid reference format: repository name ({_remainder(reference.name)}) must be lowercase"
    return "invalid reference format"


def _remainder(name: str) -> str:
    """Return a name without its host, Docker Hub's `library/` in front where it stands for it."""
    host, slash, rest = name.partition("/")
    if slash and (set(host) & {".", ":"} or host == "localhost" or host.lower() != host):
        return rest
    return name if slash else f"library/{name}"
