from __future__ import annotations

from fluxsim.formats.kustomize import FLUX, KUBECTL, DictTree, ImageOrigin, build, build_yaml
from tests.formats.kustomize.overlay import CONFIG_MAP, DEPLOYMENT, FILES, SERVICE, failure, objects, one, result

LAYERS = {
    "base/kustomization.yaml": "resources: [deployment.yaml, settings.yaml]\n",
    "base/deployment.yaml": DEPLOYMENT,
    "base/settings.yaml": CONFIG_MAP,
    "live/kustomization.yaml": "resources: [../base]\nnamePrefix: live-\nnamespace: live\n",
}


def test_an_overlay_changes_what_its_base_gathers() -> None:
    text = build_yaml(DictTree(LAYERS), "live")
    assert text.startswith("apiVersion: v1\ndata:\n  color: red\nkind: ConfigMap\nmetadata:\n  name: live-settings\n")
    assert "---\napiVersion: apps/v1\n" in text
    assert "name: live-settings" in text.split("envFrom")[1]


def test_kubectl_sorts_by_kind_and_flux_does_not() -> None:
    tree = DictTree({**FILES, "kustomization.yaml": "resources: [deployment.yaml, settings.yaml]\n"})
    kinds = {
        name: [str(object_["kind"]) for object_ in build(tree, ".", options=options).resources]
        for name, options in (("kubectl", KUBECTL), ("flux", FLUX))
    }
    assert kinds == {"kubectl": ["ConfigMap", "Deployment"], "flux": ["Deployment", "ConfigMap"]}


def test_an_empty_list_of_resources_prints_nothing() -> None:
    assert build_yaml(DictTree({"kustomization.yaml": "resources: []\n"}), ".") == ""


def test_what_was_read_and_what_was_missing_is_told() -> None:
    built = build(DictTree(LAYERS), "live")
    assert "base/settings.yaml" in built.read_paths
    assert "base/kustomization.yml" in built.read_paths, "a second file there would make the build fail"
    assert "base" in built.directories
    assert not any(path.startswith("other") for path in built.read_paths)


def test_the_result_is_frozen_and_says_where_objects_come_from() -> None:
    built = build(DictTree(LAYERS), "live", options=FLUX)
    assert built.sources == ("base/deployment.yaml", "base/settings.yaml")
    assert type(built.resources[0]).__name__ == "Map"


def test_building_twice_gives_the_same() -> None:
    tree = DictTree(LAYERS)
    assert build_yaml(tree, "live") == build_yaml(tree, "live")


def test_the_file_that_wrote_an_image_last_is_known() -> None:
    built = build(DictTree(LAYERS), "live", options=FLUX)
    path = ("spec", "template", "spec", "containers", 0, "image")
    assert built.image_origins == {(0, path): ImageOrigin("base/deployment.yaml", ("acme/shop:v1",))}


def test_local_configuration_is_not_printed() -> None:
    local = CONFIG_MAP.replace(
        "name: settings", 'name: settings\n  annotations: {config.kubernetes.io/local-config: "true"}'
    )
    assert objects("resources: [settings.yaml]", {"settings.yaml": local}) == []


def test_annotations_become_texts_as_they_stand_in_the_file() -> None:
    annotated = CONFIG_MAP.replace(
        "name: settings", "name: settings\n  annotations: {version: 1.10, mode: 0755, on: True, none: null}"
    )
    made = one("resources: [settings.yaml]", {"settings.yaml": annotated})
    assert made["metadata"]["annotations"] == {"version": "1.10", "mode": "0755", "on": "true", "none": "null"}


def test_an_empty_map_of_annotations_goes() -> None:
    made = one(
        "resources: [settings.yaml]",
        {"settings.yaml": CONFIG_MAP.replace("name: settings", "name: settings\n  annotations: {}")},
    )
    assert made["metadata"] == {"name": "settings"}


def test_a_number_that_json_cannot_hold_fails_when_it_is_printed() -> None:
    text = failure("resources: [settings.yaml]", {"settings.yaml": CONFIG_MAP + "top: .inf\n"})
    assert text.endswith('"top":+Inf}: json: unsupported value: +Inf')


def test_a_key_that_is_no_string_fails_when_it_is_printed() -> None:
    text = failure("resources: [settings.yaml]", {"settings.yaml": CONFIG_MAP + "  7: seven\n"})
    assert text.endswith("json: unsupported type: map[interface {}]interface {}")


def test_a_patch_can_put_a_string_in_the_place_of_a_number_as_key() -> None:
    quoted = CONFIG_MAP + '  "7": seven\n'
    patch = 'patches: [{target: {kind: ConfigMap}, patch: "{apiVersion: v1, kind: ConfigMap, metadata: {name: x}, data: {7: x}}"}]'
    made = one(f"resources: [settings.yaml]\n{patch}", {"settings.yaml": quoted})
    assert made["data"]["7"] == "x"


def test_deprecated_fields_are_warned_of() -> None:
    built = result("resources: [settings.yaml]\ncommonLabels: {a: b}\n")
    assert built.warnings == (
        (
            "# Warning: 'commonLabels' is deprecated. Please use 'labels' instead. "
            "Run 'kustomize edit fix' to update your Kustomization automatically."
        ),
    )


def test_the_managed_by_label_names_the_version() -> None:
    made = one("resources: [service.yaml]\nbuildMetadata: [managedByLabel]", {"service.yaml": SERVICE})
    assert made["metadata"]["labels"] == {"app.kubernetes.io/managed-by": "kustomize-v5.8.1"}
