"""Which kinds the API server serves, in which versions, and how.

Kubernetes' own groups and Flux's groups serve exactly the versions listed here (Kubernetes 1.33, Flux 2.9).
A kind of any other group is assumed to be installed: its objects are stored and taken as ready.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from fluxsim.kube.errors import NoKindMatch
from fluxsim.kube.meta import Kind, group_of, version_of


@dataclass(frozen=True, slots=True)
class Served:
    """How a kind is served. `generation` tells whether metadata.generation counts changes of its spec."""

    kind: Kind
    versions: tuple[str, ...]
    plural: str
    namespaced: bool = True
    generation: bool = False
    status: bool = False
    assumed: bool = False

    @property
    def resource(self) -> str:
        """The name in error texts: `deployments.apps`, `secrets`."""
        return f"{self.plural}.{self.kind.group}" if self.kind.group else self.plural


def _rows() -> list[Served]:
    flux = {"generation": True, "status": True}
    return [
        Served(Kind("Namespace"), ("v1",), "namespaces", namespaced=False, status=True),
        Served(Kind("Node"), ("v1",), "nodes", namespaced=False, status=True),
        Served(Kind("PersistentVolume"), ("v1",), "persistentvolumes", namespaced=False, status=True),
        *(
            Served(Kind(name), ("v1",), plural, status=status)
            for name, plural, status in (
                ("ConfigMap", "configmaps", False),
                ("Secret", "secrets", False),
                ("Service", "services", True),
                ("ServiceAccount", "serviceaccounts", False),
                ("Pod", "pods", True),
                ("Event", "events", False),
                ("Endpoints", "endpoints", False),
                ("PersistentVolumeClaim", "persistentvolumeclaims", True),
                ("LimitRange", "limitranges", False),
                ("ResourceQuota", "resourcequotas", True),
                ("ReplicationController", "replicationcontrollers", True),
                ("PodTemplate", "podtemplates", False),
            )
        ),
        *(
            Served(Kind(name, "apps"), ("v1",), plural, generation=True, status=True)
            for name, plural in (
                ("Deployment", "deployments"),
                ("ReplicaSet", "replicasets"),
                ("StatefulSet", "statefulsets"),
                ("DaemonSet", "daemonsets"),
            )
        ),
        Served(Kind("ControllerRevision", "apps"), ("v1",), "controllerrevisions"),
        Served(Kind("Job", "batch"), ("v1",), "jobs", generation=True, status=True),
        Served(Kind("CronJob", "batch"), ("v1",), "cronjobs", generation=True, status=True),
        Served(Kind("HorizontalPodAutoscaler", "autoscaling"), ("v1", "v2"), "horizontalpodautoscalers", status=True),
        Served(Kind("PodDisruptionBudget", "policy"), ("v1",), "poddisruptionbudgets", generation=True, status=True),
        Served(Kind("Ingress", "networking.k8s.io"), ("v1",), "ingresses", generation=True, status=True),
        Served(Kind("NetworkPolicy", "networking.k8s.io"), ("v1",), "networkpolicies", generation=True),
        Served(Kind("IngressClass", "networking.k8s.io"), ("v1",), "ingressclasses", namespaced=False, generation=True),
        Served(Kind("Role", "rbac.authorization.k8s.io"), ("v1",), "roles"),
        Served(Kind("RoleBinding", "rbac.authorization.k8s.io"), ("v1",), "rolebindings"),
        Served(Kind("ClusterRole", "rbac.authorization.k8s.io"), ("v1",), "clusterroles", namespaced=False),
        Served(
            Kind("ClusterRoleBinding", "rbac.authorization.k8s.io"), ("v1",), "clusterrolebindings", namespaced=False
        ),
        Served(Kind("StorageClass", "storage.k8s.io"), ("v1",), "storageclasses", namespaced=False),
        Served(Kind("CSIDriver", "storage.k8s.io"), ("v1",), "csidrivers", namespaced=False),
        Served(Kind("PriorityClass", "scheduling.k8s.io"), ("v1",), "priorityclasses", namespaced=False),
        Served(Kind("RuntimeClass", "node.k8s.io"), ("v1",), "runtimeclasses", namespaced=False),
        Served(Kind("Lease", "coordination.k8s.io"), ("v1",), "leases"),
        Served(Kind("EndpointSlice", "discovery.k8s.io"), ("v1",), "endpointslices"),
        Served(
            Kind("CustomResourceDefinition", "apiextensions.k8s.io"),
            ("v1",),
            "customresourcedefinitions",
            namespaced=False,
            generation=True,
            status=True,
        ),
        Served(Kind("APIService", "apiregistration.k8s.io"), ("v1",), "apiservices", namespaced=False, status=True),
        *(
            Served(Kind(name, "admissionregistration.k8s.io"), ("v1",), plural, namespaced=False, generation=True)
            for name, plural in (
                ("MutatingWebhookConfiguration", "mutatingwebhookconfigurations"),
                ("ValidatingWebhookConfiguration", "validatingwebhookconfigurations"),
                ("ValidatingAdmissionPolicy", "validatingadmissionpolicies"),
                ("ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings"),
            )
        ),
        *(
            Served(Kind(name, f"{group}.fluxcd.io"), (version,), plural, **flux)
            for name, group, version, plural in (
                ("GitRepository", "source.toolkit", "v1", "gitrepositories"),
                ("OCIRepository", "source.toolkit", "v1", "ocirepositories"),
                ("HelmRepository", "source.toolkit", "v1", "helmrepositories"),
                ("HelmChart", "source.toolkit", "v1", "helmcharts"),
                ("Bucket", "source.toolkit", "v1", "buckets"),
                ("ExternalArtifact", "source.toolkit", "v1", "externalartifacts"),
                ("Kustomization", "kustomize.toolkit", "v1", "kustomizations"),
                ("ImageRepository", "image.toolkit", "v1", "imagerepositories"),
                ("ImagePolicy", "image.toolkit", "v1", "imagepolicies"),
                ("ImageUpdateAutomation", "image.toolkit", "v1", "imageupdateautomations"),
                ("HelmRelease", "helm.toolkit", "v2", "helmreleases"),
                ("Receiver", "notification.toolkit", "v1", "receivers"),
                ("Alert", "notification.toolkit", "v1beta3", "alerts"),
                ("Provider", "notification.toolkit", "v1beta3", "providers"),
                ("ArtifactGenerator", "source.extensions", "v1beta1", "artifactgenerators"),
            )
        ),
    ]


SERVED: dict[Kind, Served] = {row.kind: row for row in _rows()}

_CLOSED_GROUPS = frozenset(kind.group for kind in SERVED) | {
    "authentication.k8s.io",
    "authorization.k8s.io",
    "certificates.k8s.io",
    "events.k8s.io",
    "extensions",
    "flowcontrol.apiserver.k8s.io",
    "resource.k8s.io",
}


def closed(group: str) -> bool:
    """Return whether the group serves exactly what is listed: Kubernetes' own and Flux's toolkit."""
    return group in _CLOSED_GROUPS or group.endswith(".toolkit.fluxcd.io")


_CLUSTER_WIDE = re.compile("Cluster[A-Z]")
"""Kinds that are called like ClusterIssuer are cluster-scoped; one that is called Cluster is not."""


def served(kind: Kind) -> Served:
    """Return how a kind is served; one of a foreign group is assumed to be a namespaced custom resource with a status."""
    found = SERVED.get(kind)
    if found is not None:
        return found
    name = kind.name.lower()
    plural = f"{name[:-1]}ies" if name.endswith("y") else f"{name}es" if name.endswith(("s", "x", "ch")) else f"{name}s"
    return Served(
        kind, (), plural, namespaced=not _CLUSTER_WIDE.match(kind.name), generation=True, status=True, assumed=True
    )


def check_served(kind_name: str, api_version: str) -> Served:
    """Return how `kind_name` in `api_version` is served; NoKindMatch where the server would know neither."""
    kind = Kind(kind_name, group_of(api_version))
    row = SERVED.get(kind)
    if row is None and closed(kind.group):
        raise NoKindMatch.of(kind_name, api_version)
    if row is not None and version_of(api_version) not in row.versions:
        raise NoKindMatch.of(kind_name, api_version)
    return row or served(kind)
