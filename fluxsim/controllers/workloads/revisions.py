"""ReplicaSets as a Deployment's history: which one is new, its number, its name, what it remembers.

Source: kubernetes v1.28 pkg/controller/deployment/util/deployment_util.go. The pod-template-hash is FNV-1a over
the canonical JSON of the template instead of Go's struct dump: docs/differences.md.
"""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from fluxsim.formats.rollout import Bounds
from fluxsim.formats.tree import Json, Map, evolve, freeze, get, without
from fluxsim.kube.meta import annotations_of

HASH_LABEL = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"
HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED = "deployment.kubernetes.io/desired-replicas"
MOST = "deployment.kubernetes.io/max-replicas"

NOT_COPIED = frozenset(
    {
        "kubectl.kubernetes.io/last-applied-configuration",
        REVISION,
        HISTORY,
        DESIRED,
        MOST,
        "deprecated.deployment.rollback.to",
    }
)
"""Annotations of a Deployment that its ReplicaSets do not get."""

HISTORY_CHARACTERS_MAX = 2000
SAFE_CHARACTERS = "bcdfghjklmnpqrstvwxz2456789"


def split(deployment: Map, sets: Sequence[Map]) -> tuple[Map | None, list[Map]]:
    """Return (the oldest ReplicaSet with the current template, all others)."""
    template = deployment["spec"]["template"]
    for one in sets:
        if plain_template(one) == template:
            return one, [other for other in sets if other is not one]
    return None, list(sets)


def plain_template(one: Map) -> Json:
    """Return a ReplicaSet's pod template without the hash label, as the Deployment has it."""
    return without(one["spec"]["template"], ("metadata", "labels", HASH_LABEL))


def number(one: Json) -> int:
    """Return the revision of a ReplicaSet or Deployment, 0 without one."""
    text = annotations_of(one).get(REVISION, "0")
    return int(text) if text.isdigit() else 0


def newest(sets: Sequence[Map]) -> int:
    return max((number(one) for one in sets), default=0)


def desired(one: Map) -> int | None:
    text = annotations_of(one).get(DESIRED)
    return int(text) if text is not None and text.isdigit() else None


def most(one: Map) -> int:
    text = annotations_of(one).get(MOST, "0")
    return int(text) if text.isdigit() else 0


def sized(one: Map, limits: Bounds) -> Map:
    """Return the ReplicaSet with the Deployment's size noted on it."""
    noted = annotations_of(one) | {DESIRED: str(limits.replicas), MOST: str(limits.most)}
    found: Map = evolve(one, ("metadata", "annotations"), noted)
    return found


def raised(deployment: Map, one: Map, revision: int) -> Map:
    """Return the ReplicaSet as the current one: the Deployment's annotations, the revision number raised, minReadySeconds."""
    old = number(one)
    annotations = annotations_of(one) | _copied(deployment)
    if old < revision:
        annotations[REVISION] = str(revision)
        if REVISION in annotations_of(one):
            annotations[HISTORY] = _history(annotations.get(HISTORY, ""), old)
    changed = one if annotations == annotations_of(one) else evolve(one, ("metadata", "annotations"), annotations)
    ready_s = deployment["spec"].get("minReadySeconds", 0)
    if changed["spec"].get("minReadySeconds", 0) != ready_s:
        changed = evolve(changed, ("spec", "minReadySeconds"), ready_s)
    found: Map = changed
    return found


def fresh(deployment: Map, replicas: int, revision: int, limits: Bounds, collisions: int) -> Map:
    """Return a new ReplicaSet for the current template."""
    metadata = deployment["metadata"]
    template = deployment["spec"]["template"]
    digits = template_hash(template, collisions)
    labels = (get(template, "metadata", "labels", default=None) or {}) | {HASH_LABEL: digits}
    selector = evolve(deployment["spec"]["selector"], ("matchLabels", HASH_LABEL), digits)
    spec: dict[str, Json] = {
        "replicas": replicas,
        "selector": selector,
        "template": evolve(template, ("metadata", "labels"), labels),
    }
    if deployment["spec"].get("minReadySeconds"):
        spec["minReadySeconds"] = deployment["spec"]["minReadySeconds"]
    annotations = _copied(deployment) | {REVISION: str(revision), DESIRED: str(limits.replicas), MOST: str(limits.most)}
    made: Map = freeze(
        {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {
                "name": f"{metadata['name']}-{digits}",
                "namespace": metadata["namespace"],
                "labels": labels,
                "annotations": annotations,
                "ownerReferences": [
                    {
                        "apiVersion": "apps/v1",
                        "kind": "Deployment",
                        "name": metadata["name"],
                        "uid": metadata["uid"],
                        "controller": True,
                        "blockOwnerDeletion": True,
                    }
                ],
            },
            "spec": spec,
        }
    )
    return made


def template_hash(template: Json, collisions: int) -> str:
    """Return the pod-template-hash: ten possible characters, at most ten of them."""
    text = orjson.dumps(template, option=orjson.OPT_SORT_KEYS)
    if collisions:
        text += collisions.to_bytes(8, "little")
    value = 0x811C9DC5
    for byte in text:
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return "".join(SAFE_CHARACTERS[ord(digit) % len(SAFE_CHARACTERS)] for digit in str(value))


def _copied(deployment: Map) -> dict[str, str]:
    return {name: value for name, value in annotations_of(deployment).items() if name not in NOT_COPIED}


def _history(text: str, old: int) -> str:
    numbers = [*([] if not text else text.split(",")), str(old)]
    while len(",".join(numbers)) > HISTORY_CHARACTERS_MAX and len(numbers) > 1:
        numbers.pop(0)
    return ",".join(numbers)
