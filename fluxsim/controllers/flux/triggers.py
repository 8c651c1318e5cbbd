"""Which change wakes which Flux object, and in whose name. Everything else wakes nobody.

Source: the SetupWithManager and predicates of source-controller v1.9.1, kustomize-controller v1.9.4,
image-reflector-controller v1.2.0 and image-automation-controller v1.2.1.
"""

from __future__ import annotations

from collections.abc import Iterable

from fluxsim.controllers.flux.lifecycle import REQUESTED_AT
from fluxsim.formats.dependencies import CircularDependency, dependency_order
from fluxsim.formats.tree import Json, get
from fluxsim.kube.controller import Controller
from fluxsim.kube.meta import (
    CONFIG_MAP,
    GIT_REPOSITORY,
    IMAGE_POLICY,
    IMAGE_REPOSITORY,
    IMAGE_UPDATE_AUTOMATION,
    KUSTOMIZATION,
    SECRET,
    Key,
    Kind,
    annotations_of,
    condition,
    generation_of,
    labels_of,
)
from fluxsim.kube.store import Change, Store

WATCH_LABEL = "reconcile.fluxcd.io/watch"


class Triggers:
    """Subscribes the Flux controllers to the store."""

    def __init__(self, store: Store, controllers: dict[Kind, Controller]) -> None:
        self._store = store
        self._controllers = controllers
        for kind in controllers:
            store.watch(kind, self._own)
        store.watch(GIT_REPOSITORY, self._git_repository)
        store.watch(IMAGE_REPOSITORY, self._image_repository)
        store.watch(IMAGE_POLICY, self._image_policy)
        store.watch(CONFIG_MAP, self._substituted)
        store.watch(SECRET, self._substituted)

    def all_again(self, kind: Kind, because: tuple[int, ...]) -> None:
        """Enqueue every object of a kind, as the start of its controller does."""
        for key in self._store.keys(kind):
            self._controllers[kind].enqueue(key, because=because, trigger="controller start")

    def _own(self, change: Change) -> None:
        controller = self._controllers[change.key.kind]
        if change.what == "created":
            controller.enqueue(change.key, because=(change.seq,), trigger="created")
        elif change.what == "deleted":
            controller.forget(change.key)
        else:
            reason = _news(change.old, change.new)
            if reason:
                controller.enqueue(change.key, because=(change.seq,), trigger=reason)

    def _git_repository(self, change: Change) -> None:
        if change.new is None:
            return
        old, new = _revision(change.old), _revision(change.new)
        if new is not None and old != new:
            self._kustomizations_of(change, new)
        if change.old is not None and generation_of(change.old) != generation_of(change.new):
            for key in self._store.keys(IMAGE_UPDATE_AUTOMATION):
                if _source_of(self._store.need(key), GIT_REPOSITORY) == change.key:
                    self._wake(IMAGE_UPDATE_AUTOMATION, key, change, f"{change.key} changed its spec")

    def _kustomizations_of(self, change: Change, revision: str) -> None:
        users = [self._store.need(key) for key in self._store.keys(KUSTOMIZATION)]
        users = [user for user in users if _source_of(user, change.key.kind) == change.key]
        for user in _ordered(users):
            ready, running = condition(user, "Ready"), condition(user, "Reconciling")
            current = (ready is not None and ready["status"] == "True") or running is not None
            if current and get(user, "status", "lastAttemptedRevision") == revision:
                continue
            self._wake(KUSTOMIZATION, _key(user), change, f"{change.key} has revision {revision}")

    def _image_repository(self, change: Change) -> None:
        if change.what == "modified" and _scanned(change.old) == _scanned(change.new):
            return
        for key in self._store.keys(IMAGE_POLICY):
            reference = self._store.need(key)["spec"].get("imageRepositoryRef") or {}
            if (reference.get("namespace") or key.namespace, reference.get("name")) == (
                change.key.namespace,
                change.key.name,
            ):
                self._wake(IMAGE_POLICY, key, change, f"{change.key} scanned other tags")

    def _image_policy(self, change: Change) -> None:
        if change.what != "modified":
            return
        old, new = get(change.old, "status", "latestRef"), get(change.new, "status", "latestRef")
        if new is None or old == new:
            return
        for key in self._store.keys(IMAGE_UPDATE_AUTOMATION, change.key.namespace):
            self._wake(IMAGE_UPDATE_AUTOMATION, key, change, f"{change.key} elected {new['tag']}")

    def _substituted(self, change: Change) -> None:
        if labels_of(change.new or change.old).get(WATCH_LABEL, "").lower() != "enabled":
            return
        for key in self._store.keys(KUSTOMIZATION, change.key.namespace):
            references = get(self._store.need(key), "spec", "postBuild", "substituteFrom", default=None) or ()
            if any((ref["kind"], ref["name"]) == (change.key.kind.name, change.key.name) for ref in references):
                self._wake(KUSTOMIZATION, key, change, f"{change.key} changed")

    def _wake(self, kind: Kind, key: Key, change: Change, trigger: str) -> None:
        self._controllers[kind].enqueue(key, because=(change.seq,), trigger=trigger)


def _news(old: Json, new: Json) -> str:
    """Return why a change of an object wakes its own controller, or nothing."""
    token = annotations_of(new).get(REQUESTED_AT)
    if token is not None and token != annotations_of(old).get(REQUESTED_AT):
        return f"reconcile requested at {token}"
    if generation_of(old) != generation_of(new):
        return f"generation {generation_of(new)}"
    if get(new, "metadata", "deletionTimestamp") and not get(old, "metadata", "deletionTimestamp"):
        return "deletion requested"
    return ""


def _revision(obj: Json) -> str | None:
    found: str | None = get(obj, "status", "artifact", "revision")
    return found


def _scanned(obj: Json) -> str | None:
    found: str | None = get(obj, "status", "lastScanResult", "revision")
    return found


def _source_of(obj: Json, kind: Kind) -> Key | None:
    reference = obj["spec"].get("sourceRef") or {}
    if reference.get("kind", "GitRepository") != kind.name:
        return None
    return Key(kind, reference.get("namespace") or obj["metadata"]["namespace"], reference.get("name", ""))


def _key(obj: Json) -> Key:
    return Key(KUSTOMIZATION, obj["metadata"]["namespace"], obj["metadata"]["name"])


def _ordered(users: list[Json]) -> Iterable[Json]:
    """Return the Kustomizations with dependencies first; in their own order where they wait for each other."""
    try:
        order = {(ref.namespace, ref.name): place for place, ref in enumerate(dependency_order(users))}
    except CircularDependency:
        return users
    return sorted(users, key=lambda user: order[user["metadata"]["namespace"], user["metadata"]["name"]])
