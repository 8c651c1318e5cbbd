"""The built-in field specs, written by what they have in common: who holds a pod template, and what a pod spec holds.

Source: kustomize api v0.21.1 internal/konfig/builtinpluginconsts/*.go (the tables, not their text).
"""

from __future__ import annotations

from fluxsim.formats.kustomize.fieldspecs import FieldSpec
from fluxsim.formats.kustomize.identity import Gvk

_APPS, _BATCH, _RBAC, _NETWORKING = "apps", "batch", "rbac.authorization.k8s.io", "networking.k8s.io"
_ADMISSION = "admissionregistration.k8s.io"

_TEMPLATE = "spec/template"
_JOB_TEMPLATE = "spec/jobTemplate/spec/template"


def _specs(kinds: str, *paths: str, group: str = "", version: str = "", create: bool = False) -> tuple[FieldSpec, ...]:
    return tuple(FieldSpec(Gvk(group, version, kind), path, create) for kind in kinds.split() for path in paths)


NAMES = (FieldSpec(Gvk(), "metadata/name"),)

NAMESPACES = (
    *_specs("Namespace", "metadata/name", create=True),
    *_specs("APIService", "spec/service/namespace", group="apiregistration.k8s.io", create=True),
    *_specs(
        "CustomResourceDefinition",
        "spec/conversion/webhook/clientConfig/service/namespace",
        group="apiextensions.k8s.io",
    ),
)

IMAGES = tuple(
    FieldSpec(Gvk(), f"{pod}/{place}", create=True)
    for pod in ("spec", f"{_TEMPLATE}/spec")
    for place in ("containers[]/image", "initContainers[]/image", "volumes[]/image/reference")
)

REPLICAS = _specs("Deployment ReplicationController ReplicaSet StatefulSet", "spec/replicas", create=True)

TEMPLATE_LABELS = (
    FieldSpec(Gvk(), "metadata/labels", create=True),
    *_specs("ReplicationController", f"{_TEMPLATE}/metadata/labels", version="v1", create=True),
    *_specs("Deployment ReplicaSet DaemonSet", f"{_TEMPLATE}/metadata/labels", create=True),
    *_specs(
        "StatefulSet",
        f"{_TEMPLATE}/metadata/labels",
        "spec/volumeClaimTemplates[]/metadata/labels",
        group=_APPS,
        create=True,
    ),
    *_specs("Job", f"{_TEMPLATE}/metadata/labels", group=_BATCH, create=True),
    *_specs(
        "CronJob", "spec/jobTemplate/metadata/labels", f"{_JOB_TEMPLATE}/metadata/labels", group=_BATCH, create=True
    ),
)

_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm"
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_POD_SELECTORS = tuple(
    f"{_TEMPLATE}/spec/{place}/labelSelector/matchLabels"
    for place in (
        f"affinity/podAffinity/{_PREFERRED}",
        f"affinity/podAffinity/{_REQUIRED}",
        f"affinity/podAntiAffinity/{_PREFERRED}",
        f"affinity/podAntiAffinity/{_REQUIRED}",
        "topologySpreadConstraints",
    )
)
COMMON_LABELS = (
    *_specs("Service ReplicationController", "spec/selector", version="v1", create=True),
    *_specs("Deployment ReplicaSet DaemonSet", "spec/selector/matchLabels", create=True),
    *_specs("StatefulSet", "spec/selector/matchLabels", group=_APPS, create=True),
    *_specs("Deployment StatefulSet", *_POD_SELECTORS, group=_APPS),
    *_specs("Job", "spec/selector/matchLabels", group=_BATCH),
    *_specs("CronJob", "spec/jobTemplate/spec/selector/matchLabels", group=_BATCH),
    *_specs("PodDisruptionBudget", "spec/selector/matchLabels", group="policy"),
    *_specs(
        "NetworkPolicy",
        "spec/podSelector/matchLabels",
        "spec/ingress/from/podSelector/matchLabels",
        "spec/egress/to/podSelector/matchLabels",
        group=_NETWORKING,
    ),
    *TEMPLATE_LABELS,
)

