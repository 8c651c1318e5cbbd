from __future__ import annotations

from typing import Any

import pytest

from fluxsim.formats.crdschema import Invalid, NotServed, admit, definition, definitions, unknown_fields
from fluxsim.formats.tree import get


def kustomization(**spec: Any) -> dict[str, Any]:
    needed = {"interval": "5m", "prune": True, "sourceRef": {"kind": "GitRepository", "name": "fleet"}}
    return {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {"name": "apps", "namespace": "flux-system"},
        "spec": needed | spec,
    }


def git_repository(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "GitRepository",
        "metadata": {"name": "fleet"},
        "spec": {"interval": "1m", "url": "https://git.example.com/fleet"} | spec,
    }


def refused(object_: dict[str, Any]) -> list[str]:
    with pytest.raises(Invalid) as error:
        admit(object_)
    return [f"{cause.field}: {cause.message}" for cause in error.value.causes]


def test_defaults_are_stored() -> None:
    stored = admit(kustomization()).object
    assert stored["spec"]["force"] is False
    assert stored["status"] == {"observedGeneration": -1}
    assert admit(git_repository()).object["spec"]["timeout"] == "60s"


def test_unknown_fields_are_dropped_and_named() -> None:
    stored, pruned = admit(kustomization(pathh="./x", patches=[{"patch": "a", "targets": {}}]))
    assert pruned == ("spec.pathh", "spec.patches[0].targets")
    assert stored["spec"]["patches"] == [{"patch": "a"}]
    assert unknown_fields(pruned) == (
        'strict decoding error: unknown field "spec.pathh", unknown field "spec.patches[0].targets"'
    )


def test_a_null_counts_as_absent() -> None:
    stored = admit(kustomization(path=None, force=None)).object
    assert "path" not in stored["spec"]
    assert stored["spec"]["force"] is False


def test_the_object_given_stays_as_it_is() -> None:
    given = kustomization(unknown=1)
    admit(given)
    assert given == kustomization(unknown=1)


def test_one_fault_reads_as_from_the_server() -> None:
    with pytest.raises(Invalid) as error:
        admit(git_repository(interval="10"))
    assert str(error.value) == (
        'GitRepository.source.toolkit.fluxcd.io "fleet" is invalid: spec.interval: Invalid value: "10": '
        "spec.interval in body should match '^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$'"
    )


@pytest.mark.parametrize(
    ("spec", "cause"),
    [
        (
            {"url": "git@example.com:fleet"},
            (
                'spec.url: Invalid value: "git@example.com:fleet": '
                "spec.url in body should match '^(http|https|ssh)://.*$'"
            ),
        ),
        (
            {"suspend": "yes"},
            'spec.suspend: Invalid value: "string": spec.suspend in body must be of type boolean: "string"',
        ),
        (
            {"provider": "gitlab"},
            'spec.provider: Unsupported value: "gitlab": supported values: "generic", "aws", "azure", "github"',
        ),
        ({"secretRef": {}}, "spec.secretRef.name: Required value"),
        (
            {"serviceAccountName": "robot"},
            "spec: Invalid value: \"object\": serviceAccountName can only be set when provider is 'azure' or 'aws'",
        ),
    ],
)
def test_a_broken_rule_is_told_in_the_words_of_the_server(spec: dict[str, Any], cause: str) -> None:
    assert refused(git_repository(**spec))[0] == cause


def test_missing_fields_are_all_told_and_rules_are_then_not_asked() -> None:
    found = refused({**kustomization(), "spec": {}})
    assert found[:3] == [
        "spec.interval: Required value",
        "spec.prune: Required value",
        "spec.sourceRef: Required value",
    ]
    assert found[3].startswith('<nil>: Invalid value: "null": some validation rules were not checked')


def test_texts_and_lists_have_limits() -> None:
    assert refused(kustomization(targetNamespace="")) == [
        'spec.targetNamespace: Invalid value: "": spec.targetNamespace in body should be at least 1 chars long'
    ]
    assert refused(kustomization(targetNamespace="n" * 64))[0] == (
        "spec.targetNamespace: Too long: may not be more than 63 bytes"
    )


def test_a_beta_version_is_not_served() -> None:
    with pytest.raises(NotServed) as error:
        admit({"apiVersion": "kustomize.toolkit.fluxcd.io/v1beta2", "kind": "Kustomization"})
    assert str(error.value) == 'no matches for kind "Kustomization" in version "kustomize.toolkit.fluxcd.io/v1beta2"'


def test_other_kinds_pass_as_they_are() -> None:
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": None}}
    assert admit(config_map) == (config_map, ())


def test_values_of_a_helm_release_are_free() -> None:
    release = {
        "apiVersion": "helm.toolkit.fluxcd.io/v2",
        "kind": "HelmRelease",
        "metadata": {"name": "x"},
        "spec": {
            "interval": "5m",
            "chartRef": {"kind": "OCIRepository", "name": "c"},
            "values": {"a": [None, {"b": 1}]},
        },
    }
    assert get(admit(release).object, "spec", "values") == {"a": [None, {"b": 1}]}


def test_a_definition_knows_its_names_and_columns() -> None:
    found = definition("image.toolkit.fluxcd.io/v1", "ImageRepository")
    assert found is not None
    assert (found.plural, found.short_names, found.scope) == (
        "imagerepositories",
        ("imgrepo", "imagerepo"),
        "Namespaced",
    )
    assert [column.name for column in found.columns] == ["Image", "Tags", "Ready", "Status", "Last scan", "Age"]
    assert definition("image.toolkit.fluxcd.io/v1beta2", "ImageRepository") is None


def test_each_kind_has_one_served_version() -> None:
    kinds = [(found.group, found.kind) for found in definitions().values()]
    assert len(kinds) == len(set(kinds))
