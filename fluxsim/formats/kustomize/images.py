"""`images`: new names, tags and digests for containers.

Two passes run for each entry: over every `containers` and `initContainers` list at any depth, and over the
configured paths, which is why a tagSuffix comes twice.
Source: kustomize api v0.21.1 internal/builtins/ImageTagTransformer.go, filters/imagetag/*.go, internal/image/image.go.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from fluxsim.formats.goregex import InvalidRegex, compiled
from fluxsim.formats.kustomize.collection import Collection
from fluxsim.formats.kustomize.errors import KustomizeError
from fluxsim.formats.kustomize.fieldspecs import FieldSpecs, WalkError, set_field, wrong_kind
from fluxsim.formats.kustomize.imageorigins import CONTAINER_LISTS, note_renamed
from fluxsim.formats.kustomize.kustomization import Image
from fluxsim.formats.kustomize.scalars import text_of
from fluxsim.formats.kustomize.steps import Step
from fluxsim.formats.tree import Json

_TAG = r"(:[a-zA-Z0-9_.{}-]*)?(@sha256:[a-zA-Z0-9_.{}-]*)?$"


def image_step(entry: Image, specs: FieldSpecs, file: str) -> Step:
    """Return the transformer for an entry; `file` is the kustomization that it stands in."""
    told = next((text for text in (entry.new_tag, entry.digest, entry.new_name, entry.tag_suffix) if text), "")
    hints = tuple(text for text in (entry.name, told) if text)

    def run(objects: Collection) -> None:
        renamed = _renaming(entry)
        written: dict[str, None] = {}

        def set_image(value: Json) -> Json:
            if isinstance(value, dict | list):
                raise WalkError(wrong_kind("ScalarNode", value))
            new = renamed(text_of(value))
            if new is None:
                return value
            written[new] = None
            return new

        for resource in objects:
            if resource.kind == "CustomResourceDefinition":
                continue
            _rename_containers(resource.tree, set_image)
            for spec in specs.of(resource.gvk):
                set_field(resource, spec, set_image)
            if written:
                note_renamed(resource, written, file, hints)
                written.clear()

    return Step("ImageTagTransformer", run)


def _rename_containers(value: Json, set_image: Callable[[Json], Json]) -> None:
    if isinstance(value, dict):
        for field, item in value.items():
            if isinstance(item, dict):
                _rename_containers(item, set_image)
            elif isinstance(item, list):
                _rename_containers(item, set_image)
                if field in CONTAINER_LISTS:
                    _rename_list(item, set_image)
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, dict | list):
                _rename_containers(item, set_image)


def _rename_list(containers: list[Json], set_image: Callable[[Json], Json]) -> None:
    for container in containers:
        if isinstance(container, dict):
            if "image" in container:
                container["image"] = set_image(container["image"])
        elif container is not None:
            raise KustomizeError(wrong_kind("MappingNode", container))


def _renaming(entry: Image) -> Callable[[str], str | None]:
    """Return a function that gives the new image, None for one that the entry does not mean."""
    matches = _matching(entry.name)

    def renamed(image: str) -> str | None:
        if not matches(image):
            return None
        name, tag, digest = split_image(image)
        name = entry.new_name or name
        if entry.new_tag or entry.digest:
            tag, digest = entry.new_tag, entry.digest
        elif entry.tag_suffix:
            tag, digest = tag + entry.tag_suffix, ""
        return name + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")

    return renamed


@lru_cache(maxsize=1024)
def _matching(name: str) -> Callable[[str], bool]:
    """Return a test of images; the name goes into a regular expression as it is, so its dots match anything."""
    try:
        return compiled(f"^{name}{_TAG}").matches
    except InvalidRegex as error:
        # kustomize 5.8.1 crashes here.
        raise KustomizeError(f"invalid image name '{name}': {error}") from error


def split_image(image: str) -> tuple[str, str, str]:
    """Return name, tag and digest; a colon before the first slash belongs to the registry."""
    start = max(image.find("/"), 0)
    at, colon = image.find("@", start), image.find(":", start)
    if at >= 0 and (colon < 0 or at < colon):
        return image[:at], "", image[at + 1 :]
    if colon < 0:
        return image, "", ""
    if at >= 0:
        return image[:colon], image[colon + 1 : at], image[at + 1 :]
    return image[:colon], image[colon + 1 :], ""
