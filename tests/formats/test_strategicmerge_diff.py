from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluxsim.formats.strategicmerge import applied
from fluxsim.formats.strategicmerge_diff import KUBECTL_APPLY, three_way_patch, two_way_patch
from fluxsim.formats.strategicmerge_schema import Schema, built_in
from fluxsim.formats.strategicmerge_values import Conflict, PreconditionFailed, StrategicMergeError
from fluxsim.formats.tree import Json


def schema(kind: str = "apps/v1 Deployment") -> Schema:
    found = built_in(*kind.split())
    assert found is not None
    return found


def containers(*elements: Json) -> dict[str, Json]:
    return {"spec": {"template": {"spec": {"containers": list(elements)}}}}


def two_way(original: dict[str, Json], modified: dict[str, Json]) -> Json:
    return two_way_patch(original, modified, schema())


A, B = {"name": "a", "image": "a:1"}, {"name": "b", "image": "b:1"}


def test_equal_documents_need_no_patch() -> None:
    assert two_way(containers(A, B), containers(A, B)) == {}


def test_a_field_that_went_is_null_and_a_changed_list_is_whole() -> None:
    assert two_way({"spec": {"replicas": 1, "paused": True}}, {"spec": {"replicas": 2}}) == {
        "spec": {"replicas": 2, "paused": None}
    }
    args = containers({**A, "args": ["x"]}), containers({**A, "args": ["y", "x"]})
    assert two_way(*args)["spec"]["template"]["spec"]["containers"] == [{"name": "a", "args": ["y", "x"]}]


def test_a_changed_element_comes_with_its_key_and_the_order() -> None:
    patch = two_way(containers(A, B), containers({**B, "image": "b:2"}, {"name": "c"}))
    assert patch == containers({"name": "b", "image": "b:2"}, {"name": "c"}, {"name": "a", "$patch": "delete"}) | {
        "spec": {
            "template": {
                "spec": {
                    "containers": [
                        {"name": "b", "image": "b:2"},
                        {"name": "c"},
                        {"name": "a", "$patch": "delete"},
                    ],
                    "$setElementOrder/containers": [{"name": "b"}, {"name": "c"}],
                }
            }
        }
    }


def test_a_new_order_alone_is_a_patch() -> None:
    assert two_way(containers(A, B), containers(B, A)) == {
        "spec": {"template": {"spec": {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]}}}
    }


def test_sets_have_a_list_of_what_goes() -> None:
    patch = two_way({"metadata": {"finalizers": ["a", "b"]}}, {"metadata": {"finalizers": ["c", "b"]}})
    assert patch == {
        "metadata": {
            "finalizers": ["c"],
            "$deleteFromPrimitiveList/finalizers": ["a"],
            "$setElementOrder/finalizers": ["c", "b"],
        }
    }


def test_an_unsorted_set_asks_for_its_order_though_nothing_changed() -> None:
    unsorted = {"metadata": {"finalizers": ["b", "a"]}}
    assert two_way(unsorted, unsorted) == {"metadata": {"$setElementOrder/finalizers": ["b", "a"]}}


def test_a_strategy_names_the_keys_to_retain() -> None:
    rolling = {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}
    assert two_way(rolling, {"spec": {"strategy": {"type": "Recreate"}}}) == {
        "spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate", "rollingUpdate": None}}
    }


def test_numbers_of_another_type_are_changes() -> None:
    assert two_way({"spec": {"replicas": 1}}, {"spec": {"replicas": 1.0}}) == {"spec": {"replicas": 1.0}}


def test_unknown_fields_are_refused_only_when_they_differ() -> None:
    assert two_way({"spec": {"no": {"a": 1}}}, {"spec": {"no": {"a": 1}}}) == {}
    with pytest.raises(StrategicMergeError, match='in struct DeploymentSpec for the json field "no"'):
        two_way({"spec": {"no": {"a": 1}}}, {"spec": {"no": {"a": 2}}})
    with pytest.raises(StrategicMergeError, match="does not contain declared merge key: name"):
        two_way(containers(A), containers({"image": "x"}))


