"""Server-side apply, and the ownership that every other write leaves behind, as pure functions.

Objects go in as stored (frozen) or ordinary trees and come out frozen, with metadata.managedFields; what does not
change is shared, and an apply that changes nothing gives the stored object itself.
Source: k8s.io/apimachinery (2026-07) pkg/util/managedfields/internal, structured-merge-diff v6 merge/update.go.
"""

from __future__ import annotations

from fluxsim.formats import lastapplied
from fluxsim.formats.appliedconfig import (
    NEVER_OWNED,
    AppliedConfig,
    SchemaError,
    check_config,
    read_config,
    says_nothing_new,
)
from fluxsim.formats.byidentity import ByIdentity
from fluxsim.formats.fieldmanagers import (
    Conflict,
    Manager,
    Managers,
    Owned,
    applier,
    capped,
    conflict_text,
    conflicts_of,
    entries_in,
    entries_of,
    managers_of,
    updater,
    with_entries,
)
from fluxsim.formats.fieldset import EMPTY, FieldSet, difference, intersection, is_empty, union
from fluxsim.formats.listtypes import ANY, Type, type_of
from fluxsim.formats.tree import Json, Map, Seq, freeze, get
from fluxsim.formats.tree import without as without_path
from fluxsim.formats.typedcompare import Comparison, compared
from fluxsim.formats.typedmerge import merged
from fluxsim.formats.typedtree import ABSENT, NoKey, field_set, with_named, without

__all__ = ["BEFORE_FIRST_APPLY", "ApplyConflict", "SchemaError", "apply", "merged_by", "updated"]

BEFORE_FIRST_APPLY = "before-first-apply"
"""Who owns what an object had when nobody was recorded and somebody applied."""


class ApplyConflict(Exception):
    """An apply without force would change fields of others. `message` is the API server's."""

    def __init__(self, conflicts: tuple[Conflict, ...]) -> None:
        self.conflicts = conflicts
        self.message = conflict_text(conflicts)
        super().__init__(self.message)


_APPLIED_MAX = 2048
_applies: ByIdentity[Json] = ByIdentity(_APPLIED_MAX)
"""Flux tries each object before it applies it, and every world of a process begins with the same ones."""


def apply(live: Json | None, config: Json, *, manager: str, force: bool, now: str) -> Json:
    """Return the object after `manager` applied `config`; `live` itself where nothing changes.

    Raises ApplyConflict (never with `force`) and SchemaError. Nulls in an object of a known kind are dropped as the
    server does when it reads the result into its structs.
    """
    known = _applies.find((live, config), manager, force, now)
    if known is not None:
        return known
    return _applies.add(_apply(live, config, manager, now, force=force), (live, config), manager, force, now)


def _apply(live: Json | None, config: Json, manager: str, now: str, *, force: bool) -> Json:
    type_ = type_of(config.get("apiVersion", ""), config.get("kind", ""))
    read = read_config(config, type_)
    if live is not None and manager != lastapplied.MANAGER and says_nothing_new(live, read, manager, type_):
        return live
    check_config(read, type_)
    before = live
    if live is not None and not entries_in(live):
        before = _first_recorded(live, type_, now)
    try:
        applied = _applied(before, read, type_, manager, force=force, now=now)
    except ApplyConflict as conflict:
        if manager != lastapplied.MANAGER or live is None:
            raise
        left = _not_forgiven(conflict, live, type_)
        if left:
            raise ApplyConflict(left) from conflict
        applied = _applied(before, read, type_, manager, force=True, now=now)
    if manager == lastapplied.MANAGER:
        applied = lastapplied.rewritten(applied, read.object)
    if type_ is not ANY:
        applied = _without_nulls(applied)
    return live if live is not None and _same_but_times(live, applied) else applied


def merged_by(live: Json | None, config: Json, *, manager: str, force: bool, now: str) -> Json:
    """Return what `apply` makes before the server's own doing: the plain result of the merge library.

    A struct that lost all its fields is null, what nobody was recorded for stays nobody's, and there are no favours for kubectl.
    """
    type_ = type_of(config.get("apiVersion", ""), config.get("kind", ""))
    read = read_config(config, type_)
    check_config(read, type_)
    return _applied(live, read, type_, manager, force=force, now=now)


def updated(live: Json | None, new: Json, *, manager: str, subresource: str = "", now: str) -> Json:
    """Return `new` with the ownership that follows from `manager` having written it over `live` (None: created it).

    The writer gains what it changed or added, all others lose what was changed or removed. managedFields in `new` count
    as the new truth, as a patch of them means; an empty list resets them. An object that nobody was recorded for stays so.
    """
    old = managers_of(live) if live is not None else {}
    managers = old if subresource else _given(new, old)
    new = freeze(without_path(new, ("metadata", "managedFields")))
    if not managers and live is not None and get(live, "metadata", "uid"):
        return new
    type_ = type_of(new.get("apiVersion", ""), new.get("kind", ""))
    bare = ABSENT if live is None else without_path(live, ("metadata", "managedFields"))
    writer = updater(manager, new.get("apiVersion", ""), subresource)
    try:
        managers = _after_update(bare, new, type_, managers, writer, now)
    except NoKey:
        # The server keeps the ownership it has rather than refuse the write.
        return new if live is None else with_entries(new, entries_in(live))
    return with_entries(new, _shared(entries_of(capped(managers)), live))


def _given(new: Json, old: Managers) -> Managers:
    stated = get(new, "metadata", "managedFields")
    if stated is not None and (not stated or list(stated) == [{}]):
        return {}
    return managers_of(new) or old


