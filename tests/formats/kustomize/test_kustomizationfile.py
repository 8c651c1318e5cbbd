from __future__ import annotations

import pytest

from tests.formats.kustomize.overlay import CONFIG_MAP, failure, names


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("resource: [a]", 'json: unknown field "resource"'),
        ("images: [{name: a, tag: b}]", 'json: unknown field "tag"'),
        (
            "images: [{name: a, newTag: 1.10}]",
            "json: cannot unmarshal number into Go struct field Image.images.newTag of type string",
        ),
        (
            "commonAnnotations: {a: yes}",
            "json: cannot unmarshal bool into Go struct field Kustomization.commonAnnotations of type string",
        ),
        (
            "replicas: [{name: a, count: 1.5}]",
            "json: cannot unmarshal number 1.5 into Go struct field Replica.replicas.count of type int64",
        ),
        ("images: [a]", "json: cannot unmarshal string into Go struct field Kustomization.images of type types.Image"),
        ("resources: a", "json: cannot unmarshal string into Go struct field Kustomization.resources of type []string"),
        (
            "configMapGenerator: [{name: 7}]",
            "json: cannot unmarshal number into Go struct field ConfigMapArgs.configMapGenerator.GeneratorArgs.name of type string",
        ),
        (
            "patches: [{target: {kind: 7}}]",
            "json: cannot unmarshal number into Go struct field Selector.patches.target.ResId.Gvk.kind of type string",
        ),
        ("just text", "json: cannot unmarshal string into Go value of type types.Kustomization"),
        ("a: [", "yaml: line 1: did not find expected node content"),
    ],
)
def test_a_field_that_does_not_fit_is_told_as_go_does(text: str, error: str) -> None:
    assert failure(text) == f"invalid Kustomization: {error}"


def test_of_several_faults_the_first_in_the_order_of_keys_is_told() -> None:
    assert failure("zeal: 1\nimages: [{newTag: 1}]") == (
        "invalid Kustomization: json: cannot unmarshal number into Go struct field Image.images.newTag of type string"
    )


@pytest.mark.parametrize(
    "text", ["", "# nothing", "kind: Kustomization", "namePrefix: ''", "null", "commonLabels: null"]
)
def test_a_file_that_says_nothing_is_empty(text: str) -> None:
    assert failure(text) == "kustomization.yaml is empty"


def test_an_empty_list_is_something() -> None:
    assert names("resources: []") == []


def test_keys_match_without_regard_to_case() -> None:
    assert names("Resources: [settings.yaml]\nNAMEPREFIX: my-") == ["ConfigMap/my-settings"]


def test_only_the_first_document_counts() -> None:
    assert names("resources: [settings.yaml]\n---\nnamePrefix: my-") == ["ConfigMap/settings"]


def test_another_version_is_refused() -> None:
    assert failure("apiVersion: v1\nresources: []") == (
        "Failed to read kustomization file under /tree:\n"
        "apiVersion for Kustomization should be kustomize.config.k8s.io/v1beta1"
    )


def test_bases_are_resources_by_an_old_name() -> None:
    files: dict[str, str | bytes] = {"sub/kustomization.yaml": "resources: [a.yaml]", "sub/a.yaml": CONFIG_MAP}
    assert names("bases: [sub]", files) == ["ConfigMap/settings"]


def test_a_helm_chart_is_refused_by_name() -> None:
    text = failure("helmCharts: [{name: podinfo, version: 6.0.0, includeCRDs: true}]")
    assert text == (
        "trouble configuring builtin HelmChartInflationGenerator with config: `\n"
        "includeCRDs: true\nname: podinfo\nversion: 6.0.0\n`: must specify --enable-helm"
    )
