"""Generated Kubernetes objects: few names, so that references, selectors and clashes happen."""

from __future__ import annotations

from typing import Any, TypeAlias

import yaml
from hypothesis import strategies as st

Object: TypeAlias = dict[str, Any]
Made: TypeAlias = st.SearchStrategy[Any]

NAMES = st.sampled_from(["app", "web", "db"])
NAMESPACES = st.sampled_from(["default", "one", "two"])
IMAGES = st.sampled_from(
    ["nginx", "nginx:1.25", "ghcr.io/acme/app:v1", "localhost:5000/web", "redis@sha256:" + "0" * 64, "acme/db:2-x"]
)
KEYS = st.sampled_from(["app", "tier", "example.com/owner", "a-b", "A"])
TEXTS = st.sampled_from(
    ["x", "web", "", "yes", "null", "1", "1.10", "true", "a: b", " pad ", "two\nlines\n", "é ☃", "#c", "'q'", "0x1F", "~", "long " * 30]
)  # fmt: skip
LABELS = st.dictionaries(KEYS, st.sampled_from(["x", "web", "1", "true"]), min_size=1, max_size=2)
ANNOTATIONS = st.dictionaries(KEYS, TEXTS, min_size=1, max_size=2)


def some(required: dict[str, Made], optional: dict[str, Made]) -> Made:
    return st.fixed_dictionaries(required, optional=optional)


def listed(element: Made, most: int = 2, least: int = 0) -> Made:
    return st.lists(element, min_size=least, max_size=most)


def by_name(element: Made, most: int = 2) -> Made:
    return st.lists(element, min_size=1, max_size=most, unique_by=lambda item: item["name"])


METADATA = some({"name": NAMES}, {"namespace": NAMESPACES, "labels": LABELS, "annotations": ANNOTATIONS})
KEY_REF = some({"name": NAMES, "key": st.just("k")}, {"optional": st.booleans()})
ENV = st.one_of(
    some({"name": st.sampled_from(["A", "B", "C"])}, {"value": TEXTS}),
    some(
        {"name": st.sampled_from(["A", "B", "C"])},
        {
            "valueFrom": st.sampled_from(["configMapKeyRef", "secretKeyRef"]).flatmap(
                lambda key: some({key: KEY_REF}, {})
            )
        },
    ),
)
ENV_FROM = st.sampled_from(["configMapRef", "secretRef"]).flatmap(
    lambda key: some({key: some({"name": NAMES}, {})}, {})
)
QUANTITIES = st.sampled_from(["100m", "1Gi", 1, "2", 0.5])
PORT = some(
    {"containerPort": st.sampled_from([80, 8080])},
    {"protocol": st.sampled_from(["TCP", "UDP"]), "name": st.sampled_from(["http", "other"])},
)
CONTAINER = some(
    {"name": st.sampled_from(["main", "side"]), "image": IMAGES},
    {
        "env": by_name(ENV, 3),
        "envFrom": listed(ENV_FROM),
        "args": listed(TEXTS),
        "ports": listed(PORT),
        "resources": some({}, {"limits": some({}, {"cpu": QUANTITIES, "memory": QUANTITIES})}),
        "volumeMounts": st.lists(
            some({"name": NAMES, "mountPath": st.sampled_from(["/a", "/b"])}, {"subPath": st.just("x")}),
            max_size=2,
            unique_by=lambda mount: mount["mountPath"],
        ),
    },
)
VOLUME = st.one_of(
    some({"name": NAMES, "configMap": some({"name": NAMES}, {"defaultMode": st.just(0o644)})}, {}),
    some({"name": NAMES, "secret": some({"secretName": NAMES}, {})}, {}),
    some({"name": NAMES, "emptyDir": st.just({})}, {}),
    some({"name": NAMES, "persistentVolumeClaim": some({"claimName": NAMES}, {})}, {}),
    some(
        {"name": NAMES},
        {"projected": some({"sources": listed(some({}, {"configMap": some({"name": NAMES}, {}), "secret": some({"name": NAMES}, {})}))}, {})},
    ),
)  # fmt: skip
POD = some(
    {"containers": by_name(CONTAINER)},
    {
        "initContainers": by_name(CONTAINER, 1),
        "volumes": by_name(VOLUME),
        "serviceAccountName": NAMES,
        "imagePullSecrets": listed(some({"name": NAMES}, {})),
        "tolerations": listed(some({"key": KEYS}, {"operator": st.just("Exists")})),
        "nodeSelector": LABELS,
    },
)
TEMPLATE = some({"spec": POD}, {"metadata": some({}, {"labels": LABELS, "annotations": ANNOTATIONS})})
SELECTOR = some({}, {"matchLabels": LABELS})


def kind(api_version: str, name: str, fields: dict[str, Made], optional: dict[str, Made] | None = None) -> Made:
    head = {"apiVersion": st.just(api_version), "kind": st.just(name), "metadata": METADATA}
    return some({**head, **fields}, optional or {})


