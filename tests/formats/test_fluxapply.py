from __future__ import annotations

from typing import Any

import pytest

from fluxsim.formats.fluxapply import (
    Decision,
    Options,
    Owner,
    any_in_metadata,
    decide,
    dry_run_error,
    is_immutable,
    plan,
    prepared,
    prune_action,
    recreates,
)
from fluxsim.formats.fluxignore import IgnoreRules
from fluxsim.formats.managedfields import apply, updated
from fluxsim.formats.tree import Json, evolve, freeze

NOW = "2026-03-02T09:00:00Z"
OWNER = Owner("kustomize-controller", "apps", "flux-system")
GROUP = "kustomize.toolkit.fluxcd.io"


def obj(kind: str, name: str = "x", api_version: str = "v1", namespace: str = "", **fields: Any) -> dict[str, Any]:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}


def config_map(*, annotations: dict[str, str] | None = None, **data: str) -> Json:
    made = obj("ConfigMap", "c", namespace="apps", data=data)
    if annotations:
        made["metadata"]["annotations"] = {f"{GROUP}/{name}": value for name, value in annotations.items()}
    [done] = prepared([made], OWNER)
    return done


def stored(config: Json) -> Json:
    return apply(None, config, manager=OWNER.manager, force=True, now=NOW)


def annotated(live: Json, **annotations: str) -> Json:
    new = evolve(live, ("metadata", "annotations"), {f"{GROUP}/{name}": value for name, value in annotations.items()})
    return updated(live, new, manager="kubectl-annotate", now=NOW)


# -- stages


def test_definitions_come_first_then_classes_then_the_rest() -> None:
    objects = [
        obj("Deployment", api_version="apps/v1"),
        obj("StorageClass", api_version="storage.k8s.io/v1"),
        obj("ClusterRole", api_version="rbac.authorization.k8s.io/v1"),
        obj("Namespace"),
        obj("Website", api_version="example.com/v1"),
        obj("CustomResourceDefinition", api_version="apiextensions.k8s.io/v1"),
        obj("ValidatingWebhookConfiguration", api_version="admissionregistration.k8s.io/v1"),
        obj("Secret"),
    ]
    stages = plan(objects, {("example.com", "Website")})
    assert [([one["kind"] for one in stage.objects], stage.waits) for stage in stages] == [
        (["CustomResourceDefinition", "Namespace", "ClusterRole"], True),
        (["StorageClass"], True),
        (["Website"], False),
        (["Secret", "Deployment", "ValidatingWebhookConfiguration"], False),
    ]


def test_ties_go_by_namespace_and_name() -> None:
    objects = [obj("Pod", name, namespace=space) for space, name in (("b", "a"), ("a", "z"), ("a", "b"))]
    [stage] = plan(objects)
    places = [(one["metadata"]["namespace"], one["metadata"]["name"]) for one in stage.objects]
    assert places == [("a", "b"), ("a", "z"), ("b", "a")]
    assert plan([]) == []


# -- preparation


def test_objects_are_labelled_and_take_their_form() -> None:
    common = {"labels": {"team": "a"}, "annotations": {"note": "b"}}
    given = obj("Service", labels={}, spec={"ports": [{"port": 80, "targetPort": 1}]})
    [service] = prepared([given], OWNER, common)
    assert service["metadata"]["labels"] == {f"{GROUP}/name": "apps", f"{GROUP}/namespace": "flux-system", "team": "a"}
    assert service["metadata"]["annotations"] == {"note": "b"}
    assert service["spec"]["ports"] == [{"port": 80, "protocol": "TCP", "targetPort": 1}]
    assert given["metadata"] == {"name": "x"}


def test_a_frozen_object_is_prepared_once_for_each_owner_and_common_metadata() -> None:
    given = freeze(obj("ConfigMap", data={"a": "1"}))
    [one] = prepared([given], OWNER)
    assert prepared([given], OWNER)[0] is one
    assert prepared([given], Owner(OWNER.manager, "other", "flux-system"))[0] != one
    assert prepared([given], OWNER, {"labels": {"a": "b"}})[0] != one
    assert prepared([given], OWNER)[0] == one


