"""ImageRepository: lists the tags of an image when a scan is due."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from fluxsim.controllers.flux.credentials import BadSecret, Credentials
from fluxsim.controllers.flux.idleruns import Ground, IdleScans
from fluxsim.controllers.flux.lifecycle import REQUESTED_AT, Attempt, Progress
from fluxsim.controllers.latencies import Latencies
from fluxsim.formats import scanrules
from fluxsim.formats.durations import millis_text, parse_millis
from fluxsim.formats.imageref import ImageUrlInvalid, canonical_name
from fluxsim.formats.taglist import TagList
from fluxsim.formats.tree import Json, Map, get
from fluxsim.kernel.chance import Chance, Stream
from fluxsim.kernel.log import Log
from fluxsim.kernel.units import Millis
from fluxsim.kube.clock import Clock
from fluxsim.kube.events import EventRecorder
from fluxsim.kube.idle import Idle
from fluxsim.kube.meta import Key, annotations_of
from fluxsim.kube.outcome import Failed, Ready, Stalled
from fluxsim.kube.store import Store
from fluxsim.systems.registry import Registry, RegistryError
from fluxsim.systems.tagdatabase import TagDatabase

COMPONENT = "image-reflector-controller"
IDENTITY_GATE = (
    "to use spec.serviceAccountName for provider authentication please enable the "
    "ObjectLevelWorkloadIdentity feature gate in the controller"
)


class ImageRepositoryReconciler:
    """Writes what the registry lists into the tag database.

    Reads:  the registry; its secret.
    Writes: its own status and the tag database.  It elects nothing.
    Woken:  by a new generation, a reconcile request, its interval. A push wakes nobody.
    Source: image-reflector-controller v1.2.0, internal/controller/imagerepository_controller.go.
    """

    def __init__(
        self,
        registry: Registry,
        database: TagDatabase,
        credentials: Credentials,
        *,
        store: Store,
        recorder: EventRecorder,
        clock: Clock,
        log: Log,
        chance: Chance,
        latencies: Latencies,
    ) -> None:
        self._registry = registry
        self._database = database
        self._credentials = credentials
        self._store = store
        self._recorder = recorder
        self._clock = clock
        self._log = log
        self._chance = chance
        self._takes = latencies
        self._idle = Ground(store, recorder, clock, latencies, component=COMPONENT)
        self._scans = scanrules.Scans()

    announces_requests = True

    def attempt(self, key: Key, obj: Map, progress: Progress) -> Attempt:
        spec = obj["spec"]
        if (spec.get("provider") or "generic") != "generic" and spec.get("serviceAccountName"):
            raise Stalled("FeatureGateDisabled", IDENTITY_GATE)
        try:
            image = canonical_name(spec["image"])
        except ImageUrlInvalid as error:
            raise Stalled("ImageURLInvalid", str(error)) from error
        try:
            credential = self._credentials.registry(obj)
        except BadSecret as error:
            text = f"failed to configure authentication options: {error}"
            raise Failed("AuthenticationFailed", text) from error
        interval_ms = parse_millis(spec["interval"])
        exclusions: list[str] = list(scanrules.exclusions_of(spec))
        reason, wait_ms = self._due(obj, image, exclusions, interval_ms)
        if reason is None:
            text = scanrules.trace_message(scanned=False, same_revision=True, wait=millis_text(wait_ms))
            return Ready(self._message(obj), again_after=wait_ms, trace=text)
        progress(
            f"scanning: {reason}",
            ready_unknown=reason == scanrules.NO_TAGS and get(obj, "status", "lastScanResult") is not None,
        )
        yield self._takes.list_tags.draw(self._stream(key))
        try:
            kept = self._scans.kept_tags(image, self._registry.scan(spec["image"], credential), exclusions)
        except RegistryError as error:
            raise Failed("ReadOperationFailed", f"scan failed: {error}") from error
        except scanrules.BadExclusion as error:
            raise Failed("ReadOperationFailed", f"scan failed: {error}") from error
        before = self._database.tags(image)
        self._database.store(image, kept)
        return self._scanned(key, obj, image, exclusions, before, kept, interval_ms)

    def _scanned(
        self,
        key: Key,
        obj: Map,
        image: str,
        exclusions: list[str],
        before: Sequence[str],
        kept: TagList,
        interval_ms: Millis,
    ) -> Ready:
        last = get(obj, "status", "lastScanResult", default=None) or {}
        revision = scanrules.revision(kept)
        scan_time = self._clock.now_text()
        again = millis_text(interval_ms)
        same = last.get("revision") == revision
        trace = scanrules.trace_message(scanned=True, same_revision=same, wait=again)
        if same:
            status: Json = {"canonicalImageName": image, "observedExclusionList": exclusions}
        else:
            status = {
                "canonicalImageName": image,
                "observedExclusionList": exclusions,
                "lastScanResult": {
                    "revision": revision,
                    "tagCount": len(kept),
                    "scanTime": scan_time,
                    "latestTags": scanrules.latest_tags(kept) or None,
                },
            }
            added, removed = news(before, kept)
            self._log.append(
                "image.scanned",
                COMPONENT,
                {
                    "key": str(key),
                    "image": obj["spec"]["image"],
                    "revision": revision,
                    "count": len(kept),
                    "added": added,
                    "removed": removed,
                },
            )
        message = scanrules.ready_message(len(kept), revision)
        return Ready(
            message, status, beat={"lastScanResult": {"scanTime": scan_time}}, again_after=interval_ms, trace=trace
        )

    def _due(self, obj: Map, image: str, exclusions: list[str], interval_ms: Millis) -> tuple[str | None, Millis]:
        return scanrules.due(
            obj.get("status", {}),
            requested_at=annotations_of(obj).get(REQUESTED_AT),
            canonical_name=image,
            exclusions=exclusions,
            database_has_tags=bool(self._database.tags(image)),
            interval_ms=interval_ms,
            now_unix_ms=self._clock.epoch_ms + self._clock.now_ms,
        )

    def _message(self, obj: Map) -> str:
        last = obj["status"]["lastScanResult"]
        return scanrules.ready_message(last["tagCount"], last["revision"])

    def fingerprint(self, key: Key) -> Hashable:
        """What a scan looks at: the registry's list, the secrets, and whether the database still holds the last one."""
        obj = self._store.need(key)
        image = obj["spec"]["image"]
        canonical = get(obj, "status", "canonicalImageName", default="")
        if not self._database.tags(canonical):
            return None
        exclusions, interval_ms = list(scanrules.exclusions_of(obj["spec"])), parse_millis(obj["spec"]["interval"])
        if self._due(obj, canonical, exclusions, interval_ms)[0] is None:
            return None  # a run that does not scan says nothing of the next, which does
        return (self._registry.state(image), self._credentials.state(), self._database.tags(canonical))

    def idle(self, key: Key) -> Idle:
        return IdleScans(self._idle, key, self._stream(key))

    def _stream(self, key: Key) -> Stream:
        return self._chance.stream(f"imagerepository/{key.namespace}/{key.name}")


TOLD_MAX = 50
"""So many new and gone tags the log names; a first scan of a large repository names no more."""


def news(before: Sequence[str], kept: TagList) -> tuple[list[str], list[str]]:
    """Return (new tags, gone tags) of a scan, at most TOLD_MAX each."""
    changes = kept.changes_since(before) if isinstance(before, TagList) else None
    if changes is not None:
        return list(changes.added)[:TOLD_MAX], list(changes.removed)[:TOLD_MAX]
    known, found = set(before), set(kept)
    return [tag for tag in kept if tag not in known][:TOLD_MAX], [tag for tag in before if tag not in found][:TOLD_MAX]
