"""What must never happen, as folds over the log. Each names the event that broke it.

`observe` is called for every event; `violations` once at the end, when also what must come in time is judged.
On a repository that is not ours a violation is a finding: it may be meant.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from fluxsim.formats.durations import parse_millis
from fluxsim.formats.imagetag import split
from fluxsim.formats.tree import get
from fluxsim.kernel.log import Event
from fluxsim.kernel.units import HOUR, MINUTE, Millis

ENVIRONMENTS = ("develop", "staging", "production")
PRODUCTION = "production"
MUTABLE_TAGS = frozenset({"", "latest", "develop", "staging", "production", "main", "stable"})
BOTS = frozenset({"kustomize-controller", "image-automation-controller"})


@dataclass(frozen=True, slots=True)
class Violation:
    """An invariant was broken, at a time, by events."""

    invariant: str
    at_ms: Millis
    message: str
    events: tuple[int, ...]


class Invariant(Protocol):
    """A fold over events."""

    name: str

    def observe(self, event: Event) -> None: ...
    def violations(self, now_ms: Millis) -> list[Violation]: ...


class Invariants:
    """All invariants, on in every run."""

    def __init__(self) -> None:
        self.all: tuple[Invariant, ...] = (
            EnvironmentIsolation(),
            ProductionWasHealthyInStaging(),
            ProductionChangesAfterPromotion(),
            NoMutableTagInProduction(),
            EveryProductionChangeHasACommit(),
            NoPersonsCommitIsLost(),
            ClusterEqualsGit(),
            RollbackHolds(),
            NothingReconcilesForEver(),
        )

    def observe(self, event: Event) -> None:
        for invariant in self.all:
            invariant.observe(event)

    def violations(self, now_ms: Millis) -> list[Violation]:
        """Return what was broken, first first."""
        found = [violation for invariant in self.all for violation in invariant.violations(now_ms)]
        return sorted(found, key=lambda violation: (violation.at_ms, violation.invariant))


@dataclass(slots=True)
class _Recorded:
    """What the simple invariants share: they note violations as they see them."""

    found: list[Violation] = field(default_factory=list[Violation])

    def violations(self, now_ms: Millis) -> list[Violation]:
        return self.found


@dataclass(slots=True)
class EnvironmentIsolation(_Recorded):
    """A pod never runs an image whose tag belongs to another environment."""

    name: str = "environment isolation"

    def observe(self, event: Event) -> None:
        if event.kind != "pod.running" or event.data["namespace"] not in ENVIRONMENTS:
            return
        family = split(event.data["image"]).tag.partition("-")[0]
        if family in ENVIRONMENTS and family != event.data["namespace"]:
            text = f"{event.data['image']} runs in {event.data['namespace']}"
            self.found.append(Violation(self.name, event.at_ms, text, (event.seq,)))


@dataclass(slots=True)
class ProductionWasHealthyInStaging(_Recorded):
    """A digest runs in production only if a pod with it was ready in staging before, or it ran there at time zero."""

    name: str = "production digests were healthy in staging"
    healthy: set[str] = field(default_factory=set[str])

    def observe(self, event: Event) -> None:
        if event.kind == "world.created":
            self.healthy.update(
                row["digest"] for row in event.data["images"] if row["tag"].startswith(f"{PRODUCTION}-")
            )
        elif event.kind == "pod.ready" and event.data["namespace"] == "staging":
            self.healthy.add(event.data["digest"])
        elif (
            event.kind == "pod.running"
            and event.data["namespace"] == PRODUCTION
            and event.data["digest"] not in self.healthy
            and split(event.data["image"]).tag.partition("-")[0] in ENVIRONMENTS
        ):
            text = f"{event.data['image']} ({event.data['digest'][:19]}) runs in production and was never healthy in staging"
            self.found.append(Violation(self.name, event.at_ms, text, (event.seq,)))


@dataclass(slots=True)
class ProductionChangesAfterPromotion(_Recorded):
    """A tag runs in production only if a promotion made it, or it stood there at time zero."""

    name: str = "production changes only after a promotion"
    promoted: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])

    def observe(self, event: Event) -> None:
        if event.kind == "world.created":
            self.promoted.update((row["image"], row["tag"]) for row in event.data["images"])
        elif event.kind == "tag.pushed" and event.data["reason"] in ("promotion", "rebuild"):
            self.promoted.add((event.data["image"], event.data["tag"]))
        elif event.kind == "pod.running" and event.data["namespace"] == PRODUCTION:
            reference = split(event.data["image"])
            if (reference.name, reference.tag) not in self.promoted and event.data["deployment"]:
                text = f"{event.data['image']} runs in production and no promotion made its tag"
                self.found.append(Violation(self.name, event.at_ms, text, (event.seq,)))


@dataclass(slots=True)
class NoMutableTagInProduction(_Recorded):
    """No Deployment in production names an image by a tag that moves."""

    name: str = "no mutable tag in production"
    seen: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])

    def observe(self, event: Event) -> None:
        for container, image in _production_images(event).items():
            reference = split(image)
            if reference.tag in MUTABLE_TAGS and not reference.digest and (event.data["key"], image) not in self.seen:
                self.seen.add((event.data["key"], image))
                text = f"{event.data['key']} container {container} names {image}"
                self.found.append(Violation(self.name, event.at_ms, text, (event.seq,)))


@dataclass(slots=True)
class EveryProductionChangeHasACommit(_Recorded):
    """The image of a Deployment in production is changed by kustomize-controller, from Git, and by nobody else."""

    name: str = "every production image change has a commit"
    images: dict[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])

    def observe(self, event: Event) -> None:
        images = _production_images(event)
        if not images or event.data.get("subresource") == "status":
            return
        key = event.data["key"]
        before = self.images.get(key)
        self.images[key] = images
        if before is not None and before != images and event.actor != "kustomize-controller":
            text = f"{event.actor} changed {key} from {', '.join(before.values())} to {', '.join(images.values())}, past Git"
            self.found.append(Violation(self.name, event.at_ms, text, (event.seq,)))


@dataclass(slots=True)
class NoPersonsCommitIsLost(_Recorded):
    """A commit of a person that stood on a branch stays reachable from it."""

    name: str = "no commit of a person is lost"

    def observe(self, event: Event) -> None:
        if event.kind == "commit.pushed" and event.data.get("dropped"):
            people = [row for row in event.data["dropped"] if row["author"] != "fluxcdbot"]
            if people:
                told = ", ".join(f"{row['commit'][:7]} by {row['author']}" for row in people)
                text = f"a forced push to {event.data['branch']} dropped {told}"
                self.found.append(Violation(self.name, event.at_ms, text, (event.seq,)))


@dataclass(slots=True)
class RollbackHolds(_Recorded):
    """What a person rolled back stays rolled back: no bot brings the same value back to the same line."""

    name: str = "a rollback holds"
    rolled_back: dict[tuple[str, str, str], Event] = field(default_factory=dict[tuple[str, str, str], Event])

    def observe(self, event: Event) -> None:
        if event.kind != "commit.pushed" or event.data["repository"] != "gitops":
            return
        for change in event.data.get("images", ()):
            where = (change["file"], change.get("policy") or "", change["new"])
            if _by_bot(event):
                undone = self.rolled_back.pop(where, None)
                if undone is not None:
                    text = (
                        f"{event.data['author']['name']} brought {change['new']} back to {change['file']}; "
                        f"{undone.data['author']['name']} had rolled it back with {undone.data['commit'][:7]}"
                    )
                    self.found.append(Violation(self.name, event.at_ms, text, (undone.seq, event.seq)))
            else:
                self.rolled_back.pop(where, None)
                if change.get("policy") and change["old"]:
                    self.rolled_back[(change["file"], change["policy"], change["old"])] = event


COMMITS_PER_HOUR_MAX = 60
FIGHTS_MIN = 3


@dataclass(slots=True)
class NothingReconcilesForEver(_Recorded):
    """No automation commits without end, and no two Kustomizations change one object in turn without end."""

    name: str = "nothing reconciles for ever"
    commits: dict[str, list[Event]] = field(default_factory=lambda: defaultdict(list))
    appliers: dict[str, list[Event]] = field(default_factory=lambda: defaultdict(list))
    told: set[str] = field(default_factory=set[str])

    def observe(self, event: Event) -> None:
        if event.kind == "commit.pushed" and _by_bot(event):
            self._count(event)
        elif event.kind == "kustomization.applied":
            for change in event.data["changes"]:
                name, _space, action = change.rpartition(" ")
                if action == "configured":
                    self._fight(name, event)

    def _count(self, event: Event) -> None:
        recent = [old for old in self.commits[event.data["branch"]] if event.at_ms - old.at_ms < HOUR]
        self.commits[event.data["branch"]] = [*recent, event]
        if len(recent) >= COMMITS_PER_HOUR_MAX and event.data["branch"] not in self.told:
            self.told.add(event.data["branch"])
            text = (
                f"{len(recent) + 1} commits by {event.data['author']['name']} on {event.data['branch']} within an hour"
            )
            self.found.append(Violation(self.name, event.at_ms, text, (recent[0].seq, event.seq)))

    def _fight(self, name: str, event: Event) -> None:
        history = self.appliers[name]
        if history and history[-1].data["key"] == event.data["key"]:
            return
        history.append(event)
        owners = sorted({old.data["key"] for old in history})
        if len(history) >= 2 * FIGHTS_MIN and len(owners) > 1 and name not in self.told:
            self.told.add(name)
            text = f"{name} is changed in turn by {' and '.join(owners)}, without end"
            self.found.append(Violation(self.name, event.at_ms, text, (history[-2].seq, event.seq)))


@dataclass(slots=True)
class ClusterEqualsGit:
    """What Git says is applied within a bound that the intervals give, unless something is suspended or broken."""

    name: str = "cluster equals Git"
    heads: dict[str, Event] = field(default_factory=dict[str, Event])
    objects: dict[str, Event] = field(default_factory=dict[str, Event])
    faults: dict[str, Event] = field(default_factory=dict[str, Event])
    healed_ms: Millis = 0
    failed: set[str] = field(default_factory=set[str])

    def observe(self, event: Event) -> None:
        if event.kind == "commit.pushed":
            self.heads[f"{event.data['url']} {event.data['branch']}"] = event
        elif event.kind in ("fault.started", "fault.healed"):
            name = f"{event.data['what']} {event.data.get('image', '')}"
            if event.kind == "fault.started":
                self.faults[name] = event
            else:
                self.faults.pop(name, None)
                self.healed_ms = event.at_ms
        elif event.kind.startswith("api.") and event.data["kind"] in (
            "Kustomization.kustomize.toolkit.fluxcd.io",
            "GitRepository.source.toolkit.fluxcd.io",
        ):
            if event.kind == "api.deleted":
                self.objects.pop(event.data["key"], None)
            else:
                self.objects[event.data["key"]] = event

    def violations(self, now_ms: Millis) -> list[Violation]:
        if self.faults:
            return []
        return [violation for key in sorted(self.objects) if (violation := self._judged(key, now_ms)) is not None]

    def _judged(self, key: str, now_ms: Millis) -> Violation | None:
        event = self.objects[key]
        obj = event.data["object"]
        if obj["kind"] != "Kustomization" or _asleep(obj):
            return None
        reference = obj["spec"]["sourceRef"]
        source = self.objects.get(
            f"GitRepository/{reference.get('namespace') or event.data['namespace']}/{reference['name']}"
        )
        if source is None or _asleep(source.data["object"]) or self._dependency_asleep(obj, event.data["namespace"]):
            return None
        spec = source.data["object"]["spec"]
        head = self.heads.get(f"{spec['url']} {get(spec, 'ref', 'branch', default='master')}")
        if head is None:
            return None
        wanted = f"{head.data['branch']}@sha1:{head.data['commit']}"
        since = max(head.at_ms, self.healed_ms)
        bound = self._bound(spec, obj)
        applied = get(obj, "status", "lastAppliedRevision")
        ready = next(
            (entry for entry in get(obj, "status", "conditions", default=None) or () if entry["type"] == "Ready"), None
        )
        if (
            applied == wanted
            or now_ms - since <= bound
            or (
                ready is not None
                and ready["reason"]
                in ("BuildFailed", "HealthCheckFailed", "ReconciliationFailed", "ArtifactFailed", "DependencyNotReady")
            )
        ):
            return None
        text = (
            f"{key} is at {applied}, Git at {wanted} for {(now_ms - since) // MINUTE}m; the bound is {bound // MINUTE}m"
        )
        return Violation(self.name, now_ms, text, (head.seq, event.seq))

    def _dependency_asleep(self, obj: Any, namespace: str) -> bool:
        for reference in obj["spec"].get("dependsOn") or ():
            found = self.objects.get(f"Kustomization/{reference.get('namespace') or namespace}/{reference['name']}")
            if (
                found is None
                or _asleep(found.data["object"])
                or self._dependency_asleep(found.data["object"], namespace)
            ):
                return True
        return False

    def _bound(self, source_spec: Any, obj: Any) -> Millis:
        """Return the sum of what may lie between a push and its apply, each with its jitter and a minute for the work."""
        interval = parse_millis(source_spec["interval"]) * 105 // 100
        timeout = parse_millis(obj["spec"].get("timeout") or obj["spec"]["interval"])
        dependencies = len(obj["spec"].get("dependsOn") or ()) + 1
        return interval + timeout + dependencies * 5 * MINUTE


def _asleep(obj: Any) -> bool:
    return bool(get(obj, "spec", "suspend")) or get(obj, "metadata", "deletionTimestamp") is not None


def _by_bot(event: Event) -> bool:
    return event.actor in BOTS


def _production_images(event: Event) -> dict[str, str]:
    """Return container to image where the event writes a Deployment in production, else nothing."""
    if (
        not event.kind.startswith("api.")
        or event.data["kind"] != "Deployment.apps"
        or event.data["namespace"] != PRODUCTION
    ):
        return {}
    containers = get(event.data.get("object"), "spec", "template", "spec", "containers", default=None) or ()
    return {container["name"]: container.get("image", "") for container in containers}
