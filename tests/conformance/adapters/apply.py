"""Server-side apply by the merge library's rules, and what Flux does around it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fluxsim.formats import fluxapply, goyaml, kustomize_merge, managedfields, tree
from fluxsim.formats.fieldmanagers import entries_in
from fluxsim.formats.fluxcleanup import folded
from fluxsim.formats.fluxignore import IgnoreRules, InvalidIgnoreRule, Target
from fluxsim.formats.fluxinventory import InvalidInventoryId, InventoryId, stale
from fluxsim.formats.nativekinds import normalised
from fluxsim.formats.tree import Json, freeze, without
from tests.conformance.runner import Case, difference

NO_TIME = ""
"""The library knows no times, so entries are in order of their managers."""

MANAGED_FIELDS = ("metadata", "managedFields")


# -- structured-merge-diff


def k8s_ssa(case: Case, _directory: Path) -> Json:
    live: Json = None
    steps: list[Json] = []
    for step in case["input"]["ops"]:
        before = live
        outcome: dict[str, Json] = {}
        try:
            if step["op"] == "flux_apply":
                live, outcome = _folded(live, step["manager"])
            live = _written(live, step, force=step["op"] in ("force_apply", "flux_apply"))
        except managedfields.ApplyConflict as conflict:
            outcome = {
                "conflict": conflict.message,
                "conflicts": [
                    {"field": field, "manager": manager.name, "operation": manager.operation}
                    for manager, field in conflict.conflicts
                ],
            }
        except managedfields.SchemaError as error:
            outcome = {"error": error.problem}
        applied = step["op"] != "update" and "conflict" not in outcome
        if applied and before is not None and _bare(before) == _bare(live):
            outcome["live_unchanged"] = True
        entries = [
            {key: value for key, value in entry.items() if key not in ("time", "fieldsType")}
            for entry in entries_in(live or {})
        ]
        steps.append({**outcome, "live": _bare(live), "managedFields": entries})
    return {"steps": steps}


def _folded(live: Json, manager: str) -> tuple[Json, dict[str, Json]]:
    owner = fluxapply.Owner(manager, "", "")
    entries = entries_in(live or {})
    joined = folded(entries, owner)
    if joined is None:
        return live, {}
    names = [f"{entry['manager']}/{entry['operation']}" for entry in entries if owner.folds(entry)]
    return tree.evolve(live, MANAGED_FIELDS, joined), {"folded": names}


def _written(live: Json, step: Mapping[str, Json], *, force: bool) -> Json:
    manager, given = step["manager"], freeze(step["object"])
    if step["op"] == "update":
        return managedfields.updated(live, given, manager=manager, subresource=step.get("subresource", ""), now=NO_TIME)
    return managedfields.merged_by(live, given, manager=manager, force=force, now=NO_TIME)


def _bare(live: Json) -> Json:
    return {} if live is None else without(live, MANAGED_FIELDS)


def ssa_oracle(case: Case, _directory: Path) -> Json:
    live: Json = None
    steps: list[Json] = []
    for step in case["ops"]:
        outcome: dict[str, Json] = {}
        try:
            live = _written(live, step, force=step.get("force", False))
        except managedfields.ApplyConflict as conflict:
            # The library says it without the server's introduction, and knows managers by their names only.
            told = conflict.message.partition(": ")[2].replace(f" using {step['object']['apiVersion']}", "")
            listed = [{"Manager": manager.name, "Path": field} for manager, field in conflict.conflicts]
            outcome = {"error": told, "conflicts": listed}
        except managedfields.SchemaError as error:
            outcome = {"error": error.problem}
        managers = {
            entry["manager"]: {"apply": entry["operation"] == "Apply", "fieldsV1": entry["fieldsV1"]}
            for entry in entries_in(live or {})
        }
        steps.append({**outcome, "object": _bare(live), "managers": managers})
    return {"expected": steps}


def ssa_oracle_difference(case: Case, got: Json) -> str | None:
    """Empty maps and lists do not count, nor does the order in which Go's maps give the conflicting managers."""
    expected = [_comparable(step) for step in case["expected"]]
    reached = [_comparable(step) for step in got["expected"]]
    return difference({"expect": {"expected": expected}}, {"expected": reached})


