"""A store on a schedule, with nothing around it: what the tests here stand on."""

from __future__ import annotations

from fluxsim.formats.tree import Json, Map
from fluxsim.kernel.chance import Chance
from fluxsim.kernel.changes import Changes
from fluxsim.kernel.log import Log
from fluxsim.kernel.schedule import Schedule
from fluxsim.kernel.units import SECOND
from fluxsim.kube.admission import admit
from fluxsim.kube.clock import Clock
from fluxsim.kube.events import EventRecorder
from fluxsim.kube.meta import CONFIG_MAP, Key
from fluxsim.kube.store import Store

EPOCH_MS = 1_767_225_600_000


class Ground:
    """Schedule, log, clock, store and recorder, and the namespace `shop`."""

    def __init__(self, seed: int = 1, *, ties: int | None = None) -> None:
        chance = self.chance = Chance(seed)
        self.schedule = Schedule(ties=Chance(ties).stream("ties") if ties is not None else None)
        self.log = Log(EPOCH_MS, lambda: self.schedule.now_ms)
        self.clock = Clock(self.schedule, chance, EPOCH_MS)
        self.changes = Changes()
        self.store = Store(self.log, self.clock, admit, self.changes)
        self.recorder = EventRecorder(self.store, self.log, self.clock)
        self.store.create(namespace("shop"))

    def run(self, seconds: float) -> None:
        self.schedule.run_to(self.schedule.now_ms + round(seconds * SECOND))


def namespace(name: str) -> Json:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def config_map(name: str = "settings", *, metadata: Json = None, **data: str) -> Json:
    named = {"name": name, "namespace": "shop", **(metadata or {})}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": named, "data": data}


def deployment(name: str = "web", *, containers: Json = None, **spec: Json) -> Json:
    template = {
        "metadata": {"labels": {"app": name}},
        "spec": {"containers": containers or [{"name": "web", "image": "registry.test/web:1.0"}]},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"selector": {"matchLabels": {"app": name}}, "template": template, **spec},
    }


def key(name: str = "settings") -> Key:
    return Key(CONFIG_MAP, "shop", name)


def version(obj: Map) -> int:
    return int(obj["metadata"]["resourceVersion"])