COMMON_ANNOTATIONS = (
    FieldSpec(Gvk(), "metadata/annotations", create=True),
    *_specs("ReplicationController", f"{_TEMPLATE}/metadata/annotations", version="v1", create=True),
    *_specs("Deployment ReplicaSet DaemonSet StatefulSet", f"{_TEMPLATE}/metadata/annotations", create=True),
    *_specs("Job", f"{_TEMPLATE}/metadata/annotations", group=_BATCH, create=True),
    *_specs(
        "CronJob",
        "spec/jobTemplate/metadata/annotations",
        f"{_JOB_TEMPLATE}/metadata/annotations",
        group=_BATCH,
        create=True,
    ),
)

_PODS = (
    ("Pod", "spec", "v1"),
    ("PodTemplate", "template/spec", ""),
    *((kind, f"{_TEMPLATE}/spec", "") for kind in ("Deployment", "ReplicaSet", "DaemonSet", "StatefulSet", "Job")),
    ("CronJob", f"{_JOB_TEMPLATE}/spec", ""),
)
"""Kinds with a pod spec, where it is, and the version that the tables for ConfigMaps and Secrets ask for."""


def _in_pods(*places: str) -> tuple[FieldSpec, ...]:
    return tuple(
        FieldSpec(Gvk("", version, kind), f"{pod}/{place}") for kind, pod, version in _PODS for place in places
    )


def _in_pods_of_any_version(place: str) -> tuple[FieldSpec, ...]:
    """The newer tables: no PodTemplate, no ReplicaSet, but ReplicationController."""
    templates = "StatefulSet Deployment ReplicationController Job DaemonSet"
    return (
        *_specs("Pod", f"spec/{place}"),
        *_specs(templates, f"{_TEMPLATE}/spec/{place}"),
        *_specs("CronJob", f"{_JOB_TEMPLATE}/spec/{place}"),
    )


_NGINX = "metadata/annotations/nginx.ingress.kubernetes.io\\/"
_RULE_NAMES = _specs("Role ClusterRole", "rules/resourceNames")

