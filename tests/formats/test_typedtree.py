from __future__ import annotations

from typing import Any

import pytest

from fluxsim.formats.fieldset import in_order
from fluxsim.formats.listtypes import ANY, Type, type_of
from fluxsim.formats.typedtree import NoKey, field_set, item_step, same, with_named, without

POD = type_of("v1", "Pod")
CONFIG_MAP = type_of("v1", "ConfigMap")


def pod(*containers: dict[str, Any]) -> dict[str, Any]:
    return {"spec": {"containers": list(containers)}}


def test_leaves_items_and_empty_maps_are_fields() -> None:
    tree = {"metadata": {"labels": {"a": "1"}}, **pod({"name": "web", "resources": {}, "args": ["x"]})}
    assert in_order(field_set(tree, POD)) == {
        "f:metadata": {"f:labels": {"f:a": {}}},
        "f:spec": {"f:containers": {'k:{"name":"web"}': {".": {}, "f:args": {}, "f:name": {}, "f:resources": {}}}},
    }


def test_an_empty_list_that_merges_is_no_field() -> None:
    assert field_set({"metadata": {"finalizers": []}}, POD) == {}
    assert field_set({"metadata": {"finalizers": ["a"]}}, POD) == {"f:metadata": {"f:finalizers": {'v:"a"': {}}}}


def test_without_a_schema_maps_are_fields_themselves_and_lists_are_owned_whole() -> None:
    assert field_set({"spec": {"m": {"x": 1}, "l": [1, 2], "n": None}}, ANY) == {
        "f:spec": {".": {}, "f:m": {".": {}, "f:x": {}}, "f:l": {}, "f:n": {}}
    }


@pytest.mark.parametrize(
    ("item", "told"),
    [
        (None, "associative list with keys may not have a null element"),
        ("web", "associative list with keys may not have non-map elements"),
    ],
)
def test_an_item_needs_its_keys(item: Any, told: str) -> None:
    containers = POD.fields["spec"].type.fields["containers"].type
    with pytest.raises(NoKey, match=told):
        item_step(containers, item)


def test_a_key_without_value_or_default_is_an_error_only_when_it_is_the_only_one() -> None:
    keyed = Type("list", element=ANY, keys=("a", "b"), defaults=(None, None))
    assert item_step(keyed, {"b": 1}) == 'k:{"b":1}'
    with pytest.raises(NoKey, match=r'omits all key fields \["a" "b"\]'):
        item_step(keyed, {"c": 1})


def test_a_missing_key_stands_for_its_default() -> None:
    spec = type_of("v1", "Service").fields["spec"].type
    assert item_step(spec.fields["ports"].type, {"port": 80}) == 'k:{"port":80,"protocol":"TCP"}'


def test_a_map_that_loses_all_becomes_null() -> None:
    tree = {"data": {"a": "1"}, "kind": "ConfigMap"}
    assert without(tree, {"f:data": {"f:a": {}}}, CONFIG_MAP) == {"data": None, "kind": "ConfigMap"}
    assert without(tree, {"f:data": {}}, CONFIG_MAP) == {"kind": "ConfigMap"}
    assert without(tree, {"f:data": {"f:z": {}}}, CONFIG_MAP) is tree


def test_structs_on_the_way_can_be_made_members() -> None:
    assert with_named({"f:data": {"f:a": {}}}, CONFIG_MAP) == {"f:data": {".": {}, "f:a": {}}}
    assert with_named({"f:spec": {"f:x": {"f:y": {}}}}, ANY) == {"f:spec": {"f:x": {"f:y": {}}}}


@pytest.mark.parametrize(("one", "other"), [(True, 1), ([True], [1]), ({"a": 0}, {"a": False}), ("1", 1), ([], {})])
def test_equal_in_python_is_not_equal_in_json(one: Any, other: Any) -> None:
    assert not same(one, other)
    assert same([one], [one])
    assert same(1, 1.0)