def test_roles_keep_their_form() -> None:
    role = obj("Role", api_version="rbac.authorization.k8s.io/v1")
    [done] = prepared([role], OWNER)
    assert "rules" not in done
    assert "creationTimestamp" not in done["metadata"]


# -- decisions


def test_an_object_that_is_not_there_is_created() -> None:
    desired = config_map(a="1")
    assert decide(desired, None, OWNER) == Decision("created", desired)


def test_an_object_in_sync_is_left_alone() -> None:
    live = stored(config_map(a="1"))
    live = evolve(evolve(live, ("metadata", "uid"), "u"), ("status",), {"x": 1})
    assert decide(config_map(a="1"), live, OWNER) == Decision("unchanged")


def test_drift_is_configured() -> None:
    desired = config_map(a="1")
    live = updated(stored(desired), evolve(stored(desired), ("data", "a"), "2"), manager="operator", now=NOW)
    assert decide(desired, live, OWNER) == Decision("configured", desired)


def test_a_field_of_another_manager_is_no_drift() -> None:
    live = stored(config_map(a="1"))
    live = updated(live, evolve(live, ("data", "b"), "2"), manager="operator", now=NOW)
    assert decide(config_map(a="1"), live, OWNER).action == "unchanged"


def test_a_field_of_kubectl_is_cleaned_up_first() -> None:
    live = stored(config_map(a="1"))
    live = updated(live, evolve(live, ("data", "b"), "2"), manager="kubectl-edit", now=NOW)
    decision = decide(config_map(a="1"), live, OWNER)
    assert decision.action == "configured"
    assert [entry["manager"] for entry in decision.patched["metadata"]["managedFields"]] == [OWNER.manager]
    applied = apply(decision.patched, decision.object, manager=OWNER.manager, force=True, now=NOW)
    assert applied["data"] == {"a": "1"}


@pytest.mark.parametrize("where", ["git", "cluster"])
def test_merging_instead_of_overriding_leaves_kubectl_its_fields(where: str) -> None:
    desired = config_map(a="1", annotations={"ssa": "merge"} if where == "git" else None)
    live = stored(desired)
    if where == "cluster":
        live = annotated(live, ssa="Merge")
    live = updated(live, evolve(live, ("data", "b"), "2"), manager="kubectl-edit", now=NOW)
    assert decide(desired, live, OWNER).action == "unchanged"


@pytest.mark.parametrize(("name", "value"), [("reconcile", "disabled"), ("reconcile", "Disabled"), ("ssa", "ignore")])
def test_an_object_can_be_left_out_in_git_and_in_the_cluster(name: str, value: str) -> None:
    assert decide(config_map(a="1", annotations={name: value}), None, OWNER).action == "skipped"
    live = annotated(stored(config_map(a="1")), **{name: value})
    assert decide(config_map(a="2"), live, OWNER).action == "skipped"


def test_an_object_can_be_created_only() -> None:
    desired = config_map(a="2", annotations={"ssa": "IfNotPresent"})
    assert decide(desired, None, OWNER).action == "created"
    assert decide(desired, stored(config_map(a="1")), OWNER).action == "skipped"
    assert decide(config_map(a="2"), stored(desired), OWNER).action == "configured"


def test_what_the_server_fills_in_is_no_drift() -> None:
    def defaulted(config: Json) -> Json:
        made = apply(live, config, manager=OWNER.manager, force=True, now=NOW)
        return evolve(made, ("immutable",), False)

    live = evolve(stored(config_map(a="1")), ("immutable",), False)
    assert decide(config_map(a="1"), live, OWNER, dry_run=defaulted).action == "unchanged"


def test_a_refusal_of_the_dry_run_is_the_callers() -> None:
    def refused(_: Json) -> Json:
        raise LookupError("no")

    with pytest.raises(LookupError):
        decide(config_map(a="1"), None, OWNER, dry_run=refused)


def test_ignored_paths_do_not_drift() -> None:
    options = Options(ignore=IgnoreRules.of([{"paths": ["/data/a"], "target": {"kind": "ConfigMap"}}]))
    desired = config_map(a="1", b="1")
    live = stored(desired)
    live = updated(live, evolve(live, ("data", "a"), "9"), manager="operator", now=NOW)
    assert decide(desired, live, OWNER, options).action == "unchanged"
    changed = config_map(a="1", b="2")
    assert decide(changed, live, OWNER, options).object["data"] == {"a": "9", "b": "2"}
    assert decide(changed, None, OWNER, options).object["data"] == {"a": "1", "b": "2"}


