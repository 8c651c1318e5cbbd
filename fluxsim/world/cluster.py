"""The cluster of a world: which controllers run, with how many workers, and what each can reach."""

from __future__ import annotations

from dataclasses import dataclass

from fluxsim.controllers.flux.credentials import Credentials
from fluxsim.controllers.flux.gates import DEFAULT, Gates
from fluxsim.controllers.flux.gitrepository import GitRepositoryReconciler
from fluxsim.controllers.flux.imagepolicy import ImagePolicyReconciler
from fluxsim.controllers.flux.imagerepository import ImageRepositoryReconciler
from fluxsim.controllers.flux.imageupdateautomation import ImageUpdateAutomationReconciler
from fluxsim.controllers.flux.kustomization import KustomizationReconciler
from fluxsim.controllers.flux.lifecycle import AUTOMATION, REFLECTOR, ImageLifecycle
from fluxsim.controllers.flux.standins import StandIns
from fluxsim.controllers.flux.triggers import Triggers
from fluxsim.controllers.latencies import Latencies
from fluxsim.controllers.workloads.deployment import DeploymentReconciler
from fluxsim.controllers.workloads.garbage import GarbageCollector
from fluxsim.controllers.workloads.kubelet import Images, KubeletReconciler
from fluxsim.controllers.workloads.replicaset import ReplicaSetReconciler
from fluxsim.controllers.workloads.triggers import WorkloadTriggers
from fluxsim.kernel.chance import Chance
from fluxsim.kernel.changes import Changes
from fluxsim.kernel.log import Log
from fluxsim.kernel.schedule import Schedule
from fluxsim.kube.clock import Clock
from fluxsim.kube.controller import FLUX_BACKOFF, Controller, Reconciler, Repeatable
from fluxsim.kube.events import EventRecorder
from fluxsim.kube.meta import (
    DEPLOYMENT,
    GIT_REPOSITORY,
    IMAGE_POLICY,
    IMAGE_REPOSITORY,
    IMAGE_UPDATE_AUTOMATION,
    KUSTOMIZATION,
    POD,
    REPLICA_SET,
    Kind,
)
from fluxsim.kube.store import Store
from fluxsim.systems.artifacts import ArtifactStore
from fluxsim.systems.gitserver import GitServer
from fluxsim.systems.registry import Registry
from fluxsim.systems.tagdatabase import TagDatabase

WORKERS = {
    GIT_REPOSITORY: 2,
    KUSTOMIZATION: 4,
    IMAGE_REPOSITORY: 4,
    IMAGE_POLICY: 4,
    IMAGE_UPDATE_AUTOMATION: 4,
    DEPLOYMENT: 5,
    REPLICA_SET: 5,
    POD: 1000,
}
"""--concurrent of each controller; the kubelet works on every pod at once."""

PROCESSES: dict[str, tuple[Kind, ...]] = {
    "source-controller": (GIT_REPOSITORY,),
    "kustomize-controller": (KUSTOMIZATION,),
    "image-reflector-controller": (IMAGE_REPOSITORY, IMAGE_POLICY),
    "image-automation-controller": (IMAGE_UPDATE_AUTOMATION,),
}
"""Which kinds' controllers live in one pod, and so restart together."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What every controller stands on."""

    store: Store
    recorder: EventRecorder
    clock: Clock
    log: Log
    schedule: Schedule
    chance: Chance
    latencies: Latencies


class Cluster:
    """All controllers of a world, wired to the store."""

    def __init__(
        self,
        ground: Ground,
        git: GitServer,
        registry: Registry,
        images: Images,
        changes: Changes,
        *,
        lean: bool,
        assume_secrets: bool,
        gates: Gates = DEFAULT,
    ) -> None:
        store, recorder, clock, log = ground.store, ground.recorder, ground.clock, ground.log
        chance, takes = ground.chance, ground.latencies
        self._ground = ground
        self._lean = lean
        self._changes = changes
        self.artifacts = ArtifactStore(changes)
        self.database = TagDatabase(changes)
        self.credentials = Credentials(store, assume=assume_secrets)
        self.controllers: dict[Kind, Controller] = {}

        source = GitRepositoryReconciler(
            git,
            self.artifacts,
            self.credentials,
            store=store,
            recorder=recorder,
            clock=clock,
            log=log,
            chance=chance,
            latencies=takes,
        )
        kustomize = KustomizationReconciler(
            self.artifacts,
            store=store,
            recorder=recorder,
            clock=clock,
            log=log,
            chance=chance,
            latencies=takes,
            credentials=self.credentials,
            gates=gates,
        )
        scan = ImageRepositoryReconciler(
            registry,
            self.database,
            self.credentials,
            store=store,
            recorder=recorder,
            clock=clock,
            log=log,
            chance=chance,
            latencies=takes,
        )
        elect = ImagePolicyReconciler(
            registry, self.database, self.credentials, store=store, log=log, chance=chance, latencies=takes
        )
        automate = ImageUpdateAutomationReconciler(
            git, self.credentials, store=store, recorder=recorder, clock=clock, chance=chance, latencies=takes
        )
        self._add(GIT_REPOSITORY, "source-controller", source, source)
        self._add(KUSTOMIZATION, "kustomize-controller", kustomize, kustomize)
        self._add(
            IMAGE_REPOSITORY,
            "image-reflector-controller",
            ImageLifecycle(scan, REFLECTOR, store=store, recorder=recorder, clock=clock),
            scan,
        )
        self._add(
            IMAGE_POLICY,
            "image-reflector-controller",
            ImageLifecycle(elect, REFLECTOR, store=store, recorder=recorder, clock=clock),
        )
        self._add(
            IMAGE_UPDATE_AUTOMATION,
            "image-automation-controller",
            ImageLifecycle(automate, AUTOMATION, store=store, recorder=recorder, clock=clock),
            automate,
        )
        self.triggers = Triggers(store, dict(self.controllers))

        self._add(
            DEPLOYMENT,
            "deployment-controller",
            DeploymentReconciler(store=store, recorder=recorder, clock=clock, chance=chance, latencies=takes),
        )
        self._add(
            REPLICA_SET,
            "replicaset-controller",
            ReplicaSetReconciler(store=store, recorder=recorder, clock=clock, chance=chance, latencies=takes),
        )
        kubelet = KubeletReconciler(
            images,
            self.credentials,
            store=store,
            recorder=recorder,
            clock=clock,
            log=log,
            chance=chance,
            latencies=takes,
        )
        self._add(POD, "kubelet", kubelet)
        WorkloadTriggers(store, self.controllers)
        GarbageCollector(store, ground.schedule)
        self.stand_ins = StandIns(store, ground.schedule, clock)

    def restart(self, process: str, because: tuple[int, ...]) -> None:
        """Replace the pod of a Flux controller: queues, timers and emptyDirs are lost, then everything is reconciled once."""
        if process == "source-controller":
            self.artifacts.lose()
        if process == "image-reflector-controller":
            self.database.lose()
        for kind in PROCESSES[process]:
            self.controllers[kind].restart()
        for kind in PROCESSES[process]:
            self.triggers.all_again(kind, because)

    def _add(self, kind: Kind, name: str, reconciler: Reconciler, repeatable: Repeatable | None = None) -> None:
        flux = kind.group.endswith(".fluxcd.io")
        self.controllers[kind] = Controller(
            name,
            reconciler,
            store=self._ground.store,
            schedule=self._ground.schedule,
            log=self._ground.log,
            workers=WORKERS[kind],
            backoff=FLUX_BACKOFF if flux else None,
            repeatable=repeatable if self._lean else None,
            changes=self._changes,
        )
