from __future__ import annotations

from typing import Any

import pytest

from fluxsim.formats.strategicmerge import applied
from fluxsim.formats.strategicmerge_schema import built_in
from fluxsim.formats.strategicmerge_values import StrategicMergeError
from fluxsim.formats.tree import Json, freeze


def deployment(**spec: Any) -> dict[str, Json]:
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}


def pod(**spec: Any) -> dict[str, Json]:
    return {"spec": {"template": {"spec": spec}}}


def patched(document: Json, patch: Json, kind: str = "apps/v1 Deployment") -> Json:
    schema = built_in(*kind.split())
    assert schema is not None
    return applied(document, patch, schema)


def patched_pod(document: dict[str, Json], patch: dict[str, Json]) -> Json:
    """Patch a pod template's spec and return that."""
    return patched(pod(**document), pod(**patch))["spec"]["template"]["spec"]


def refusal(document: Json, patch: Json, kind: str = "apps/v1 Deployment") -> str:
    with pytest.raises(StrategicMergeError) as refused:
        patched(document, patch, kind)
    return str(refused.value)


TWO = [{"name": "a", "image": "a:1", "env": [{"name": "X", "value": "1"}]}, {"name": "b", "image": "b:1"}]


def names(elements: Json) -> str:
    return "".join(element["name"] for element in elements)


def test_maps_merge_and_null_deletes() -> None:
    result = patched(deployment(replicas=2, paused=True), {"spec": {"paused": None, "minReadySeconds": 3}})
    assert result["spec"] == {"replicas": 2, "minReadySeconds": 3}
    assert result["metadata"] == {"name": "web"}


def test_neither_document_nor_patch_is_changed() -> None:
    document, patch = freeze(pod(containers=TWO)), freeze(pod(containers=[{"name": "b", "$patch": "delete"}]))
    assert names(patched(document, patch)["spec"]["template"]["spec"]["containers"]) == "a"
    assert names(document["spec"]["template"]["spec"]["containers"]) == "ab"
    assert patch == pod(containers=[{"name": "b", "$patch": "delete"}])


def test_what_is_new_comes_without_nulls_and_directives() -> None:
    result = patched({}, {"spec": {"replicas": None, "template": {"$patch": "replace"}, "selector": {"a": None}}})
    assert result == {"spec": {"selector": {}}}


def test_containers_merge_by_name_and_a_new_one_goes_to_the_front() -> None:
    result = patched_pod({"containers": TWO}, {"containers": [{"name": "b", "image": "b:2"}, {"name": "c"}]})
    assert [(item["name"], item.get("image")) for item in result["containers"]] == [
        ("a", "a:1"),
        ("b", "b:2"),
        ("c", None),
    ]
    assert names(patched_pod({"containers": TWO}, {"containers": [{"name": "c"}]})["containers"]) == "cab"


def test_an_added_element_keeps_what_it_has() -> None:
    new = {"name": "c", "args": None, "env": [{"name": "A", "$patch": "delete"}]}
    assert patched_pod({"containers": TWO}, {"containers": [new]})["containers"][0] == new


def test_other_lists_are_replaced() -> None:
    result = patched_pod({"tolerations": [{"key": "a"}, {"key": "b"}]}, {"tolerations": [{"key": "c"}]})
    assert result["tolerations"] == [{"key": "c"}]


def test_finalizers_are_a_set() -> None:
    result = patched({"metadata": {"finalizers": ["a", "b"]}}, {"metadata": {"finalizers": ["b", "c"]}})
    assert result["metadata"]["finalizers"] == ["a", "b", "c"]


def test_elements_are_deleted_by_their_merge_key() -> None:
    twice = [*TWO, {"name": "a", "image": "a:2"}]
    assert (
        names(patched_pod({"containers": twice}, {"containers": [{"name": "a", "$patch": "delete"}]})["containers"])
        == "b"
    )
    scalars = {"metadata": {"finalizers": ["a", "b", "c"]}}
    result = patched(scalars, {"metadata": {"$deleteFromPrimitiveList/finalizers": ["b"]}})
    assert result["metadata"] == {"finalizers": ["a", "c"]}


def test_deleting_from_a_list_that_is_not_there_does_nothing() -> None:
    assert patched({}, {"metadata": {"$deleteFromPrimitiveList/finalizers": ["b"]}}) == {
        "metadata": {"$deleteFromPrimitiveList/finalizers": ["b"]}
    }
    assert patched({"metadata": {}}, {"metadata": {"$deleteFromPrimitiveList/finalizers": ["b"]}}) == {"metadata": {}}


def test_a_directive_replaces_a_list_or_a_map() -> None:
    result = patched_pod({"containers": TWO}, {"containers": [{"$patch": "replace"}, {"name": "z"}]})
    assert result["containers"] == [{"name": "z"}]
    result = patched(deployment(replicas=1), {"spec": {"$patch": "replace", "paused": True}})
    assert result["spec"] == {"paused": True}
    assert patched(deployment(replicas=1), {"spec": {"$patch": "delete"}})["spec"] == {}


