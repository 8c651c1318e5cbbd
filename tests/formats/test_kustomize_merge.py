"""Strategic merge patches as kustomize applies them. Expected results were checked against `kubectl kustomize`."""

from __future__ import annotations

from typing import Any

import pytest

from fluxsim.formats.goyaml import load
from fluxsim.formats.kustomize_merge import PatchError, merged
from fluxsim.formats.openapi import Schemas
from fluxsim.formats.tree import freeze, thaw

HEAD = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: backend}\n"


def read(text: str) -> Any:
    return load(HEAD + text, dialect="resource")


def spec(target: str, patch: str) -> Any:
    return merged(read(f"spec: {target}"), read(f"spec: {patch}"))["spec"]


def pod(target: str, patch: str) -> Any:
    result = spec(f"{{template: {{spec: {target}}}}}", f"{{template: {{spec: {patch}}}}}")
    return result["template"]["spec"]


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ("{a: 1}", "{b: 2}", {"a": 1, "b": 2}),
        ("{a: 1}", "{a: 2}", {"a": 2}),
        ("{a: 1, b: 1}", "{a: null}", {"b": 1}),
        ("{b: 1}", "{a: null}", {"b": 1}),
        ("{a: {b: 1}}", "{a: {}}", {"a": {"b": 1}}),
        ("{b: 1}", "{a: {}}", {"a": {}, "b": 1}),
        ("{b: 1}", "{a: {x: null, y: 1}}", {"a": {"y": 1}, "b": 1}),
        ("{a: [1, 2]}", "{a: [3]}", {"a": [3]}),
        ("{a: [1]}", "{a: []}", {"a": []}),
        ("{a: {b: 1}}", "{a: {c: 2, $patch: replace}}", {"a": {"c": 2}}),
        ("{a: {b: 1}, c: 1}", "{a: {$patch: delete}}", {"c": 1}),
        ("{a: {b: 1}}", "{a: {c: 2, $patch: merge}}", {"a": {"b": 1, "c": 2}}),
        ("{b: 1}", "{a: {c: {$patch: delete}, d: 1}}", {"a": {"d": 1}, "b": 1}),
        ("{a: {type: x, x: {}}}", "{a: {type: Recreate}}", {"a": {"type": "Recreate", "x": {}}}),
        ("{a: 1}", "{$retainKeys: [a], $setElementOrder/x: [1]}", {"a": 1, "$retainKeys": ["a"], "$setElementOrder/x": [1]}),
    ],
)  # fmt: skip
def test_maps_merge_and_lists_without_a_key_are_replaced(target: str, patch: str, result: Any) -> None:
    assert spec(target, patch) == result


def test_the_patch_s_elements_come_first() -> None:
    result = pod("{containers: [{name: a, image: i}, {name: b}]}", "{containers: [{name: side}, {name: b, image: j}]}")
    assert result["containers"] == [{"name": "side"}, {"name": "b", "image": "j"}, {"name": "a", "image": "i"}]


def test_elements_are_merged_at_every_depth() -> None:
    result = pod(
        "{containers: [{name: a, env: [{name: X, value: '1'}, {name: Y, value: '1'}]}]}",
        "{containers: [{name: a, env: [{name: Y, value: '2'}]}]}",
    )
    assert result["containers"][0]["env"] == [{"name": "Y", "value": "2"}, {"name": "X", "value": "1"}]


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ("[{name: a}, {name: b}]", "[{name: a, $patch: delete}]", [{"name": "b"}]),
        ("[{name: a}]", "[{name: a, $patch: delete}]", []),
        ("[{name: a}]", "[{name: c}, {$patch: replace}]", [{"name": "c"}]),
        ("[{name: a, image: i}]", "[{name: a, $patch: replace}]", [{"name": "a", "image": "i"}]),
        ("[{name: a}, {name: b}]", "[{image: i}]", []),
        ("[{name: a}]", "[]", [{"name": "a"}]),
        ("[{name: a, image: x}, {name: a, image: y}]", "[{name: b}]", [{"name": "b"}, {"name": "a", "image": "y"}]),
    ],
)
def test_elements_obey_their_key_and_directive(target: str, patch: str, result: Any) -> None:
    assert pod(f"{{containers: {target}}}", f"{{containers: {patch}}}")["containers"] == result


def test_a_whole_list_can_be_deleted() -> None:
    assert pod("{containers: [{name: a}], x: 1}", "{containers: [{$patch: delete}]}") == {"x": 1}
    assert pod("{containers: [{name: a}], x: 1}", "{containers: null}") == {"x": 1}


