"""Applies the objects of a Kustomization to the API, stage by stage, and prunes what is no longer in Git.

Source: fluxcd/pkg ssa v0.76.1 (ApplyAllStaged, DeleteAll) as kustomize-controller v1.9.4 calls it. The rules are in
formats.fluxapply; here is the conversation with the API server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from fluxsim.formats import fluxapply, kstatus
from fluxsim.formats.fluxignore import IgnoreRules, InvalidIgnoreRule
from fluxsim.formats.fluxinventory import Entry, entry_of, stale
from fluxsim.formats.tree import Json, Map, get
from fluxsim.kernel.steps import Steps
from fluxsim.kernel.units import SECOND, Millis
from fluxsim.kube.clock import Clock
from fluxsim.kube.errors import ApiError, NoKindMatch
from fluxsim.kube.kinds import served
from fluxsim.kube.meta import Key, Kind, key_of
from fluxsim.kube.store import Store

STAGE_TIMEOUT_MS: Millis = 60 * SECOND
POLL_MS: Millis = 5 * SECOND
GONE_POLL_MS: Millis = 2 * SECOND


class ApplyFailed(Exception):
    """The API server refused an object; nothing of its stage and of later ones was applied."""


class Change(NamedTuple):
    """What happened to one object."""

    key: Key
    action: fluxapply.Action
    entry: dict[str, str]
    display: str


@dataclass(slots=True)
class Applied:
    """The change set of a run."""

    entries: list[Change] = field(default_factory=list[Change])
    pruned: list[str] = field(default_factory=list[str])

    @property
    def changed(self) -> bool:
        return any(entry.action in ("created", "configured", "deleted") for entry in self.entries)

    def lines(self) -> list[str]:
        """Return `Deployment/production/backend configured` for each object that changed."""
        return [
            f"{entry.display} {entry.action}"
            for entry in self.entries
            if entry.action in ("created", "configured", "deleted")
        ]

    def change_log(self) -> str:
        return "\n".join(self.lines())

    def inventory(self) -> list[dict[str, str]]:
        """Return the inventory entries in the order of application."""
        return [entry.entry for entry in self.entries]


class Applier:
    """Writes to the API as one field manager."""

    def __init__(self, store: Store, clock: Clock, *, manager: str) -> None:
        self._store = store
        self._clock = clock
        self._manager = manager

    def apply(
        self, objects: Iterable[Json], owner: fluxapply.Owner, spec: Json, applied: Applied, takes: Callable[[], Millis]
    ) -> Steps[None]:
        """Apply all objects; ApplyFailed at the first refusal. `applied` collects what was done, also before a failure."""
        try:
            options = fluxapply.Options(force=bool(spec.get("force")), ignore=IgnoreRules.of(spec.get("ignore")))
        except InvalidIgnoreRule as error:
            raise ApplyFailed(str(error)) from error
        for stage in fluxapply.plan(fluxapply.prepared(objects, owner, spec.get("commonMetadata"))):
            decisions: list[tuple[Json, fluxapply.Decision]] = []
            for obj in stage.objects:
                yield takes()
                decisions.append((obj, (yield from self._tried(obj, owner, options, applied))))
            for obj, decision in decisions:
                self._write(obj, decision, applied)
            if stage.waits:
                yield from self._established(stage.objects)

    def prune(
        self, old: Iterable[Mapping[str, str]], new: Iterable[Mapping[str, str]], owner: fluxapply.Owner
    ) -> list[str]:
        """Delete what is in the old inventory and not in the new one; return a line for each."""
        lines: list[str] = []
        for entry in reversed(stale(old, new)):
            key = key_of_entry(entry)
            live = self._store.get(key)
            action = fluxapply.prune_action(live, owner)
            if action == "deleted" and live is not None:
                self._store.delete(key, manager=self._manager)
            lines.append(f"{entry.id.display} {action}")
        return lines

    def _tried(
        self, obj: Json, owner: fluxapply.Owner, options: fluxapply.Options, applied: Applied
    ) -> Steps[fluxapply.Decision]:
        """Dry-run one object; one that cannot be changed so is deleted first where force says so."""
        live = self._live(obj)
        try:
            return fluxapply.decide(obj, live, owner, options, dry_run=self._dry_run)
        except ApiError as error:
            if not fluxapply.recreates(obj, live, options, reason=error.reason, message=error.message):
                raise ApplyFailed(refusal(obj, error)) from error
        yield from self._removed(obj, applied)
        try:
            return fluxapply.decide(obj, None, owner, options, dry_run=self._dry_run)
        except ApiError as error:
            raise ApplyFailed(refusal(obj, error)) from error

    def _dry_run(self, obj: Json) -> Json:
        return self._store.apply(obj, manager=self._manager, force=True, dry_run=True)

    def _removed(self, obj: Json, applied: Applied) -> Steps[None]:
        key = self._key(obj)
        self._store.delete(key, manager=self._manager)
        applied.entries.append(Change(key, "deleted", entry_of(obj), fluxapply.InventoryId.of(obj).display))
        deadline = self._clock.now_ms + STAGE_TIMEOUT_MS
        while self._store.get(key) is not None and self._clock.now_ms < deadline:
            yield GONE_POLL_MS

    def _write(self, obj: Json, decision: fluxapply.Decision, applied: Applied) -> None:
        key = self._key(obj)
        if decision.patched is not None:
            self._store.take_over(key, decision.patched, manager=self._manager)
        if decision.object is not None:
            try:
                self._store.apply(decision.object, manager=self._manager, force=True)
            except ApiError as error:
                display = fluxapply.InventoryId.of(obj).display
                raise ApplyFailed(f"{display} apply failed: {error.message}") from error
        applied.entries = [entry for entry in applied.entries if entry.key != key]
        applied.entries.append(Change(key, decision.action, entry_of(obj), fluxapply.InventoryId.of(obj).display))

    def _established(self, objects: Iterable[Json]) -> Steps[None]:
        """Wait until definitions, namespaces and classes are there for the next stage, a minute at most."""
        deadline = self._clock.now_ms + STAGE_TIMEOUT_MS
        keys = [self._key(obj) for obj in objects]
        while not all(self._is_current(key) for key in keys) and self._clock.now_ms < deadline:
            yield POLL_MS

    def _is_current(self, key: Key) -> bool:
        obj = self._store.get(key)
        if obj is None:
            return False
        if key.kind.name == "CustomResourceDefinition" and not get(obj, "status", "conditions"):
            return True
        return kstatus.status_of(obj, now_ms=self._clock.epoch_ms + self._clock.now_ms).status == "Current"

    def _live(self, obj: Json) -> Map | None:
        found: Map | None = self._store.get(self._key(obj))
        return found

    def _key(self, obj: Json) -> Key:
        key = key_of(obj)
        return key if served(key.kind).namespaced else key._replace(namespace="")


def refusal(obj: Json, error: ApiError) -> str:
    """Return what is said of an object that the API server refuses in the dry run."""
    status = {"message": error.message} if isinstance(error, NoKindMatch) else error.status()
    return fluxapply.dry_run_error(obj, status)


def key_of_entry(entry: Entry) -> Key:
    """Return the key of an inventory entry."""
    return Key(Kind(entry.id.kind, entry.id.group), entry.id.namespace, entry.id.name)