NAME_REFERENCES: tuple[tuple[Gvk, tuple[FieldSpec, ...]], ...] = (
    *(
        (Gvk(kind=kind), _specs("HorizontalPodAutoscaler", "spec/scaleTargetRef/name"))
        for kind in ("Deployment", "ReplicationController", "ReplicaSet", "StatefulSet")
    ),
    (
        Gvk("", "v1", "ConfigMap"),
        (
            *_in_pods(
                "volumes/configMap/name",
                "containers/env/valueFrom/configMapKeyRef/name",
                "initContainers/env/valueFrom/configMapKeyRef/name",
                "containers/envFrom/configMapRef/name",
                "initContainers/envFrom/configMapRef/name",
                "volumes/projected/sources/configMap/name",
            ),
            *_specs("Node", "spec/configSource/configMap"),
            *_RULE_NAMES,
            *_specs("Ingress", f"{_NGINX}fastcgi-params-configmap"),
        ),
    ),
    (
        Gvk("", "v1", "Secret"),
        (
            *_in_pods(
                "volumes/secret/secretName",
                "containers/env/valueFrom/secretKeyRef/name",
                "initContainers/env/valueFrom/secretKeyRef/name",
                "containers/envFrom/secretRef/name",
                "initContainers/envFrom/secretRef/name",
                "imagePullSecrets/name",
                "volumes/projected/sources/secret/name",
            ),
            *_specs(
                "Ingress",
                "spec/tls/secretName",
                "metadata/annotations/ingress.kubernetes.io\\/auth-secret",
                f"{_NGINX}auth-secret",
                f"{_NGINX}auth-tls-secret",
                "spec/tls/secretName",
            ),
            *_specs("ServiceAccount", "imagePullSecrets/name"),
            *_specs(
                "StorageClass",
                "parameters/secretName",
                "parameters/adminSecretName",
                "parameters/userSecretName",
                "parameters/secretRef",
            ),
            *_RULE_NAMES,
            *_specs(
                "Service",
                f"{_TEMPLATE}/spec/containers/env/valueFrom/secretKeyRef/name",
                group="serving.knative.dev",
                version="v1",
            ),
            *_specs("PersistentVolume", "spec/azureFile/secretName"),
        ),
    ),
    (
        Gvk("", "v1", "Service"),
        (
            *_specs("StatefulSet", "spec/serviceName", group=_APPS),
            *_specs(
                "Ingress",
                "spec/rules/http/paths/backend/serviceName",
                "spec/backend/serviceName",
                "spec/rules/http/paths/backend/service/name",
                "spec/defaultBackend/service/name",
            ),
            *_specs("APIService", "spec/service/name", group="apiregistration.k8s.io"),
            *_specs(
                "ValidatingWebhookConfiguration MutatingWebhookConfiguration",
                "webhooks/clientConfig/service",
                group=_ADMISSION,
            ),
        ),
    ),
    (Gvk(_RBAC, "", "Role"), _specs("RoleBinding", "roleRef/name", group=_RBAC)),
    (Gvk(_RBAC, "", "ClusterRole"), _specs("RoleBinding ClusterRoleBinding", "roleRef/name", group=_RBAC)),
    (
        Gvk("", "v1", "ServiceAccount"),
        (
            *_specs("RoleBinding ClusterRoleBinding", "subjects", group=_RBAC),
            *_in_pods_of_any_version("serviceAccountName"),
        ),
    ),
    (
        Gvk("", "v1", "PersistentVolumeClaim"),
        _in_pods_of_any_version("volumes/persistentVolumeClaim/claimName"),
    ),
    (
        Gvk("", "v1", "PersistentVolume"),
        (*_specs("PersistentVolumeClaim", "spec/volumeName"), *_specs("ClusterRole", "rules/resourceNames")),
    ),
    (
        Gvk("storage.k8s.io", "v1", "StorageClass"),
        (
            *_specs("PersistentVolume PersistentVolumeClaim", "spec/storageClassName"),
            *_specs("StatefulSet", "spec/volumeClaimTemplates/spec/storageClassName"),
        ),
    ),
    (Gvk("scheduling.k8s.io", "v1", "PriorityClass"), _in_pods_of_any_version("priorityClassName")),
    # The group is upstream's slip: with a version in it no IngressClass ever matches.
    (Gvk("networking.k8s.io/v1", "v1", "IngressClass"), _specs("Ingress", "spec/ingressClassName")),
    (
        Gvk(_ADMISSION, "", "ValidatingAdmissionPolicy"),
        _specs("ValidatingAdmissionPolicyBinding", "spec/policyName", group=_ADMISSION),
    ),
)

_CONTAINER_TEXTS = tuple(
    f"{containers}/{place}"
    for containers in ("containers", "initContainers")
    for place in ("args", "command", "env/value", "volumeMounts/mountPath")
)


def _texts_in_pods(kind: str, template: str) -> tuple[FieldSpec, ...]:
    # An NFS server is looked for beside a CronJob's pod spec, not in it, as upstream does.
    volumes = "volumes" if kind == "CronJob" else "spec/volumes"
    pod = f"{template}/" if template else ""
    paths = [f"{pod}spec/{place}" for place in _CONTAINER_TEXTS]
    if kind != "StatefulSet":
        paths.append(f"{pod}{volumes}/nfs/server")
    return _specs(kind, *paths)


VAR_REFERENCES = (
    *_texts_in_pods("CronJob", _JOB_TEMPLATE),
    *(spec for kind in ("DaemonSet", "Deployment", "Job") for spec in _texts_in_pods(kind, _TEMPLATE)),
    *_specs("Deployment", f"{_TEMPLATE}/metadata/annotations"),
    *_specs("Ingress", "spec/rules/host", "spec/tls/hosts", "spec/tls/secretName"),
    *_texts_in_pods("Pod", ""),
    *_texts_in_pods("ReplicaSet", _TEMPLATE),
    *_specs("Service", "spec/ports/port", "spec/ports/targetPort"),
    *_texts_in_pods("StatefulSet", _TEMPLATE),
    *_specs("StatefulSet", "spec/volumeClaimTemplates/spec/nfs/server"),
    *_specs("PersistentVolume", "spec/nfs/server"),
    FieldSpec(Gvk(), "metadata/labels"),
    FieldSpec(Gvk(), "metadata/annotations"),
)
