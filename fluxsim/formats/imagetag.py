"""Image references as Kubernetes reads them in a pod: where the tag and the digest are."""

from __future__ import annotations

from typing import NamedTuple


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