def test_a_port_without_protocol_is_taken_for_one_with_it_and_then_lost() -> None:
    result = pod(
        "{containers: [{name: a, ports: [{containerPort: 80, protocol: UDP}, {containerPort: 81, protocol: UDP}]}]}",
        "{containers: [{name: a, ports: [{containerPort: 80, name: http}]}]}",
    )
    assert result["containers"][0]["ports"] == [
        {"containerPort": 80, "protocol": "UDP"},
        {"containerPort": 81, "protocol": "UDP"},
    ]


def test_ports_without_any_protocol_are_told_apart_by_number() -> None:
    result = pod(
        "{containers: [{name: a, ports: [{containerPort: 80}, {containerPort: 81}]}]}",
        "{containers: [{name: a, ports: [{containerPort: 81, name: http}]}]}",
    )
    assert result["containers"][0]["ports"] == [{"containerPort": 81, "name": "http"}, {"containerPort": 80}]


def test_finalizers_are_a_set() -> None:
    target, patch = read("spec: {}"), read("spec: {}")
    target["metadata"]["finalizers"] = ["a", "b"]
    patch["metadata"]["finalizers"] = ["c", "b"]
    assert merged(target, patch)["metadata"]["finalizers"] == ["c", "b", "a"]


def test_a_kind_outside_the_schema_has_no_merge_keys() -> None:
    target = {"apiVersion": "example.com/v1", "kind": "Foo", "spec": {"containers": [{"name": "a"}, {"name": "b"}]}}
    patch = {**target, "spec": {"containers": [{"name": "b"}]}}
    assert merged(target, patch)["spec"]["containers"] == [{"name": "b"}]


def test_a_schema_of_one_s_own_gives_a_kind_merge_keys() -> None:
    schemas = Schemas.from_openapi({
        "definitions": {
            "Foo": {
                "properties": {
                    "parts": {
                        "type": "array",
                        "items": {"properties": {"id": {"type": "string"}}},
                        "x-kubernetes-patch-merge-key": "id",
                        "x-kubernetes-patch-strategy": "merge",
                    }
                },
                "x-kubernetes-group-version-kind": [{"group": "example.com", "version": "v1", "kind": "Foo"}],
            }
        }
    })  # fmt: skip
    target = {"apiVersion": "example.com/v1", "kind": "Foo", "parts": [{"id": "a", "x": 1}, {"id": "b"}]}
    result = merged(target, {**target, "parts": [{"id": "a", "y": 2}]}, schemas)
    assert result["parts"] == [{"id": "a", "x": 1, "y": 2}, {"id": "b"}]


def test_a_patch_can_delete_the_object_but_not_replace_it() -> None:
    assert merged(read("spec: {a: 1}"), read("$patch: delete")) is None
    assert merged(read("spec: {a: 1}"), read("$patch: replace")) == read("spec: {a: 1}")


def test_a_blank_null_of_the_target_vanishes_and_a_written_one_stays() -> None:
    assert spec("\n  a:\n  b: null\n  c: 1\n", "{c: 2}") == {"b": None, "c": 2}


def test_nothing_is_changed_in_place() -> None:
    target, patch = read("spec: {a: {b: [1]}}"), read("spec: {a: {$patch: replace, c: {d: null}}}")
    before = thaw(target), thaw(patch)
    frozen = merged(freeze(target), freeze(patch))
    assert merged(target, patch) == frozen
    assert (target, patch) == before


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        ("{strategy: {$patch: bogus}}", "unknown patch strategy 'bogus'"),
        ("{strategy: {$patch: null}}", "unknown patch strategy 'null'"),
        ("{strategy: 3}", "wrong node kind: expected MappingNode but got ScalarNode: node contents:\n3\n"),
        ("{replicas: [1]}", "wrong node kind: expected ScalarNode but got SequenceNode: node contents:\n- 1\n"),
        (
            "{template: {spec: {containers: {name: a}}}}",
            "wrong node kind: expected SequenceNode but got MappingNode: node contents:\nname: a\n",
        ),
    ],
)
def test_a_patch_of_another_shape_is_refused(patch: str, message: str) -> None:
    with pytest.raises(PatchError) as error:
        spec("{replicas: 1, strategy: {type: x}, template: {spec: {containers: [{name: a}]}}}", patch)
    assert str(error.value) == message
