"""ReplicaSets as a Deployment's history: which one is new, its number, its name, what it remembers.

Source: kubernetes v1.28 pkg/controller/deployment/util/deployment_util.go. The pod-template-hash is FNV-1a over
the canonical JSON of the template instead of Go's struct dump: docs/differences.md.
"""

from __future__ import annotations

import hashlib

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
HASHES_REMEMBERED_MAX = 1024
SAFE_CHARACTERS = "bcdfghjklmnpqrstvwxz2456789"


def has_template(one: Map, template: Json) -> bool:
    """Return whether a ReplicaSet is of the template, its hash label apart. Asked of every ReplicaSet in every pass."""
    mine = one["spec"]["template"]
    spec = template.get("spec")
    if mine.get("spec") is not spec and mine.get("spec") != spec:
        return False
    return bool(plain_template(one).get("metadata") == template.get("metadata"))


def plain_template(one: Map) -> Json:
    """Return a ReplicaSet's pod template without the hash label, as the Deployment has it."""
    return without(one["spec"]["template"], ("metadata", "labels", HASH_LABEL))


def number(one: Json) -> int:
    """Return the revision of a ReplicaSet or Deployment, 0 without one."""
    text = annotations_of(one).get(REVISION, "0")
    return int(text) if text.isdigit() else 0


def desired(one: Map) -> int | None:
    """Return the size of the Deployment that a ReplicaSet remembers."""
    return _noted(one, DESIRED)


def most(one: Map) -> int | None:
    """Return how many pods the Deployment could have, by what a ReplicaSet remembers."""
    return _noted(one, MOST)


def _noted(one: Map, name: str) -> int | None:
    text = annotations_of(one).get(name)
    return int(text) if text is not None and text.isdigit() else None


def sized(one: Map, replicas: int, limits: Bounds) -> Map:
    """Return the ReplicaSet with that size and with the Deployment's noted on it; the same where nothing changes."""
    notes = {DESIRED: str(limits.replicas), MOST: str(limits.most)}
    annotations = annotations_of(one)
    changed: Map = one
    if any(annotations.get(name) != text for name, text in notes.items()):
        changed = evolve(changed, ("metadata", "annotations"), annotations | notes)
    return changed if one["spec"]["replicas"] == replicas else evolve(changed, ("spec", "replicas"), replicas)


def raised(deployment: Map, one: Map, revision: int) -> Map:
    """Return the ReplicaSet as the current one: the Deployment's annotations, the revision number raised, minReadySeconds."""
    known, old = annotations_of(one), number(one)
    news = {name: value for name, value in _copied(deployment).items() if known.get(name) != value}
    if old < revision:
        news[REVISION] = str(revision)
        if REVISION in known:
            news[HISTORY] = _history(known.get(HISTORY, ""), old)
    changed: Map = evolve(one, ("metadata", "annotations"), known | news) if news else one
    ready_s = deployment["spec"].get("minReadySeconds", 0)
    if one["spec"].get("minReadySeconds", 0) != ready_s:
        changed = evolve(changed, ("spec", "minReadySeconds"), ready_s)
    return changed


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
    known = _LAST_HASHES.get(id(template))
    if known is not None and known[0] is template and not collisions:
        return known[1]
    text = orjson.dumps(template, option=orjson.OPT_SORT_KEYS)
    if collisions:
        text += collisions.to_bytes(8, "little")
    value = int.from_bytes(hashlib.blake2b(text, digest_size=4).digest(), "big")
    digits = "".join(SAFE_CHARACTERS[ord(digit) % len(SAFE_CHARACTERS)] for digit in str(value))
    if not collisions:
        if len(_LAST_HASHES) >= HASHES_REMEMBERED_MAX:
            _LAST_HASHES.clear()
        _LAST_HASHES[id(template)] = (template, digits)
    return digits


_LAST_HASHES: dict[int, tuple[Json, str]] = {}
"""Templates by their identity: they are frozen, and asked for in every pass of their Deployment."""


def _copied(deployment: Map) -> dict[str, str]:
    return {name: value for name, value in annotations_of(deployment).items() if name not in NOT_COPIED}


def _history(text: str, old: int) -> str:
    numbers = [*(text.split(",") if text else ()), str(old)]
    while len(",".join(numbers)) > HISTORY_CHARACTERS_MAX and len(numbers) > 1:
        numbers.pop(0)
    return ",".join(numbers)
