from __future__ import annotations

from typing import Any

import pytest

from fluxsim.formats.listtypes import ANY, type_of
from fluxsim.formats.typedcheck import problem

DEPLOYMENT = type_of("apps/v1", "Deployment")


def told(spec: Any) -> str:
    return problem({"apiVersion": "apps/v1", "kind": "Deployment", "spec": spec}, DEPLOYMENT)


def in_container(**fields: Any) -> dict[str, Any]:
    return {"template": {"spec": {"containers": [{"name": "web", **fields}]}}}


def test_a_good_object_has_no_problem() -> None:
    assert told({"replicas": 2, "paused": False, "selector": None, **in_container(ports=[{"containerPort": 80}])}) == ""


def test_an_unknown_field_is_named_with_its_path() -> None:
    assert told({"replicaz": 2}) == ".spec.replicaz: field not declared in schema"
    assert told(in_container(imagge="x")).startswith('.spec.template.spec.containers[name="web"].imagge: field not')


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ({"replicas": "3"}, ".spec.replicas: expected numeric (int or float), got string"),
        ({"replicas": True}, ".spec.replicas: expected numeric (int or float), got bool"),
        ({"replicas": {}}, ".spec.replicas: expected numeric (int or float), got map[string]interface {}"),
        ({"paused": "yes"}, ".spec.paused: expected boolean, got &{yes}"),
        ({"paused": [1, 2]}, ".spec.paused: expected boolean, got &{[1 2]}"),
        ({"template": "x"}, ".spec.template: expected map, got &{x}"),
        ([1], ".spec: expected map, got &{[1]}"),
        (
            {"template": {"spec": {"containers": {"a": 1}}}},
            ".spec.template.spec.containers: expected list, got &{map[a:1]}",
        ),
    ],
)
def test_a_value_of_another_type_is_told_as_go_tells_it(spec: Any, text: str) -> None:
    assert told(spec) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1, "Value:1"),
        (True, "Value:true"),
        (1.5, "Value:1.5"),
        (["a"], 'Value:[]interface {}{"a"}'),
        ({"b": None}, 'Value:map[string]interface {}{"b":interface {}(nil)}'),
    ],
)
def test_a_string_that_is_none_is_shown_in_go_syntax(value: Any, text: str) -> None:
    assert told(in_container(env=[{"name": "A", "value": value}])) == (
        f'.spec.template.spec.containers[name="web"].env[name="A"].value: expected string, got &value.valueUnstructured{{{text}}}'
    )


def test_an_item_may_stand_there_once() -> None:
    twice = {"template": {"spec": {"volumes": [{"name": "a"}, {"name": "a"}]}}}
    assert told(twice) == '.spec.template.spec.volumes: duplicate entries for key [name="a"]'


def test_an_item_without_form_is_told_by_its_place() -> None:
    nothing = {"template": {"spec": {"containers": [None]}}}
    text = ".spec.template.spec.containers: element 0: associative list with keys may not have a null element"
    assert told(nothing) == text


def test_several_problems_stand_below_one_another() -> None:
    assert told({"paused": 1, "replicas": "x"}) == (
        "errors:\n  .spec.paused: expected boolean, got &{1}\n"
        "  .spec.replicas: expected numeric (int or float), got string"
    )


def test_without_a_schema_anything_goes() -> None:
    assert problem({"spec": {"x": [1, {"y": None}]}}, ANY) == ""


def test_a_port_is_a_number_or_a_name() -> None:
    probe = {"httpGet": {"port": {"a": 1}}}
    assert told(in_container(readinessProbe=probe)).endswith(".httpGet.port: expected any scalar, got &{map[a:1]}")
    assert told(in_container(readinessProbe={"httpGet": {"port": "http"}})) == ""
