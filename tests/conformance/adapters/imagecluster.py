"""A cluster of the two image reflector controllers alone, for cases that play a run of one of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fluxsim.controllers.flux.credentials import Credentials
from fluxsim.controllers.flux.imagepolicy import ImagePolicyReconciler
from fluxsim.controllers.flux.imagerepository import ImageRepositoryReconciler
from fluxsim.controllers.flux.lifecycle import REFLECTOR, ImageLifecycle
from fluxsim.controllers.latencies import Latencies
from fluxsim.formats.durations import duration_text
from fluxsim.formats.imageref import ImageUrlInvalid, canonical_name
from fluxsim.formats.tree import Json, get, thaw
from fluxsim.kernel.chance import Chance
from fluxsim.kernel.log import Log
from fluxsim.kernel.schedule import Schedule
from fluxsim.kernel.steps import finish
from fluxsim.kernel.units import unix_millis
from fluxsim.kube.admission import admit
from fluxsim.kube.clock import Clock
from fluxsim.kube.controller import After, Result, Retry
from fluxsim.kube.events import EventRecorder
from fluxsim.kube.meta import IMAGE_POLICY, IMAGE_REPOSITORY, Key, condition, key_of
from fluxsim.kube.store import Store
from fluxsim.systems.imagerepository import Manifest
from fluxsim.systems.registry import Registry
from fluxsim.systems.tagdatabase import TagDatabase

EPOCH_MS = unix_millis("2026-03-02T09:00:00Z")
API_VERSION = "image.toolkit.fluxcd.io/v1"
MANAGER = "conformance"
REPOSITORY = Key(IMAGE_REPOSITORY, "default", "repo")
POLICY = Key(IMAGE_POLICY, "default", "policy")


class CountedDatabase(TagDatabase):
    """A tag database that knows how often it was read."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = 0

    def tags(self, canonical_name: str) -> Sequence[str]:
        self.reads += 1
        return super().tags(canonical_name)


class ImageCluster:
    def __init__(self) -> None:
        schedule, chance = Schedule(), Chance(1)
        self.clock = Clock(schedule, chance, EPOCH_MS)
        self.log = Log(EPOCH_MS, lambda: schedule.now_ms)
        self.store = Store(self.log, self.clock, admit)
        recorder = EventRecorder(self.store, self.log, self.clock)
        self.registry, self.database = Registry(), CountedDatabase()
        credentials = Credentials(self.store)
        self.store.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}}, manager=MANAGER)
        policies = ImagePolicyReconciler(
            self.registry,
            self.database,
            credentials,
            store=self.store,
            log=self.log,
            chance=chance,
            latencies=Latencies(),
        )
        repositories = ImageRepositoryReconciler(
            self.registry,
            self.database,
            credentials,
            store=self.store,
            recorder=recorder,
            clock=self.clock,
            log=self.log,
            chance=chance,
            latencies=Latencies(),
        )
        self._lifecycles = {
            kind: ImageLifecycle(reconciler, REFLECTOR, store=self.store, recorder=recorder, clock=self.clock)
            for kind, reconciler in ((IMAGE_POLICY, policies), (IMAGE_REPOSITORY, repositories))
        }

    def add(self, key: Key, spec: Json, status: Json = None) -> None:
        metadata = {"namespace": key.namespace, "name": key.name, "finalizers": ["finalizers.fluxcd.io"]}
        obj = {"apiVersion": API_VERSION, "kind": key.kind.name, "metadata": metadata, "spec": spec}
        self.store.create(obj, manager=MANAGER)
        if status:
            self.store.write_status(key, status, manager=MANAGER)

    def annotate(self, key: Key, name: str, value: str) -> None:
        obj = thaw(self.store.need(key))
        obj["metadata"].setdefault("annotations", {})[name] = value
        self.store.update(obj, manager=MANAGER)

    def push(self, image: str, tags: Sequence[str]) -> None:
        repository = self.registry.create(image)
        manifest = repository.add_manifest(Manifest.of_bytes("application/vnd.oci.image.manifest.v1+json", b"{}"))
        for tag in tags:
            repository.put_tag(tag, manifest.digest)

    def remember(self, image: str, tags: Sequence[str]) -> None:
        """Put tags into the database as a scan would, which also notes the canonical name."""
        try:
            name = canonical_name(image)
        except ImageUrlInvalid:
            return
        self.database.store(name, sorted(tags, reverse=True))
        for repository in self.store.list(IMAGE_REPOSITORY):
            if repository["spec"]["image"] == image:
                self.store.patch_status(key_of(repository), {"canonicalImageName": name}, manager=MANAGER)

    def run(self, key: Key) -> dict[str, Any]:
        """Reconcile once, and return what it came to in the words of the cases."""
        before = self.store.need(key)
        events, self.database.reads = len(self.log.events), 0
        result, _ = finish(self._lifecycles[key.kind].reconcile(key))
        after = self.store.need(key)
        told = [event.data for event in self.log.events[events:] if event.kind == "event.recorded"]
        ready = condition(after, "Ready")
        return {
            "conditions": get(after, "status", "conditions", default=[]),
            "ready": ready,
            "reconciling": condition(after, "Reconciling"),
            "readyMessage": ready and ready["message"],
            "status": after.get("status", {}),
            "statusWritten": after.get("status") != before.get("status"),
            "event": told[-1] if told else None,
            "requeueAfter": _requeue(result),
            "requeue": result is not None,
            "retry": "exponential backoff" if isinstance(result, Retry) else None,
            "databaseReadAttempts": self.database.reads,
            "unchanged": [
                name
                for name in ("latestRef", "observedPreviousRef", "lastScanResult")
                if get(before, "status", name) == get(after, "status", name)
            ],
        }


def _requeue(result: Result) -> str | None:
    if not isinstance(result, After):
        return None
    text = duration_text(result * 1_000_000)
    return text.removesuffix("0s") if text.endswith("m0s") else text
