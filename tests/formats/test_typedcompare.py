from __future__ import annotations

from typing import Any

import pytest

from fluxsim.formats.fieldset import FieldSet
from fluxsim.formats.listtypes import ANY, type_of
from fluxsim.formats.typedcompare import compared
from fluxsim.formats.typedtree import ABSENT

POD = type_of("v1", "Pod")
CONFIG_MAP = type_of("v1", "ConfigMap")


def pod(*containers: dict[str, Any]) -> dict[str, Any]:
    return {"spec": {"containers": list(containers)}}


def test_a_comparison_names_what_came_went_and_changed() -> None:
    old = {"data": {"a": "1", "b": "1"}}
    new = {"data": {"a": "2", "c": "1"}, "immutable": True}
    assert compared(old, new, CONFIG_MAP) == (
        {"f:data": {"f:b": {}}},
        {"f:data": {"f:a": {}}},
        {"f:data": {"f:c": {}}, "f:immutable": {}},
    )


def test_a_container_that_comes_brings_its_maps_as_fields() -> None:
    added = compared(ABSENT, {"data": {"a": "1"}}, CONFIG_MAP).added
    assert added == {"f:data": {".": {}, "f:a": {}}}


@pytest.mark.parametrize(("old", "new"), [(True, 1), ([True], [1]), ([{"a": 0}], [{"a": False}])])
def test_true_is_not_one(old: Any, new: Any) -> None:
    assert compared({"spec": {"x": old}}, {"spec": {"x": new}}, ANY).modified == {"f:spec": {"f:x": {}}}


def test_a_scalar_that_becomes_a_map_changes_and_brings_fields() -> None:
    found = compared({"spec": {"x": 1}}, {"spec": {"x": {"y": 1}}}, ANY)
    assert found.modified == {"f:spec": {"f:x": {}}}
    assert found.added == {"f:spec": {"f:x": {"f:y": {}}}}


def test_empty_is_not_null_and_both_are_leaves() -> None:
    assert compared({"data": {}}, {"data": None}, CONFIG_MAP).modified == {"f:data": {}}
    assert compared({"data": {}}, {"data": {}}, CONFIG_MAP) == ({}, {}, {})
    assert compared({}, {"data": {}}, CONFIG_MAP).added == {"f:data": {}}


def test_the_order_of_items_that_merge_is_no_difference() -> None:
    one, other = pod({"name": "a"}, {"name": "b"}), pod({"name": "b"}, {"name": "a"})
    assert compared(one, other, POD) == ({}, {}, {})


def test_items_that_stand_there_twice_are_compared_as_one() -> None:
    single, double = pod({"name": "a", "image": "x"}), pod({"name": "a"}, {"name": "a"})
    item: FieldSet = {"f:spec": {"f:containers": {'k:{"name":"a"}': {}}}}
    assert compared(pod(), double, POD).added["f:spec"]["f:containers"]['k:{"name":"a"}'] == {}
    assert compared(double, pod({"name": "a"}, {"name": "a", "image": "x"}), POD).modified == item
    assert compared(double, double, POD) == ({}, {}, {})
    assert compared(single, double, POD).added == item
    assert compared(double, single, POD).removed == item
