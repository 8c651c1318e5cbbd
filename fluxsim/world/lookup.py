"""What people look at in a world: the image of a Deployment in Git, and what its pods run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fluxsim.controllers.workloads.kubelet import pods_of_deployment
from fluxsim.formats.imagetag import split
from fluxsim.formats.tree import Json, Map, get
from fluxsim.kube.lookup import kind_named
from fluxsim.kube.meta import DEPLOYMENT, Key, condition

if TYPE_CHECKING:
    from fluxsim.world.world import World

__all__ = ["ImageLine", "deployment_key", "git_image", "images_in", "kind_named", "running_images", "running_pods"]


@dataclass(frozen=True, slots=True)
class ImageLine:
    """An image that the head of the GitOps repository renders for a Deployment, and the policy that elects it.

    `policy` is `namespace:name`, empty without a marker; `file` and `line` are the marker's.
    """

    namespace: str
    deployment: str
    container: str
    image: str
    kustomization: str
    policy: str = ""
    file: str = ""
    line: int = 0


def deployment_key(namespace: str, name: str) -> Key:
    return Key(DEPLOYMENT, namespace, name)


def git_image(world: World, namespace: str, deployment: str, container: str = "") -> str | None:
    """Return the image that Git renders for a Deployment's container (its first, unless named), or None."""
    for row in world.image_lines():
        if (row.namespace, row.deployment) == (namespace, deployment) and container in ("", row.container):
            return row.image
    return None


def running_pods(world: World, namespace: str, deployment: str) -> list[Map]:
    """Return the ready pods of a Deployment that are not on their way out."""
    pods = pods_of_deployment(world.store, Key(DEPLOYMENT, namespace, deployment))
    return [pod for pod in pods if not get(pod, "metadata", "deletionTimestamp") and _ready(pod)]


def running_images(world: World, namespace: str, deployment: str, container: str = "") -> list[str]:
    """Return the images that a Deployment's ready pods run, each once, in order of the pods."""
    images: dict[str, None] = {}
    for pod in running_pods(world, namespace, deployment):
        for one in pod["spec"]["containers"]:
            if container in ("", one["name"]):
                images[one["image"]] = None
                break
    return list(images)


def images_in(objects: Sequence[Json]) -> list[tuple[Json, str, str]]:
    """Return (object, container, image) for every container of every pod template in the objects."""
    found: list[tuple[Json, str, str]] = []
    for obj in objects:
        for container in _containers(obj):
            image = get(container, "image")
            if image and isinstance(image, str):
                found.append((obj, str(get(container, "name", default="")), image))
    return found


def _containers(obj: Json) -> list[Json]:
    """Return the containers of a pod template; manifests of odd shapes, which the API server would refuse, have none."""
    spec = get(obj, "spec")
    template = (
        get(spec, "jobTemplate", "spec", "template", "spec")
        or get(spec, "template", "spec")
        or (spec if obj.get("kind") == "Pod" else None)
    )
    lists = (get(template, "initContainers"), get(template, "containers"))
    return [container for containers in lists if isinstance(containers, list) for container in containers]


def _ready(pod: Map) -> bool:
    found = condition(pod, "Ready")
    return found is not None and found["status"] == "True"


def family(image: str) -> str:
    """Return the environment in front of an image's tag, `staging` of `staging-v1.4.0-…`."""
    return split(image).tag.partition("-")[0]
