"""What Git says comes to the cluster in time: the one invariant that speaks of what must happen, not of what must not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from fluxsim.formats.durations import parse_millis
from fluxsim.formats.tree import get
from fluxsim.kernel.log import Event
from fluxsim.kernel.units import MINUTE, SECOND, Millis
from fluxsim.observe.invariant import API, APPLIERS, WORKLOADS, Violation, images_of

KUSTOMIZATION = "Kustomization.kustomize.toolkit.fluxcd.io"
GIT_REPOSITORY = "GitRepository.source.toolkit.fluxcd.io"
OWNER = "kustomize.toolkit.fluxcd.io/name"
OWNER_NAMESPACE = "kustomize.toolkit.fluxcd.io/namespace"
LEFT_ALONE = (
    ("kustomize.toolkit.fluxcd.io/reconcile", ("disabled",)),
    ("kustomize.toolkit.fluxcd.io/ssa", ("Ignore", "IfNotPresent")),
)
RETRY_MAX_MS: Millis = 15 * MINUTE
"""The longest pause between two tries of a source (--max-retry-delay)."""
REQUEUE_MS: Millis = 30 * SECOND
"""--requeue-dependency."""


@dataclass(frozen=True, slots=True)
class _Head:
    commit: str
    at_ms: Millis
    seq: int


@dataclass(slots=True)
class ClusterEqualsGit:
    """What Git says is applied, and what people changed past Git is put back, within a bound that the intervals give.

    Not judged: what is suspended, what depends on something suspended, what says itself in its Ready condition that it
    cannot, and everything while a fault lasts. So a violation is something that waits silently.
    """

    reads: ClassVar[tuple[str, ...]] = (
        "world.created",
        "commit.pushed",
        "fault.started",
        "fault.healed",
        "controller.restarted",
        *API,
    )
    name: str = "cluster equals Git"
    heads: dict[tuple[str, str], _Head] = field(default_factory=dict[tuple[str, str], _Head])
    objects: dict[str, Event] = field(default_factory=dict[str, Event])
    changed_ms: dict[str, Millis] = field(default_factory=dict[str, Millis])
    faults: dict[str, Event] = field(default_factory=dict[str, Event])
    disturbed_ms: Millis = 0
    images: dict[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    drifted: dict[str, Event] = field(default_factory=dict[str, Event])

    def observe(self, event: Event) -> None:
        match event.kind:
            case "api.created" | "api.modified" | "api.deleted":
                if event.data["kind"] in (KUSTOMIZATION, GIT_REPOSITORY):
                    self._flux(event)
                elif event.data["kind"] in WORKLOADS and event.data.get("subresource") != "status":
                    self._workload(event)
            case "commit.pushed":
                data = event.data
                self.heads[_place(data["url"]), data["branch"]] = _Head(data["commit"], event.at_ms, event.seq)
            case "world.created":
                for row in event.data["repositories"].values():
                    self.heads[_place(row["url"]), row["branch"]] = _Head(row["commit"], event.at_ms, event.seq)
            case "fault.started":
                self.faults[_fault(event)] = event
            case "fault.healed":
                for name in [name for name in self.faults if name == _fault(event) or not event.data.get("image")]:
                    if self.faults[name].data["what"] == event.data["what"]:
                        del self.faults[name]
                self.disturbed_ms = event.at_ms
            case _:
                self.disturbed_ms = event.at_ms

    def violations(self, now_ms: Millis) -> list[Violation]:
        if self.faults:
            return []
        late = [self._late(key, now_ms) for key in sorted(self.objects)]
        drifted = [self._still_drifted(key, now_ms) for key in sorted(self.drifted)]
        return [violation for violation in (*late, *drifted) if violation is not None]

    def settles_ms(self) -> Millis:
        """Return the longest that anything may take to come from Git to the cluster once nothing is broken."""
        found: list[Millis] = [0]
        for event in self.objects.values():
            if event.data["object"]["kind"] != "Kustomization":
                continue
            source, chain = self._source(event), self._chain(event)
            if source is not None and chain is not None:
                found.append(
                    max(_source_ms(source.data["object"]["spec"]), _interval_ms(event.data["object"]["spec"]))
                    + sum(_run_ms(one.data["object"]["spec"]) for one in chain)
                )
        return max(found)

    # -- what is seen

    def _flux(self, event: Event) -> None:
        key = event.data["key"]
        if event.kind == "api.deleted":
            self.objects.pop(key, None)
            return
        before, obj = self.objects.get(key), event.data["object"]
        old = before.data["object"] if before is not None else None
        if get(old, "metadata", "generation", default=0) != get(obj, "metadata", "generation", default=1):
            self.changed_ms[key] = event.at_ms
        self.objects[key] = event
        if old is not None and _applied(old) != _applied(obj):
            for name in [name for name, drift in self.drifted.items() if _owner(drift.data["object"]) == key]:
                del self.drifted[name]

    def _workload(self, event: Event) -> None:
        key, images = event.data["key"], images_of(event)
        if event.kind == "api.deleted":
            self.images.pop(key, None)
            self.drifted.pop(key, None)
        elif event.actor in APPLIERS or key not in self.images:
            self.images[key] = images
            self.drifted.pop(key, None)
        elif images == self.images[key]:
            self.drifted.pop(key, None)
        elif key not in self.drifted and _owner(event.data["object"]):
            self.drifted[key] = event

    # -- what is judged

    def _late(self, key: str, now_ms: Millis) -> Violation | None:
        event = self.objects[key]
        kustomization = event.data["object"]
        if kustomization["kind"] != "Kustomization":
            return None
        source = self._source(event)
        chain = self._chain(event)
        if source is None or chain is None:
            return None
        spec = source.data["object"]["spec"]
        head = self.heads.get((_place(spec["url"]), get(spec, "ref", "branch", default="master")))
        if head is None or any(get(spec, "ref", other) for other in ("tag", "semver", "commit", "name")):
            return None
        since_ms = max(head.at_ms, self._since(source, chain))
        bound_ms = _source_ms(spec) + sum(_run_ms(one.data["object"]["spec"]) for one in chain)
        wanted = f"@sha1:{head.commit}"
        status = kustomization.get("status") or {}
        arrived = str(status.get("lastAppliedRevision", "")).endswith(wanted)
        tried = str(status.get("lastAttemptedRevision", "")).endswith(wanted)
        if arrived or tried or now_ms - since_ms <= bound_ms or self._says_why(source, chain):
            return None
        text = (
            f"{key} is at {_applied(kustomization) or 'nothing'}, Git has been at {head.commit[:7]} for "
            f"{(now_ms - since_ms) // MINUTE} minutes; the bound is {bound_ms // MINUTE}"
        )
        return Violation(self.name, now_ms, text, (head.seq, event.seq))

    def _still_drifted(self, key: str, now_ms: Millis) -> Violation | None:
        drift = self.drifted[key]
        obj = drift.data["object"]
        annotations = get(obj, "metadata", "annotations", default=None) or {}
        owner = self.objects.get(_owner(obj))
        if owner is None or any(annotations.get(name) in values for name, values in LEFT_ALONE):
            return None
        source, chain = self._source(owner), self._chain(owner)
        if source is None or chain is None:
            return None
        spec = owner.data["object"]["spec"]
        since_ms = max(drift.at_ms, self._since(source, chain))
        bound_ms = _interval_ms(spec) + sum(_run_ms(one.data["object"]["spec"]) for one in chain)
        if now_ms - since_ms <= bound_ms or self._says_why(source, chain):
            return None
        wanted, found = ", ".join(self.images[key].values()), ", ".join(images_of(drift).values())
        text = f"{drift.actor} changed {key} from {wanted} to {found} and {_owner(obj)} has not put it back for {(now_ms - since_ms) // MINUTE} minutes"
        return Violation(self.name, now_ms, text, (drift.seq,))

    def _source(self, kustomization: Event) -> Event | None:
        """Return the GitRepository behind a Kustomization where it works, None where there is none or it is suspended."""
        reference = kustomization.data["object"]["spec"]["sourceRef"]
        if reference.get("kind", "GitRepository") != "GitRepository":
            return None
        namespace = reference.get("namespace") or kustomization.data["namespace"]
        found = self.objects.get(f"GitRepository/{namespace}/{reference['name']}")
        return None if found is None or _asleep(found) else found

    def _chain(self, kustomization: Event) -> list[Event] | None:
        """Return the Kustomization and all that it depends on; None where one of them is missing or suspended."""
        found: dict[str, Event] = {}
        waiting = [kustomization]
        while waiting:
            event = waiting.pop()
            if _asleep(event):
                return None
            if event.data["key"] in found:
                continue
            found[event.data["key"]] = event
            for name in _dependencies(event):
                dependency = self.objects.get(name)
                if dependency is None:
                    return None
                waiting.append(dependency)
        return list(found.values())

    def _since(self, source: Event, chain: list[Event]) -> Millis:
        """Return when the last thing happened that may have delayed them: a heal, a restart, a new spec, a resume."""
        return max(self.disturbed_ms, *(self.changed_ms.get(one.data["key"], 0) for one in (source, *chain)))

    def _says_why(self, source: Event, chain: list[Event]) -> bool:
        """Return whether the source or one of the chain says itself that it cannot; waiting for another is no reason."""
        return any(
            ready is not None and ready["status"] == "False" and ready["reason"] != "DependencyNotReady"
            for ready in (_ready(one.data["object"]) for one in (source, *chain))
        )


def _source_ms(spec: Any) -> Millis:
    return _interval_ms(spec) + RETRY_MAX_MS + MINUTE


def _interval_ms(spec: Any) -> Millis:
    """Return the interval with the most that its jitter adds."""
    return parse_millis(spec["interval"]) * 105 // 100


def _run_ms(spec: Any) -> Millis:
    """Return how long one Kustomization may take: the run that is under way, the pause after it, the run that counts."""
    interval_ms = parse_millis(spec["interval"])
    timeout_ms = parse_millis(spec["timeout"]) if spec.get("timeout") else interval_ms
    retry_ms = parse_millis(spec["retryInterval"]) if spec.get("retryInterval") else interval_ms
    return 2 * timeout_ms + retry_ms + REQUEUE_MS + MINUTE


def _dependencies(event: Event) -> Iterator[str]:
    for reference in event.data["object"]["spec"].get("dependsOn") or ():
        yield f"Kustomization/{reference.get('namespace') or event.data['namespace']}/{reference['name']}"


def _asleep(event: Event) -> bool:
    obj = event.data["object"]
    return bool(get(obj, "spec", "suspend")) or get(obj, "metadata", "deletionTimestamp") is not None


def _ready(obj: Any) -> Any:
    listed = get(obj, "status", "conditions", default=None) or ()
    return next((entry for entry in listed if entry["type"] == "Ready"), None)


def _applied(obj: Any) -> str:
    return str(get(obj, "status", "lastAppliedRevision", default="") or "")


def _owner(obj: Any) -> str:
    """Return the key of the Kustomization that an object belongs to, nothing where it belongs to none."""
    labels = get(obj, "metadata", "labels", default=None) or {}
    if OWNER not in labels:
        return ""
    return f"Kustomization/{labels.get(OWNER_NAMESPACE, '')}/{labels[OWNER]}"


def _fault(event: Event) -> str:
    return f"{event.data['what']} {event.data.get('image', '')}"


def _place(url: str) -> str:
    """Return what the spellings of a repository's URL have in common."""
    rest = url.partition("://")[2] or url.replace(":", "/", 1)
    return rest.rpartition("@")[2].rstrip("/").removesuffix(".git")
