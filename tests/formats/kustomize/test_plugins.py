from __future__ import annotations

import pytest

from tests.formats.kustomize.overlay import failure, names, one

PREFIX = "apiVersion: builtin\nkind: PrefixTransformer\nmetadata: {name: p}\nprefix: my-\nfieldSpecs: [{path: metadata/name}]\n"


def test_a_transformer_stands_in_a_file_or_inline_or_in_a_directory() -> None:
    files: dict[str, str | bytes] = {
        "p.yaml": PREFIX,
        "plugins/kustomization.yaml": "resources: [p.yaml]",
        "plugins/p.yaml": PREFIX,
    }
    inline = "|\n  " + PREFIX.replace("\n", "\n  ")
    for entry in ("p.yaml", "plugins", inline):
        assert names(f"resources: [settings.yaml]\ntransformers:\n- {entry}\n", files) == ["ConfigMap/my-settings"]


def test_plugins_take_numbers_for_text_and_ignore_what_they_do_not_know() -> None:
    settings = "apiVersion: builtin\nkind: AnnotationsTransformer\nmetadata: {name: a}\nannotations: {a: 1, b: true}\nmore: 1\nfieldSpecs: [{path: metadata/annotations, create: true}]\n"
    made = one("resources: [settings.yaml]\ntransformers: [a.yaml]", {"a.yaml": settings})
    assert made["metadata"]["annotations"] == {"a": "1", "b": "true"}


def test_a_generator_may_stand_in_a_file() -> None:
    text = "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: made}\nliterals: [a=b]\n"
    assert names("generators: [g.yaml]", {"g.yaml": text})[0].startswith("ConfigMap/made-")


def test_an_iam_policy_makes_a_service_account() -> None:
    text = (
        "apiVersion: builtin\nkind: IAMPolicyGenerator\nmetadata: {name: x}\ncloud: gke\n"
        "kubernetesService: {name: k, namespace: n}\nserviceAccount: {name: s, projectId: p}\n"
    )
    assert one("generators: [g.yaml]", {"g.yaml": text})["metadata"] == {
        "annotations": {"iam.gke.io/gcp-service-account": "s@p.iam.gserviceaccount.com"},
        "name": "k",
        "namespace": "n",
    }


@pytest.mark.parametrize(
    ("field", "text", "error"),
    [
        (
            "transformers",
            "apiVersion: x/v1\nkind: Mine\nmetadata: {name: a}",
            "external plugins disabled; unable to load external plugin 'Mine'",
        ),
        (
            "transformers",
            "apiVersion: builtin\nkind: None\nmetadata: {name: a}",
            "unable to load builtin None.builtin.[noGrp]",
        ),
        (
            "generators",
            PREFIX,
            "loading generator plugins: failed to load generator: plugin PrefixTransformer.builtin.[noGrp]/p.[noNs] not a generator",
        ),
        (
            "transformers",
            PREFIX.replace("fieldSpecs", "other"),
            "plugin PrefixTransformer.builtin.[noGrp]/p.[noNs] fails configuration: fieldSpecs is not expected to be nil",
        ),
        (
            "generators",
            "apiVersion: builtin\nkind: HelmChartInflationGenerator\nmetadata: {name: h}",
            (
                "loading generator plugins: failed to load generator: plugin HelmChartInflationGenerator.builtin.[noGrp]/h.[noNs] "
                "fails configuration: must specify --enable-helm"
            ),
        ),
    ],
)
def test_a_plugin_that_cannot_run_is_refused(field: str, text: str, error: str) -> None:
    assert failure(f"resources: [settings.yaml]\n{field}: [x.yaml]", {"x.yaml": text}) == error


def test_a_validator_may_not_change_anything() -> None:
    assert "validator shouldn't modify the resource map" in failure(
        "resources: [settings.yaml]\nvalidators: [p.yaml]", {"p.yaml": PREFIX}
    )
