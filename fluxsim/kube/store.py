"""The API store: frozen objects by key, one resourceVersion for all, and who is told of a change.

Controllers meet only here. Each write is admitted (defaults, validation), numbered, logged with the whole
object, and told to the watchers at once; a watcher only notes what to do and does it later.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from fluxsim.formats import managedfields
from fluxsim.formats.tree import EMPTY_MAP, Json, Map, evolve, freeze, get, merged, without
from fluxsim.kernel.changes import Changes
from fluxsim.kernel.log import Log
from fluxsim.kernel.units import SECOND, Millis
from fluxsim.kube import objectmeta
from fluxsim.kube.decoding import check_shape
from fluxsim.kube.errors import AlreadyExists, ApiError, Conflict, Forbidden, Invalid, NotFound, changed_meanwhile
from fluxsim.kube.kinds import Served, check_served, served
from fluxsim.kube.meta import NAMESPACE, POD, Key, Kind, key_of, labels_of, matches
from fluxsim.kube.watch import Change, Watcher, Watches

__all__ = ["Admit", "Change", "Clock", "Store", "Watcher"]

Admit: TypeAlias = Callable[[Json, Json], Json]
"""(new object, old object or None) -> the object with defaults; raises Invalid. See kube.admission."""

SERVER = "kube-apiserver"
"""Who is named for a write that nobody signed."""


class Clock(Protocol):
    """Where the store takes the time and fresh uids from."""

    @property
    def now_ms(self) -> Millis: ...
    def now_text(self) -> str: ...
    def text_at(self, at_ms: Millis) -> str: ...
    def uid(self, name: str) -> str: ...


@dataclass(slots=True)
class _Assumed:
    """Kinds that nobody installed here and that were taken as installed, each with the first object seen."""

    kinds: dict[Kind, Key] = field(default_factory=dict[Kind, Key])
    values: dict[str, None] = field(default_factory=dict[str, None])
    """Objects with values that only a key outside Git could tell, `Secret/apps/token`."""


class Store:
    """All API objects of the cluster.

    `manager` of a write owns the fields it sets and is the actor of the logged event; None leaves ownership unrecorded,
    as for what controllers make for themselves, and `actor` says who it was.
    """

    def __init__(self, log: Log, clock: Clock, admit: Admit, changes: Changes | None = None) -> None:
        self._changes = changes or Changes()
        self._clock = clock
        self._admit = admit
        self._objects: dict[Kind, dict[Key, Map]] = defaultdict(dict)
        self._sorted: dict[Kind, list[Key]] = {}
        self._owned: dict[str, dict[Key, None]] = defaultdict(dict)
        self._watches = Watches(log)
        self._late: dict[Kind, Callable[[], None]] = {}
        self._version = 0
        self.assumed = _Assumed()

    # -- reading

    def get(self, key: Key) -> Json:
        """Return the object, or None."""
        if key.kind in self._late:
            self._late[key.kind]()
        return self._objects[key.kind].get(key)

    def versions(self, keys: Iterable[Key]) -> tuple[str | None, ...]:
        """Return the resourceVersion of each object, None where there is none."""
        objects = self._objects
        found = [objects[key.kind].get(key) for key in keys]
        return tuple([None if obj is None else obj["metadata"]["resourceVersion"] for obj in found])

    def need(self, key: Key) -> Map:
        """Return the object; NotFound where there is none."""
        found: Map | None = self.get(key)
        if found is None:
            raise NotFound.of(served(key.kind).resource, key.name)
        return found

    def keys(self, kind: Kind, namespace: str | None = None) -> list[Key]:
        """Return the keys of a kind in order of namespace and name."""
        if kind in self._late:
            self._late[kind]()
        ordered = self._sorted.get(kind)
        if ordered is None:
            ordered = self._sorted[kind] = sorted(self._objects[kind])
        return ordered if namespace is None else [key for key in ordered if key.namespace == namespace]

    def kinds(self) -> list[Kind]:
        """Return the kinds of which there are objects, in order."""
        for bring in self._late.values():
            bring()
        return sorted(kind for kind, objects in self._objects.items() if objects)

    def owned_by(self, uid: str) -> list[Key]:
        """Return the keys of what names that uid as an owner, oldest first."""
        return list(self._owned.get(uid, ()))

    def owned(self, uid: str, kind: Kind) -> Sequence[Map]:
        """Return the objects of a kind that name that uid as an owner, oldest first."""
        objects = self._objects[kind]
        return [objects[key] for key in self._owned.get(uid, ()) if key.kind == kind]

    def revision_of(self, kind: Kind) -> int:
        """Return a number that changes whenever any object of the kind does: a cheap fingerprint."""
        return self._watches.revisions[kind]

    @property
    def version(self) -> str:
        """The newest resourceVersion."""
        return str(self._version)

    def watch(self, kind: Kind | None, watcher: Watcher) -> None:
        """Tell `watcher` of every change of that kind (None: of all kinds) from now on."""
        self._watches.add(kind, watcher)

    def list(self, kind: Kind, namespace: str | None = None, labels: dict[str, str] | None = None) -> list[Map]:
        """Return the objects of a kind in order of namespace and name; `labels` narrows as matchLabels does."""
        keys = self.keys(kind, namespace)
        objects = self._objects[kind]
        found = [objects[key] for key in keys]
        return [obj for obj in found if matches(labels, labels_of(obj))] if labels else found

    # -- writing

    def create(self, obj: Json, *, manager: str | None = None, actor: str = SERVER, dry_run: bool = False) -> Map:
        """Add an object."""
        row, key = self._checked(obj)
        if key in self._objects[key.kind]:
            raise AlreadyExists(f'{row.resource} "{key.name}" already exists')
        self._check_namespace(row, key)
        fresh = freeze(obj)
        if row.status:
            fresh = without(fresh, ("status",))
        if manager is not None:
            check_shape(fresh, None)
        fresh = self._admit(fresh, None)
        if manager is not None:
            fresh = managedfields.updated(None, fresh, manager=manager, now=self._clock.now_text())
        return self._born(row, key, fresh, actor=manager or actor, dry_run=dry_run)

    def update(
        self, obj: Json, *, manager: str | None = None, if_version: str | None = None, dry_run: bool = False
    ) -> Map:
        """Replace an object but its status. A resourceVersion in the object, or `if_version`, must be the stored one."""
        row, key = self._checked(obj)
        old = self.need(key)
        _check_version(row, key, old, if_version or get(obj, "metadata", "resourceVersion"))
        return self._change(row, key, old, freeze(obj), manager=manager, actor=SERVER, dry_run=dry_run)

    def patch(
        self, key: Key, patch: Json, *, manager: str | None = None, subresource: str = "", dry_run: bool = False
    ) -> Map:
        """Apply an RFC 7396 merge patch to an object, its status left alone."""
        row, old = served(key.kind), self.need(key)
        _check_version(row, key, old, get(patch, "metadata", "resourceVersion"))
        new = merged(old, patch)
        return self._change(row, key, old, new, manager=manager, actor=SERVER, subresource=subresource, dry_run=dry_run)

    def replace(
        self,
        old: Map,
        new: Json,
        *,
        manager: str | None = None,
        actor: str = SERVER,
        subresource: str = "",
        dry_run: bool = False,
    ) -> Map:
        """Replace `old` by `new`; Conflict where the stored object is no longer `old`. Status stays as it is."""
        key = key_of(old)
        row, stored = served(key.kind), self.need(key)
        _check_version(row, key, stored, old["metadata"]["resourceVersion"])
        return self._change(
            row, key, stored, freeze(new), manager=manager, actor=actor, subresource=subresource, dry_run=dry_run
        )

    def apply(self, config: Json, *, manager: str, force: bool = False, dry_run: bool = False) -> Map:
        """Server-side apply. Raises Conflict where another manager owns a field that would change and `force` is off."""
        row, key = self._checked(config)
        old = self.get(key)
        if row.status:
            config = without(config, ("status",))
        try:
            new = managedfields.apply(old, config, manager=manager, force=force, now=self._clock.now_text())
        except managedfields.ApplyConflict as conflict:
            raise Conflict(conflict.message) from conflict
        except managedfields.SchemaError as error:
            raise ApiError(error.message) from error
        if new is not old:
            check_shape(new, old)
        if old is not None:
            return self._change(row, key, old, new, manager=None, actor=manager, dry_run=dry_run)
        self._check_namespace(row, key)
        return self._born(row, key, self._admit(new, None), actor=manager, dry_run=dry_run)

    def write_status(self, key: Key, status: Json, *, manager: str, annotations: Mapping[str, str] = EMPTY_MAP) -> Map:
        """Replace the status of an object, and set annotations beside it; nothing happens where all is equal."""
        old = self.need(key)
        if not annotations and old.get("status") == status:
            return old
        new = Map({**old, "status": freeze(status)})
        if annotations:
            noted = (get(old, "metadata", "annotations", default=None) or EMPTY_MAP) | dict(annotations)
            new = evolve(new, ("metadata", "annotations"), noted)
        return self._stored(key, old, new, manager, subresource="status")

    def bind(self, key: Key, node: str, status: Json, *, actor: str) -> Map:
        """Give a pod its node, and write the first status that it has there."""
        old = self.need(key)
        spec = Map({**old["spec"], "nodeName": node})
        return self._stored(key, old, Map({**old, "spec": spec, "status": freeze(status)}), actor)

    def patch_status(self, key: Key, patch: Json, *, manager: str) -> Map:
        """Merge into the status of an object (RFC 7396); nothing happens where nothing changes."""
        return self.write_status(key, merged(self.need(key).get("status", EMPTY_MAP), patch), manager=manager)

    def beat(self, key: Key, patch: Json) -> None:
        """Merge heartbeat fields into the status, unseen: no version, no watch, no log.

        For what every run that changes nothing writes (the time of the last scan): see docs/differences.md.
        """
        objects = self._objects[key.kind]
        old = objects.get(key)
        if old is not None:
            objects[key] = Map({**old, "status": merged(old.get("status", EMPTY_MAP), patch)})

    def delete(self, key: Key, *, manager: str | None = None, at_once: bool = False) -> None:
        """Delete an object, or mark it until its finalizers are gone; a pod waits for its node, a namespace for its content.

        `at_once` is for those two: the node has stopped the pod, the namespace is empty. What an object owns is the
        garbage collector's.
        """
        old, actor = self.need(key), manager or SERVER
        grace_s = 0 if at_once else _grace_s(key, old)
        held = not at_once and key.kind == NAMESPACE and get(old, "spec", "finalizers")
        if not held and not grace_s and not get(old, "metadata", "finalizers"):
            self._gone(key, old, actor)
        elif not get(old, "metadata", "deletionTimestamp"):
            at = self._clock.text_at(self._clock.now_ms + grace_s * SECOND)
            marked = objectmeta.dying(served(key.kind), old, at=at, grace_s=grace_s)
            if held:
                marked = evolve(marked, ("status", "phase"), "Terminating")
            self._stored(key, old, marked, actor)

    # -- Events, which their recorder keeps and logs

    def bring_late(self, kind: Kind, bring: Callable[[], None]) -> None:
        """Call `bring` before objects of that kind are read: it puts in what nobody has looked at so far."""
        self._late[kind] = bring

    def put_quietly(self, key: Key, obj: Map) -> None:
        """Put an object in as it is, told to nobody."""
        if key not in self._objects[key.kind]:
            self._sorted.pop(key.kind, None)
        self._objects[key.kind][key] = obj

    def drop_quietly(self, key: Key) -> None:
        """Take an object out, told to nobody."""
        if self._objects[key.kind].pop(key, None) is not None:
            self._sorted.pop(key.kind, None)

    def has(self, key: Key) -> bool:
        """Return whether the object was put in; what is still to be brought does not count."""
        return key in self._objects[key.kind]

    # -- the way of every write

    def _checked(self, obj: Json) -> tuple[Served, Key]:
        row = check_served(str(obj.get("kind", "")), str(obj.get("apiVersion", "")))
        metadata = obj.get("metadata") or EMPTY_MAP
        name = str(metadata.get("name") or "")
        if not name:
            raise Invalid.of(row.kind, "", [("metadata.name", "Required value: name or generateName is required")])
        namespace = str(metadata.get("namespace") or "") if row.namespaced else ""
        key = Key(row.kind, namespace, name)
        if row.namespaced and not namespace:
            raise Invalid.of(key.kind, key.name, [("metadata.namespace", "Required value")])
        if row.assumed:
            self.assumed.kinds.setdefault(key.kind, key)
        return row, key

    def _check_namespace(self, row: Served, key: Key) -> None:
        """Nothing new goes into a namespace that is not there, or that is on its way out."""
        if not row.namespaced:
            return
        namespace = self._objects[NAMESPACE].get(Key(NAMESPACE, "", key.namespace))
        if namespace is None:
            raise NotFound.of("namespaces", key.namespace)
        if get(namespace, "metadata", "deletionTimestamp"):
            text = f"unable to create new content in namespace {key.namespace} because it is being terminated"
            raise Forbidden(f'{row.resource} "{key.name}" is forbidden: {text}')

    def _born(self, row: Served, key: Key, obj: Map, *, actor: str, dry_run: bool) -> Map:
        uid = self._clock.uid(f"{key}#{self._version}")
        return self._stored(
            key, None, objectmeta.born(row, obj, uid=uid, now=self._clock.now_text()), actor, dry_run=dry_run
        )

    def _change(
        self,
        row: Served,
        key: Key,
        old: Map,
        new: Map,
        *,
        manager: str | None,
        actor: str,
        subresource: str = "",
        dry_run: bool,
    ) -> Map:
        if row.status and new.get("status") is not old.get("status"):
            new = Map({**new, "status": old["status"]}) if "status" in old else without(new, ("status",))
        new = objectmeta.continued(old, new)
        if manager is not None:
            check_shape(new, old)
        new = self._admit(new, old)
        if new == old:
            return old
        if manager is not None:
            new = managedfields.updated(old, new, manager=manager, subresource=subresource, now=self._clock.now_text())
        new = objectmeta.counted(row, old, new)
        actor = manager or actor
        released = get(old, "metadata", "finalizers") and not get(new, "metadata", "finalizers")
        if released and get(old, "metadata", "deletionTimestamp"):
            if not dry_run:
                self._gone(key, new, actor)
            return new
        return self._stored(key, old, new, actor, dry_run=dry_run, subresource=subresource)

    def _stored(
        self, key: Key, old: Json, new: Map, actor: str, *, dry_run: bool = False, subresource: str = ""
    ) -> Map:
        if dry_run:
            return new
        self._changes.coming()
        if old is not None:
            new = self._beaten(key, old, new)
        self._version += 1
        new = objectmeta.with_version(new, str(self._version))
        self._objects[key.kind][key] = new
        if old is None:
            self._sorted.pop(key.kind, None)
        self._index_owners(key, old, new)
        self._watches.tell(
            "created" if old is None else "modified", key, old, new, actor=actor, subresource=subresource
        )
        return new

    def _beaten(self, key: Key, old: Map, new: Map) -> Map:
        """Return the new object with the heartbeats that idle runs wrote only now, since something changes."""
        beaten = self._objects[key.kind].get(key, old)
        if beaten is old or new.get("status") is not old.get("status"):
            return new
        return Map({**new, "status": beaten["status"]})

    def _gone(self, key: Key, old: Map, actor: str) -> None:
        self._changes.coming()
        self._version += 1
        del self._objects[key.kind][key]
        self._sorted.pop(key.kind, None)
        self._index_owners(key, old, None)
        self._watches.tell("deleted", key, old, None, actor=actor, subresource="")

    def _index_owners(self, key: Key, old: Json, new: Json) -> None:
        before = old["metadata"].get("ownerReferences") if old is not None else None
        after = new["metadata"].get("ownerReferences") if new is not None else None
        if before is after or before == after:
            return
        for reference in before or ():
            owned = self._owned[reference["uid"]]
            owned.pop(key, None)
            if not owned:
                del self._owned[reference["uid"]]
        for reference in after or ():
            self._owned[reference["uid"]][key] = None


def _check_version(row: Served, key: Key, stored: Map, expected: str | None) -> None:
    if expected and expected != stored["metadata"]["resourceVersion"]:
        raise changed_meanwhile(row.resource, key)


def _grace_s(key: Key, obj: Map) -> int:
    """Return how long a pod that has a node and still runs gets to stop; nothing else gets time."""
    if key.kind != POD or not get(obj, "spec", "nodeName") or get(obj, "status", "phase") in ("Failed", "Succeeded"):
        return 0
    found: int = get(obj, "spec", "terminationGracePeriodSeconds", default=30)
    return found
