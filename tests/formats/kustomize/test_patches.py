from __future__ import annotations

from typing import Any

import pytest

from fluxsim.formats.kustomize import ImageOrigin
from tests.formats.kustomize.overlay import CONFIG_MAP, failure, names, objects, one, result

MERGE = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: shop}, spec: {replicas: 7}}"


def patched(patch: str, target: str = "") -> Any:
    wanted = f"target: {target}, " if target else ""
    return one(f"resources: [deployment.yaml]\npatches:\n- {{{wanted}patch: '{patch}'}}")


def test_a_patch_finds_its_object_by_name() -> None:
    assert patched(MERGE)["spec"]["replicas"] == 7


def test_a_patch_finds_its_object_by_the_name_it_had() -> None:
    files: dict[str, str | bytes] = {
        "base/kustomization.yaml": "resources: [x.yaml]\nnamePrefix: my-",
        "base/x.yaml": CONFIG_MAP,
    }
    patch = "{apiVersion: v1, kind: ConfigMap, metadata: {name: settings}, data: {color: blue}}"
    made = one(f"resources: [base]\npatches: [{{patch: '{patch}'}}]", files)
    assert (made["metadata"]["name"], made["data"]) == ("my-settings", {"color": "blue"})


def test_a_patch_without_object_fails() -> None:
    told = failure(f"resources: [deployment.yaml]\npatches: [{{patch: '{MERGE.replace('shop', 'none')}'}}]")
    assert told == (
        'no resource matches strategic merge patch "Deployment.v1.apps/none.[noNs]": no matches for Id '
        "Deployment.v1.apps/none.[noNs]; failed to find unique target for patch Deployment.v1.apps/none.[noNs]"
    )


def test_a_target_that_matches_nothing_is_silent() -> None:
    assert patched(MERGE, "{kind: StatefulSet}")["spec"]["replicas"] == 1


def test_a_target_is_an_anchored_expression() -> None:
    assert patched(MERGE, "{name: sho}")["spec"]["replicas"] == 1
    assert patched(MERGE, "{name: sh.*, kind: Deploy.*}")["spec"]["replicas"] == 7


def test_a_target_may_ask_for_labels() -> None:
    files: dict[str, str | bytes] = {
        "settings.yaml": CONFIG_MAP.replace("name: settings", "name: settings\n  labels: {app: x}")
    }
    patch = "{apiVersion: v1, kind: ConfigMap, metadata: {name: any}, data: {color: blue}}"
    for selector, color in (("app=x", "blue"), ("app in (y)", "red")):
        made = one(
            f"resources: [settings.yaml]\npatches: [{{target: {{labelSelector: '{selector}'}}, patch: '{patch}'}}]",
            files,
        )
        assert made["data"]["color"] == color


def test_a_patch_keeps_name_and_kind_unless_it_may_not() -> None:
    patch = "{apiVersion: v1, kind: Other, metadata: {name: other}}"
    assert (patched(patch, "{kind: Deployment}")["kind"], patched(patch, "{kind: Deployment}")["metadata"]["name"]) == (
        "Deployment",
        "shop",
    )
    options = "options: {allowNameChange: true, allowKindChange: true}"
    assert names(
        f"resources: [deployment.yaml]\npatches: [{{target: {{kind: Deployment}}, {options}, patch: '{patch}'}}]"
    ) == ["Other/other"]


def test_a_null_for_an_annotation_becomes_a_word_when_there_is_a_target() -> None:
    files: dict[str, str | bytes] = {
        "settings.yaml": CONFIG_MAP.replace("name: settings", "name: settings\n  annotations: {a: b}")
    }
    patch = "{apiVersion: v1, kind: ConfigMap, metadata: {name: settings, annotations: {a: null}}}"
    with_target = one(f"resources: [settings.yaml]\npatches: [{{target: {{kind: .*}}, patch: '{patch}'}}]", files)
    assert with_target["metadata"]["annotations"] == {"a": "null"}
    assert one(f"resources: [settings.yaml]\npatches: [{{patch: '{patch}'}}]", files)["metadata"] == {
        "name": "settings"
    }


