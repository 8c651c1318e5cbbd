"""ConfigMaps and Secrets that a pod cannot start without: in its containers' environment and in its volumes.

Source: kubernetes v1.33 pkg/kubelet/kubelet_pods.go makeEnvironmentVariables, pkg/volume/{configmap,secret,projected}.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from fluxsim.formats.tree import EMPTY_MAP, Json
from fluxsim.kube.meta import CONFIG_MAP, Key
from fluxsim.kube.store import Store


class Secrets(Protocol):
    """Says which secrets there are, those of outside Git included."""

    def has(self, namespace: str, name: str) -> bool: ...


class _Reference(NamedTuple):
    """What is referred to; `key` where one key of it is needed."""

    secret: bool
    name: str
    key: str = ""


class References:
    """Looks up what pods refer to."""

    def __init__(self, store: Store, secrets: Secrets) -> None:
        self._store = store
        self._secrets = secrets

    def missing_in_environment(self, namespace: str, container: Json) -> str:
        """Return what a container's environment needs and the cluster lacks, in the kubelet's words; else nothing."""
        return next((told for found in _of_environment(container) if (told := self._lack(namespace, found))), "")

    def missing_in_volumes(self, namespace: str, spec: Json) -> str:
        """Return why a volume of the pod cannot be mounted, in the kubelet's words; else nothing."""
        for volume in spec.get("volumes") or ():
            for found in _of_volume(volume):
                told = self._lack(namespace, found)
                if told:
                    return f'MountVolume.SetUp failed for volume "{volume["name"]}" : {told}'
        return ""

    def _lack(self, namespace: str, reference: _Reference) -> str:
        if reference.secret:
            there = self._secrets.has(namespace, reference.name)
            return "" if there else f'secret "{reference.name}" not found'
        found = self._store.get(Key(CONFIG_MAP, namespace, reference.name))
        if found is None:
            return f'configmap "{reference.name}" not found'
        if reference.key and not any(
            reference.key in (found.get(part) or EMPTY_MAP) for part in ("data", "binaryData")
        ):
            return f"couldn't find key {reference.key} in ConfigMap {namespace}/{reference.name}"
        return ""


def _of_environment(container: Json) -> Iterator[_Reference]:
    for source in container.get("envFrom") or ():
        yield from _needed(source.get("configMapRef"), secret=False)
        yield from _needed(source.get("secretRef"), secret=True)
    for variable in container.get("env") or ():
        origin = variable.get("valueFrom") or EMPTY_MAP
        yield from _needed(origin.get("configMapKeyRef"), secret=False)
        yield from _needed(origin.get("secretKeyRef"), secret=True)


def _of_volume(volume: Json) -> Iterator[_Reference]:
    yield from _needed(volume.get("configMap"), secret=False)
    secret = volume.get("secret")
    if secret is not None and not secret.get("optional"):
        yield _Reference(secret=True, name=secret.get("secretName") or "")
    for source in (volume.get("projected") or EMPTY_MAP).get("sources") or ():
        yield from _needed(source.get("configMap"), secret=False)
        yield from _needed(source.get("secret"), secret=True)


def _needed(reference: Json, *, secret: bool) -> Iterator[_Reference]:
    if reference is not None and not reference.get("optional"):
        yield _Reference(secret, reference.get("name") or "", reference.get("key") or "")
