"""Which change wakes which workload controller: an object its own, a dependent its owner's."""

from __future__ import annotations

from fluxsim.controllers.workloads import deployment, kubelet, replicaset
from fluxsim.formats import rollout
from fluxsim.formats.tree import EMPTY_MAP, Json, get
from fluxsim.kube.controller import Controller
from fluxsim.kube.meta import DEPLOYMENT, POD, REPLICA_SET, Key, Kind, condition, controller_of
from fluxsim.kube.store import Change, Store


class WorkloadTriggers:
    """Subscribes the Deployment and ReplicaSet controllers and the kubelet to the store."""

    def __init__(self, store: Store, controllers: dict[Kind, Controller]) -> None:
        self._store = store
        self._controllers = controllers
        store.watch(DEPLOYMENT, self._deployment)
        store.watch(REPLICA_SET, self._replica_set)
        store.watch(POD, self._pod)

    def _deployment(self, change: Change) -> None:
        if change.what == "deleted":
            self._controllers[DEPLOYMENT].forget(change.key)
        elif change.actor != deployment.COMPONENT or _completes(change):
            self._wake(DEPLOYMENT, change.key, change)

    def _replica_set(self, change: Change) -> None:
        if change.what == "deleted":
            self._controllers[REPLICA_SET].forget(change.key)
        elif change.what == "created" or _asks(change):
            self._wake(REPLICA_SET, change.key, change)
        owner = _owner(change.new or change.old, DEPLOYMENT)
        if owner is not None and not (change.actor == deployment.COMPONENT and _answered(change)):
            self._wake(DEPLOYMENT, owner, change)

    def _pod(self, change: Change) -> None:
        if change.what == "deleted":
            self._controllers[POD].forget(change.key)
        elif change.what == "created" or _redefined(change) or _terminates(change):
            self._wake(POD, change.key, change)
        owner = _owner(change.new or change.old, REPLICA_SET)
        if owner is None:
            return
        # What the controller itself did to its pods it has counted already.
        if change.actor != replicaset.COMPONENT and _counts(change.old) != _counts(change.new):
            self._wake(REPLICA_SET, owner, change)
        if change.what == "deleted":
            self._recreate(owner, change)

    def _recreate(self, replica_set: Key, change: Change) -> None:
        """Wake a Deployment that waits for its old pods to be gone."""
        one = self._store.get(replica_set)
        deployment = _owner(one, DEPLOYMENT) if one is not None else None
        if deployment is not None and get(self._store.get(deployment), "spec", "strategy", "type") == "Recreate":
            self._wake(DEPLOYMENT, deployment, change)

    def _wake(self, kind: Kind, key: Key, change: Change) -> None:
        self._controllers[kind].enqueue(key, because=(change.seq,), trigger=f"{change.key} {change.what}")


def _owner(obj: Json, kind: Kind) -> Key | None:
    """Return the key of the owner of that kind that controls an object."""
    owner = controller_of(obj)
    if owner is None or owner["kind"] != kind.name:
        return None
    return Key(kind, obj["metadata"]["namespace"], owner["name"])


def _asks(change: Change) -> bool:
    """Return whether a ReplicaSet's own controller has something to do: its spec changed, or it is to go."""
    return change.old["spec"] is not change.new["spec"] or bool(get(change.new, "metadata", "deletionTimestamp"))


def _answered(change: Change) -> bool:
    """Return whether the ReplicaSet's own controller will answer what the Deployment's did to it with a new status."""
    return change.what != "modified" or change.old["spec"] is not change.new["spec"]


def _completes(change: Change) -> bool:
    """Return whether a Deployment's new status ends its rollout, so that old ReplicaSets may be cleaned up."""
    replicas, generation = change.new["spec"].get("replicas", 1), change.new["metadata"].get("generation", 0)
    old: Json = change.old.get("status", EMPTY_MAP)
    new: Json = change.new.get("status", EMPTY_MAP)
    return rollout.complete(replicas, new, generation) and not rollout.complete(replicas, old, generation)


def _redefined(change: Change) -> bool:
    return change.old["spec"] is not change.new["spec"] and change.actor != kubelet.SCHEDULER


def _terminates(change: Change) -> bool:
    return "deletionTimestamp" in change.new["metadata"] and "deletionTimestamp" not in change.old["metadata"]


def _counts(pod: Json) -> Json:
    """Return what a ReplicaSet counts in a pod: nothing where it is gone, going or over, else whose it is and if ready."""
    if pod is None or "deletionTimestamp" in pod["metadata"] or get(pod, "status", "phase") in ("Failed", "Succeeded"):
        return None
    ready = condition(pod, "Ready")
    return (ready is not None and ready["status"] == "True", pod["metadata"].get("ownerReferences"))
