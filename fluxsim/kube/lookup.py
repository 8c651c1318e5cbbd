"""Kinds by the names that people type: `deploy`, `kustomizations`, `ks`, `image policy`, `ImagePolicy`."""

from __future__ import annotations

from functools import cache

from fluxsim.formats.crdschema import definitions
from fluxsim.kube.kinds import SERVED
from fluxsim.kube.meta import Kind

_SHORT = {
    "deploy": "Deployment",
    "rs": "ReplicaSet",
    "po": "Pod",
    "svc": "Service",
    "ns": "Namespace",
    "cm": "ConfigMap",
    "sa": "ServiceAccount",
    "ev": "Event",
    "sts": "StatefulSet",
    "ds": "DaemonSet",
    "ing": "Ingress",
    "hpa": "HorizontalPodAutoscaler",
    "pdb": "PodDisruptionBudget",
    "netpol": "NetworkPolicy",
    "crd": "CustomResourceDefinition",
    "pvc": "PersistentVolumeClaim",
    "source git": "GitRepository",
    "image repository": "ImageRepository",
    "image policy": "ImagePolicy",
    "image update": "ImageUpdateAutomation",
}


def kind_named(text: str) -> Kind | None:
    """Return the kind of that name, plural, short name or `name.group`; None where there is none."""
    name, _dot, group = text.partition(".")
    for kind in _names().get(name.lower(), ()):
        if not group or kind.group == group or kind.group.startswith(f"{group}."):
            return kind
    return None


@cache
def _names() -> dict[str, list[Kind]]:
    names: dict[str, list[Kind]] = {}
    by_name = {kind.name: kind for kind in SERVED}
    for row in SERVED.values():
        for word in (row.kind.name.lower(), row.plural):
            names.setdefault(word, []).append(row.kind)
    for short, name in _SHORT.items():
        names.setdefault(short, []).append(by_name[name])
    for definition in definitions().values():
        kind = Kind(definition.kind, definition.group)
        for word in definition.short_names:
            if kind in SERVED:
                names.setdefault(word, []).append(kind)
    return names
