"""Which change wakes which Flux object, and in whose name. Everything else wakes nobody.

Source: the SetupWithManager and predicates of source-controller v1.9.1, kustomize-controller v1.9.4,
image-reflector-controller v1.2.0 and image-automation-controller v1.2.1.
"""

from __future__ import annotations

from fluxsim.controllers.flux.lifecycle import REQUESTED_AT, status_conditions
from fluxsim.formats import conditions
from fluxsim.formats.dependencies import CircularDependency, dependency_order
from fluxsim.formats.imagewatches import (
    What,
    policy_wakes_automations,
    repository_wakes_policies,
    source_wakes_automations,
    wakes_itself,
)
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
    generation_of,
    labels_of,
)
from fluxsim.kube.store import Change, Store

WATCH_LABEL = "reconcile.fluxcd.io/watch"
WATCH_VALUE = "Enabled"


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
        store.watch(CONFIG_MAP, self._configured)
        store.watch(SECRET, self._configured)

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
        elif wakes_itself("update", change.old, change.new) or _is_dying(change):
            controller.enqueue(change.key, because=(change.seq,), trigger=_news(change))

    def _git_repository(self, change: Change) -> None:
        if change.what == "modified" and _revision(change.new) not in (None, _revision(change.old)):
            self._kustomizations_of(change, _revision(change.new))
        if source_wakes_automations(_WORDS[change.what], change.old, change.new):
            for key in self._store.keys(IMAGE_UPDATE_AUTOMATION):
                if _source_of(self._store.need(key), GIT_REPOSITORY) == change.key:
                    self._wake(key, change, f"{change.key} changed its spec")

    def _kustomizations_of(self, change: Change, revision: str | None) -> None:
        users = [self._store.need(key) for key in self._store.keys(KUSTOMIZATION)]
        users = [
            user for user in users if _source_of(user, change.key.kind) == change.key and not _has_seen(user, revision)
        ]
        self._wake_in_order(users, change, f"{change.key} has revision {revision}")

    def _image_repository(self, change: Change) -> None:
        if not repository_wakes_policies(_WORDS[change.what], change.old, change.new):
            return
        for key in self._store.keys(IMAGE_POLICY):
            reference = self._store.need(key)["spec"].get("imageRepositoryRef") or {}
            if (reference.get("namespace") or key.namespace, reference.get("name")) == (
                change.key.namespace,
                change.key.name,
            ):
                self._wake(key, change, f"{change.key} scanned other tags")

    def _image_policy(self, change: Change) -> None:
        if policy_wakes_automations(_WORDS[change.what], change.old, change.new):
            for key in self._store.keys(IMAGE_UPDATE_AUTOMATION, change.key.namespace):
                self._wake(key, change, f"{change.key} elected {change.new['status']['latestRef']['tag']}")

    def _configured(self, change: Change) -> None:
        """A ConfigMap or Secret wakes the Kustomizations that name it, if it carries the label."""
        if labels_of(change.new or change.old).get(WATCH_LABEL) != WATCH_VALUE:
            return
        users = [self._store.need(key) for key in self._store.keys(KUSTOMIZATION, change.key.namespace)]
        users = [user for user in users if change.key.name in _configuration_of(user, change.key.kind)]
        self._wake_in_order(users, change, f"{change.key} changed")

    def _wake_in_order(self, users: list[Json], change: Change, trigger: str) -> None:
        """Wake Kustomizations behind what they depend on, which wakes too; none where some wait for each other, as in Flux."""
        try:
            ordered = dependency_order(users)
        except CircularDependency:
            return
        for reference in ordered:
            key = Key(KUSTOMIZATION, reference.namespace, reference.name)
            if self._store.get(key) is not None:
                self._wake(key, change, trigger)

    def _wake(self, key: Key, change: Change, trigger: str) -> None:
        self._controllers[key.kind].enqueue(key, because=(change.seq,), trigger=trigger)


_WORDS: dict[str, What] = {"created": "create", "modified": "update", "deleted": "delete"}


def _is_dying(change: Change) -> bool:
    marked = get(change.new, "metadata", "deletionTimestamp")
    return bool(marked and not get(change.old, "metadata", "deletionTimestamp"))


def _news(change: Change) -> str:
    """Return why a change of an object wakes its own controller."""
    token = annotations_of(change.new).get(REQUESTED_AT)
    if token is not None and token != annotations_of(change.old).get(REQUESTED_AT):
        return f"reconcile requested at {token}"
    return "deletion requested" if _is_dying(change) else f"generation {generation_of(change.new)}"


def _has_seen(user: Json, revision: str | None) -> bool:
    """Return whether a Kustomization is at a revision already, or at work on it."""
    listed = status_conditions(user)
    busy = conditions.is_ready(listed) or conditions.is_true(listed, "Reconciling")
    return busy and get(user, "status", "lastAttemptedRevision") == revision


def _configuration_of(user: Json, kind: Kind) -> list[str]:
    """Return the names of the ConfigMaps or Secrets that a Kustomization reads."""
    spec: Json = user["spec"]
    field = "configMapRef" if kind == CONFIG_MAP else "secretRef"
    names = [get(spec, "kubeConfig", field, "name")]
    if kind == SECRET:
        names.append(get(spec, "decryption", "secretRef", "name"))
    names += [
        reference["name"]
        for reference in get(spec, "postBuild", "substituteFrom", default=None) or ()
        if reference["kind"] == kind.name
    ]
    return [name for name in names if name]


def _revision(obj: Json) -> str | None:
    found: str | None = get(obj, "status", "artifact", "revision")
    return found


def _source_of(obj: Json, kind: Kind) -> Key | None:
    reference = obj["spec"].get("sourceRef") or {}
    if reference.get("kind", "GitRepository") != kind.name:
        return None
    return Key(kind, reference.get("namespace") or obj["metadata"]["namespace"], reference.get("name", ""))