def test_a_deleted_object_is_gone() -> None:
    patch = "{$patch: delete, apiVersion: apps/v1, kind: Deployment, metadata: {name: shop}}"
    assert names(f"resources: [deployment.yaml, settings.yaml]\npatches: [{{patch: '{patch}'}}]") == [
        "ConfigMap/settings"
    ]


def test_several_patches_need_no_target() -> None:
    text = f"{MERGE}\n---\n{MERGE.replace('7', '8')}"
    made = one("resources: [deployment.yaml]\npatches: [{path: p.yaml}]", {"p.yaml": text})
    assert made["spec"]["replicas"] == 8
    assert failure(
        "resources: [deployment.yaml]\npatches: [{path: p.yaml, target: {kind: Deployment}}]", {"p.yaml": text}
    ).endswith('not allowed to set `patches.target` field: [path: "p.yaml"]')


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n"])
def test_an_empty_patch_does_nothing(text: str) -> None:
    assert one("resources: [deployment.yaml]\npatches: [{path: p.yaml}]", {"p.yaml": text})["spec"]["replicas"] == 1


def test_operations_need_a_target() -> None:
    assert (
        failure("resources: [deployment.yaml]\npatches: [{path: p.yaml}]", {"p.yaml": "- {op: remove, path: /spec}"})
        == 'must specify a target for JSON patch [path: "p.yaml"]'
    )


def test_operations_change_every_target() -> None:
    made = objects(
        "resources: [deployment.yaml, settings.yaml]\n"
        "patches: [{target: {name: .*}, patch: '- {op: add, path: /metadata/annotations/a, value: b}'}]"
    )
    assert [object_["metadata"]["annotations"] for object_ in made] == [{"a": "b"}, {"a": "b"}]


def test_an_object_renamed_by_operations_takes_its_references_along() -> None:
    made = objects(
        "resources: [deployment.yaml, settings.yaml]\n"
        "patches: [{target: {kind: ConfigMap}, patch: '- {op: replace, path: /metadata/name, value: renamed}'}]"
    )
    (container,) = made[0]["spec"]["template"]["spec"]["containers"]
    assert container["envFrom"] == [{"configMapRef": {"name": "renamed"}}]


def test_an_operation_that_does_not_apply_fails_the_build() -> None:
    told = failure(
        "resources: [deployment.yaml]\npatches: [{target: {kind: .*}, patch: '- {op: remove, path: /spec/x}'}]"
    )
    assert told == "error in remove for path: '/spec/x': Unable to remove nonexistent key: x: missing value"


def test_what_is_neither_kind_of_patch_is_refused() -> None:
    assert failure("resources: [deployment.yaml]\npatches: [{patch: hello}]") == (
        "trouble configuring builtin PatchTransformer with config: `\npatch: hello\n`: "
        'unable to parse SM or JSON patch from [patch: "hello"]'
    )


def test_the_old_fields_still_work() -> None:
    made = one(
        "resources: [deployment.yaml]\n"
        f"patchesStrategicMerge: ['{MERGE}']\n"
        "patchesJson6902: [{target: {version: v1, kind: Deployment, name: shop}, "
        'patch: \'[{"op": "add", "path": "/spec/paused", "value": true}]\'}]'
    )
    assert (made["spec"]["replicas"], made["spec"]["paused"]) == (7, True)


def test_old_patches_say_what_is_wrong_with_them() -> None:
    assert "empty file path and empty jsonOp" in failure(
        "resources: [deployment.yaml]\npatchesJson6902: [{target: {name: shop}}]"
    )
    assert "patch appears to be empty; files=[p.yaml], Patch=" in failure(
        "resources: [deployment.yaml]\npatchesStrategicMerge: [p.yaml]", {"p.yaml": "# nothing"}
    )


def test_the_patch_that_set_an_image_is_known() -> None:
    patch = MERGE.replace(
        "replicas: 7", "template: {spec: {containers: [{name: new, image: new:1}, {name: shop, image: acme/shop:v1}]}}"
    )
    built = result("resources: [deployment.yaml]\npatches: [{path: p.yaml}]", {"p.yaml": patch})
    assert [(path[-2], origin) for (_, path), origin in built.image_origins.items()] == [
        (0, ImageOrigin("p.yaml", ("new:1",))),
        (1, ImageOrigin("p.yaml", ("acme/shop:v1",))),
    ]
