"""The garbage collector and the namespace controller: what goes when its owner or its namespace goes.

Background propagation: the owner goes at once, its dependents after it (kubernetes v1.33 pkg/controller/garbagecollector).
"""

from __future__ import annotations

from fluxsim.formats.tree import get
from fluxsim.kernel.schedule import Schedule
from fluxsim.kube.meta import NAMESPACE, POD, Key
from fluxsim.kube.store import Change, Store

COMPONENT = "garbage-collector"
NAMESPACE_CONTROLLER = "namespace-controller"
DELAY_MS = 50


class GarbageCollector:
    """Deletes what a deleted object owned, and what stood in a deleted namespace."""

    def __init__(self, store: Store, schedule: Schedule) -> None:
        self._store = store
        self._schedule = schedule
        store.watch(None, self._gone)

    def _gone(self, change: Change) -> None:
        if change.what != "deleted":
            return
        uid: str = change.old["metadata"]["uid"]
        if self._store.owned_by(uid):
            self._schedule.after(DELAY_MS, lambda: self._collect(uid))
        if change.key.kind == NAMESPACE:
            self._schedule.after(DELAY_MS, lambda: self._empty(change.key.name))

    def _collect(self, uid: str) -> None:
        for key in self._store.owned_by(uid):
            self._remove(key, COMPONENT)

    def _empty(self, namespace: str) -> None:
        for kind in self._store.kinds():
            for key in self._store.keys(kind, namespace):
                self._remove(key, NAMESPACE_CONTROLLER)

    def _remove(self, key: Key, who: str) -> None:
        obj = self._store.get(key)
        if obj is None:
            return
        if key.kind == POD:
            grace = get(obj, "spec", "terminationGracePeriodSeconds", default=30)
            self._store.mark_deleted(key, grace_s=grace, manager=who)
        else:
            self._store.delete(key, manager=who)
