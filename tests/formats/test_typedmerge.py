from __future__ import annotations

from typing import Any

import pytest

from fluxsim.formats.listtypes import ANY, type_of
from fluxsim.formats.typedmerge import merged
from fluxsim.formats.typedtree import ABSENT

POD = type_of("v1", "Pod")


def pod(*containers: dict[str, Any]) -> dict[str, Any]:
    return {"spec": {"containers": list(containers)}}


def names(tree: Any) -> list[str]:
    return [container["name"] for container in tree["spec"]["containers"]]


@pytest.mark.parametrize(
    ("live", "applied", "expected"),
    [
        ("ab", "ab", "ab"),
        ("ab", "ba", "ba"),
        ("axb", "ab", "axb"),
        ("xab", "bac", "xbac"),
        ("ab", "acb", "acb"),
        ("abc", "", "abc"),
        ("", "ab", "ab"),
        ("axby", "bca", "xbyca"),
    ],
)
def test_applied_items_keep_their_order_and_others_stay_between_them(live: str, applied: str, expected: str) -> None:
    one, other = (pod(*({"name": name} for name in order)) for order in (live, applied))
    assert "".join(names(merged(one, other, POD))) == expected


def test_merging_what_is_there_gives_the_same_tree() -> None:
    live = {"metadata": {"labels": {"a": "1", "b": "2"}}, **pod({"name": "web", "image": "x"}, {"name": "side"})}
    assert merged(live, {"metadata": {"labels": {"a": "1"}}, **pod({"name": "side"})}, POD) is live


def test_what_is_owned_whole_is_replaced() -> None:
    live, applied = pod({"name": "web", "args": ["a", "b"]}), pod({"name": "web", "args": ["c"]})
    assert merged(live, applied, POD) == applied


@pytest.mark.parametrize(("old", "new"), [(True, 1), ([True], [1]), (1, {"a": 1}), ({"a": 1}, [1]), (1, None)])
def test_without_a_schema_the_applied_value_counts(old: Any, new: Any) -> None:
    assert merged({"spec": {"x": old}}, {"spec": {"x": new}}, ANY)["spec"]["x"] is new


def test_null_over_a_map_leaves_the_map() -> None:
    assert merged({"spec": {"a": 1}}, {"spec": None}, ANY) == {"spec": {"a": 1}}
    assert merged({"metadata": {"labels": {"a": "1"}}}, {"metadata": {"labels": None}}, POD)["metadata"]["labels"] == {
        "a": "1"
    }


def test_nothing_applied_leaves_the_tree_and_nothing_there_takes_it() -> None:
    tree = pod({"name": "a"})
    assert merged(tree, ABSENT, POD) is tree
    assert merged(ABSENT, tree, POD) is tree


def test_an_item_that_stands_there_twice_is_replaced() -> None:
    live = pod({"name": "a", "image": "x"}, {"name": "a", "image": "y"})
    assert merged(live, pod({"name": "a", "tty": True}), POD) == pod({"name": "a", "tty": True})
