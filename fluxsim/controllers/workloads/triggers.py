"""Which change wakes which workload controller: an object its own, a dependent its owner's."""

from __future__ import annotations

from fluxsim.formats.tree import Json, get
from fluxsim.kube.controller import Controller
from fluxsim.kube.meta import DEPLOYMENT, POD, REPLICA_SET, Key, Kind, controller_of
from fluxsim.kube.store import Change, Store


class WorkloadTriggers:
    """Subscribes the Deployment and ReplicaSet controllers and the kubelet to the store."""

    def __init__(self, store: Store, controllers: dict[Kind, Controller]) -> None:
        self._controllers = controllers
        store.watch(DEPLOYMENT, self._deployment)
        store.watch(REPLICA_SET, self._replica_set)
        store.watch(POD, self._pod)

    def _deployment(self, change: Change) -> None:
        if change.what == "deleted":
            self._controllers[DEPLOYMENT].forget(change.key)
        else:
            self._wake(DEPLOYMENT, change.key, change)

    def _replica_set(self, change: Change) -> None:
        if change.what == "deleted":
            self._controllers[REPLICA_SET].forget(change.key)
        elif change.what == "created" or _asks(change):
            self._wake(REPLICA_SET, change.key, change)
        self._wake_owner(change, DEPLOYMENT)

    def _pod(self, change: Change) -> None:
        if change.what == "deleted":
            self._controllers[POD].forget(change.key)
        elif change.what == "created" or _terminates(change):
            self._wake(POD, change.key, change)
        if change.what != "modified" or _counts(change.old) != _counts(change.new):
            self._wake_owner(change, REPLICA_SET)

    def _wake_owner(self, change: Change, kind: Kind) -> None:
        owner = controller_of(change.new or change.old)
        if owner is not None and owner["kind"] == kind.name:
            self._wake(kind, Key(kind, change.key.namespace, owner["name"]), change)

    def _wake(self, kind: Kind, key: Key, change: Change) -> None:
        self._controllers[kind].enqueue(key, because=(change.seq,), trigger=f"{change.key} {change.what}")


def _asks(change: Change) -> bool:
    """Return whether a ReplicaSet's own controller has something to do: its spec changed, or it is to go."""
    return change.old["spec"] != change.new["spec"] or bool(get(change.new, "metadata", "deletionTimestamp"))


def _terminates(change: Change) -> bool:
    return not get(change.old, "metadata", "deletionTimestamp") and bool(
        get(change.new, "metadata", "deletionTimestamp")
    )


def _counts(pod: Json) -> tuple[Json, ...]:
    """Return what a ReplicaSet counts in a pod."""
    ready = next(
        (entry["status"] for entry in get(pod, "status", "conditions", default=None) or () if entry["type"] == "Ready"),
        None,
    )
    return (
        get(pod, "status", "phase"),
        ready,
        get(pod, "metadata", "deletionTimestamp"),
        get(pod, "metadata", "ownerReferences"),
    )
