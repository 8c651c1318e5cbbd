"""What the commands ask of an API server, so that a world, a table of objects or HTTP can answer them alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from fluxsim.formats.selectortext import SelectorText, parsed
from fluxsim.formats.tree import Json, get
from fluxsim.kernel.units import Millis
from fluxsim.kube.events import EventRecorder
from fluxsim.kube.meta import EVENT, Key, Kind, key_of, labels_of
from fluxsim.world import actions
from fluxsim.world.world import World


class Refused(Exception):
    """A change that the world did not take; the text is the tool's."""


class Api(Protocol):
    """Objects are looked at freely; they are changed in three ways only, and time passes where a command waits."""

    @property
    def now_ms(self) -> Millis:
        """Milliseconds since 1970."""
        ...

    def get(self, key: Key) -> Json:
        """Return the object; kube.errors.NotFound where there is none."""
        ...

    def list(
        self,
        kind: Kind,
        namespace: str = "",
        *,
        name: str = "",
        labels: str = "",
        involved: tuple[str, str] | None = None,
    ) -> Sequence[Json]:
        """Return objects by namespace and name, all namespaces without one. `involved` is kind and name of what Events are about."""
        ...

    def watch(
        self, kind: Kind, namespace: str, *, name: str = "", labels: str = "", timeout_ms: Millis
    ) -> Iterator[Json]:
        """Yield the objects there are, then each as it changes, until the timeout is over."""
        ...

    def suspend(self, obj: Json) -> None: ...
    def resume(self, obj: Json) -> None: ...

    def reconcile(self, obj: Json) -> None:
        """Set reconcile.fluxcd.io/requestedAt."""
        ...

    def wait(self, span_ms: Millis) -> None: ...


class WorldApi:
    """The API of a simulated world; each change is an action of `author`."""

    def __init__(self, world: World, author: str) -> None:
        self._world = world
        self._author = author

    @property
    def now_ms(self) -> Millis:
        return self._world.clock.epoch_ms + self._world.now_ms

    def get(self, key: Key) -> Json:
        return self._world.store.need(key)

    def list(
        self,
        kind: Kind,
        namespace: str = "",
        *,
        name: str = "",
        labels: str = "",
        involved: tuple[str, str] | None = None,
    ) -> Sequence[Json]:
        if kind == EVENT:
            found = _events(self._world.recorder, namespace, involved)
        else:
            found = self._world.store.list(kind, namespace or None)
        selector = parsed(labels) if labels else None
        return [obj for obj in found if _chosen(obj, name, selector)]

    def watch(
        self, kind: Kind, namespace: str, *, name: str = "", labels: str = "", timeout_ms: Millis
    ) -> Iterator[Json]:
        world, selector = self._world, parsed(labels) if labels else None
        at, deadline_ms = len(world.log.events), world.now_ms + timeout_ms
        yield from self.list(kind, namespace, name=name, labels=labels)
        while world.now_ms < deadline_ms:
            due = world.next_due()
            world.run_to(deadline_ms if due is None else min(due, deadline_ms))
            for event in world.log.events[at:]:
                if event.kind in ("api.created", "api.modified") and event.data["kind"] == str(kind):
                    obj = event.data["object"]
                    if (not namespace or event.data["namespace"] == namespace) and _chosen(obj, name, selector):
                        yield obj
            at = len(world.log.events)

    def suspend(self, obj: Json) -> None:
        key = key_of(obj)
        self._do(actions.Suspend(by=self._author, kind=key.kind.name, name=key.name, namespace=key.namespace))

    def resume(self, obj: Json) -> None:
        key = key_of(obj)
        self._do(actions.Resume(by=self._author, kind=key.kind.name, name=key.name, namespace=key.namespace))

    def reconcile(self, obj: Json) -> None:
        key = key_of(obj)
        self._do(actions.Reconcile(by=self._author, kind=key.kind.name, name=key.name, namespace=key.namespace))

    def wait(self, span_ms: Millis) -> None:
        self._world.run_to(self._world.now_ms + span_ms)

    def _do(self, action: actions.AnyAction) -> None:
        outcome = self._world.do(action)
        if outcome.error:
            raise Refused(outcome.error)


def _events(recorder: EventRecorder, namespace: str, involved: tuple[str, str] | None) -> Sequence[Json]:
    found = sorted(recorder.about(namespace=namespace or None), key=key_of)
    if involved is None:
        return found
    kind, name = involved
    return [
        event
        for event in found
        if (not kind or event["involvedObject"]["kind"] == kind)
        and (not name or event["involvedObject"]["name"] == name)
    ]


def _chosen(obj: Json, name: str, selector: SelectorText | None) -> bool:
    if name and get(obj, "metadata", "name") != name:
        return False
    return selector is None or selector.matches(labels_of(obj))
