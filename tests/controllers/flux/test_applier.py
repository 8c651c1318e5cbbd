"""Applying and pruning, against a real store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from fluxsim.controllers.flux.applier import Applied, Applier, ApplyFailed
from fluxsim.formats.fluxapply import Owner
from fluxsim.formats.tree import Json, freeze
from fluxsim.kube.meta import Key, Kind
from tests.controllers.flux.ground import Ground

OWNER = Owner(manager="kustomize-controller", name="apps", namespace="flux-system")


class Bench:
    def __init__(self) -> None:
        self.ground = Ground()
        self._applier = Applier(self.ground.store, self.ground.clock, manager="kustomize-controller")
        self.last = Applied()

    def apply(self, *objects: Any, owner: Owner = OWNER, **spec: Any) -> list[str]:
        """Apply; return what happened to each, also before a failure."""
        self.last = Applied()
        frozen: Sequence[Json] = tuple(freeze(obj) for obj in objects)
        self.ground.play(self._applier.apply(frozen, owner, freeze(spec), self.last, lambda: 10))
        return [f"{change.display} {change.action}" for change in self.last.changes.values()]

    def prune(self, *old: str, owner: Owner = OWNER) -> list[str]:
        entries = [{"id": one, "v": "v1"} for one in old]
        return [pruned.line for pruned in self._applier.prune(entries, [], owner)]

    def get(self, kind: str, name: str, namespace: str = "default") -> Any:
        return self.ground.store.get(Key(Kind(kind), namespace, name))


def config(name: str = "cfg", *, annotations: dict[str, str] | None = None, **data: str) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name, "namespace": "default"}
    if annotations:
        metadata["annotations"] = {f"kustomize.toolkit.fluxcd.io/{key}": value for key, value in annotations.items()}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}}


def test_a_namespace_comes_before_what_is_in_it() -> None:
    assert Bench().apply(config(), NAMESPACE) == ["Namespace/default created", "ConfigMap/default/cfg created"]


def test_what_is_equal_is_left_alone() -> None:
    bench = Bench()
    bench.apply(NAMESPACE, config(a="1"))
    before = bench.get("ConfigMap", "cfg")
    assert bench.apply(NAMESPACE, config(a="1")) == ["Namespace/default unchanged", "ConfigMap/default/cfg unchanged"]
    assert bench.get("ConfigMap", "cfg") is before
    assert bench.last.lines() == []
    assert not bench.last.changed


def test_owner_labels_and_common_metadata_are_set() -> None:
    bench = Bench()
    common = {"labels": {"team": "a"}, "annotations": {"note": "b"}}
    bench.apply(NAMESPACE, config(), commonMetadata=common)
    metadata = bench.get("ConfigMap", "cfg")["metadata"]
    assert metadata["labels"] == {
        "kustomize.toolkit.fluxcd.io/name": "apps",
        "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
        "team": "a",
    }
    assert metadata["annotations"]["note"] == "b"


def test_drift_is_undone() -> None:
    bench = Bench()
    bench.apply(NAMESPACE, config(a="1"))
    key = Key(Kind("ConfigMap"), "default", "cfg")
    bench.ground.store.patch(key, {"data": {"a": "2", "b": "3"}}, manager="kubectl-edit")
    assert bench.apply(NAMESPACE, config(a="1"))[1] == "ConfigMap/default/cfg configured"
    assert bench.get("ConfigMap", "cfg")["data"] == {"a": "1"}


def test_a_refused_object_keeps_its_stage_back_and_leaves_earlier_ones() -> None:
    bench = Bench()
    bad = {
        "apiVersion": "example.toolkit.fluxcd.io/v1",
        "kind": "Nothing",
        "metadata": {"name": "x", "namespace": "default"},
    }
    with pytest.raises(ApplyFailed, match='Nothing/default/x dry-run failed: no matches for kind "Nothing"'):
        bench.apply(NAMESPACE, config(), bad)
    assert bench.last.lines() == ["Namespace/default created"]
    assert bench.get("ConfigMap", "cfg") is None


def test_a_namespace_that_is_missing() -> None:
    with pytest.raises(ApplyFailed, match='ConfigMap/default/cfg not found: namespaces "default" not found'):
        Bench().apply(config())


def test_a_namespaced_object_without_a_namespace() -> None:
    obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cfg"}}
    with pytest.raises(ApplyFailed, match="ConfigMap/cfg namespace not specified: the server could not find"):
        Bench().apply(obj)


@pytest.mark.parametrize("annotations", [{"reconcile": "disabled"}, {"ssa": "Ignore"}])
def test_what_is_to_be_left_alone_is_skipped(annotations: dict[str, str]) -> None:
    bench = Bench()
    assert bench.apply(NAMESPACE, config(annotations=annotations))[1] == "ConfigMap/default/cfg skipped"
    assert bench.get("ConfigMap", "cfg") is None


def test_if_not_present_creates_and_never_updates() -> None:
    bench = Bench()
    annotations = {"ssa": "IfNotPresent"}
    assert bench.apply(NAMESPACE, config(annotations=annotations, a="1"))[1].endswith("created")
    assert bench.apply(NAMESPACE, config(annotations=annotations, a="2"))[1].endswith("skipped")
    assert bench.get("ConfigMap", "cfg")["data"] == {"a": "1"}


def test_an_ignored_path_keeps_what_another_owner_says() -> None:
    bench = Bench()
    rules = [{"paths": ["/data/a"]}]
    bench.apply(NAMESPACE, config(b="1"), ignore=rules)
    key = Key(Kind("ConfigMap"), "default", "cfg")
    bench.ground.store.patch(key, {"data": {"a": "theirs"}}, manager="other")
    assert bench.apply(NAMESPACE, config(a="ours", b="1"), ignore=rules)[1].endswith("unchanged")
    assert bench.get("ConfigMap", "cfg")["data"] == {"a": "theirs", "b": "1"}


def test_a_bad_rule_fails_the_run() -> None:
    with pytest.raises(ApplyFailed):
        Bench().apply(NAMESPACE, config(), ignore=[{"paths": ["/data/a"], "target": {"name": "("}}])


def test_pruning_goes_backwards_and_skips_what_is_not_ours() -> None:
    bench = Bench()
    bench.apply(NAMESPACE, config("one"), config("two"), config("kept", annotations={"prune": "disabled"}))
    bench.apply(config("two"), owner=Owner(manager="kustomize-controller", name="other", namespace="flux-system"))
    ids = [f"default_{name}__ConfigMap" for name in ("gone", "kept", "one", "two")]
    assert bench.prune(*ids) == [
        "ConfigMap/default/two skipped",
        "ConfigMap/default/one deleted",
        "ConfigMap/default/kept skipped",
        "ConfigMap/default/gone deleted",
    ]
    assert bench.get("ConfigMap", "one") is None
    assert bench.get("ConfigMap", "kept") is not None


def test_the_inventory_lists_what_was_applied_in_order() -> None:
    bench = Bench()
    bench.apply(config(), NAMESPACE)
    assert bench.last.inventory() == [
        {"id": "_default__Namespace", "v": "v1"},
        {"id": "default_cfg__ConfigMap", "v": "v1"},
    ]