def test_retained_keys_clear_all_others() -> None:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}
    patch = {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}
    assert patched(deployment(strategy=strategy), patch)["spec"]["strategy"] == {"type": "Recreate"}
    wrong = {"spec": {"strategy": {"$retainKeys": ["rollingUpdate"], "type": "Recreate"}}}
    assert refusal(deployment(strategy=strategy), wrong) == "invalid patch format of retainKeys"
    assert refusal(deployment(strategy=strategy), {"spec": {"strategy": {"$retainKeys": "type"}}}) == (
        "invalid patch format of retainKeys"
    )


@pytest.mark.parametrize(
    ("order", "changed", "expected"),
    [
        ("ba", "", "ba"),
        ("ca", "c", "cab"),
        ("ac", "c", "acb"),
        ("b", "", "ab"),
    ],
)
def test_the_order_of_a_patch_wins_over_the_servers(order: str, changed: str, expected: str) -> None:
    patch: dict[str, Json] = {"$setElementOrder/containers": [{"name": name} for name in order]}
    if changed:
        patch["containers"] = [{"name": name} for name in changed]
    assert names(patched_pod({"containers": TWO}, patch)["containers"]) == expected


def test_an_element_deleted_and_added_again_comes_last_of_the_servers() -> None:
    patch = {
        "$setElementOrder/containers": [{"name": "a"}],
        "containers": [{"name": "a", "$patch": "delete"}, {"name": "a", "image": "new"}],
    }
    result = patched_pod({"containers": [*TWO, {"name": "c"}]}, patch)["containers"]
    assert names(result) == "bca"
    assert result[2] == {"name": "a", "image": "new"}


def test_an_order_for_a_list_that_is_not_there_is_dropped() -> None:
    order = [{"name": "a"}]
    assert patched_pod({"dnsPolicy": "x"}, {"$setElementOrder/containers": order}) == {"dnsPolicy": "x"}
    result = patched_pod({"dnsPolicy": "x"}, {"$setElementOrder/containers": order, "containers": [{"name": "a"}]})
    assert result == {"dnsPolicy": "x", "containers": [{"name": "a"}]}


def test_a_patch_that_contradicts_its_own_order_is_refused() -> None:
    patch = {"$setElementOrder/containers": [{"name": "a"}], "containers": [{"name": "z", "args": None}]}
    assert refusal(pod(containers=TWO), pod(**patch)) == (
        "The order in patch list:\n[map[args:<nil> name:z]]\n doesn't match $setElementOrder list:\n[map[name:a]]\n"
    )


def test_a_value_of_another_type_takes_the_place() -> None:
    assert patched(deployment(replicas={"a": 1}), {"spec": {"replicas": [1]}})["spec"] == {"replicas": [1]}


def test_null_is_an_empty_document_or_patch() -> None:
    assert patched(None, {"kind": "X"}) == {"kind": "X"}
    assert patched({"kind": "X"}, None) == {"kind": "X"}


@pytest.mark.parametrize(
    ("patch", "text"),
    [
        ([], "invalid JSON document"),
        (pod(containers=[{"image": "x"}]), "map: map[image:x] does not contain declared merge key: name"),
        (pod(containers=[{"$patch": "delete"}]), "map: map[$patch:delete] does not contain declared merge key: name"),
        (pod(containers=[{"$patch": "merge"}]), "merging lists cannot yet be specified in the patch"),
        (pod(containers=[{"$patch": "drop"}]), "unknown patch type: drop in map: map[$patch:drop]"),
        ({"spec": {"$patch": 5}}, "unknown patch type: %!s(int64=5) in map: map[$patch:5]"),
        ({"metadata": {"$deleteFromPrimitiveListX": [1]}}, "invalid patch format of primitive list"),
        ({"metadata": {"$setElementOrder": [1]}}, "invalid patch format of setElementOrder list"),
        ({"metadata": {"$setElementOrder/finalizers": 1}}, "expected a []interface {}, but received a int64"),
        ({"metadata": {"$setElementOrder/finalizers": ["a"], "finalizers": None}}, "expected a []interface {}, but received a %!s(<nil>)"),
        ({"metadata": {"$setElementOrder/name": ["a"], "name": [1]}}, "expected a []interface {}, but received a string"),
        ({"metadata": {"$setElementOrder/no": ["a"], "no": ["a"]}}, 'unable to find api field in struct ObjectMeta for the json field "no"'),
        ({"metadata": {"finalizers": [1]}}, "list element types are not identical: [[a] [1]]"),
        ({"metadata": {"finalizers": [["a"]]}}, "list element types are not identical: [[a] [[a]]]"),
        (pod(containers=[{"name": {"a": 1}}]), "runtime error: comparing uncomparable type map[string]interface {}"),
    ],
)  # fmt: skip
def test_bad_patches_are_refused_in_kubernetes_words(patch: Json, text: str) -> None:
    document = {"metadata": {"name": "web", "finalizers": ["a"]}, **pod(containers=TWO)}
    assert refusal(document, patch) == text


def test_a_map_where_the_type_has_no_fields_is_refused() -> None:
    nested = {"metadata": {"labels": {"a": {"b": "c"}}}}
    assert refusal(nested, nested) == "merging an object in json but data type is not struct, instead is: map"
    assert refusal({"metadata": {"finalizers": [{"a": 1}]}}, {"metadata": {"finalizers": [{"a": 2}]}}) == (
        "cannot merge lists without merge key for string"
    )