REPLICAS = st.integers(0, 4)
DEPLOYMENT = kind(
    "apps/v1", "Deployment",
    {"spec": some({"template": TEMPLATE}, {"selector": SELECTOR, "replicas": REPLICAS, "strategy": st.just({"type": "Recreate"})})},
)  # fmt: skip
SERVICE_PORT = some(
    {"port": st.sampled_from([80, 443])},
    {"protocol": st.sampled_from(["TCP", "UDP"]), "name": st.sampled_from(["http", "other"]), "targetPort": st.sampled_from(["http", 8080])},
)  # fmt: skip
SERVICE = kind(
    "v1",
    "Service",
    {"spec": some({}, {"selector": LABELS, "ports": listed(SERVICE_PORT), "type": st.just("ClusterIP")})},
)
DATA = st.dictionaries(st.sampled_from(["k", "a.txt", "B", "2", "10"]), TEXTS, max_size=3)
CONFIG_MAP = kind("v1", "ConfigMap", {"data": DATA}, {"immutable": st.booleans()})
SECRET = kind("v1", "Secret", {}, {"stringData": DATA, "type": st.just("Opaque")})
STATEFUL_SET = kind(
    "apps/v1", "StatefulSet",
    {"spec": some(
        {"serviceName": NAMES, "template": TEMPLATE},
        {"selector": SELECTOR, "replicas": REPLICAS,
         "volumeClaimTemplates": listed(some({"metadata": some({"name": NAMES}, {"labels": LABELS}), "spec": st.just({"storageClassName": "app"})}, {}))},
    )},
)  # fmt: skip
DAEMON_SET = kind("apps/v1", "DaemonSet", {"spec": some({"template": TEMPLATE}, {"selector": SELECTOR})})
JOB = kind("batch/v1", "Job", {"spec": some({"template": TEMPLATE}, {"selector": SELECTOR})})
CRON_JOB = kind(
    "batch/v1", "CronJob",
    {"spec": some({"jobTemplate": some({"spec": some({"template": TEMPLATE}, {})}, {"metadata": some({}, {"labels": LABELS})})}, {"schedule": st.just("* * * * *")})},
)  # fmt: skip
BACKEND = some({"service": some({"name": NAMES}, {"port": st.just({"number": 80})})}, {})
INGRESS = kind(
    "networking.k8s.io/v1", "Ingress",
    {"spec": some({}, {
        "defaultBackend": BACKEND,
        "tls": listed(some({"secretName": NAMES}, {})),
        "rules": listed(some({"http": some({"paths": listed(some({"backend": BACKEND}, {"path": st.just("/")}))}, {})}, {"host": st.just("a.example")})),
    })},
    {},
)  # fmt: skip
AUTOSCALER = kind(
    "autoscaling/v2", "HorizontalPodAutoscaler",
    {"spec": some({"scaleTargetRef": some({"apiVersion": st.just("apps/v1"), "kind": st.sampled_from(["Deployment", "StatefulSet"]), "name": NAMES}, {})}, {"maxReplicas": REPLICAS})},
)  # fmt: skip
BUDGET = kind(
    "policy/v1", "PodDisruptionBudget", {"spec": some({}, {"selector": SELECTOR, "minAvailable": st.just(1)})}
)
NETWORK_POLICY = kind(
    "networking.k8s.io/v1", "NetworkPolicy",
    {"spec": some({"podSelector": SELECTOR}, {"ingress": listed(some({"from": listed(some({}, {"podSelector": SELECTOR}))}, {}))})},
)  # fmt: skip
ACCOUNT = kind("v1", "ServiceAccount", {}, {"imagePullSecrets": listed(some({"name": NAMES}, {}))})
ROLE = kind(
    "rbac.authorization.k8s.io/v1", "Role", {"rules": listed(st.just({"verbs": ["get"], "resources": ["pods"]}))}
)
SUBJECT = some(
    {"kind": st.just("ServiceAccount"), "name": st.sampled_from(["default", "app", "web"])}, {"namespace": NAMESPACES}
)
BINDING = kind(
    "rbac.authorization.k8s.io/v1", "RoleBinding",
    {"roleRef": some({"apiGroup": st.just("rbac.authorization.k8s.io"), "kind": st.just("Role"), "name": NAMES}, {}), "subjects": listed(SUBJECT)},
)  # fmt: skip
CLUSTER_BINDING = kind(
    "rbac.authorization.k8s.io/v1", "ClusterRoleBinding",
    {"roleRef": some({"apiGroup": st.just("rbac.authorization.k8s.io"), "kind": st.just("ClusterRole"), "name": NAMES}, {}), "subjects": listed(SUBJECT)},
)  # fmt: skip
NAMESPACE = kind("v1", "Namespace", {})
CLAIM = kind("v1", "PersistentVolumeClaim", {"spec": some({}, {"volumeName": NAMES, "selector": SELECTOR})})
CUSTOM = kind(
    "example.com/v1", "Widget",
    {"spec": some({}, {"image": IMAGES, "template": TEMPLATE, "containers": by_name(CONTAINER), "items": listed(some({"name": NAMES}, {"v": TEXTS})), "deep": some({}, {"a": TEXTS, "b": REPLICAS})})},
)  # fmt: skip
POLICY = kind(
    "image.toolkit.fluxcd.io/v1", "ImagePolicy",
    {"spec": some({"imageRepositoryRef": some({"name": NAMES}, {"namespace": NAMESPACES})}, {"policy": st.just({"semver": {"range": ">=1.0.0"}})})},
)  # fmt: skip
COMMON = st.one_of(DEPLOYMENT, SERVICE, CONFIG_MAP)
OTHERS = st.one_of(
    SECRET, STATEFUL_SET, DAEMON_SET, JOB, CRON_JOB, INGRESS, AUTOSCALER, BUDGET, NETWORK_POLICY, ACCOUNT, ROLE, BINDING,
    CLUSTER_BINDING, NAMESPACE, CLAIM, CUSTOM, POLICY,
)  # fmt: skip
OBJECTS = st.one_of(COMMON, OTHERS)


def identity(obj: Object) -> tuple[str, ...]:
    metadata = obj["metadata"]
    return obj["apiVersion"], obj["kind"], metadata["name"], metadata.get("namespace", "")


RESOURCES = st.lists(OBJECTS, min_size=1, max_size=5, unique_by=identity)


def documents(objects: list[Object]) -> str:
    return yaml.safe_dump_all(objects, sort_keys=False, allow_unicode=True)
