"""Image references as the image controllers parse them, and the one name that stands for all spellings of a repository.

Not as Kubernetes or Docker read them: `localhost/foo` is on Docker Hub here, since only a first part with a point or a
colon is a registry.
Source: image-reflector-controller v1.2.0 internal/registry/helper.go; go-containerregistry v0.21.6 pkg/name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

DEFAULT_REGISTRY = "index.docker.io"
DEFAULT_TAG = "latest"


class ImageUrlInvalid(ValueError):
    """A spec.image that no ImageRepository may have, in Flux's words."""


class InvalidReference(ValueError):
    """Text that is no reference at all, in the words of go-containerregistry."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A parsed reference: the registry, the repository with Docker Hub's `library/`, and a tag or a digest."""

    registry: str
    repository: str
    tag: str = ""
    digest: str = ""

    @property
    def name(self) -> str:
        """The canonical name, `index.docker.io/library/alpine`."""
        return f"{self.registry}/{self.repository}"

    def __str__(self) -> str:
        return f"{self.name}@{self.digest}" if self.digest else f"{self.name}:{self.tag}"


def canonical_name(image: str) -> str:
    """Return the canonical name of a spec.image. Raises ImageUrlInvalid."""
    scheme, separator, _ = image.partition("://")
    if separator:
        raise ImageUrlInvalid(f"image '{image}' should not include URL scheme; remove '{scheme}://'")
    try:
        reference = parse_reference(image)
    except InvalidReference as error:
        raise ImageUrlInvalid(str(error)) from error
    behind_registry = image.removeprefix(reference.registry).split(":")
    if len(behind_registry) > 1:
        raise ImageUrlInvalid(f"image '{image}' should not include a tag; remove ':{behind_registry[1]}'")
    return reference.name


def parse_reference(text: str) -> Reference:
    """Return the parsed reference; without tag and digest it is one to `latest`. Raises InvalidReference."""
    try:
        return _with_tag(text)
    except ValueError:
        pass
    try:
        return _with_digest(text)
    except ValueError as error:
        raise InvalidReference(f"could not parse reference: {text}") from error


def _with_tag(text: str) -> Reference:
    base, colon, tag = text.rpartition(":")
    if not colon or "/" in tag:
        base, tag = text, DEFAULT_TAG
    elif not _TAG.fullmatch(tag):
        raise ValueError("bad tag")
    registry, repository = _repository(base)
    return Reference(registry, repository, tag=tag)


def _with_digest(text: str) -> Reference:
    base, _, digest = text.partition("@")
    if not _DIGEST.fullmatch(digest):
        raise ValueError("bad digest")
    try:
        tagged = _with_tag(base)
    except ValueError:
        registry, repository = _repository(base)
    else:
        registry, repository = tagged.registry, tagged.repository
    return Reference(registry, repository, digest=digest)


def _repository(text: str) -> tuple[str, str]:
    first, slash, rest = text.partition("/")
    registry, repository = (first, rest) if slash and ("." in first or ":" in first) else ("", text)
    if not _REPOSITORY.fullmatch(repository):
        raise ValueError("bad repository")
    if registry and not _is_authority(registry):
        raise ValueError("bad registry")
    if registry in ("", "docker.io"):
        registry = DEFAULT_REGISTRY
    if registry == DEFAULT_REGISTRY and "/" not in repository:
        repository = f"library/{repository}"
    return registry, repository


def _is_authority(text: str) -> bool:
    """Tell whether Go's net/url takes the text as host and port, and nothing else, of a URL."""
    if not _HOST_CHARACTERS.fullmatch(text):
        return False
    if text.startswith("["):
        host, bracket, port = text.rpartition("]")
        return bool(bracket) and "[" not in host[1:] and _PORT.fullmatch(port) is not None
    host, colon, port = text.partition(":")
    return "[" not in text and "]" not in text and _PORT.fullmatch(colon + port) is not None and bool(host or colon)


_TAG = re.compile(r"[A-Za-z0-9_.-]{1,128}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_REPOSITORY = re.compile(r"[a-z0-9_./-]{2,255}")
_HOST_CHARACTERS = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:\[\]<>\"\u0080-\U0010ffff-]*")
_PORT = re.compile(r"(?::[0-9]*)?")
