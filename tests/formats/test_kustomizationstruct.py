from __future__ import annotations

import pytest

from fluxsim.formats.kustomizationstruct import KustomizationFileError, read
from fluxsim.formats.tree import Json


def kept(document: Json) -> dict[str, Json]:
    return {key: value for key, value in read(document).items() if key not in ("apiVersion", "kind")}


def test_unknown_and_empty_fields_are_lost() -> None:
    assert kept({"resources": [], "namespace": "", "unknown": 1, "images": [{"name": "a", "tag": "b"}]}) == {
        "images": [{"name": "a"}]
    }


def test_kind_and_version_have_defaults() -> None:
    assert read(None) == {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
    assert read({"kind": "Component", "apiVersion": "x"}) == {"kind": "Component", "apiVersion": "x"}


def test_numbers_become_text_where_text_is_wanted() -> None:
    found = kept({"images": [{"name": "a", "newTag": 6.1}], "commonLabels": {"n": 1, "b": True, "z": None}})
    assert found == {"images": [{"name": "a", "newTag": "6.1"}], "commonLabels": {"n": "1", "b": "true", "z": ""}}


def test_some_fields_are_written_though_empty() -> None:
    document = {"replicas": [{"name": "a"}], "vars": [{"name": "V"}], "replacements": [{"targets": [{}]}]}
    assert kept(document) == {
        "replicas": [{"name": "a", "count": 0}],
        "vars": [{"name": "V", "objref": {"name": ""}, "fieldref": {}}],
        "replacements": [{"targets": [{"select": None}]}],
    }


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ([], "array into Go value of type types.Kustomization"),
        ({"resources": "a.yaml"}, "string into Go struct field Kustomization.resources of type []string"),
        ({"images": [{"newTag": {}}]}, "object into Go struct field Image.images.newTag of type string"),
        ({"replicas": [{"count": 1.5}]}, "number 1.5 into Go struct field Replica.replicas.count of type int64"),
        ({"patches": ["p"]}, "string into Go struct field Kustomization.patches of type types.Patch"),
    ],
)
def test_a_wrong_type_is_told_as_go_tells_it(document: Json, told: str) -> None:
    with pytest.raises(KustomizationFileError) as refused:
        read(document)
    assert str(refused.value) == f"error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {told}"
