"""How kustomize-controller applies objects: in which stages, which it leaves alone, which need no write at all.

The write itself is the caller's: `decide` says what to do with one object, given what the API server would make of it.
Source: fluxcd/pkg ssa v0.76.1 manager_apply.go, manager_diff.go, manager_delete.go, utils/{is,meta}.go, errors;
kustomize-controller v1.9.4 internal/controller/kustomization_controller.go (apply, deleteObjects).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from fluxsim.formats.fluxcleanup import GROUP, Owner, cleaned
from fluxsim.formats.fluxignore import NO_RULES, IgnoreRules
from fluxsim.formats.fluxinventory import InventoryId
from fluxsim.formats.managedfields import apply
from fluxsim.formats.nativekinds import is_definition, normalised
from fluxsim.formats.tree import EMPTY_MAP, Json, Map, evolve, freeze, get, merged

__all__ = [
    "Decision",
    "InventoryId",
    "Options",
    "Owner",
    "Stage",
    "any_in_metadata",
    "cleaned",
    "decide",
    "dry_run_error",
    "is_immutable",
    "plan",
    "prepared",
    "prune_action",
    "recreates",
]

Action: TypeAlias = Literal["created", "configured", "unchanged", "skipped", "deleted"]

_LEFT_ALONE = {f"{GROUP}/reconcile": "disabled", f"{GROUP}/ssa": "Ignore"}
_ONLY_CREATED = {f"{GROUP}/ssa": "IfNotPresent"}
_NOT_CLEANED = {f"{GROUP}/ssa": "Merge"}
_FORCED = {f"{GROUP}/force": "enabled"}
_NOT_PRUNED = {f"{GROUP}/prune": "disabled", **_LEFT_ALONE}


# -- before anything is applied


def prepared(objects: Iterable[Json], owner: Owner, common: Mapping[str, Json] | None = None) -> list[Map]:
    """Return the objects as they are applied: owner labels, Go's form of native kinds, then spec.commonMetadata.

    Roles keep their form, since the form of an empty rule list would be another.
    """
    return [_prepared(obj, owner, common or EMPTY_MAP) for obj in objects]


_PREPARED_MAX = 2048
_known: dict[tuple[int, Owner], tuple[Json, Mapping[str, Json], Map]] = {}
"""Frozen objects with what they were prepared to, by identity: a build that is the same gives the same objects again."""


def _prepared(obj: Json, owner: Owner, common: Mapping[str, Json]) -> Map:
    known = _known.get((id(obj), owner))
    if known is not None and known[0] is obj and known[1] == common:
        return known[2]
    labelled = merged(freeze(obj), {"metadata": {"labels": owner.labels}})
    role = obj.get("apiVersion") == "rbac.authorization.k8s.io/v1" and obj.get("kind") in ("Role", "ClusterRole")
    done: Map = _with_common(labelled if role else normalised(labelled), common)
    if type(obj) is Map:
        if len(_known) >= _PREPARED_MAX:
            _known.clear()
        _known[id(obj), owner] = (obj, common, done)
    return done


def _with_common(obj: Map, common: Mapping[str, Json]) -> Map:
    for field in ("labels", "annotations"):
        given: Mapping[str, str] = common.get(field) or {}
        if given:
            known: Mapping[str, str] = get(obj, "metadata", field, default=None) or {}
            obj = evolve(obj, ("metadata", field), {**known, **given})
    return obj


class Stage(NamedTuple):
    """Objects that are tried and applied together, in order; `waits` tells whether they must be ready before the next."""

    objects: tuple[Json, ...]
    waits: bool


def plan(objects: Iterable[Json], custom_kinds: Collection[tuple[str, str]] = ()) -> list[Stage]:
    """Return the stages: definitions, classes, `custom_kinds` as (group, kind), the rest. Empty ones are left out.

    All objects of a stage are tried before one is applied; a failure keeps its stage and the later ones from it.
    """
    stages: list[list[Json]] = [[], [], [], []]
    for obj in sorted(objects, key=lambda obj: InventoryId.of(obj).rank):
        stages[_stage_of(obj, custom_kinds)].append(obj)
    return [Stage(tuple(stage), waits=at < 2) for at, stage in enumerate(stages) if stage]


def _stage_of(obj: Json, custom_kinds: Collection[tuple[str, str]]) -> int:
    kind, api_version = str(obj.get("kind", "")), str(obj.get("apiVersion", ""))
    group = api_version.rpartition("/")[0]
    namespace = kind.lower() == "namespace" and api_version == "v1"
    cluster_role = kind.lower() == "clusterrole" and group == "rbac.authorization.k8s.io"
    if namespace or cluster_role or is_definition(obj):
        return 0
    if kind.endswith("Class"):
        return 1
    return 2 if (group, kind) in custom_kinds else 3


# -- one object


@dataclass(frozen=True, slots=True)
class Options:
    """spec.force and spec.ignore of the Kustomization."""

    force: bool = False
    ignore: IgnoreRules = NO_RULES


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with an object.

    `patched` is the live object after the clean-up where that changed it: to be written before anything is applied, even
    if another object of the stage fails. `object` is to be applied with force, None where nothing is.
    """

    action: Action
    object: Json = None
    patched: Json = None


