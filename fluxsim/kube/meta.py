"""Names of objects: the key that stands for an object everywhere, and readers of its metadata."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from fluxsim.formats.tree import EMPTY_MAP, Json, get


class Kind(NamedTuple):
    """A kind in its API group; the core group is the empty string. The version is not part of an object's identity."""

    name: str
    group: str = ""

    def __str__(self) -> str:
        return f"{self.name}.{self.group}" if self.group else self.name


class Key(NamedTuple):
    """What an object is called: `Deployment/production/backend`. Cluster-scoped objects have no namespace."""

    kind: Kind
    namespace: str
    name: str

    def __str__(self) -> str:
        kind, namespace, name = self
        return f"{kind[0]}/{namespace}/{name}" if namespace else f"{kind[0]}/{name}"


FLUX_SOURCE = "source.toolkit.fluxcd.io"
FLUX_KUSTOMIZE = "kustomize.toolkit.fluxcd.io"
FLUX_IMAGE = "image.toolkit.fluxcd.io"

GIT_REPOSITORY = Kind("GitRepository", FLUX_SOURCE)
KUSTOMIZATION = Kind("Kustomization", FLUX_KUSTOMIZE)
IMAGE_REPOSITORY = Kind("ImageRepository", FLUX_IMAGE)
IMAGE_POLICY = Kind("ImagePolicy", FLUX_IMAGE)
IMAGE_UPDATE_AUTOMATION = Kind("ImageUpdateAutomation", FLUX_IMAGE)
DEPLOYMENT = Kind("Deployment", "apps")
REPLICA_SET = Kind("ReplicaSet", "apps")
POD = Kind("Pod")
NAMESPACE = Kind("Namespace")
CONFIG_MAP = Kind("ConfigMap")
SECRET = Kind("Secret")
SERVICE = Kind("Service")
EVENT = Kind("Event")


def group_of(api_version: str) -> str:
    """Return the group of an apiVersion: `apps` of `apps/v1`, nothing of `v1`."""
    group, slash, _version = api_version.rpartition("/")
    return group if slash else ""


def version_of(api_version: str) -> str:
    return api_version.rpartition("/")[2]


def kind_of(obj: Json) -> Kind:
    return _kind(str(obj.get("kind", "")), str(obj.get("apiVersion", "")))


@lru_cache(maxsize=1024)
def _kind(name: str, api_version: str) -> Kind:
    return Kind(name, group_of(api_version))


def key_of(obj: Json) -> Key:
    """Return the key of an object tree with apiVersion, kind and metadata."""
    metadata = obj["metadata"]
    return Key(kind_of(obj), metadata.get("namespace") or "", metadata["name"])


def labels_of(obj: Json) -> dict[str, str]:
    found: dict[str, str] = (obj.get("metadata") or EMPTY_MAP).get("labels") or {}
    return found


def annotations_of(obj: Json) -> dict[str, str]:
    found: dict[str, str] = (obj.get("metadata") or EMPTY_MAP).get("annotations") or {}
    return found


def generation_of(obj: Json) -> int:
    found: int = get(obj, "metadata", "generation", default=0)
    return found


def version_token(obj: Json) -> str:
    """Return the resourceVersion: it changes with every write that others can see."""
    return str(obj["metadata"]["resourceVersion"])


def controller_of(obj: Json) -> Json:
    """Return the owner reference with controller: true, or None."""
    for reference in (obj.get("metadata") or EMPTY_MAP).get("ownerReferences") or ():
        if reference.get("controller"):
            return reference
    return None


def condition(obj: Json, kind: str) -> Json:
    """Return the status condition of that type, or None."""
    for found in (obj.get("status") or EMPTY_MAP).get("conditions") or ():
        if found.get("type") == kind:
            return found
    return None


def matches(selector: dict[str, str], labels: dict[str, str]) -> bool:
    """Return whether the labels have every pair of a matchLabels selector."""
    return all(labels.get(name) == value for name, value in selector.items())
