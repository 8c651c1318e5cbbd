"""The ReplicaSets of a Deployment as its controller reads them: eleven of them in every pass, nearly all unchanged."""

from __future__ import annotations

from typing import NamedTuple

from fluxsim.controllers.workloads import revisions
from fluxsim.formats.rollout import Replicas
from fluxsim.formats.tree import EMPTY_MAP, Json, Map
from fluxsim.kube.meta import controller_of, labels_of

REMEMBERED_MAX = 1024


class Member(NamedTuple):
    """A ReplicaSet, and what is asked of it."""

    one: Map
    name: str
    digits: str
    """Its pod-template-hash."""
    owner: str
    wanted: int
    pods: int
    ready: int
    available: int
    revision: int
    desired: int | None
    """The size of the Deployment that it remembers."""
    unused: bool
    """It has no pods, wants none, and its controller knows so."""
    failure: Json
    """Its ReplicaFailure condition, or None."""

    @property
    def counts(self) -> Replicas:
        return Replicas(self.name, self.wanted, self.available, self.desired, revisions.most(self.one))


def member(one: Map) -> Member:
    """Return what there is to know of a ReplicaSet. Objects are frozen, so the same object has the same answer."""
    known = _REMEMBERED.get(id(one))
    if known is not None and known.one is one:
        return known
    if len(_REMEMBERED) >= REMEMBERED_MAX:
        _REMEMBERED.clear()
    found = _REMEMBERED[id(one)] = _read(one)
    return found


_REMEMBERED: dict[int, Member] = {}


def _read(one: Map) -> Member:
    metadata, wanted = one["metadata"], one["spec"]["replicas"]
    owner = controller_of(one)
    status: Json = one.get("status", EMPTY_MAP)
    pods = status.get("replicas", 0)
    failures = [entry for entry in status.get("conditions") or () if entry["type"] == "ReplicaFailure"]
    return Member(
        one,
        metadata["name"],
        labels_of(one).get(revisions.HASH_LABEL, ""),
        owner["uid"] if owner is not None else "",
        wanted,
        pods,
        status.get("readyReplicas", 0),
        status.get("availableReplicas", 0),
        revisions.number(one),
        revisions.desired(one),
        wanted == pods == 0 and status.get("observedGeneration", 0) >= metadata["generation"],
        failures[0] if failures else None,
    )
