"""Kubernetes Events: what controllers tell people about an object, counted and kept for an hour.

An Event that says the same again raises its count. Each telling that is news is logged as `event.recorded`;
one that repeats what the last run said (`quiet`) only counts, so that an idle hour stays an idle hour in the log.
The API objects are made when somebody looks: most Events of a long run are never read. They use up no
resourceVersion, so that a run may leave out to tell again what it told before.
Source: client-go v0.33 tools/record (without its limits on spam).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, Protocol, TypeAlias

from fluxsim.formats.tree import Json, Map, freeze
from fluxsim.kernel.ids import digits
from fluxsim.kernel.log import Log
from fluxsim.kernel.units import HOUR, Millis
from fluxsim.kube.meta import EVENT, Key, key_of
from fluxsim.kube.store import Store

TTL_MS: Millis = HOUR
"""--event-ttl of the API server."""

KNOWN_MAX = 2_000
"""So many tellings are remembered before those that are over are looked for."""

Level: TypeAlias = Literal["Normal", "Warning"]


class Clock(Protocol):
    epoch_ms: Millis

    @property
    def now_ms(self) -> Millis: ...
    def text_at(self, at_ms: Millis) -> str: ...
    def uid(self, name: str) -> str: ...


class EventRecorder:
    """Records Events of all components."""

    def __init__(self, store: Store, log: Log, clock: Clock) -> None:
        self._store = store
        self._log = log
        self._clock = clock
        self._known: dict[_Same, _Telling] = {}
        self._unread: dict[Key, _Telling] = {}
        self._told = 0
        self._look_at = KNOWN_MAX
        store.bring_late(EVENT, self._bring)

    def record(
        self,
        obj: Json,
        kind: Level,
        reason: str,
        message: str,
        *,
        component: str,
        field_path: str = "",
        annotations: dict[str, str] | None = None,
        quiet: bool = False,
        host: str = "",
    ) -> None:
        """Tell something about `obj` (an object of the store). `field_path` is `spec.containers{NAME}` for a container."""
        key, metadata = key_of(obj), obj["metadata"]
        now_ms = self._clock.now_ms
        same: _Same = (key, metadata.get("uid", ""), field_path, kind, reason, message, component)
        telling = self._known.get(same)
        if telling is None or not self._goes_on(telling, now_ms):
            telling = self._fresh(same, obj, annotations, host, now_ms)
        telling.count += 1
        telling.last_ms = now_ms
        telling.version = self._store.version
        self._told += 1
        telling.place = self._told
        self._unread[telling.key] = telling
        if not quiet:
            data: dict[str, Json] = {
                "key": str(key),
                "kind": str(key.kind),
                "namespace": key.namespace,
                "name": key.name,
                "type": kind,
                "reason": reason,
                "message": message,
                "count": telling.count,
            }
            self._log.append("event.recorded", component, data)

    def tell_again(
        self,
        obj: Json,
        reason: str,
        message: str,
        *,
        component: str,
        times: Iterable[Millis],
        annotations: dict[str, str] | None = None,
    ) -> None:
        """Tell quietly what idle runs told at these times, which are over, oldest first."""
        key, uid = key_of(obj), obj["metadata"].get("uid", "")
        same: _Same = (key, uid, "", "Normal", reason, message, component)
        telling = self._known.get(same)
        for at_ms in times:
            if telling is None or not self._goes_on(telling, at_ms):
                telling = self._fresh(same, obj, annotations, "", at_ms)
            telling.count += 1
            telling.last_ms = at_ms
        if telling is not None:
            telling.version = self._store.version
            self._told += 1
            telling.place = self._told
            self._unread[telling.key] = telling

    def about(self, key: Key | None = None, namespace: str | None = None) -> list[Map]:
        """Return the Events not older than an hour, oldest last-seen first; `key` narrows to one object."""
        self._bring()
        found = [
            telling
            for telling in self._known.values()
            if (key is None or telling.same[0] == key)
            and (namespace is None or telling.key.namespace == namespace)
            and self._store.has(telling.key)
        ]
        found.sort(key=lambda telling: (telling.last_ms, telling.place))
        return [self._store.need(telling.key) for telling in found]

    def _goes_on(self, telling: _Telling, now_ms: Millis) -> bool:
        """Return whether the Event is still there to be counted up: not over, and not deleted by anybody."""
        return now_ms - telling.last_ms <= TTL_MS and (not telling.made or self._store.has(telling.key))

    def _fresh(self, same: _Same, obj: Json, annotations: dict[str, str] | None, host: str, now_ms: Millis) -> _Telling:
        former = self._known.pop(same, None)
        if former is not None:
            self._forget(former)
        if len(self._known) >= self._look_at:
            self._expire()
            self._look_at = max(KNOWN_MAX, 2 * len(self._known))
        key = self._name(same, now_ms)
        telling = self._known[same] = _Telling(key, same, obj, annotations, host, now_ms)
        return telling

    def _name(self, same: _Same, now_ms: Millis) -> Key:
        """Return a free name: that of the object, and when it was told as client-go counts nanoseconds; ours are drawn from the text."""
        about = same[0]
        nanos = (self._clock.epoch_ms + now_ms) * 1_000_000 + int(digits("/".join(map(str, same)), 6))
        while True:
            key = Key(EVENT, about.namespace or "default", f"{about.name}.{nanos:x}")
            if key not in self._unread and not self._store.has(key):
                return key
            nanos += 1

    def _bring(self) -> None:
        """Put what was told since anyone looked into the store."""
        self._expire()
        for telling in self._unread.values():
            telling.made = True
            self._store.put_quietly(telling.key, telling.event(self._clock))
        self._unread.clear()

    def _expire(self) -> None:
        now_ms = self._clock.now_ms
        for same in [same for same, telling in self._known.items() if now_ms - telling.last_ms > TTL_MS]:
            self._forget(self._known.pop(same))

    def _forget(self, telling: _Telling) -> None:
        self._unread.pop(telling.key, None)
        if telling.made:
            self._store.drop_quietly(telling.key)


_Same: TypeAlias = tuple[Key, str, str, Level, str, str, str]
"""What makes two tellings one Event: about, uid, field path, type, reason, message, component."""


class _Telling:
    """An Event before anybody reads it."""

    __slots__ = (
        "annotations",
        "api_version",
        "count",
        "first_ms",
        "host",
        "key",
        "last_ms",
        "made",
        "object_version",
        "place",
        "same",
        "version",
    )

    def __init__(
        self, key: Key, same: _Same, obj: Json, annotations: dict[str, str] | None, host: str, now_ms: Millis
    ) -> None:
        self.key = key
        self.same = same
        self.api_version = obj.get("apiVersion", "")
        self.object_version = obj["metadata"].get("resourceVersion", "")
        self.annotations = annotations
        self.host = host
        self.first_ms = self.last_ms = now_ms
        self.count = 0
        self.version = ""
        self.place = 0
        self.made = False

    def event(self, clock: Clock) -> Map:
        about, uid, field_path, kind, reason, message, component = self.same
        first = clock.text_at(self.first_ms)
        metadata: dict[str, Json] = {
            "name": self.key.name,
            "namespace": self.key.namespace,
            "uid": clock.uid(str(self.key)),
            "creationTimestamp": first,
            "resourceVersion": self.version,
        }
        if self.annotations:
            metadata["annotations"] = self.annotations
        involved = {
            "apiVersion": self.api_version,
            "kind": about.kind.name,
            "namespace": about.namespace,
            "name": about.name,
            "uid": uid,
            "resourceVersion": self.object_version,
            "fieldPath": field_path,
        }
        found: Map = freeze(
            {
                "apiVersion": "v1",
                "kind": "Event",
                "metadata": metadata,
                "involvedObject": {name: value for name, value in involved.items() if value},
                "reason": reason,
                "message": message,
                "source": {"component": component} | ({"host": self.host} if self.host else {}),
                "firstTimestamp": first,
                "lastTimestamp": clock.text_at(self.last_ms),
                "count": self.count,
                "type": kind,
                "eventTime": None,
                "reportingComponent": component,
                "reportingInstance": self.host,
            }
        )
        return found
