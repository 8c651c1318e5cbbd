"""Which change wakes whom."""

from __future__ import annotations

from typing import Any

from fluxsim.controllers.flux.triggers import Triggers
from fluxsim.kube.meta import (
    GIT_REPOSITORY,
    IMAGE_POLICY,
    IMAGE_REPOSITORY,
    IMAGE_UPDATE_AUTOMATION,
    KUSTOMIZATION,
    Key,
    Kind,
)
from tests.controllers.flux.ground import Ground
from tests.worlds import kustomization

ARTIFACT = {
    "revision": "main@sha1:1",
    "digest": f"sha256:{'0' * 64}",
    "path": "p",
    "url": "http://x.test/p",
    "lastUpdateTime": "2026-01-01T00:00:00Z",
}
KINDS = (GIT_REPOSITORY, KUSTOMIZATION, IMAGE_REPOSITORY, IMAGE_POLICY, IMAGE_UPDATE_AUTOMATION)
SOURCE = Key(GIT_REPOSITORY, "flux-system", "flux-system")


class Queue:
    """A controller that only notes what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.forgotten: list[str] = []

    def enqueue(self, key: Key, *, because: tuple[int, ...] = (), trigger: str = "watch") -> None:
        assert because, "every wake-up names the event behind it"
        self.asked.append((str(key), trigger))

    def forget(self, key: Key) -> None:
        self.forgotten.append(str(key))


class Board:
    def __init__(self) -> None:
        self.ground = Ground()
        self.queues = {kind: Queue() for kind in KINDS}
        queues: Any = self.queues
        self.triggers = Triggers(self.ground.store, queues)

    def put(self, obj: dict[str, Any]) -> Key:
        return self.ground.put(obj)

    def patch(self, key: Key, change: dict[str, Any]) -> None:
        self.ground.store.patch(key, change, manager="test")

    def status(self, key: Key, change: dict[str, Any]) -> None:
        self.ground.store.patch_status(key, change, manager="test")

    def woken(self) -> list[tuple[str, str]]:
        """Return who was woken since the last asking, and why."""
        found = [asked for queue in self.queues.values() for asked in queue.asked]
        for queue in self.queues.values():
            queue.asked.clear()
        return found


def source() -> dict[str, Any]:
    metadata = {"name": "flux-system", "namespace": "flux-system"}
    spec = {"interval": "1m", "url": "ssh://git@git.test/x.git"}
    return {"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository", "metadata": metadata, "spec": spec}


def image(kind: str, name: str, spec: dict[str, Any], namespace: str = "flux-system") -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "image.toolkit.fluxcd.io/v1", "kind": kind, "metadata": metadata, "spec": spec}


def policy(name: str = "p", namespace: str = "flux-system", repository_namespace: str = "") -> dict[str, Any]:
    reference = {"name": "app"} | ({"namespace": repository_namespace} if repository_namespace else {})
    spec = {"imageRepositoryRef": reference, "policy": {"alphabetical": {"order": "asc"}}}
    return image("ImagePolicy", name, spec, namespace)


def automation(name: str = "a", namespace: str = "flux-system") -> dict[str, Any]:
    reference = {"kind": "GitRepository", "name": "flux-system", "namespace": "flux-system"}
    return image(
        "ImageUpdateAutomation",
        name,
        {"interval": "1m", "sourceRef": reference, "git": {"commit": {"author": {"email": "x"}}}},
        namespace,
    )


def test_an_object_wakes_its_controller_when_it_is_made_when_its_spec_changes_and_when_asked() -> None:
    board = Board()
    key = board.put(kustomization())
    name = str(key)
    assert board.woken() == [(name, "created")]
    board.patch(key, {"spec": {"interval": "5m"}})
    assert board.woken() == [(name, "generation 2")]
    board.patch(key, {"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": "now"}}})
    assert board.woken() == [(name, "reconcile requested at now")]
    board.patch(key, {"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": None}}})
    board.patch(key, {"metadata": {"labels": {"a": "b"}}})
    board.status(key, {"lastAppliedRevision": "x"})
    assert board.woken() == [], "neither labels nor status nor a request taken back"


def test_an_object_that_goes_is_forgotten() -> None:
    board = Board()
    key = board.put(kustomization())
    board.patch(key, {"metadata": {"finalizers": ["finalizers.fluxcd.io"]}})
    board.woken()
    board.ground.store.delete(key)
    assert board.woken() == [(str(key), "deletion requested")]
    board.patch(key, {"metadata": {"finalizers": None}})
    assert board.queues[KUSTOMIZATION].forgotten == [str(key)]


def test_a_new_revision_wakes_the_kustomizations_of_its_source_behind_their_dependencies() -> None:
    board = Board()
    board.put(source())
    for name, needs in (("a", "b"), ("b", "c"), ("c", "")):
        depends: dict[str, Any] = {"dependsOn": [{"name": needs}]} if needs else {}
        board.put(kustomization(name, **depends))
    board.put(kustomization("other", sourceRef={"kind": "GitRepository", "name": "other"}))
    board.woken()
    board.status(SOURCE, {"artifact": {"revision": "main@sha1:1"}})
    woken = board.woken()
    assert [name for name, _ in woken] == [f"Kustomization/flux-system/{name}" for name in "cba"]
    assert {trigger for _, trigger in woken} == {"GitRepository/flux-system/flux-system has revision main@sha1:1"}
    board.status(SOURCE, {"artifact": {"digest": "sha256:1"}})
    assert board.woken() == [], "the same revision wakes nobody"


def test_a_circle_of_dependencies_wakes_nobody() -> None:
    board = Board()
    board.put(source())
    board.put(kustomization("a", dependsOn=[{"name": "b"}]))
    board.put(kustomization("b", dependsOn=[{"name": "a"}]))
    board.put(kustomization("c"))
    board.woken()
    board.status(SOURCE, {"artifact": {"revision": "main@sha1:1"}})
    assert board.woken() == [], "not even those outside the circle, as in Flux"


def test_one_that_is_at_the_revision_or_at_work_on_it_is_left_alone() -> None:
    board = Board()
    board.put(source())
    ready = {"type": "Ready", "status": "True", "reason": "x", "message": "x"}
    busy = {"type": "Reconciling", "status": "True", "reason": "x", "message": "x"}
    failed = {"type": "Ready", "status": "False", "reason": "x", "message": "x"}
    for name, conditions in (("ready", [ready]), ("busy", [busy]), ("failed", [failed]), ("older", [ready])):
        key = board.put(kustomization(name))
        attempted = "main@sha1:0" if name == "older" else "main@sha1:1"
        board.status(key, {"conditions": conditions, "lastAttemptedRevision": attempted})
    board.woken()
    board.status(SOURCE, {"artifact": {"revision": "main@sha1:1"}})
    assert [name.rpartition("/")[2] for name, _ in board.woken()] == ["failed", "older"]


def test_a_scan_wakes_policies_only_when_the_list_of_tags_changed() -> None:
    board = Board()
    repository = board.put(image("ImageRepository", "app", {"image": "r.test/app", "interval": "1m"}))
    board.put(policy())
    board.put(policy("far", "other", "flux-system"))
    board.put(policy("stranger", "other"))
    board.woken()
    board.status(repository, {"lastScanResult": {"revision": "1", "tagCount": 1}})
    assert [name for name, _ in board.woken()] == ["ImagePolicy/flux-system/p", "ImagePolicy/other/far"]
    board.status(repository, {"lastScanResult": {"scanTime": "2026-01-01T00:00:00Z"}})
    board.patch(repository, {"spec": {"interval": "2m"}})
    assert [name for name, _ in board.woken()] == ["ImageRepository/flux-system/app"]


def test_an_election_wakes_every_automation_of_the_namespace() -> None:
    board = Board()
    key = board.put(policy())
    board.put(automation("one"))
    board.put(automation("two"))
    board.put(automation("far", "other"))
    board.woken()
    board.status(key, {"latestRef": {"name": "r.test/app", "tag": "1"}})
    assert board.woken() == [
        (f"ImageUpdateAutomation/flux-system/{name}", "ImagePolicy/flux-system/p elected 1") for name in ("one", "two")
    ]
    board.status(key, {"conditions": []})
    board.ground.store.delete(key)
    assert board.woken() == [], "neither other changes nor its end"


def test_a_changed_source_wakes_automations_and_a_new_revision_does_not() -> None:
    board = Board()
    board.put(source())
    board.put(automation())
    board.woken()
    board.status(SOURCE, {"artifact": ARTIFACT})
    assert board.woken() == []
    board.patch(SOURCE, {"spec": {"interval": "2m"}})
    assert [name for name, _ in board.woken()] == [
        "GitRepository/flux-system/flux-system",
        "ImageUpdateAutomation/flux-system/a",
    ]


def test_a_labelled_config_map_wakes_who_reads_it() -> None:
    board = Board()
    for kind, name in (("ConfigMap", "vars"), ("Secret", "keys")):
        board.put({"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "flux-system"}})
    board.put(kustomization("reads", postBuild={"substituteFrom": [{"kind": "ConfigMap", "name": "vars"}]}))
    board.put(kustomization("opens", decryption={"provider": "sops", "secretRef": {"name": "keys"}}))
    board.put(kustomization("neither"))
    board.woken()
    variables, keys = (
        Key(Kind(kind), "flux-system", name) for kind, name in (("ConfigMap", "vars"), ("Secret", "keys"))
    )
    board.patch(variables, {"data": {"a": "1"}})
    assert board.woken() == [], "without the label nobody looks"
    label = {"metadata": {"labels": {"reconcile.fluxcd.io/watch": "Enabled"}}}
    board.patch(variables, label)
    assert board.woken() == [("Kustomization/flux-system/reads", "ConfigMap/flux-system/vars changed")]
    board.patch(keys, label)
    assert board.woken() == [("Kustomization/flux-system/opens", "Secret/flux-system/keys changed")]
    board.patch(variables, {"metadata": {"labels": {"reconcile.fluxcd.io/watch": "enabled"}}})
    assert board.woken() == [], "the value is compared letter by letter"


def test_a_start_of_a_controller_asks_for_everything() -> None:
    board = Board()
    board.put(kustomization("a"))
    board.put(kustomization("b"))
    board.woken()
    board.triggers.all_again(KUSTOMIZATION, (0,))
    assert [name for name, _ in board.woken()] == ["Kustomization/flux-system/a", "Kustomization/flux-system/b"]
