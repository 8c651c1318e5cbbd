from __future__ import annotations

from typing import Any

import pytest

from fluxsim.formats.fluxignore import IgnoreRules, InvalidIgnoreRule, Target
from fluxsim.formats.managedfields import apply, updated
from fluxsim.formats.tree import Json, evolve, freeze, get, without

NOW = "2026-03-02T09:00:00Z"
FLUX = "kustomize-controller"


def deployment(replicas: int | None = 2, image: str = "a") -> Json:
    spec: dict[str, Any] = {"template": {"spec": {"containers": [{"name": "web", "image": image}]}}}
    if replicas is not None:
        spec["replicas"] = replicas
    metadata = {"name": "web", "namespace": "production", "labels": {"app": "web"}}
    return freeze({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec})


def rules(*paths: str, **target: str) -> IgnoreRules:
    return IgnoreRules.of([{"paths": list(paths), "target": target or None}])


def applied(live: Json, config: Json, manager: str) -> Json:
    return apply(live, config, manager=manager, force=True, now=NOW)


def left(live: Json, desired: Json, ignore: IgnoreRules) -> Json:
    return ignore.left_to_others(desired, live, applied(live, desired, FLUX), FLUX)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ({}, True),
        ({"kind": "Deployment", "group": "apps", "version": "v1"}, True),
        ({"kind": "Deploy"}, False),
        ({"kind": "(Deployment|StatefulSet)"}, True),
        ({"name": "w.*", "namespace": "prod"}, False),
        ({"labelSelector": "app in (web)"}, True),
        ({"labelSelector": "app!=web"}, False),
        ({"annotationSelector": "team"}, False),
        ({"group": ""}, True),
    ],
)
def test_a_target_matches_as_a_whole(target: dict[str, str], expected: bool) -> None:
    assert Target.of(target).matches(deployment()) is expected


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ({"name": "("}, "invalid name regex: error parsing regexp: missing closing ): `^(?:()$`"),
        ({"labelSelector": "="}, "invalid label selector: found '=', expected: !, identifier, or 'end of string'"),
        (
            {"annotationSelector": "a b"},
            "invalid annotation selector: unable to parse requirement: found 'b', expected",
        ),
    ],
)
def test_a_target_that_cannot_be_read_is_told(target: dict[str, str], told: str) -> None:
    with pytest.raises(InvalidIgnoreRule) as caught:
        IgnoreRules.of([{"paths": [], "target": target}])
    assert str(caught.value).startswith(f"failed to create ignore rule selector: {told}")


def test_a_path_that_another_applier_owns_is_left_out() -> None:
    live = applied(applied(None, deployment(2), FLUX), without(deployment(9), ("spec", "template")), "hpa")
    assert "replicas" not in left(live, deployment(2), rules("/spec/replicas"))["spec"]


def test_a_path_that_an_update_changed_keeps_the_live_value() -> None:
    live = applied(None, deployment(2), FLUX)
    live = updated(live, evolve(live, ("spec", "replicas"), 9), manager="hpa", now=NOW)
    assert left(live, deployment(2), rules("/spec/replicas"))["spec"]["replicas"] == 9


def test_a_path_without_drift_is_applied_as_it_is() -> None:
    live = applied(None, deployment(2), FLUX)
    desired = deployment(2, image="b")
    assert left(live, desired, rules("/spec/replicas")) is desired
    assert left(live, desired, rules("/spec/replicas", kind="StatefulSet")) is desired


def test_items_are_found_by_their_place() -> None:
    path = "/spec/template/spec/containers/0/image"
    live = applied(None, deployment(2), FLUX)
    bare = without(deployment(2, image="b"), ("spec", "replicas"))
    other = applied(live, bare, "image-pinner")
    desired = left(other, deployment(2), rules(path))
    assert get(desired, "spec", "template", "spec", "containers") == [{"name": "web"}]
    changed = updated(
        live, evolve(live, ("spec", "template", "spec", "containers", 0, "image"), "c"), manager="x", now=NOW
    )
    desired = left(changed, deployment(2), rules(path))
    assert get(desired, "spec", "template", "spec", "containers", 0, "image") == "c"


def test_what_git_no_longer_has_cannot_keep_its_live_value() -> None:
    live = applied(None, deployment(2), FLUX)
    with pytest.raises(InvalidIgnoreRule) as caught:
        left(live, deployment(None), rules("/spec/replicas"))
    assert str(caught.value) == "replace operation does not apply: doc is missing key: /spec/replicas: missing value"


def test_paths_are_json_pointers() -> None:
    obj = freeze({"metadata": {"annotations": {"a/b": "1", "c~d": "2", "e": "3"}}, "list": [1, 2, 3]})
    ignore = rules("/metadata/annotations/a~1b", "/metadata/annotations/c~0d", "/list/1", "/absent/x", "/list/9")
    assert ignore.stripped(obj, ignore.paths_for(obj)) == {"metadata": {"annotations": {"e": "3"}}, "list": [1, 3]}
