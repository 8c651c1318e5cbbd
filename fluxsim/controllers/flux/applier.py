"""Applies the objects of a Kustomization to the API, stage by stage, and prunes what is no longer in Git.

Source: fluxcd/pkg ssa v0.76.1 (ApplyAllStaged, DeleteAll) as kustomize-controller v1.9.4 calls it. The rules are in
formats.fluxapply; here is the conversation with the API server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from fluxsim.controllers.flux.applyplan import Item, Plans
from fluxsim.formats import fluxapply, kstatus
from fluxsim.formats.fluxignore import InvalidIgnoreRule
from fluxsim.formats.fluxinventory import Entry, stale
from fluxsim.formats.tree import Json, get
from fluxsim.kernel.steps import Steps
from fluxsim.kernel.units import SECOND, Millis
from fluxsim.kube.clock import Clock
from fluxsim.kube.errors import ApiError, NoKindMatch
from fluxsim.kube.kinds import served
from fluxsim.kube.meta import Key, Kind
from fluxsim.kube.store import Store

STAGE_TIMEOUT_MS: Millis = 60 * SECOND
POLL_MS: Millis = 5 * SECOND
GONE_POLL_MS: Millis = 2 * SECOND

NO_SUCH_PATH = {"reason": "NotFound", "code": 404, "message": "the server could not find the requested resource"}
"""What the API server says where a namespaced kind is asked for without a namespace."""


class ApplyFailed(Exception):
    """The API server refused an object; nothing of its stage and of later ones was applied."""


class Change(NamedTuple):
    """What happened to one object."""

    key: Key
    action: fluxapply.Action
    entry: Mapping[str, str]
    display: str


class Pruned(NamedTuple):
    """What became of an object that is no longer in Git; `line` as the event has it."""

    key: Key
    action: Literal["deleted", "skipped"]
    line: str


_NEWS = ("created", "configured", "deleted")


@dataclass(slots=True)
class Applied:
    """The change set of a run: what happened to each object, in the order of application."""

    changes: dict[Key, Change] = field(default_factory=dict[Key, Change])
    pruned: list[str] = field(default_factory=list[str])

    def add(self, item: Item, action: fluxapply.Action) -> None:
        """Note what happened; what was noted of the object before, its deletion, is forgotten."""
        self.changes.pop(item.key, None)
        self.changes[item.key] = Change(item.key, action, item.entry, item.display)

    @property
    def changed(self) -> bool:
        return any(change.action in _NEWS for change in self.changes.values())

    def lines(self) -> list[str]:
        """Return `Deployment/production/backend configured` for each object that changed."""
        return [f"{change.display} {change.action}" for change in self.changes.values() if change.action in _NEWS]

    def change_log(self) -> str:
        return "\n".join(self.lines())

    def inventory(self) -> list[Mapping[str, str]]:
        """Return the inventory entries in the order of application."""
        return [change.entry for change in self.changes.values()]


class Applier:
    """Writes to the API as one field manager."""

    def __init__(self, store: Store, clock: Clock, *, manager: str) -> None:
        self._store = store
        self._clock = clock
        self._manager = manager
        self._plans = Plans()

    def apply(
        self,
        objects: Sequence[Json],
        owner: fluxapply.Owner,
        spec: Json,
        applied: Applied,
        takes: Callable[[], Millis],
    ) -> Steps[None]:
        """Apply all objects; ApplyFailed at the first refusal. `applied` collects what was done, also before a failure."""
        try:
            plan = self._plans.of(objects, owner, spec)
        except InvalidIgnoreRule as error:
            raise ApplyFailed(str(error)) from error
        for stage in plan.stages:
            decisions: list[tuple[Item, fluxapply.Decision]] = []
            for item in stage.items:
                yield takes()
                live = self._store.get(item.key)
                decision = plan.settled_on(item, live)
                if decision is None:
                    decision = yield from self._tried(item, live, owner, plan.options, applied)
                    plan.settle(item, live, decision)
                decisions.append((item, decision))
            for item, decision in decisions:
                self._write(item, decision, applied)
            if stage.waits:
                yield from self._established(stage.items)

    def prune(
        self, old: Sequence[Mapping[str, str]], new: Sequence[Mapping[str, str]], owner: fluxapply.Owner
    ) -> list[Pruned]:
        """Delete what is in the old inventory and not in the new one; return what became of each."""
        if old == new:
            return []
        found: list[Pruned] = []
        for entry in reversed(stale(old, new)):
            key = key_of_entry(entry)
            live = self._store.get(key)
            action = fluxapply.prune_action(live, owner)
            if action == "deleted" and live is not None:
                self._store.delete(key, manager=self._manager)
            found.append(Pruned(key, action, f"{entry.id.display} {action}"))
        return found

    def _tried(
        self, item: Item, live: Json, owner: fluxapply.Owner, options: fluxapply.Options, applied: Applied
    ) -> Steps[fluxapply.Decision]:
        """Dry-run one object; one that cannot be changed so is deleted first where force says so."""
        if served(item.key.kind).namespaced and not item.key.namespace:
            raise ApplyFailed(fluxapply.dry_run_error(item.object, NO_SUCH_PATH))
        try:
            return fluxapply.decide(item.object, live, owner, options, dry_run=self._dry_run)
        except ApiError as error:
            if not fluxapply.recreates(item.object, live, options, reason=error.reason, message=error.message):
                raise ApplyFailed(refusal(item.object, error)) from error
        yield from self._removed(item, applied)
        try:
            return fluxapply.decide(item.object, None, owner, options, dry_run=self._dry_run)
        except ApiError as error:
            raise ApplyFailed(refusal(item.object, error)) from error

    def _dry_run(self, obj: Json) -> Json:
        return self._store.apply(obj, manager=self._manager, force=True, dry_run=True)

    def _removed(self, item: Item, applied: Applied) -> Steps[None]:
        self._store.delete(item.key, manager=self._manager)
        applied.add(item, "deleted")
        deadline = self._clock.now_ms + STAGE_TIMEOUT_MS
        while self._store.get(item.key) is not None and self._clock.now_ms < deadline:
            yield GONE_POLL_MS

    def _write(self, item: Item, decision: fluxapply.Decision, applied: Applied) -> None:
        if decision.patched is not None:
            self._store.replace(self._store.need(item.key), decision.patched, actor=self._manager)
        if decision.object is not None:
            try:
                self._store.apply(decision.object, manager=self._manager, force=True)
            except ApiError as error:
                raise ApplyFailed(f"{item.display} apply failed: {error.message}") from error
        applied.add(item, decision.action)

    def _established(self, items: Iterable[Item]) -> Steps[None]:
        """Wait until definitions, namespaces and classes are there for the next stage, a minute at most."""
        deadline = self._clock.now_ms + STAGE_TIMEOUT_MS
        keys = [item.key for item in items]
        while not all(self._is_current(key) for key in keys) and self._clock.now_ms < deadline:
            yield POLL_MS

    def _is_current(self, key: Key) -> bool:
        obj = self._store.get(key)
        if obj is None:
            return False
        if key.kind.name == "CustomResourceDefinition" and not get(obj, "status", "conditions"):
            return True
        return kstatus.status_of(obj, now_ms=self._clock.epoch_ms + self._clock.now_ms).status == "Current"


def refusal(obj: Json, error: ApiError) -> str:
    """Return what is said of an object that the API server refuses in the dry run."""
    status = {"message": error.message} if isinstance(error, NoKindMatch) else error.status()
    return fluxapply.dry_run_error(obj, status)


def key_of_entry(entry: Entry) -> Key:
    """Return the key of an inventory entry."""
    return Key(Kind(entry.id.kind, entry.id.group), entry.id.namespace, entry.id.name)