def test_apply_deletes_only_what_it_applied_before() -> None:
    applied_before = {"metadata": {"labels": {"a": "1", "b": "1"}}, **containers(A, B)}
    wanted = {"metadata": {"labels": {"a": "2"}}, **containers(A)}
    live = {"metadata": {"labels": {"a": "1", "b": "1", "by-hand": "x"}}, **containers({"name": "mesh"}, A, B)}
    patch = three_way_patch(applied_before, wanted, live, schema())
    assert patch == {
        "metadata": {"labels": {"a": "2", "b": None}},
        "spec": {
            "template": {
                "spec": {
                    "containers": [{"name": "b", "$patch": "delete"}],
                    "$setElementOrder/containers": [{"name": "a"}],
                }
            }
        },
    }
    result = applied(live, patch, schema())
    assert result == {"metadata": {"labels": {"a": "2", "by-hand": "x"}}, **containers({"name": "mesh"}, A)}


def test_without_overwrite_a_foreign_change_is_a_conflict() -> None:
    before, wanted, live = ({"spec": {"replicas": count}} for count in (1, 2, 3))
    assert three_way_patch(before, wanted, live, schema()) == {"spec": {"replicas": 2}}
    with pytest.raises(Conflict) as conflict:
        three_way_patch(before, wanted, live, schema(), overwrite=False)
    assert str(conflict.value) == (
        "patch:\nspec:\n  replicas: 2\n\nconflicts with changes made from original to current:\n"
        "spec:\n  replicas: 3\n\n"
    )
    assert three_way_patch(before, wanted, before, schema(), overwrite=False) == {"spec": {"replicas": 2}}


def test_kind_and_name_have_to_stay() -> None:
    original = {"kind": "Deployment", "metadata": {"name": "a"}}
    with pytest.raises(PreconditionFailed, match=r"^precondition failed for: map\[metadata:map\[name:b\]\]$"):
        two_way_patch(original, {**original, "metadata": {"name": "b"}}, schema(), unchanged=KUBECTL_APPLY)
    with pytest.raises(PreconditionFailed):
        three_way_patch(original, {**original, "kind": "Pod"}, original, schema(), unchanged=KUBECTL_APPLY)


def unique(values: st.SearchStrategy[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(values, max_size=5, unique=True)


WORDS = st.sampled_from("pqrstu")


@st.composite
def pod_specs(draw: st.DrawFn) -> dict[str, Json]:
    elements: list[Json] = []
    for name in draw(unique(WORDS)):
        variables = [{"name": key, "value": draw(WORDS)} for key in draw(unique(WORDS))]
        elements.append({"name": name, "image": draw(WORDS), "env": variables, "args": draw(st.lists(WORDS))})
    volumes = [
        {"name": name, draw(st.sampled_from(("hostPath", "nfs"))): {"path": draw(WORDS)}}
        for name in draw(unique(WORDS))
    ]
    return {"containers": elements, "volumes": volumes, "nodeSelector": dict.fromkeys(draw(unique(WORDS)), "x")}


@given(pod_specs(), pod_specs(), unique(WORDS), unique(WORDS))
def test_a_patch_leads_from_one_document_to_the_other(
    old: Json, new: Json, old_finalizers: Json, new_finalizers: Json
) -> None:
    original = {"metadata": {"finalizers": old_finalizers}, "spec": old}
    modified = {"metadata": {"finalizers": new_finalizers}, "spec": new}
    patch = two_way_patch(original, modified, schema("v1 Pod"))
    assert applied(original, patch, schema("v1 Pod")) == modified
    assert (
        applied(original, three_way_patch(original, modified, original, schema("v1 Pod")), schema("v1 Pod")) == modified
    )
