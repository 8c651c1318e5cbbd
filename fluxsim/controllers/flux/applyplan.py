"""What a Kustomization applies, laid out once: a run on the same build and the same spec takes the layout of the last.

Flux works all of this out anew in every run. It depends on nothing but the build and the spec, which are frozen here and
so are compared by identity.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from fluxsim.formats import fluxapply
from fluxsim.formats.fluxignore import IgnoreRules
from fluxsim.formats.fluxinventory import entry_of
from fluxsim.formats.tree import Json, Map
from fluxsim.kube.kinds import served
from fluxsim.kube.meta import Key, key_of


class Item(NamedTuple):
    """An object as it is applied, with its names: the key, the inventory's entry, and how messages show it."""

    object: Json
    key: Key
    entry: Mapping[str, str]
    display: str


class Stage(NamedTuple):
    """Items that are tried and applied together; `waits` tells whether they must be ready before the next stage."""

    items: tuple[Item, ...]
    waits: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """All stages of a run and the options under which they are applied."""

    objects: Sequence[Json]
    spec: Json
    options: fluxapply.Options
    stages: tuple[Stage, ...]
    _settled: dict[Key, tuple[Json, fluxapply.Decision]] = field(
        default_factory=dict[Key, tuple[Json, fluxapply.Decision]]
    )

    def settled_on(self, item: Item, live: Json) -> fluxapply.Decision | None:
        """Return what was decided before on this stored object, whatever its status, where that was to write nothing."""
        known = self._settled.get(item.key)
        return known[1] if known is not None and _same_but_status(known[0], live) else None

    def settle(self, item: Item, live: Json, decision: fluxapply.Decision) -> None:
        """Remember a decision that asks for no write: the same one follows while the stored object stays."""
        if live is not None and decision.object is None and decision.patched is None:
            self._settled[item.key] = (live, decision)


class Plans:
    """The last plan of each Kustomization."""

    def __init__(self) -> None:
        self._plans: dict[fluxapply.Owner, Plan] = {}

    def of(self, objects: Sequence[Json], owner: fluxapply.Owner, spec: Json) -> Plan:
        """Return the plan; InvalidIgnoreRule where spec.ignore has one."""
        known = self._plans.get(owner)
        if known is not None and known.objects is objects and known.spec is spec:
            return known
        options = fluxapply.Options(force=bool(spec.get("force")), ignore=IgnoreRules.of(spec.get("ignore")))
        prepared = fluxapply.prepared(objects, owner, spec.get("commonMetadata"))
        stages = tuple(
            Stage(tuple(_item(obj) for obj in stage.objects), stage.waits) for stage in fluxapply.plan(prepared)
        )
        found = self._plans[owner] = Plan(objects, spec, options, stages)
        return found


def _same_but_status(one: Json, other: Json) -> bool:
    """Return whether nothing but the status was written since: what is applied and who owns it are the very same values."""
    if one is other:
        return True
    if other is None or one.keys() - {"status"} != other.keys() - {"status"}:
        return False
    before, after = one["metadata"], other["metadata"]
    return (
        all(value is other[name] for name, value in one.items() if name not in ("status", "metadata"))
        and before.keys() == after.keys()
        and all(value is after[name] for name, value in before.items() if name != "resourceVersion")
    )


def _item(obj: Json) -> Item:
    return Item(obj, key_of_object(obj), Map(entry_of(obj)), fluxapply.InventoryId.of(obj).display)


def key_of_object(obj: Json) -> Key:
    """Return under which key the API server has an object; one of a cluster-scoped kind may name a namespace."""
    key = key_of(obj)
    return key if served(key.kind).namespaced else key._replace(namespace="")
