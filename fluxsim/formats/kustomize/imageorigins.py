"""Which file wrote the image of each container, followed through a build.

A container is known by the path of its list and its name, since patches move containers within their list.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from typing import NamedTuple

from fluxsim.formats.kustomize.resource import ImageOrigin, Resource
from fluxsim.formats.kustomize.scalars import text_of
from fluxsim.formats.tree import Json

CONTAINER_LISTS = ("containers", "initContainers")


class ContainerImage(NamedTuple):
    """A container of an object: the path of its `image` field, what it is known by, and the image."""

    path: tuple[str | int, ...]
    key: tuple[str, ...]
    image: str


def images_of(tree: Json, path: tuple[str | int, ...] = ()) -> Iterator[ContainerImage]:
    """Yield the containers with an image, in the order of the object's fields."""
    if not isinstance(tree, dict):
        return
    for field, value in tree.items():
        if isinstance(value, dict):
            yield from images_of(value, (*path, field))
        elif isinstance(value, list) and field in CONTAINER_LISTS:
            for index, container in enumerate(value):
                if isinstance(container, dict) and container.get("image"):
                    at = (*path, field, index, "image")
                    key = (*(str(step) for step in path), field, text_of(container.get("name")))
                    yield ContainerImage(at, key, text_of(container["image"]))


def snapshot(resource: Resource) -> dict[tuple[str, ...], str]:
    """Return the images as they are, to see later which have changed."""
    return {found.key: found.image for found in images_of(resource.tree)}


def note_patch(resource: Resource, before: Mapping[tuple[str, ...], str], patch: Json, path: str) -> None:
    """Say that images which a patch set, or set again, come from its file."""
    set_again = {found.key[-2:]: found.image for found in images_of(patch)} if isinstance(patch, dict) else {}
    for found in images_of(resource.tree):
        if before.get(found.key) != found.image or set_again.get(found.key[-2:]) == found.image:
            resource.images[found.key] = ImageOrigin(path, (found.image,))


def note_change(resource: Resource, before: Mapping[tuple[str, ...], str], path: str, hints: tuple[str, ...]) -> None:
    """Say that images which are not what they were come from a place that the hints lead to."""
    for found in images_of(resource.tree):
        if before.get(found.key) != found.image:
            resource.images[found.key] = ImageOrigin(path, hints)


def note_renamed(resource: Resource, images: Container[str], path: str, hints: tuple[str, ...]) -> None:
    """Say that the given images, which a transformer has just written, come from its entry."""
    for found in images_of(resource.tree):
        if found.image in images:
            resource.images[found.key] = ImageOrigin(path, hints)


def origins(resource: Resource) -> Mapping[tuple[str | int, ...], ImageOrigin]:
    """Return who wrote each image, by the path of the field in the finished object."""
    return {
        found.path: resource.images.get(found.key) or ImageOrigin(resource.path, (found.image,))
        for found in images_of(resource.tree)
    }
