from __future__ import annotations

from typing import Any

import pytest

from fluxsim.formats.kustomize.errors import KustomizeError
from fluxsim.formats.kustomize.fieldspecs import Creates, FieldSpec, FieldSpecs, set_field, split_path
from fluxsim.formats.kustomize.identity import Gvk
from fluxsim.formats.kustomize.resource import Resource


def with_x(tree: dict[str, Any], path: str, creates: Creates = "nothing") -> dict[str, Any]:
    resource = Resource({"kind": "A", **tree})
    set_field(resource, FieldSpec(Gvk(), path, creates != "nothing"), lambda _: "x", creates)
    del resource.tree["kind"]
    return resource.tree


@pytest.mark.parametrize(
    ("tree", "path", "expected"),
    [
        ({"a": {"b": 1}}, "a/b", {"a": {"b": "x"}}),
        ({"a": [{"b": 1}, {}, None, {"b": 2}]}, "a/b", {"a": [{"b": "x"}, {}, None, {"b": "x"}]}),
        ({"a": [[{"b": 1}]]}, "a[]/b", {"a": [[{"b": "x"}]]}),
        ({"a": {"b/c": 1}}, "a/b\\/c", {"a": {"b/c": "x"}}),
        ({"a": None}, "a[]/b", {"a": []}),
        ({"a": None}, "a/b", {"a": None}),
        ({}, "a/b", {}),
    ],
)
def test_a_path_crosses_lists_and_makes_nothing(tree: dict[str, Any], path: str, expected: dict[str, Any]) -> None:
    assert with_x(tree, path) == expected


def test_a_place_is_made_when_the_spec_says_so() -> None:
    assert with_x({}, "a/b", "text") == {"a": {"b": "x"}}
    assert with_x({"a": None}, "a/b", "map") == {"a": {"b": "x"}}
    assert with_x({}, "a[]/b", "text") == {}


def test_a_path_through_a_scalar_is_refused() -> None:
    with pytest.raises(KustomizeError) as failed:
        with_x({"a": [{"b": 1}]}, "a/b/c")
    assert str(failed.value) == (
        "considering field 'a/b/c' of object A.[noVer].[noGrp]/[noName].[noNs]: visit traversal on path: [b c]: "
        "expected sequence or mapping node"
    )


def test_a_path_without_name_is_refused() -> None:
    with pytest.raises(KustomizeError, match="cannot set or create an empty field name"):
        with_x({"a": {}}, "a/")


def test_a_slash_at_the_start_is_ignored() -> None:
    assert split_path("/a/b", "/") == ("a", "b")


def test_specs_that_are_there_are_not_added() -> None:
    specs = FieldSpecs([FieldSpec(Gvk(kind="A"), "a")])
    assert specs.merged([FieldSpec(Gvk(), "a")]) is specs
    assert len(specs.merged([FieldSpec(Gvk(kind="B"), "a")]).specs) == 2
