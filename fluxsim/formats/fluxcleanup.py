"""What Flux removes from an object's metadata before it applies: traces of kubectl and of its own old ways.

Managers that stand for kubectl are folded into Flux's own, so that what they added and Git does not have goes away with
the apply that follows.
Source: fluxcd/pkg ssa v0.76.1 patch.go; kustomize-controller v1.9.4 internal/controller/kustomization_controller.go (apply).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fluxsim.formats.fieldmanagers import entries_in
from fluxsim.formats.fieldset import in_order, read, union
from fluxsim.formats.managedfields import updated
from fluxsim.formats.tree import Json, Map, Seq, evolve, get, without

GROUP = "kustomize.toolkit.fluxcd.io"

_ANNOTATIONS = ("kubectl.kubernetes.io/last-applied-configuration", f"{GROUP}/checksum", "fluxcd.io/sync-checksum")
_LABELS = ("fluxcd.io/sync-gc-mark",)


@dataclass(frozen=True, slots=True)
class Owner:
    """For whom objects are applied: the field manager and the Kustomization. `overridden` is --override-manager."""

    manager: str
    name: str
    namespace: str
    overridden: tuple[str, ...] = ()

    @property
    def labels(self) -> dict[str, str]:
        """The labels that tell to which Kustomization an object belongs."""
        return {f"{GROUP}/name": self.name, f"{GROUP}/namespace": self.namespace}

    def folds(self, entry: Json) -> bool:
        """Return whether a managedFields entry is to become this manager's: by the beginning of its name."""
        if entry.get("subresource"):
            return False
        name, operation = str(entry.get("manager", "")), entry.get("operation")
        if name.startswith(("kubectl", *self.overridden)):
            return operation in ("Apply", "Update")
        return operation == "Update" and name.startswith(("before-first-apply", self.manager))


def cleaned(live: Json, owner: Owner) -> Json:
    """Return the frozen object after the clean-up, `live` itself where there is nothing to clean."""
    new = live
    for field, names in (("annotations", _ANNOTATIONS), ("labels", _LABELS)):
        present: Mapping[str, str] = get(live, "metadata", field, default=None) or {}
        for name in names:
            if name in present:
                new = _without_name(new, field, name)
    entries = folded(entries_in(live), owner)
    if entries is not None:
        new = evolve(new, ("metadata", "managedFields"), entries)
    if new is live:
        return live
    # Only removals: nobody gains a field, so there is no time to write.
    return updated(live, new, manager=owner.manager, now="")


def _without_name(obj: Json, field: str, name: str) -> Json:
    obj = without(obj, ("metadata", field, name))
    return obj if obj["metadata"][field] else without(obj, ("metadata", field))


def folded(entries: Sequence[Json], owner: Owner) -> Seq | None:
    """Return managedFields with the foldable entries joined into the owner's apply, None where there are none.

    Without an apply of the owner the first of them becomes it.
    """
    if not any(owner.folds(entry) for entry in entries):
        return None
    mine: Json = None
    for entry in entries:
        if entry.get("manager") == owner.manager and entry.get("operation") == "Apply":
            mine = entry
    previous = mine
    kept: list[Json] = []
    for entry in entries:
        if entry is previous:
            continue
        if not owner.folds(entry):
            kept.append(entry)
        elif mine is None:
            mine = Map(entry | {"manager": owner.manager, "operation": "Apply"})
        else:
            joined = union(read(mine.get("fieldsV1")), read(entry.get("fieldsV1")))
            mine = Map(mine | {"fieldsV1": in_order(joined)})
    return Seq([*kept, mine])
