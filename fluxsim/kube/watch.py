"""Who is told of a change: every write becomes a logged event, and then a call of each watcher."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Literal, NamedTuple, TypeAlias

from fluxsim.formats.tree import Json
from fluxsim.kernel.log import Log
from fluxsim.kube.meta import Key, Kind

What: TypeAlias = Literal["created", "modified", "deleted"]


class Change(NamedTuple):
    """What a watcher is told: the event's number, what happened, the object before (None: created) and after (None: gone), who did it."""

    seq: int
    what: What
    key: Key
    old: Json
    new: Json
    actor: str


Watcher: TypeAlias = Callable[[Change], None]


class Watches:
    """The watchers of a store, and how often each kind has changed."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._by_kind: dict[Kind | None, list[Watcher]] = defaultdict(list)
        self._told: dict[Kind, tuple[Watcher, ...]] = {}
        self.revisions: dict[Kind, int] = defaultdict(int)

    def add(self, kind: Kind | None, watcher: Watcher) -> None:
        """Tell `watcher` of every change of that kind (None: of all kinds) from now on."""
        self._by_kind[kind].append(watcher)
        self._told.clear()

    def tell(self, what: What, key: Key, old: Json, new: Json, *, actor: str, subresource: str) -> None:
        """Log the change with the whole object, and call those who watch the kind, then those who watch all."""
        kind = key.kind
        self.revisions[kind] += 1
        data: dict[str, Json] = {"key": str(key), "kind": str(kind), "namespace": key.namespace, "name": key.name}
        if subresource:
            data["subresource"] = subresource
        if new is not None:
            data["object"] = new
        change = Change(self._log.append(f"api.{what}", actor, data).seq, what, key, old, new, actor)
        told = self._told.get(kind)
        if told is None:
            told = self._told[kind] = (*self._by_kind[kind], *self._by_kind[None])
        for watcher in told:
            watcher(change)
