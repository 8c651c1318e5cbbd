from __future__ import annotations

from typing import Any

import pytest

from fluxsim.formats.fluxcleanup import Owner, cleaned
from fluxsim.formats.managedfields import apply, updated
from fluxsim.formats.tree import Json, evolve, get, thaw

NOW = "2026-03-02T09:00:00Z"
OWNER = Owner("kustomize-controller", "apps", "flux-system")


def config_map(**data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": data}


def applied(live: Json = None, manager: str = "kustomize-controller", **data: str) -> Json:
    return apply(live, config_map(**data), manager=manager, force=True, now=NOW)


def edited(live: Json, manager: str, subresource: str = "", **data: str) -> Json:
    new = evolve(live, ("data",), {**live["data"], **data})
    return updated(live, new, manager=manager, subresource=subresource, now=NOW)


def owners(obj: Json) -> list[tuple[str, str, list[str]]]:
    entries = obj["metadata"]["managedFields"]
    return [(entry["manager"], entry["operation"], sorted(entry["fieldsV1"].get("f:data", {}))) for entry in entries]


def test_what_flux_alone_wrote_is_left_as_it_is() -> None:
    live = edited(applied(a="1"), "operator", b="2")
    assert cleaned(live, OWNER) is live


@pytest.mark.parametrize("manager", ["kubectl", "kubectl-edit", "before-first-apply", "kustomize-controller"])
def test_updates_of_kubectl_and_of_old_days_become_flux_own(manager: str) -> None:
    live = cleaned(edited(applied(a="1"), manager, b="2"), OWNER)
    assert owners(live) == [("kustomize-controller", "Apply", ["f:a", "f:b"])]
    assert live["data"] == {"a": "1", "b": "2"}


def test_a_field_that_kubectl_added_goes_with_the_next_apply() -> None:
    live = cleaned(edited(applied(a="1"), "kubectl-edit", b="2"), OWNER)
    assert applied(live, a="1")["data"] == {"a": "1"}


@pytest.mark.parametrize(
    ("manager", "subresource"), [("helm", ""), ("kubectl", "scale"), ("my-kubectl", ""), ("before", "")]
)
def test_other_managers_and_subresources_stay(manager: str, subresource: str) -> None:
    live = edited(applied(a="1"), manager, subresource, b="2")
    assert cleaned(live, OWNER) is live


def test_an_apply_of_kubectl_is_folded_and_one_of_the_past_is_not() -> None:
    assert owners(cleaned(applied(applied(a="1"), "kubectl", b="2"), OWNER)) == [
        ("kustomize-controller", "Apply", ["f:a", "f:b"])
    ]
    past = applied(applied(a="1"), "before-first-apply", b="2")
    assert cleaned(past, OWNER) is past


def test_overridden_managers_are_folded_too() -> None:
    live = edited(applied(a="1"), "Lens/6", b="2")
    owner = Owner("kustomize-controller", "apps", "flux-system", ("Lens",))
    assert [name for name, _, _ in owners(cleaned(live, owner))] == ["kustomize-controller"]


def test_the_first_becomes_flux_own_where_flux_never_applied() -> None:
    live = updated(None, config_map(a="1"), manager="kubectl-client-side-apply", now=NOW)
    live = edited(live, "kubectl-edit", b="2")
    assert owners(cleaned(live, OWNER)) == [("kustomize-controller", "Apply", [".", "f:a", "f:b"])]


def test_the_annotation_of_client_side_apply_goes_and_leaves_its_owners() -> None:
    obj = config_map(a="1")
    obj["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": "{}"}
    obj["metadata"]["labels"] = {"fluxcd.io/sync-gc-mark": "x", "app": "web"}
    live = cleaned(updated(None, obj, manager="helm", now=NOW), OWNER)
    assert "annotations" not in live["metadata"]
    assert live["metadata"]["labels"] == {"app": "web"}
    fields = thaw(get(live, "metadata", "managedFields", 0, "fieldsV1", "f:metadata"))
    assert fields == {"f:labels": {".": {}, "f:app": {}}}
