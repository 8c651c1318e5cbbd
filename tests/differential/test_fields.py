"""A field of a kustomization that is not known, or that cannot be done here, is an error that names it; never another build."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from fluxsim.formats.kustomize import DictTree, KustomizeError, build
from fluxsim.formats.kustomize.kustomization import Kustomization

OBJECT = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
PLUGIN = "apiVersion: someteam.example.com/v1\nkind: Surprise\nmetadata: {name: s}\n"


def refusal(**fields: Any) -> str:
    files = {
        "kustomization.yaml": yaml.safe_dump({"resources": ["a.yaml"], **fields}),
        "a.yaml": OBJECT,
        "plugin.yaml": PLUGIN,
    }
    with pytest.raises(KustomizeError) as raised:
        build(DictTree(files), "")
    return str(raised.value)


@pytest.mark.parametrize(
    "field", ["resource", "namePrefx", "spec", "Patches2", "helmChart", "configMapGenerators", "x-note"]
)
def test_an_unknown_field_is_named(field: str) -> None:
    assert f'unknown field "{field}"' in refusal(**{field: []})


@pytest.mark.parametrize(
    ("field", "value", "wrong"),
    [
        ("images", [{"name": "a", "newtag2": "b"}], "newtag2"),
        ("patches", [{"patchh": "x"}], "patchh"),
        ("replicas", [{"name": "a", "counts": 1}], "counts"),
        ("configMapGenerator", [{"name": "a", "literal": []}], "literal"),
        ("labels", [{"pairs": {}, "includeSelector": True}], "includeSelector"),
        ("replacements", [{"sources": {}}], "sources"),
        ("generatorOptions", {"suffix": False}, "suffix"),
    ],
)
def test_an_unknown_field_inside_a_field_is_named(field: str, value: Any, wrong: str) -> None:
    assert f'unknown field "{wrong}"' in refusal(**{field: value})


@pytest.mark.parametrize(
    ("field", "chart"),
    [
        ("helmCharts", {"name": "podinfo", "repo": "https://charts.example"}),
        ("helmChartInflationGenerator", {"chartName": "podinfo"}),
    ],
)
def test_charts_are_refused(field: str, chart: Any) -> None:
    told = refusal(**{field: [chart]})
    assert "HelmChartInflationGenerator" in told
    assert "must specify --enable-helm" in told


@pytest.mark.parametrize("field", ["generators", "transformers", "validators"])
def test_plugins_outside_of_kustomize_are_refused_by_name(field: str) -> None:
    told = refusal(**{field: ["plugin.yaml"]})
    assert "Surprise" in told
    assert "plugin" in told


@pytest.mark.parametrize(
    "remote", ["https://github.com/acme/base?ref=v1", "github.com/acme/base", "https://acme.example/a.yaml"]
)
def test_remote_bases_are_refused_by_name(remote: str) -> None:
    assert remote in refusal(resources=[remote])


def test_every_field_that_is_known_is_either_done_or_refused() -> None:
    """The list of kustomize v5.8.1, by hand: a field that is added to it must be thought of."""
    done = {
        "kind", "api_version", "metadata", "openapi", "name_prefix", "name_suffix", "namespace", "common_labels", "labels",
        "common_annotations", "patches_strategic_merge", "patches_json6902", "patches", "images", "image_tags", "replacements",
        "replicas", "vars", "sort_options", "resources", "components", "crds", "bases", "config_map_generator",
        "secret_generator", "generator_options", "configurations", "generators", "transformers", "validators", "build_metadata",
        "warnings",
    }  # fmt: skip
    refused = {"helm_globals", "helm_charts", "helm_chart_inflation_generator"}
    assert set(Kustomization.__dataclass_fields__) == done | refused