def _shared(entries: Seq, live: Json | None) -> Seq:
    """Return the entries, the stored list itself where all of them are the stored ones."""
    if live is None:
        return entries
    old = entries_in(live)
    return old if len(old) == len(entries) and all(map(lambda one, other: one is other, old, entries)) else entries


# -- the merge


def _first_recorded(live: Json, type_: Type, now: str) -> Json:
    """Return an object that nobody was recorded for with all its fields owned by whoever was there before."""
    writer = updater(BEFORE_FIRST_APPLY, live.get("apiVersion", ""))
    return with_entries(live, entries_of(_after_update(ABSENT, live, type_, {}, writer, now)))


def _applied(live: Json | None, config: AppliedConfig, type_: Type, manager: str, *, force: bool, now: str) -> Json:
    who = applier(manager)
    managers = managers_of(live) if live is not None else {}
    bare = ABSENT if live is None else without_path(live, ("metadata", "managedFields"))
    last = managers.get(who)
    new = merged(bare, config.object, type_)
    mine = Owned(config.fields, config.object.get("apiVersion", ""), last.time if last is not None else "")
    if last is not None and not is_empty(last.fields) and last.fields != config.owned:
        new = _pruned(new, {**managers, who: mine}, last.fields, type_)
    comparison = compared(bare, new, type_)
    managers = _after_change(managers, comparison, who, force=force)
    time = now if comparison != _NO_DIFFERENCE else mine.time
    kept = last is not None and last.fields == config.owned
    fields = last.fields if kept and last is not None else config.owned
    managers[who] = Owned(fields, mine.api_version, time, last.entry if last is not None else None)
    return with_entries(freeze(new), _shared(entries_of(managers), live))


_NO_DIFFERENCE = Comparison(EMPTY, EMPTY, EMPTY)


def _after_change(managers: Managers, comparison: Comparison, writer: Manager, *, force: bool) -> Managers:
    """Return the managers after the change, without the writer's own new fields. Raises ApplyConflict."""
    if comparison == _NO_DIFFERENCE:
        return dict(managers)
    written = union(comparison.modified, comparison.added)
    contested: dict[Manager, FieldSet] = {}
    out: Managers = {}
    for manager, owned in managers.items():
        if manager == writer:
            out[manager] = owned
            continue
        lost = intersection(owned.fields, written)
        if not is_empty(lost):
            contested[manager] = lost
        left = difference(difference(owned.fields, lost), comparison.removed)
        if not is_empty(left):
            out[manager] = owned if left == owned.fields else owned._replace(fields=left)
    if contested and not force:
        raise ApplyConflict(conflicts_of(contested))
    return out


def _after_update(bare: Json, new: Json, type_: Type, managers: Managers, writer: Manager, now: str) -> Managers:
    comparison = compared(bare, new, type_)
    # The operation in progress is a manager of its own: what the writer owned before can be lost to it, too.
    out = _after_change(managers, comparison, Manager("", "Update"), force=True)
    gained = difference(union(comparison.modified, comparison.added), NEVER_OWNED)
    if is_empty(gained):
        return out
    before = out.get(writer)
    fields = gained if before is None else union(before.fields, gained)
    out[writer] = Owned(fields, writer.api_version, now, before.entry if before is not None else None)
    return out


def _pruned(new: Json, managers: Managers, last: FieldSet, type_: Type) -> Json:
    """Return the merged object without what this manager applied last time, does not now, and nobody else owns."""
    named_last = with_named(last, type_)
    cut = without(new, named_last, type_)
    owned: FieldSet = EMPTY
    for manager in managers.values():
        owned = union(owned, manager.fields)
    all_fields = with_named(field_set(new, type_), type_)
    keep = union(with_named(field_set(cut, type_), type_), with_named(owned, type_))
    cut = without(new, difference(all_fields, keep), type_)
    # What nobody owns, or only updaters, and what this manager never had, comes back.
    gone = difference(all_fields, with_named(field_set(cut, type_), type_))
    return without(new, intersection(gone, named_last), type_)


def _not_forgiven(conflict: ApplyConflict, live: Json, type_: Type) -> tuple[Conflict, ...]:
    """Return the conflicts that the last-applied annotation of client-side apply does not explain."""
    forgiven = lastapplied.forgiven(live, type_)
    return tuple(one for one in conflict.conflicts if one.field not in forgiven)


# -- the stored object


def _same_but_times(live: Json, new: Json) -> bool:
    """Return whether only the times in managedFields differ: such a write is none."""
    if new is live:
        return True
    if without_path(live, ("metadata", "managedFields")) != without_path(new, ("metadata", "managedFields")):
        return False
    return _timeless(entries_in(live)) == _timeless(entries_in(new))


def _timeless(entries: Seq) -> list[Json]:
    return sorted(
        ({key: value for key, value in entry.items() if key != "time"} for entry in entries),
        key=lambda entry: (
            entry.get("manager", ""),
            entry["operation"],
            entry.get("subresource", ""),
            entry["apiVersion"],
        ),
    )


def _without_nulls(tree: Json) -> Json:
    """Return the frozen tree without keys that stand for null, shared where there are none."""
    if isinstance(tree, dict):
        changed: dict[str, Json] = {}
        for key, item in tree.items():
            if item is None:
                changed[key] = None
            elif isinstance(item, dict | list):
                kept = _without_nulls(item)
                if kept is not item:
                    changed[key] = kept
        if not changed:
            return tree
        return Map({key: item for key, item in {**tree, **changed}.items() if item is not None})
    if isinstance(tree, list):
        items = [_without_nulls(item) if isinstance(item, dict | list) else item for item in tree]
        return tree if all(map(lambda one, other: one is other, items, tree)) else Seq(items)
    return tree
