"""What an invariant is: a fold over events that notes what must never have happened, and names the event that did it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from fluxsim.formats.tree import get
from fluxsim.kernel.log import Event
from fluxsim.kernel.units import Millis

ENVIRONMENTS = ("develop", "staging", "production")
PRODUCTION = "production"
STAGING = "staging"
AUTOMATION = "image-automation-controller"
APPLIERS = frozenset({"kustomize-controller", "helm-controller"})
"""The field managers through which Git reaches the cluster."""
API = ("api.created", "api.modified", "api.deleted")
WORKLOADS = frozenset({"Deployment.apps", "StatefulSet.apps", "DaemonSet.apps"})


@dataclass(frozen=True, slots=True)
class Violation:
    """An invariant was broken, at a time, by events: the last of them is the one that broke it."""

    invariant: str
    at_ms: Millis
    message: str
    events: tuple[int, ...]


class Invariant(Protocol):
    """A fold over events."""

    name: str
    reads: ClassVar[tuple[str, ...]]
    """The kinds of events it is shown."""

    def observe(self, event: Event) -> None: ...

    def violations(self, now_ms: Millis) -> list[Violation]:
        """Return what was broken so far; what must come in time is judged at `now_ms`."""
        ...


class NotedInvariant(Invariant, Protocol):
    """An invariant that sees at once that it is broken."""

    found: list[Violation]


@dataclass(slots=True)
class Noted:
    """The part that all invariants share which see at once that they are broken: each matter is told once."""

    found: list[Violation] = field(default_factory=list[Violation])
    told: set[object] = field(default_factory=set[object])

    def violations(self, now_ms: Millis) -> list[Violation]:
        return self.found

    def note(self, name: str, matter: object, event: Event, message: str, *earlier: Event) -> None:
        """Note a violation by an event, unless the same matter was noted before."""
        if matter not in self.told:
            self.told.add(matter)
            self.found.append(Violation(name, event.at_ms, message, (*(one.seq for one in earlier), event.seq)))


def images_of(event: Event) -> dict[str, str]:
    """Return container to image of the workload that an event of the API is about; nothing for other objects."""
    if event.data["kind"] not in WORKLOADS:
        return {}
    spec = get(event.data.get("object"), "spec", "template", "spec", default=None) or {}
    containers: list[Any] = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
    return {container["name"]: container.get("image", "") for container in containers}
