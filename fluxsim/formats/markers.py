"""`$imagepolicy` markers in manifests: where they are, and what the images of policies make of them.

    result = apply_setters({"apps/app.yaml": b"..."}, {"flux-system:app": ImageRef("ghcr.io/app", "1.2.3")})
    result.changed   {"apps/app.yaml": new bytes}      result.changes   what was set, in which object

A file with a changed value is written anew as kyaml writes it, whole; the others stay as they are.
Source: image-automation-controller v1.2.1 internal/update/setters.go, kyaml v0.21.1 kio/pkgio_writer.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias, cast

from fluxsim.formats.imageref import InvalidReference, parse_reference
from fluxsim.formats.kyaml_changes import (
    Change,
    FileChange,
    ObjectIdentifier,
    SetterError,
    SetterResult,
    UnsupportedStrategy,
)
from fluxsim.formats.kyaml_known import known
from fluxsim.formats.kyaml_package import TOKEN, NoSuchPath, manifests
from fluxsim.formats.kyaml_setters import shorthand_in
from fluxsim.formats.kyaml_update import Update
from fluxsim.formats.tree import Json

__all__ = ["TOKEN", "Change", "FileChange", "ImageRef", "Marker", "ObjectIdentifier", "SetterError", "SetterResult"]
__all__ += ["UnsupportedStrategy", "apply_setters", "find_markers"]

IMAGES_MAX = 4096
"""How many images are remembered as valid."""
ImagePart: TypeAlias = Literal["", "tag", "name", "digest"]


@dataclass(frozen=True, slots=True)
class ImageRef:
    """A policy's status.latestRef."""

    name: str
    tag: str = ""
    digest: str = ""

    @classmethod
    def of(cls, latest: Mapping[str, Json]) -> ImageRef:
        return cls(latest.get("name", ""), latest.get("tag", ""), latest.get("digest", ""))

    def __str__(self) -> str:
        return f"{self.name}:{self.tag}@{self.digest}" if self.digest else f"{self.name}:{self.tag}"


@dataclass(frozen=True, slots=True)
class Marker:
    """A marker and the value it marks; the place, from 1, is that of the value. `part` "" is the whole reference."""

    line: int
    column: int
    policy: str
    part: ImagePart
    value: str


def apply_setters(
    files: Mapping[str, bytes],
    policies: Mapping[str, ImageRef | None],
    *,
    path: str = "",
    symlinks: Mapping[str, str] | None = None,
    strategy: str = "Setters",
) -> SetterResult:
    """Set what the policies elected in all marked fields below the path.

    `policies` by `namespace:name`; one without an image sets nothing. `symlinks` by their path in the tree. A file
    that cannot be parsed is passed over in silence, as in Flux. Raises SetterError, UnsupportedStrategy before all else.
    """
    if strategy != "Setters":
        raise UnsupportedStrategy(f"unsupported update strategy: {strategy}")
    setters = _setters(policies)
    try:
        directory, found = manifests(files, path, symlinks or {})
    except NoSuchPath as error:
        raise SetterError(str(error)) from error
    result = SetterResult()
    update = Update(setters, result)
    for file in found:
        update.visit(file)
    update.write(directory)
    return result


def find_markers(path: str, data: bytes) -> list[Marker]:
    """Return the markers of a file in the order of its lines; none if the file is not one that Flux would read."""
    if not manifests({path: data}, "", {})[1]:
        return []
    markers: list[Marker] = []
    for comment, value, line, column in known(data).commented or ():
        name = shorthand_in(comment)
        if name is not None:
            policy, part = _policy_and_part(name)
            markers.append(Marker(line, column, policy, part, value))
    return markers


def _policy_and_part(name: str) -> tuple[str, ImagePart]:
    policy, _, part = name.rpartition(":")
    if part in {"tag", "name", "digest"} and ":" in policy:
        return policy, cast(ImagePart, part)
    return name, ""


@lru_cache(maxsize=IMAGES_MAX)
def _reference(image: ImageRef) -> str:
    text = str(image)
    try:
        parse_reference(text)
    except InvalidReference as error:
        raise SetterError(f'encountered invalid image ref "{text}": {error}') from error
    return text


def _setters(policies: Mapping[str, ImageRef | None]) -> dict[str, str]:
    setters: dict[str, str] = {}
    for policy, image in policies.items():
        if image is None:
            continue
        setters[policy] = _reference(image)
        setters[f"{policy}:tag"] = image.tag
        setters[f"{policy}:name"] = image.name
        setters[f"{policy}:digest"] = image.digest
    return setters
