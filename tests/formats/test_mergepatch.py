from __future__ import annotations

import pytest

from fluxsim.formats.mergepatch import MergePatchError, applied, three_way_patch, two_way_patch
from fluxsim.formats.tree import Json, freeze


def test_maps_merge_null_deletes_and_lists_are_replaced() -> None:
    document = freeze({"spec": {"suspend": False, "images": [{"name": "a"}], "path": "./a"}})
    patch = {"spec": {"suspend": True, "images": [{"name": "b"}], "path": None, "wait": {"x": None, "y": 1}}}
    assert applied(document, patch) == {"spec": {"suspend": True, "images": [{"name": "b"}], "wait": {"y": 1}}}
    assert document["spec"]["path"] == "./a"


@pytest.mark.parametrize(
    ("document", "patch", "expected"),
    [
        ({}, {"a": [{"b": None}, None]}, {"a": [{}, None]}),
        ({"a": [1]}, {"a": [{"b": None}]}, {"a": [{}]}),
        ({"a": {"c": 1}}, {"a": [{"b": None}]}, {"a": [{"b": None}]}),
        ({"a": None}, {"a": {"b": None}}, {"a": {}}),
        ([1], {"a": None, "b": 1}, {"b": 1}),
        ({"a": 1}, [{"b": None}, 2], [{}, 2]),
    ],
)
def test_nulls_go_from_lists_unless_the_list_replaces_a_map(document: Json, patch: Json, expected: Json) -> None:
    assert applied(document, patch) == expected


@pytest.mark.parametrize("patch", [None, "{", 5, True])
def test_what_is_neither_map_nor_list_is_no_patch(patch: Json) -> None:
    with pytest.raises(MergePatchError, match=r"^Invalid JSON Patch$"):
        applied({}, patch)


def test_null_is_no_document() -> None:
    with pytest.raises(MergePatchError, match=r"^Invalid JSON Document$"):
        applied(None, {})


def test_a_patch_has_only_what_differs() -> None:
    original = {"a": 1, "b": {"c": [1, {"d": 2}], "e": "x"}, "f": True, "g": None, "h": {}}
    assert two_way_patch(original, original) == {}
    assert two_way_patch(original, {**original, "a": 1.0}) == {}
    assert two_way_patch(original, {"a": True, "b": {"c": [1, {"d": 3}], "e": "x"}, "f": 1, "h": {"i": {}}}) == {
        "a": True,
        "b": {"c": [1, {"d": 3}]},
        "f": 1,
        "g": None,
        "h": {"i": {}},
    }


def test_apply_deletes_only_what_it_applied_before() -> None:
    before = {"spec": {"path": "./a", "prune": True, "images": [1]}}
    wanted = {"spec": {"path": "./b", "images": [1], "empty": {}}}
    live = {"spec": {"path": "./a", "prune": True, "images": [2], "suspend": True}, "status": {"x": 1}}
    patch = three_way_patch(before, wanted, live)
    assert patch == {"spec": {"path": "./b", "prune": None, "images": [1], "empty": {}}}
    assert applied(live, patch) == {
        "spec": {"path": "./b", "images": [1], "empty": {}, "suspend": True},
        "status": {"x": 1},
    }


def test_what_has_to_stay_is_checked() -> None:
    with pytest.raises(MergePatchError, match=r"^precondition failed for: map\[kind:B\]$"):
        three_way_patch({}, {"kind": "B"}, {"kind": "A"}, unchanged=[("kind",)])
    assert three_way_patch({}, {"kind": "A"}, {"kind": "A"}, unchanged=[("kind",), ("a", "b")]) == {}