def decide(
    desired: Json,
    live: Json | None,
    owner: Owner,
    options: Options | None = None,
    *,
    dry_run: Callable[[Json], Json] | None = None,
) -> Decision:
    """Say what to do with `desired`, a prepared object, where `live` is stored (None: nothing).

    `dry_run` gives what the API server would store and raises what it would refuse; without it the object is merged as
    if nothing were defaulted. Raises InvalidIgnoreRule.
    """
    options = options or Options()
    if _is_skipped(desired, live):
        return Decision("skipped")
    tried = dry_run(desired) if dry_run is not None else _merged(desired, live, owner)
    if live is None:
        return Decision("created", desired)
    after = live
    if not any_in_metadata(desired, _NOT_CLEANED) and not any_in_metadata(live, _NOT_CLEANED):
        after = cleaned(live, owner)
    patched = None if after is live else after
    if patched is None and not _has_drifted(after, tried, options.ignore):
        return Decision("unchanged")
    return Decision("configured", options.ignore.left_to_others(desired, after, tried, owner.manager), patched)


def _is_skipped(desired: Json, live: Json | None) -> bool:
    if any_in_metadata(desired, _LEFT_ALONE):
        return True
    return live is not None and (any_in_metadata(live, _LEFT_ALONE) or any_in_metadata(desired, _ONLY_CREATED))


def _merged(desired: Json, live: Json | None, owner: Owner) -> Json:
    return apply(live, desired, manager=owner.manager, force=True, now="")


def _has_drifted(live: Json, tried: Json, ignore: IgnoreRules) -> bool:
    """Compare labels, annotations and all but metadata and status; ignored paths do not count."""
    if live is tried:
        return False
    paths = ignore.paths_for(tried) if ignore.rules else []
    if paths:
        live, tried = ignore.stripped(live, paths), ignore.stripped(tried, paths)
    for field in ("labels", "annotations"):
        if (get(live, "metadata", field, default=None) or {}) != (get(tried, "metadata", field, default=None) or {}):
            return True
    names = {*live, *tried} - {"metadata", "status"}
    return any(live.get(name) != tried.get(name) or (name in live) != (name in tried) for name in names)


def any_in_metadata(obj: Json, pairs: Mapping[str, str]) -> bool:
    """Return whether a label or annotation has one of the pairs; upper and lower case of values are the same."""
    metadata = obj.get("metadata") or EMPTY_MAP
    for field in ("labels", "annotations"):
        known = metadata.get(field)
        if known:
            for name, value in pairs.items():
                found = known.get(name)
                if found and _same_folded(found, value):
                    return True
    return False


def _same_folded(one: str, other: str) -> bool:
    """Compare as Go's EqualFold: character by character."""
    return one == other or (
        len(one) == len(other) and all(a == b or a.casefold() == b.casefold() for a, b in zip(one, other, strict=True))
    )


def prune_action(live: Json | None, owner: Owner) -> Literal["deleted", "skipped"]:
    """Say what becomes of an object that is no longer in Git; one that is gone already counts as deleted."""
    if live is None:
        return "deleted"
    labels: Mapping[str, str] = get(live, "metadata", "labels", default=None) or {}
    ours = all(labels.get(name) == value for name, value in owner.labels.items())
    return "deleted" if ours and not any_in_metadata(live, _NOT_PRUNED) else "skipped"


# -- when the API server refuses

_IMMUTABLE = re.compile(r"is[\t\n\f\r ]immutable|immutable[\t\n\f\r ]field")


def recreates(desired: Json, live: Json | None, options: Options, *, reason: str, message: str) -> bool:
    """Return whether an object that cannot be changed so is to be deleted and created anew."""
    if live is None or not is_immutable(reason, message):
        return False
    return options.force or any_in_metadata(desired, _FORCED) or any_in_metadata(live, _FORCED)


def is_immutable(reason: str, message: str) -> bool:
    """Return whether Flux takes a refusal for that of an immutable field: every Conflict and Invalid, and by the words."""
    return reason in ("Conflict", "Invalid") or _IMMUTABLE.search(message) is not None


def dry_run_error(obj: Json, status: Mapping[str, Json]) -> str:
    """Tell why the dry run of an object failed; `status` is the server's Status, with `message` alone for other errors."""
    name, message, reason = InventoryId.of(obj).display, status.get("message", ""), status.get("reason") or ""
    if reason == "NotFound" or (not reason and status.get("code") == 404):
        return f"{name} {'not found' if get(obj, 'metadata', 'namespace') else 'namespace not specified'}: {message}"
    causes: Sequence[Mapping[str, str]] = get(status, "details", "causes", default=None) or ()
    if any(cause.get("reason") == "FieldManagerConflict" for cause in causes):
        reason = "FieldManagerConflict"
    return f"{name} dry-run failed{f' ({reason})' if reason else ''}: {message}"
