"""What a Kustomization applied: ids of objects, the order in which Flux takes them, and what became stale.

Source: fluxcd/cli-utils v1.2.1 pkg/object/objmetadata.go; fluxcd/pkg ssa v0.76.1 sort.go, utils/fmt.go;
kustomize-controller v1.9.4 internal/inventory/inventory.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from fluxsim.formats.tree import Json

REMEMBERED_MAX = 16_384
"""So many ids are remembered as they were read: an inventory is read with every run."""

_FIRST = (
    "CustomResourceDefinition",
    "Namespace",
    "ClusterRole",
    "ClusterClass",
    "RuntimeClass",
    "PriorityClass",
    "StorageClass",
    "VolumeSnapshotClass",
    "IngressClass",
    "GatewayClass",
    "ClusterRoleBinding",
    "ResourceQuota",
    "ServiceAccount",
    "Role",
    "RoleBinding",
    "ConfigMap",
    "Secret",
    "Service",
    "LimitRange",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
)
_LAST = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
_PLACES = {kind: place - len(_FIRST) for place, kind in enumerate(_FIRST)} | {
    kind: place + 1 for place, kind in enumerate(_LAST)
}
_RBAC_GROUP = "rbac.authorization.k8s.io"
_RBAC_KINDS = frozenset(("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"))


class InvalidInventoryId(ValueError):
    """The text is no id of an inventory."""


@dataclass(frozen=True, slots=True)
class InventoryId:
    """An object as an inventory names it, `production_backend_apps_Deployment`; the version is not part of it."""

    namespace: str
    name: str
    group: str
    kind: str

    @classmethod
    def of(cls, obj: Json) -> InventoryId:
        metadata: Mapping[str, str] = obj.get("metadata") or {}
        group = str(obj.get("apiVersion", "")).rpartition("/")[0]
        return cls(metadata.get("namespace") or "", metadata.get("name") or "", group, str(obj.get("kind", "")))

    @staticmethod
    @lru_cache(REMEMBERED_MAX)
    def parse(text: str) -> InventoryId:
        """Read an id; two underscores in the name stand for a colon. Raises InvalidInventoryId."""
        namespace, found, rest = text.partition("_")
        if not found:
            raise InvalidInventoryId(f"unable to parse stored object metadata: {text}")
        before, found, kind = rest.rpartition("_")
        if not found:
            raise InvalidInventoryId(f"unable to parse stored object metadata: {rest}")
        name, found, group = before.rpartition("_")
        if not found:
            raise InvalidInventoryId(f"unable to parse stored object metadata: {before}")
        return InventoryId(namespace, name.replace("__", ":"), group, kind)

    def __str__(self) -> str:
        role = self.group == _RBAC_GROUP and self.kind in _RBAC_KINDS
        name = self.name.replace(":", "__") if role else self.name
        return f"{self.namespace}_{name}_{self.group}_{self.kind}"

    @property
    def display(self) -> str:
        """The object as Flux's messages name it: `Deployment/production/backend`."""
        return f"{self.kind}/{self.namespace}/{self.name}" if self.namespace else f"{self.kind}/{self.name}"

    @property
    def rank(self) -> tuple[int, str, str, str, str]:
        """Place in the order of applying; deleting goes backwards."""
        return (_PLACES.get(self.kind, 0), self.group, self.kind, self.namespace, self.name)


class Entry(NamedTuple):
    """An object of an inventory with the version in which it was applied."""

    id: InventoryId
    version: str

    @property
    def api_version(self) -> str:
        return f"{self.id.group}/{self.version}" if self.id.group else self.version


def entry_of(obj: Json) -> dict[str, str]:
    """Return the entry of status.inventory for an object."""
    return {"id": str(InventoryId.of(obj)), "v": str(obj.get("apiVersion", "")).rpartition("/")[2]}


def stale(old: Iterable[Mapping[str, str]], new: Iterable[Mapping[str, str]]) -> list[Entry]:
    """Return what only the old entries have, in order of applying; another version of an object is the same object.

    Raises InvalidInventoryId.
    """
    left = {InventoryId.parse(entry["id"]): entry["v"] for entry in old}
    for entry in new:
        left.pop(InventoryId.parse(entry["id"]), None)
    return sorted((Entry(id_, version) for id_, version in left.items()), key=lambda entry: entry.id.rank)
