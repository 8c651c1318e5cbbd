from __future__ import annotations

from tests.formats.kustomize.overlay import CONFIG_MAP, DEPLOYMENT, failure, names, objects

COMPONENT = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"


def test_a_component_changes_what_its_parent_gathered() -> None:
    files: dict[str, str | bytes] = {"part/kustomization.yaml": COMPONENT + "namePrefix: part-\n"}
    made = names("resources: [settings.yaml]\ncomponents: [part]\nnameSuffix: -end", files)
    assert made == ["ConfigMap/part-settings-end"]


def test_a_component_is_no_resource() -> None:
    files: dict[str, str | bytes] = {"part/kustomization.yaml": COMPONENT + "namePrefix: part-\n"}
    assert "expected kind != 'Component' for path '/tree/part'" in failure("resources: [part]", files)


def test_a_kustomization_is_no_component() -> None:
    files: dict[str, str | bytes] = {"part/kustomization.yaml": "namePrefix: part-\n"}
    assert failure("components: [part]", files) == (
        "accumulating components: accumulateDirectory: "
        "\"expected kind 'Component' for path '/tree/part' but got 'Kustomization'\""
    )


def test_the_same_object_twice_is_refused() -> None:
    assert (
        "merging resources from 'more.yaml': may not add resource with an already registered id: "
        "ConfigMap.v1.[noGrp]/settings.[noNs]"
        in failure("resources: [settings.yaml, more.yaml]", {"more.yaml": CONFIG_MAP})
    )


def test_two_layers_may_make_one_name_of_each_other_s() -> None:
    files: dict[str, str | bytes] = {
        "a/kustomization.yaml": "resources: [x.yaml]\nnamePrefix: a-",
        "b/kustomization.yaml": "resources: [x.yaml]\nnamePrefix: b-",
        "a/x.yaml": CONFIG_MAP,
        "b/x.yaml": CONFIG_MAP,
    }
    assert names("resources: [a, b]", files) == ["ConfigMap/a-settings", "ConfigMap/b-settings"]


def test_patches_come_before_names_and_images_after_patches() -> None:
    patch = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: shop}, spec: {template: {spec: {containers: [{name: shop, image: other:1}]}}}}"
    made = objects(
        f'resources: [deployment.yaml]\nimages: [{{name: other, newTag: "2"}}]\nnamePrefix: my-\npatches: [{{patch: "{patch}"}}]'
    )
    assert made[0]["metadata"]["name"] == "my-shop"
    assert made[0]["spec"]["template"]["spec"]["containers"][0]["image"] == "other:2"


def test_bad_yaml_of_a_file_is_told_without_the_directory() -> None:
    text = failure("resources: [bad.yaml]", {"bad.yaml": "a: b: c\n"})
    assert text == (
        "accumulating resources: accumulating resources from 'bad.yaml': "
        "MalformedYAMLError: yaml: mapping values are not allowed in this context in File: bad.yaml"
    )


def test_settings_of_a_transformer_are_checked_before_any_runs() -> None:
    text = failure("resources: [deployment.yaml]\nreplicas: [{name: none, count: 1}]\npatches: [{path: gone.yaml}]")
    assert text.startswith("trouble configuring builtin PatchTransformer with config: `\npath: gone.yaml\n`: ")


def test_a_base_is_built_before_the_overlay_sees_it() -> None:
    files: dict[str, str | bytes] = {
        "base/kustomization.yaml": "resources: [d.yaml]\nreplicas: [{name: shop, count: 3}]\nnamePrefix: base-",
        "base/d.yaml": DEPLOYMENT,
    }
    made = objects("resources: [base]\nreplicas: [{name: shop, count: 5}]", files)
    assert (made[0]["metadata"]["name"], made[0]["spec"]["replicas"]) == ("base-shop", 5)