def _comparable(step: Json) -> dict[str, Json]:
    out: dict[str, Json] = _without_empty(step)
    if out.get("conflicts"):
        out["conflicts"] = sorted(out["conflicts"], key=lambda conflict: (conflict["Manager"], conflict["Path"]))
    return out


def _without_empty(value: Json) -> Json:
    if isinstance(value, dict):
        kept = {key: _without_empty(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item not in ({}, [])}
    return [_without_empty(item) for item in value] if isinstance(value, list) else value


# -- kustomize-controller


class _Cluster:
    """The objects of a drift case; nothing is defaulted."""

    def __init__(self, owner: Mapping[str, str]) -> None:
        self.objects: dict[str, Json] = {}
        self._owner = owner

    def do(self, step: Mapping[str, Json]) -> dict[str, Json]:
        match step["do"]:
            case "reconcile":
                return {"changeSet": self._reconcile(step)}
            case "prune":
                return {"changeSet": self._prune(step["objects"]), "error": None}
            case _:
                try:
                    self._write(step)
                except managedfields.ApplyConflict as conflict:
                    return {"error": conflict.message}
                return {"error": None}

    def owner(self, overridden: tuple[str, ...] = ()) -> fluxapply.Owner:
        given = self._owner
        return fluxapply.Owner(given["fieldManager"], given["kustomization"], given["namespace"], overridden)

    def _reconcile(self, step: Mapping[str, Json]) -> list[str]:
        owner = self.owner(tuple(step.get("overrideManagers") or ()))
        options = fluxapply.Options(ignore=IgnoreRules.of([_rule(rule) for rule in step.get("ignore") or ()]))
        manifest = [obj for obj in goyaml.load_all(step["manifest"], dialect="resource") if obj]
        told: list[str] = []
        for stage in fluxapply.plan(fluxapply.prepared(manifest, owner)):
            decisions = [
                (obj, fluxapply.decide(obj, self.objects.get(_name(obj)), owner, options)) for obj in stage.objects
            ]
            for obj, decision in decisions:
                if decision.patched is not None:
                    self.objects[_name(obj)] = decision.patched
                if decision.object is not None:
                    self._apply(decision.object, owner.manager, force=True)
                told.append(f"{_name(obj)} {decision.action}")
        return told

    def _prune(self, objects: list[Json]) -> list[str]:
        told: list[str] = []
        for obj in sorted(objects, key=lambda obj: InventoryId.of(obj).rank, reverse=True):
            action = fluxapply.prune_action(self.objects.get(_name(obj)), self.owner())
            if action == "deleted":
                self.objects.pop(_name(obj), None)
            told.append(f"{_name(obj)} {action}")
        return told

    def _write(self, step: Mapping[str, Json]) -> None:
        name, manager = _name(step["object"]), step.get("manager", "")
        match step["do"]:
            case "delete":
                del self.objects[name]
            case "ssa":
                self._apply(freeze(step["object"]), manager, force=step.get("force", False))
            case "create":
                self.objects[name] = managedfields.updated(None, step["object"], manager=manager, now=NO_TIME)
            case "merge":
                live = self.objects[name]
                merge = kustomize_merge.merged if step["strategic"] else tree.merged
                new = freeze(merge(live, step["patch"]))
                self.objects[name] = managedfields.updated(live, new, manager=manager, now=NO_TIME)
            case other:
                raise ValueError(f"unknown step {other!r}")

    def _apply(self, obj: Json, manager: str, *, force: bool) -> None:
        live = self.objects.get(_name(obj))
        self.objects[_name(obj)] = managedfields.apply(live, obj, manager=manager, force=force, now=NO_TIME)


def _rule(rule: Mapping[str, Json]) -> dict[str, Json]:
    selector = rule.get("Selector")
    return {"paths": rule["Paths"], "target": None if selector is None else _target(selector)}


def _target(selector: Mapping[str, str]) -> dict[str, str]:
    return {name[0].lower() + name[1:]: value for name, value in selector.items()}


def _name(obj: Json) -> str:
    return InventoryId.of(obj).display


def flux_drift(case: Case, _directory: Path) -> Json:
    given = case["input"]
    cluster = _Cluster(given["owner"])
    steps = [cluster.do(step) for step in given["steps"]]
    return {"steps": steps, "final": {_name(obj): _shown(cluster.objects.get(_name(obj))) for obj in given["show"]}}


def _shown(obj: Json) -> Json:
    if obj is None:
        return None
    entries = [
        {
            "fieldsV1": entry["fieldsV1"],
            "manager": entry["manager"],
            "operation": entry["operation"],
            "subresource": entry.get("subresource", ""),
        }
        for entry in entries_in(obj)
    ]
    return {"managedFields": entries, "object": without(_bare(obj), ("metadata", "creationTimestamp"))}


def flux_normalize(case: Case, _directory: Path) -> Json:
    return {"result": normalised(case["input"]["object"])}


def flux_ssa_order(case: Case, _directory: Path) -> Json:
    objects = case["input"]["objects"]
    applied = [_name(obj) for stage in fluxapply.plan(objects) for obj in stage.objects]
    deleted = [_name(obj) for obj in sorted(objects, key=lambda obj: InventoryId.of(obj).rank, reverse=True)]
    return {"applyOrder": applied, "deleteOrder": deleted}


def flux_metadata_match(case: Case, _directory: Path) -> Json:
    return {"result": fluxapply.any_in_metadata(case["input"]["object"], case["input"]["selector"])}


def flux_ignore_selector(case: Case, _directory: Path) -> Json:
    try:
        target = Target.of(_target(case["input"]["selector"]))
    except InvalidIgnoreRule as error:
        return {"error": str(error)}
    return {"result": target.matches(case["input"]["object"])}


def flux_immutable_error(case: Case, _directory: Path) -> Json:
    given: Mapping[str, Any] = case["input"]
    return {"result": fluxapply.is_immutable(given.get("reason", ""), given["message"])}


def flux_dry_run_error(case: Case, _directory: Path) -> Json:
    return {"result": fluxapply.dry_run_error(case["input"]["object"], case["input"]["status"])}


def flux_inventory_id(case: Case, _directory: Path) -> Json:
    given = case["input"]
    if "object" in given:
        found = InventoryId.of(given["object"])
        return {"result": {"display": found.display, "id": str(found)}}
    try:
        found = InventoryId.parse(given["id"])
    except InvalidInventoryId as error:
        return {"error": str(error)}
    parts = {"group": found.group, "kind": found.kind, "name": found.name, "namespace": found.namespace}
    return {"result": {"display": found.display, **parts}}


def flux_inventory_diff(case: Case, _directory: Path) -> Json:
    gone = stale(case["input"]["old"], case["input"]["new"])
    return {"result": [f"{entry.api_version} {entry.id.display}" for entry in gone] or None}


ADAPTERS = {
    "k8s_ssa": k8s_ssa,
    "ssa_oracle": ssa_oracle,
    "flux_drift": flux_drift,
    "flux_normalize": flux_normalize,
    "flux_ssa-order": flux_ssa_order,
    "flux_metadata-match": flux_metadata_match,
    "flux_ignore-selector": flux_ignore_selector,
    "flux_immutable-error": flux_immutable_error,
    "flux_dry-run-error": flux_dry_run_error,
    "flux_inventory-id": flux_inventory_id,
    "flux_inventory-diff": flux_inventory_diff,
}
COMPARATORS = {"ssa_oracle": ssa_oracle_difference}
