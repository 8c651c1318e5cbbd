from __future__ import annotations

import pytest

from fluxsim.formats.strategicmerge_conflicts import conflicting
from fluxsim.formats.strategicmerge_schema import built_in
from fluxsim.formats.strategicmerge_values import StrategicMergeError
from fluxsim.formats.tree import Json


def conflict(left: Json, right: Json, kind: str = "v1 Pod") -> bool:
    schema = built_in(*kind.split())
    assert schema is not None
    found = conflicting(left, right, schema)
    assert conflicting(right, left, schema) == found
    return found


def spec(**fields: Json) -> Json:
    return {"spec": fields}


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (spec(nodeName="a"), spec(hostname="b"), False),
        (spec(nodeName="a"), spec(nodeName="a"), False),
        (spec(nodeName="a"), spec(nodeName=None), True),
        (spec(nodeName="a"), {"spec": None}, True),
        (spec(containers=[{"name": "a", "image": "1"}]), spec(containers=[{"name": "b", "image": "2"}]), False),
        (spec(containers=[{"name": "a", "image": "1"}]), spec(containers=[{"name": "a", "image": "2"}]), True),
        (spec(containers=[{"name": "a", "image": "1"}]), spec(containers=[{"name": "a", "$patch": "delete"}]), True),
        (spec(tolerations=[{"key": "a"}]), spec(tolerations=[{"key": "a"}]), False),
        (spec(tolerations=[{"key": "a"}]), spec(tolerations=[{"key": "a"}, {"key": "b"}]), True),
        (spec(tolerations=[{"key": "a"}]), spec(tolerations={}), True),
        ({"metadata": {"finalizers": ["a"]}}, {"metadata": {"finalizers": ["b"]}}, False),
        ({"spec": {"$patch": "delete"}}, {"spec": {"$patch": "replace"}}, True),
        ({"spec": {"$patch": "delete"}}, {"spec": {"$patch": "delete"}}, False),
        ({"spec": {"$retainKeys": ["a"]}}, {"spec": {"$retainKeys": ["b"]}}, False),
    ],
)
def test_patches_conflict_where_both_have_another_value(left: Json, right: Json, expected: bool) -> None:
    assert conflict(left, right) is expected


def test_lists_of_scalars_are_compared_as_sets() -> None:
    def args(*values: str) -> Json:
        return spec(containers=[{"name": "a", "args": list(values)}])

    assert not conflict(args("x", "y"), args("y", "x"))
    assert conflict(args("x", "y"), args("x", "z"))


def test_a_field_that_is_always_replaced_has_no_conflict_inside() -> None:
    left, right = ({"spec": {"selector": {"matchLabels": {"a": value}}}} for value in "12")
    assert not conflict(left, right, "policy/v1 PodDisruptionBudget")
    assert conflict({"spec": {"selector": {"$patch": "replace"}}}, right, "policy/v1 PodDisruptionBudget")


@pytest.mark.parametrize(
    ("left", "right", "text"),
    [
        (spec(containers=[]), spec(containers=[]), "no elements in any of the given slices"),
        (spec(containers=[{"image": "a"}]), spec(containers=[{"name": "a"}]), "cannot find merge key `name`"),
        ({"metadata": {"$setElementOrder/finalizers": ["a"]}}, {"metadata": {"$setElementOrder/finalizers": ["a"]}}, "unable to find api field in struct ObjectMeta"),
        (spec(containers=[{"name": "a", "args": ["x", "y"]}]), spec(containers=[{"name": "a", "args": ["x", "x"]}]), "runtime error: index out of range"),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_is_refused(left: Json, right: Json, text: str) -> None:
    schema = built_in("v1", "Pod")
    assert schema is not None
    with pytest.raises(StrategicMergeError, match=text):
        conflicting(left, right, schema)
