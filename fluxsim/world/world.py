"""A world: systems, cluster, clock and log. Two verbs: `do(action)` and `run_to(t)`; everything else is looking."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fluxsim.controllers.ci.runner import Ci
from fluxsim.formats.tree import Json, get
from fluxsim.kernel.chance import Chance
from fluxsim.kernel.changes import Changes
from fluxsim.kernel.errors import InputError
from fluxsim.kernel.log import Event, Log
from fluxsim.kernel.schedule import Schedule
from fluxsim.kernel.units import Millis, clock_text, rfc3339
from fluxsim.kube.admission import admit
from fluxsim.kube.clock import Clock
from fluxsim.kube.events import EventRecorder
from fluxsim.kube.meta import IMAGE_POLICY, NAMESPACE, SECRET, Key, key_of, kind_of
from fluxsim.kube.store import Store
from fluxsim.systems.gitserver import GitRepository, GitServer, Pushed
from fluxsim.systems.registry import Registry
from fluxsim.world.acting import Acting, Outcome
from fluxsim.world.actions import GITOPS, AnyAction
from fluxsim.world.assumptions import assumptions
from fluxsim.world.cluster import Cluster, Ground
from fluxsim.world.gitops import Head
from fluxsim.world.lookup import ImageLine
from fluxsim.world.pushes import Pushes
from fluxsim.world.setup import Setup
from fluxsim.world.supply import Supply

LAST_EVENTS = 20


@dataclass(frozen=True, slots=True)
class Wakeup:
    """Something that will happen by itself: when, who, for which object, and because of what."""

    at_ms: Millis
    who: str
    key: Key
    why: str


class World:
    """One run of the simulation. The same setup, seed and actions give the same log, byte for byte."""

    def __init__(
        self,
        setup: Setup,
        *,
        seed: int | str = 1,
        shuffled: bool = False,
        lean: bool = True,
        assume_secrets: bool = True,
    ) -> None:
        self.setup = setup
        changes = Changes()
        self.chance = Chance(seed)
        self._schedule = Schedule(ties=self.chance.stream("ties") if shuffled else None, describe=self._describe)
        self.log = Log(setup.epoch_ms, lambda: self._schedule.now_ms)
        self.clock = Clock(self._schedule, self.chance, setup.epoch_ms)
        self.store = Store(self.log, self.clock, admit, changes)
        self.recorder = EventRecorder(self.store, self.log, self.clock)
        self.git = GitServer(changes)
        self.registry = Registry(changes)
        self.supply = Supply(self.registry, self.log, self.clock)
        ground = Ground(self.store, self.recorder, self.clock, self.log, self._schedule, self.chance, setup.latencies)
        self.cluster = Cluster(
            ground,
            self.git,
            self.registry,
            self.supply,
            changes,
            lean=lean,
            assume_secrets=assume_secrets,
            gates=setup.gates,
        )
        self.cluster.credentials.declared = frozenset(
            key_of(obj) for obj in setup.closure.objects if kind_of(obj) == SECRET
        )
        self.gitops = self.git.add(copied(setup.repository, setup.url))
        self.head = Head(self.gitops, setup.branch, self.store)
        self.ci = Ci(
            self.git,
            self.registry,
            self.supply,
            log=self.log,
            clock=self.clock,
            schedule=self._schedule,
            chance=self.chance,
            latencies=setup.latencies,
        )
        for service in setup.services:
            self.ci.add(service.name, service.image, self.git.add(copied(service.repository)))
        self._acting = Acting(self)
        self._begin()
        self.git.listeners.append(Pushes(self).pushed)

    # -- the two verbs

    def do(self, action: AnyAction) -> Outcome:
        """Do something from outside, now. A refusal is part of the outcome; only nonsense raises InputError."""
        return self._acting.do(action)

    def run_to(self, at_ms: Millis) -> None:
        """Let time pass until `at_ms` (virtual milliseconds since the epoch), that very millisecond included."""
        self._schedule.run_to(at_ms)

    def later(self, delay_ms: Millis, call: Callable[[], None]) -> None:
        """Call back after some virtual time: for what an action does later by itself."""
        self._schedule.after(delay_ms, call)

    # -- looking

    @property
    def now_ms(self) -> Millis:
        return self._schedule.now_ms

    @property
    def seed(self) -> int | str:
        return self.chance.seed

    def next_due(self) -> Millis | None:
        """Return when the next thing happens by itself."""
        return self._schedule.next_due()

    def upcoming(self) -> list[Wakeup]:
        """Return who wakes when, soonest first."""
        found: list[Wakeup] = []
        for controller in self.cluster.controllers.values():
            for key, at_ms, why in controller.waiting():
                found.append(Wakeup(at_ms, controller.name, key, why))
        found += [Wakeup(at_ms, "ci", key, why) for key, at_ms, why in self.ci.running()]
        return sorted(found, key=lambda wakeup: (wakeup.at_ms, wakeup.who, wakeup.key))

    def image_lines(self) -> list[ImageLine]:
        """Return every image that the head of the GitOps repository renders."""
        return self.head.image_lines()

    def elected(self, policy: str) -> str | None:
        """Return the tag that an ImagePolicy, `namespace:name`, has elected."""
        namespace, _colon, name = policy.partition(":")
        obj = self.store.get(Key(IMAGE_POLICY, namespace, name))
        found: str | None = get(obj, "status", "latestRef", "tag") if obj is not None else None
        return found

    def commits(self, repository: str) -> Iterator[Event]:
        """Yield the pushes to a repository, oldest first."""
        return (
            event
            for event in self.log.events
            if event.kind == "commit.pushed" and event.data["repository"] == repository
        )

    @property
    def releases(self) -> list[dict[str, Json]]:
        """The releases that promotions recorded, oldest first."""
        return self.ci.releases

    @property
    def assumptions(self) -> list[str]:
        """What this world takes as given because nothing in it says so."""
        return assumptions(self)

    def repository_named(self, url: str) -> str:
        """Return what the log calls a repository: `gitops`, a service, or its URL."""
        if self.git.find(url) is self.gitops:
            return GITOPS
        return self.ci.service_at(url) or url

    # -- the beginning

    def _begin(self) -> None:
        setup = self.setup
        rows = self.supply.seed(setup.images, setup.services)
        repositories = {GITOPS: {"url": setup.url, "branch": setup.branch, "commit": self.gitops.head(setup.branch)}}
        for name, repository in self.ci.repositories():
            repositories[name] = {"url": repository.url, "branch": "main", "commit": repository.head("main")}
        self.log.append(
            "world.created",
            "fluxsim",
            {
                "seed": str(self.seed),
                "epoch": rfc3339(setup.epoch_ms),
                "repositories": repositories,
                "images": rows,
                "ours": setup.ours,
            },
        )
        for name in ("default", "kube-node-lease", "kube-public", "kube-system"):
            self.store.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        root = setup.root
        for obj in (root.git_repository, root.kustomization):
            namespace = obj["metadata"].get("namespace") or "flux-system"
            if self.store.get(Key(NAMESPACE, "", namespace)) is None:
                self.store.create(
                    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}, manager="flux"
                )
            self.store.apply(obj, manager="flux", force=True)

    def _describe(self) -> str:
        """Return what is needed to see a failure again: seed, time, the last events."""
        lines = [f"seed {self.seed}, virtual time {clock_text(self._schedule.now_ms)}, last events:"]
        for event in self.log.events[-LAST_EVENTS:]:
            what = event.data.get("key") or event.data.get("tag") or event.data.get("commit", "")
            lines.append(f"  {event.seq} {clock_text(event.at_ms)} {event.kind} {event.actor} {what}")
        return "\n".join(lines)


def copied(repository: GitRepository, url: str = "") -> GitRepository:
    """Return a copy of a repository, at another URL if one is given: what it gets later the other does not see."""
    fresh = repository.copy()
    fresh.url = url or repository.url
    return fresh


__all__ = ["InputError", "Outcome", "Pushed", "Wakeup", "World"]
