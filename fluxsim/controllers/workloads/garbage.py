"""The garbage collector and the namespace controller: what goes when its owner or its namespace goes.

Background propagation: the owner goes at once, its dependents after it (kubernetes v1.33 pkg/controller/garbagecollector).
A namespace is Terminating until nothing is left in it (pkg/controller/namespace).
"""

from __future__ import annotations

from fluxsim.formats.tree import get
from fluxsim.kernel.schedule import Schedule
from fluxsim.kube.meta import EVENT, NAMESPACE, Key
from fluxsim.kube.store import Change, Store

COMPONENT = "garbage-collector"
NAMESPACE_CONTROLLER = "namespace-controller"
DELAY_MS = 50


class GarbageCollector:
    """Deletes what a deleted object owned, and what stands in a namespace that is to go."""

    def __init__(self, store: Store, schedule: Schedule) -> None:
        self._store = store
        self._schedule = schedule
        self._emptied: dict[str, None] = {}
        store.watch(None, self._changed)

    def _changed(self, change: Change) -> None:
        if change.what == "deleted":
            uid: str = change.old["metadata"]["uid"]
            if self._store.owned_by(uid):
                self._schedule.after(DELAY_MS, lambda: self._collect(uid))
            if change.key.namespace in self._emptied:
                self._schedule.after(DELAY_MS, lambda: self._finalize(change.key.namespace))
        elif change.key.kind == NAMESPACE and get(change.new, "metadata", "deletionTimestamp"):
            name = change.key.name
            if name not in self._emptied:
                self._emptied[name] = None
                self._schedule.after(DELAY_MS, lambda: self._empty(name))

    def _collect(self, uid: str) -> None:
        for key in self._store.owned_by(uid):
            if self._store.get(key) is not None:
                self._store.delete(key, manager=COMPONENT)

    def _empty(self, namespace: str) -> None:
        for kind in self._store.kinds():
            for key in self._store.keys(kind, namespace):
                if kind == EVENT:
                    self._store.drop_quietly(key)
                elif self._store.get(key) is not None:
                    self._store.delete(key, manager=NAMESPACE_CONTROLLER)
        self._finalize(namespace)

    def _finalize(self, namespace: str) -> None:
        """Let the namespace go once it holds nothing but Events."""
        key = Key(NAMESPACE, "", namespace)
        if namespace not in self._emptied or self._store.get(key) is None:
            self._emptied.pop(namespace, None)
            return
        if not any(self._store.keys(kind, namespace) for kind in self._store.kinds() if kind != EVENT):
            self._store.delete(key, manager=NAMESPACE_CONTROLLER, at_once=True)
