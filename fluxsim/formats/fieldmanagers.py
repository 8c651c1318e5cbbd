"""Who owns which fields of an object: metadata.managedFields read and written, and conflicts told.

Source: k8s.io/apimachinery (2026-07) pkg/util/managedfields/internal/{managedfields,conflict,capmanagers}.go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

from fluxsim.formats.fieldset import FieldSet, in_order, is_empty, path_text, paths, read, union
from fluxsim.formats.gotext import quoted
from fluxsim.formats.tree import EMPTY_SEQ, Json, Map, Seq, evolve, get, without

Operation: TypeAlias = Literal["Apply", "Update"]

UPDATE_MANAGERS_MAX = 10
"""More entries of updates than these are joined, oldest first, into one of the manager `ancient-changes`."""

_OLD_UPDATES = "ancient-changes"


class Manager(NamedTuple):
    """Who owns fields: an entry's identity. Updates in two API versions are two managers, applies are one."""

    name: str
    operation: Operation
    api_version: str = ""
    subresource: str = ""

    @property
    def text(self) -> str:
        """The manager as conflicts name it: `"kubectl" with subresource "scale" using apps/v1`."""
        where = f" with subresource {quoted(self.subresource)}" if self.subresource else ""
        how = f" using {self.api_version}" if self.operation == "Update" else ""
        return quoted(self.name) + where + how

    @property
    def rank(self) -> tuple[str, ...]:
        """Order among the managers of a conflict: the quote ends the name as in the library's identifiers."""
        return (f'{self.name}"', self.operation, self.api_version, self.subresource)


class Owned(NamedTuple):
    """What a manager owns. `entry` is the managedFields entry it was read from, None for a new one."""

    fields: FieldSet
    api_version: str
    time: str = ""
    entry: Json = None


Managers: TypeAlias = dict[Manager, Owned]


class Conflict(NamedTuple):
    """A field that an apply would change though another manager owns it; `field` is `.spec.replicas`."""

    manager: Manager
    field: str


def applier(name: str) -> Manager:
    """Return who applies under that name."""
    return Manager(name or "unknown", "Apply")


def updater(name: str, api_version: str, subresource: str = "") -> Manager:
    """Return who updates under that name."""
    return Manager(name or "unknown", "Update", api_version, subresource)


def conflicts_of(contested: Mapping[Manager, FieldSet]) -> tuple[Conflict, ...]:
    """Return a conflict for each contested field, in order of managers and fields."""
    return tuple(
        Conflict(manager, path_text(path))
        for manager in sorted(contested, key=lambda manager: manager.rank)
        for path in paths(contested[manager])
    )


def conflict_text(conflicts: Sequence[Conflict]) -> str:
    """Tell conflicts, which are in order of their managers, as the API server does."""
    if len(conflicts) == 1:
        return f"Apply failed with 1 conflict: conflict with {conflicts[0].manager.text}: {conflicts[0].field}"
    lines: list[str] = []
    for at, (manager, field) in enumerate(conflicts):
        if at == 0 or conflicts[at - 1].manager != manager:
            lines.append(f"conflicts with {manager.text}:")
        lines.append(f"- {field}")
    return f"Apply failed with {len(conflicts)} conflicts: " + "\n".join(lines)


# -- metadata.managedFields


def managers_of(obj: Json) -> Managers:
    """Read the managers of an object; entries that the server would not accept count as none at all."""
    found: Managers = {}
    for entry in get(obj, "metadata", "managedFields", default=None) or ():
        if not _readable(entry):
            return {}
        update = entry["operation"] == "Update"
        manager = Manager(
            entry.get("manager", ""),
            entry["operation"],
            entry["apiVersion"] if update else "",
            entry.get("subresource", ""),
        )
        found[manager] = Owned(read(entry.get("fieldsV1")), entry["apiVersion"], entry.get("time") or "", entry)
    return found


def _readable(entry: Json) -> bool:
    return (
        isinstance(entry, Mapping)
        and entry.get("operation") in ("Apply", "Update")
        and bool(entry.get("apiVersion"))
        and entry.get("fieldsType") == "FieldsV1"
    )


def entries_of(managers: Managers) -> Seq:
    """Write the managers as managedFields: applies first, then by time, name, version and subresource."""
    ordered = sorted(managers.items(), key=_place)
    return Seq([_entry(manager, owned) for manager, owned in ordered if not is_empty(owned.fields)])


def _place(item: tuple[Manager, Owned]) -> tuple[str, ...]:
    manager, owned = item
    return (manager.operation, owned.time, manager.name, owned.api_version, manager.subresource)


def _entry(manager: Manager, owned: Owned) -> Map:
    old = owned.entry
    if (
        type(old) is Map
        and old.get("fieldsV1") is owned.fields
        and (old.get("time") or "") == owned.time
        and old["apiVersion"] == owned.api_version
    ):
        return old
    entry: dict[str, Json] = {
        "manager": manager.name,
        "operation": manager.operation,
        "apiVersion": owned.api_version,
        "time": owned.time,
        "fieldsType": "FieldsV1",
        "fieldsV1": in_order(owned.fields),
        "subresource": manager.subresource,
    }
    return Map({key: value for key, value in entry.items() if value or key == "fieldsV1"})


def with_entries(obj: Json, entries: Seq) -> Json:
    """Return the frozen object with these managedFields; none leaves the field out."""
    if not entries:
        return without(obj, ("metadata", "managedFields"))
    return evolve(obj, ("metadata", "managedFields"), entries)


def entries_in(obj: Json) -> Seq:
    """Return the managedFields of an object as they are."""
    found: Seq = get(obj, "metadata", "managedFields", default=None) or EMPTY_SEQ
    return found


def capped(managers: Managers) -> Managers:
    """Return the managers with the oldest updates joined, so that not too many are left."""
    updates = [manager for manager in managers if manager.operation == "Update"]
    too_many = len(updates) - UPDATE_MANAGERS_MAX
    if too_many <= 0:
        return managers
    updates.sort(key=lambda manager: (managers[manager].time, manager.rank))
    out = dict(managers)
    first: dict[str, Manager] = {}
    for manager in updates:
        if too_many <= 0:
            break
        owned = managers[manager]
        bucket = updater(_OLD_UPDATES, owned.api_version)
        if owned.api_version not in first:
            first[owned.api_version] = manager
            continue
        if bucket not in out:
            out[bucket] = out.pop(first[owned.api_version])
        if manager != bucket:
            joined = union(owned.fields, out[bucket].fields)
            out[bucket] = Owned(joined, owned.api_version, owned.time)
            del out[manager]
        too_many -= 1
    return out
