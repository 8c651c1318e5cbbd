"""What a reconciler stands on, small: a real store and recorder, a clock that runs as far as the steps take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from fluxsim.formats.tree import get
from fluxsim.kernel.chance import Chance
from fluxsim.kernel.log import Log
from fluxsim.kernel.schedule import Schedule
from fluxsim.kernel.steps import Steps
from fluxsim.kernel.units import Millis
from fluxsim.kube.admission import admit
from fluxsim.kube.clock import Clock
from fluxsim.kube.events import EventRecorder
from fluxsim.kube.meta import NAMESPACE, Key, key_of
from fluxsim.kube.store import Store

EPOCH_MS = 1_772_442_000_000
T = TypeVar("T")


class Ground:
    """Store, clock, log and recorder; `play` runs steps and lets as much time pass."""

    def __init__(self) -> None:
        self._schedule = Schedule()
        self.chance = Chance(1)
        self.clock = Clock(self._schedule, self.chance, EPOCH_MS)
        self.log = Log(EPOCH_MS, lambda: self._schedule.now_ms)
        self.store = Store(self.log, self.clock, admit)
        self.recorder = EventRecorder(self.store, self.log, self.clock)

    def put(self, obj: Mapping[str, Any]) -> Key:
        """Create an object, and its namespace before it; its status too."""
        key = key_of(obj)
        if key.namespace and self.store.get(Key(NAMESPACE, "", key.namespace)) is None:
            self.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": key.namespace}})
        self.store.create(obj, manager="test")
        if obj.get("status"):
            self.store.write_status(key, obj["status"], manager="test")
        return key

    def play(self, steps: Steps[T]) -> T:
        """Run the steps to their end; return the result."""
        while True:
            try:
                wait_ms = next(steps)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            self.passing(wait_ms)

    def passing(self, span_ms: Millis) -> None:
        self._schedule.run_to(self._schedule.now_ms + span_ms)

    def at(self, delay_ms: Millis, call: Any) -> None:
        """Call back when so much time has passed."""
        self._schedule.after(delay_ms, call)

    def told(self) -> list[tuple[str, str, str]]:
        """Return the events that were news, as (type, reason, message)."""
        return [
            (event.data["type"], event.data["reason"], event.data["message"])
            for event in self.log.events
            if event.kind == "event.recorded"
        ]

    def conditions(self, key: Key) -> dict[str, tuple[str, str, str]]:
        found = get(self.store.need(key), "status", "conditions", default=None) or ()
        return {entry["type"]: (entry["status"], entry["reason"], entry["message"]) for entry in found}