def test_labels_and_annotations_drift_and_other_metadata_does_not() -> None:
    desired = config_map(a="1")
    live = stored(desired)
    finalizers = evolve(live, ("metadata", "finalizers"), ["x/y"])
    assert decide(desired, finalizers, OWNER).action == "unchanged"
    label = evolve(live, ("metadata", "labels", f"{GROUP}/name"), "other")
    assert decide(desired, label, OWNER).action == "configured"


# -- pruning


def test_what_still_belongs_to_the_kustomization_is_deleted() -> None:
    live = stored(config_map(a="1"))
    assert prune_action(live, OWNER) == "deleted"
    assert prune_action(None, OWNER) == "deleted"
    assert prune_action(live, Owner("kustomize-controller", "other", "flux-system")) == "skipped"


@pytest.mark.parametrize(("name", "value"), [("prune", "disabled"), ("reconcile", "disabled"), ("ssa", "Ignore")])
def test_an_object_can_be_kept_from_pruning(name: str, value: str) -> None:
    assert prune_action(annotated(stored(config_map(a="1")), **{name: value}), OWNER) == "skipped"


# -- metadata and errors


@pytest.mark.parametrize(
    ("found", "wanted", "expected"),
    [
        ("disabled", "disabled", True),
        ("DisAbled", "disabled", True),
        ("", "", False),
        (" a", "a", False),
        ("ß", "ss", False),
    ],
)
def test_values_of_annotations_are_compared_without_case(found: str, wanted: str, expected: bool) -> None:
    assert any_in_metadata({"metadata": {"annotations": {"k": found}}}, {"k": wanted}) is expected
    assert any_in_metadata({"metadata": {"labels": {"K": found}}}, {"k": wanted}) is False


@pytest.mark.parametrize(
    ("reason", "message", "expected"),
    [
        ("Invalid", "anything", True),
        ("Conflict", "anything", True),
        ("Forbidden", "spec.x is immutable", True),
        ("", "immutable field x", True),
        ("", "is not immutable", False),
        ("Forbidden", "no", False),
    ],
)
def test_flux_guesses_from_the_words_that_a_field_is_immutable(reason: str, message: str, expected: bool) -> None:
    assert is_immutable(reason, message) is expected


def test_an_object_is_made_anew_where_that_is_allowed() -> None:
    desired, live = config_map(a="1"), stored(config_map(a="1"))
    refusal = {"reason": "Invalid", "message": "field is immutable"}
    assert not recreates(desired, live, Options(), **refusal)
    assert recreates(desired, live, Options(force=True), **refusal)
    assert recreates(config_map(a="1", annotations={"force": "Enabled"}), live, Options(), **refusal)
    assert recreates(desired, annotated(live, force="enabled"), Options(), **refusal)
    assert not recreates(desired, None, Options(force=True), **refusal)
    assert not recreates(desired, live, Options(force=True), reason="Forbidden", message="no")


@pytest.mark.parametrize(
    ("namespace", "status", "told"),
    [
        ("apps", {"reason": "Invalid", "message": "m"}, "ConfigMap/apps/c dry-run failed (Invalid): m"),
        ("apps", {"message": 'no matches for kind "X"'}, 'ConfigMap/apps/c dry-run failed: no matches for kind "X"'),
        ("apps", {"reason": "NotFound", "message": "m"}, "ConfigMap/apps/c not found: m"),
        ("", {"code": 404, "message": "m"}, "ConfigMap/c namespace not specified: m"),
        (
            "apps",
            {"reason": "Conflict", "message": "m", "details": {"causes": [{"reason": "FieldManagerConflict"}]}},
            "ConfigMap/apps/c dry-run failed (FieldManagerConflict): m",
        ),
    ],
)
def test_a_failed_dry_run_is_told_as_flux_tells_it(namespace: str, status: dict[str, Any], told: str) -> None:
    assert dry_run_error(freeze(obj("ConfigMap", "c", namespace=namespace)), status) == told
