"""What kustomize knows an object by: group, version, kind, name and namespace.

Source: kustomize kyaml v0.21 resid/{gvk,resid}.go, openapi/openapi.go (which kinds have no namespace).
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

NO_NAMESPACE = "_non_namespaceable_"
DEFAULT_NAMESPACE = "default"

_CLUSTER_SCOPED = {
    "admissionregistration.k8s.io": (("v1", "v1beta1"), "MutatingWebhookConfiguration ValidatingWebhookConfiguration"),
    "apiextensions.k8s.io": (("v1", "v1beta1"), "CustomResourceDefinition"),
    "apiregistration.k8s.io": (("v1", "v1beta1"), "APIService"),
    "certificates.k8s.io": (("v1", "v1beta1"), "CertificateSigningRequest"),
    "flowcontrol.apiserver.k8s.io": (("v1beta1",), "FlowSchema PriorityLevelConfiguration"),
    "networking.k8s.io": (("v1", "v1beta1"), "IngressClass"),
    "node.k8s.io": (("v1", "v1beta1"), "RuntimeClass"),
    "policy": (("v1beta1",), "PodSecurityPolicy"),
    "rbac.authorization.k8s.io": (("v1", "v1beta1"), "ClusterRole ClusterRoleBinding"),
    "scheduling.k8s.io": (("v1", "v1beta1"), "PriorityClass"),
    "storage.k8s.io": (("v1", "v1beta1"), "CSIDriver CSINode StorageClass VolumeAttachment"),
    "": (("v1",), "ComponentStatus Namespace Node NodeProxyOptions PersistentVolume"),
}
CLUSTER_SCOPED = frozenset(
    (group, version, kind)
    for group, (versions, kinds) in _CLUSTER_SCOPED.items()
    for version in versions
    for kind in kinds.split()
)
"""The kinds that the built-in schema (Kubernetes 1.21.2) knows to have no namespace; all others count as namespaced."""


class Gvk(NamedTuple):
    """Group, version and kind; in a selector an empty part matches anything."""

    group: str = ""
    version: str = ""
    kind: str = ""

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def cluster_scoped(self) -> bool:
        return self in CLUSTER_SCOPED

    def selected_by(self, selector: Gvk) -> bool:
        """Return whether each part that the selector has is the same here."""
        return (
            (not selector.group or selector.group == self.group)
            and (not selector.version or selector.version == self.version)
            and (not selector.kind or selector.kind == self.kind)
        )

    def __str__(self) -> str:
        return f"{self.kind or '[noKind]'}.{self.version or '[noVer]'}.{self.group or '[noGrp]'}"


@lru_cache(maxsize=4096)
def kind_facts(api_version: str, kind: str) -> tuple[Gvk, bool]:
    """Return the parts of an apiVersion with the kind, and whether such objects have no namespace."""
    gvk = gvk_of(api_version, kind)
    return gvk, gvk.cluster_scoped


@lru_cache(maxsize=4096)
def gvk_of(api_version: str, kind: str) -> Gvk:
    """Return the parts of an apiVersion, cut at its first slash, with the kind."""
    group, slash, version = api_version.partition("/")
    return Gvk(group, version, kind) if slash else Gvk("", api_version, kind)


class Identity(NamedTuple):
    """An object's current id, or one it had earlier in the build.

    `cluster_scoped` is only ever set for a current id: what an earlier one had is told by its namespace.
    """

    gvk: Gvk
    name: str
    namespace: str = ""
    cluster_scoped: bool = False

    @property
    def effective_namespace(self) -> str:
        if self.cluster_scoped:
            return NO_NAMESPACE
        return self.namespace or DEFAULT_NAMESPACE

    @property
    def key(self) -> tuple[Gvk, str, str]:
        """What two ids have in common when kustomize calls them equal: none and `default` are one namespace."""
        return self.gvk, self.name, self.effective_namespace

    def selected_by(self, selector: Identity) -> bool:
        """Return whether each part that the selector has is the same here."""
        return (
            (not selector.name or selector.name == self.name)
            and (not selector.namespace or selector.effective_namespace == self.effective_namespace)
            and self.gvk.selected_by(selector.gvk)
        )

    def go_syntax(self) -> str:
        """Return the id as Go's %#v, which a few messages show."""
        scoped = "true" if self.cluster_scoped else "false"
        gvk = (
            f'Group:"{self.gvk.group}", Version:"{self.gvk.version}", Kind:"{self.gvk.kind}", isClusterScoped:{scoped}'
        )
        return f'resid.ResId{{Gvk:resid.Gvk{{{gvk}}}, Name:"{self.name}", Namespace:"{self.namespace}"}}'

    def __str__(self) -> str:
        return f"{self.gvk}/{self.name or '[noName]'}.{self.namespace or '[noNs]'}"


_FIRST = [
    "Namespace", "ResourceQuota", "StorageClass", "CustomResourceDefinition", "ServiceAccount", "PodSecurityPolicy",
    "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "ConfigMap", "Secret", "Endpoints", "Service",
    "LimitRange", "PriorityClass", "PersistentVolume", "PersistentVolumeClaim", "Deployment", "StatefulSet", "CronJob",
    "PodDisruptionBudget",
]  # fmt: skip
_LAST = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"]
KIND_ORDER = {kind: at - len(_FIRST) for at, kind in enumerate(_FIRST)} | {
    kind: at + 1 for at, kind in enumerate(_LAST)
}
"""Ranks of the legacy order; a kind that is not named has rank 0."""


def sort_text(gvk: Gvk) -> str:
    """Return the text that decides between kinds of one rank; an empty part sorts after every letter and digit."""
    return f"{gvk.group or '~G'}_{gvk.version or '~V'}_{gvk.kind or '~K'}"


def gvk_order(gvk: Gvk) -> tuple[int, str]:
    return KIND_ORDER.get(gvk.kind, 0), sort_text(gvk)
