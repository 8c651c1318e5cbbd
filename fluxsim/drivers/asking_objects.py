"""Questions about the objects of the cluster: conditions, events, fields by kubectl's jsonpath, suspension."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from fluxsim.drivers.question import Answer, Names, Predicate, shown
from fluxsim.formats import jsonpath
from fluxsim.formats.tree import get
from fluxsim.kernel.log import Event
from fluxsim.kube.meta import Key, condition
from fluxsim.world.lookup import deployment_key, kind_named
from fluxsim.world.world import World


class ConditionIs(Predicate):
    """An object's condition has this status, reason, or words in its message."""

    kind: str
    namespace: str = "flux-system"
    name: str
    type: str = "Ready"
    status: Literal["True", "False", "Unknown", ""] = ""
    reason: str = ""
    message: str = ""

    def told(self, names: Names) -> str:
        wanted = " ".join(part for part in (self.status, self.reason, shown(self.message, names)) if part)
        return f"{self.kind}/{self.namespace}/{self.name} is {self.type}: {wanted}"

    def ask(self, world: World, names: Names) -> Answer:
        obj = world.store.get(_key(self.kind, self.namespace, self.name))
        found = condition(obj, self.type) if obj is not None else None
        if found is None:
            return Answer(holds=False, seen="no such object" if obj is None else f"no condition {self.type}")
        holds = (
            (not self.status or found["status"] == self.status)
            and (not self.reason or found["reason"] == self.reason)
            and names.filled(self.message) in found["message"]
        )
        return Answer(holds=holds, seen=f"{found['status']} {found['reason']}: {found['message']}")

    def touched_by(self, event: Event) -> bool:
        return _about(event, self.kind, self.namespace, self.name)


class EventRecorded(Predicate):
    """`kubectl get events` shows an event about an object, with this type, reason, or words in its message."""

    kind: str
    namespace: str = "flux-system"
    name: str = ""
    type: Literal["Normal", "Warning", ""] = ""
    reason: str = ""
    message: str = ""

    def told(self, names: Names) -> str:
        wanted = " ".join(part for part in (self.type, self.reason, shown(self.message, names)) if part)
        return f"an event of {self.kind}/{self.namespace}/{self.name or '*'} says {wanted}"

    def ask(self, world: World, names: Names) -> Answer:
        message = names.filled(self.message)
        about = [event.data for event in world.log.events if self._is_about(event)]
        found = [
            row
            for row in about
            if self.type in ("", row["type"]) and self.reason in ("", row["reason"]) and message in row["message"]
        ]
        seen = f"{(found or about)[-1]['reason']}: {(found or about)[-1]['message']}" if about else "no event"
        return Answer(holds=bool(found), seen=seen)

    def touched_by(self, event: Event) -> bool:
        return self._is_about(event)

    def _is_about(self, event: Event) -> bool:
        if event.kind != "event.recorded":
            return False
        data = event.data
        kind = data["kind"].partition(".")[0]
        return (kind, data["namespace"]) == (self.kind, self.namespace) and self.name in ("", data["name"])


class JsonPathIs(Predicate):
    """kubectl's jsonpath over an object prints this."""

    kind: str
    namespace: str = ""
    name: str
    path: str
    equals: str

    def told(self, names: Names) -> str:
        return f"{self.path} of {self.kind}/{self.namespace}/{self.name} is {shown(self.equals, names)}"

    def ask(self, world: World, names: Names) -> Answer:
        obj = world.store.get(_key(self.kind, self.namespace, self.name))
        if obj is None:
            return Answer(holds=False, seen="no such object")
        try:
            printed = jsonpath.Template(jsonpath.relaxed(self.path)).execute(obj, allow_missing_keys=True)
        except jsonpath.JSONPathError as error:
            return Answer(holds=False, seen=str(error))
        return Answer(holds=printed.strip() == names.filled(self.equals), seen=printed.strip())

    def touched_by(self, event: Event) -> bool:
        return _about(event, self.kind, self.namespace, self.name)


class SuspendedIs(Predicate):
    """A Flux object is suspended in the cluster, or is not."""

    kind: str
    namespace: str = "flux-system"
    name: str
    value: bool = Field(default=True, alias="is")

    def told(self, names: Names) -> str:
        return f"{self.kind}/{self.namespace}/{self.name} is {'' if self.value else 'not '}suspended"

    def ask(self, world: World, names: Names) -> Answer:
        obj = world.store.get(_key(self.kind, self.namespace, self.name))
        found = bool(get(obj, "spec", "suspend")) if obj is not None else None
        return Answer(
            holds=found is self.value, seen={True: "suspended", False: "not suspended", None: "no such object"}[found]
        )

    def touched_by(self, event: Event) -> bool:
        return _about(event, self.kind, self.namespace, self.name)


def _key(kind: str, namespace: str, name: str) -> Key:
    found = kind_named(kind)
    return deployment_key(namespace, name) if found is None else Key(found, namespace, name)


def _about(event: Event, kind: str, namespace: str, name: str) -> bool:
    if not event.kind.startswith("api."):
        return False
    key = _key(kind, namespace, name)
    return bool(event.data["key"] == str(key))
