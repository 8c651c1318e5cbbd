from __future__ import annotations

from typing import Any

import pytest

from fluxsim.formats.nativekinds import is_definition, normalised
from fluxsim.formats.tree import Map, freeze, get


def deployment(*containers: dict[str, Any], **spec: Any) -> dict[str, Any]:
    template = {"spec": {"containers": list(containers)}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {"template": template, **spec},
    }


def container(obj: Any) -> Any:
    return get(normalised(obj), "spec", "template", "spec", "containers", 0)


def test_structs_appear_and_absent_pointers_do_not() -> None:
    spec = normalised(deployment({"name": "web"}))["spec"]
    assert spec == {
        "selector": None,
        "strategy": {},
        "template": {"metadata": {}, "spec": {"containers": [{"name": "web", "resources": {}}]}},
    }
    assert type(spec) is Map


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"replicas": 0}, {"replicas": 0}),
        ({"minReadySeconds": 0}, {}),
        ({"paused": False}, {}),
        ({"replicas": None}, {}),
        ({"replicaz": 3}, {}),
        ({"replicas": 2.0}, {"replicas": 2}),
    ],
)
def test_zero_values_vanish_unless_the_field_is_a_pointer(given: dict[str, Any], kept: dict[str, Any]) -> None:
    spec = normalised(deployment({"name": "web"}, **given))["spec"]
    assert {key: spec[key] for key in spec if key not in ("selector", "strategy", "template")} == kept


def test_empty_values_of_an_environment_vanish() -> None:
    env = [{"name": "A", "value": ""}, {"name": "B", "value": "1"}]
    assert container(deployment({"name": "web", "env": env, "args": []})) == {
        "name": "web",
        "env": [{"name": "A"}, {"name": "B", "value": "1"}],
        "resources": {},
    }


def test_quantities_take_the_servers_form() -> None:
    limits = {"cpu": 1, "memory": "2048Mi", "nvidia.com/gpu": 0.5}
    resources = container(deployment({"name": "web", "resources": {"limits": limits}}))["resources"]
    assert resources == {"limits": {"cpu": "1", "memory": "2Gi", "nvidia.com/gpu": "500m"}}


def test_protocols_are_filled_in_but_for_init_containers() -> None:
    obj = deployment({"name": "web", "ports": [{"containerPort": 80}, {"containerPort": 53, "protocol": "UDP"}]})
    obj["spec"]["template"]["spec"]["initContainers"] = [{"name": "init", "ports": [{"containerPort": 1}]}]
    assert [port["protocol"] for port in container(obj)["ports"]] == ["TCP", "UDP"]
    init = get(normalised(obj), "spec", "template", "spec", "initContainers", 0)
    assert init["ports"] == [{"containerPort": 1}]


def test_a_service_port_gets_a_protocol_and_a_target() -> None:
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}]}}
    assert normalised(service)["spec"] == {"ports": [{"port": 80, "protocol": "TCP", "targetPort": 0}]}


def test_plain_data_of_a_secret_is_encoded_over_the_other() -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"a": "Yg=="}}
    assert normalised({**secret, "stringData": {"a": "c", "é": "ü"}})["data"] == {"a": "Yw==", "é": "w7w="}


@pytest.mark.parametrize(
    "obj",
    [
        deployment({"name": "web"}, replicas="three"),
        deployment({"name": 1}),
        deployment({"name": "web", "resources": {"limits": {"cpu": "much"}}}),
        deployment({"name": "web", "resources": {"limits": {"cpu": True}}}),
        deployment("web"),  # type: ignore[arg-type]
        {**deployment(), "spec": []},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": 1}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": ["x"]}},
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "s"},
            "data": {"a": "ENC[x]"},
            "sops": {"mac": "y"},
        },
        {"apiVersion": "example.com/v1", "kind": "Website", "metadata": {"name": "w"}, "spec": {"x": None, "y": {}}},
    ],
)
def test_what_the_struct_cannot_hold_stays_as_it_is(obj: dict[str, Any]) -> None:
    metadata = {**obj["metadata"], "creationTimestamp": None}
    assert normalised(obj) == freeze({**obj, "metadata": metadata})


def test_status_goes_but_for_definitions() -> None:
    assert "status" not in normalised({**deployment({"name": "web"}), "status": {"replicas": 1}})
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "x"},
        "status": {},
    }
    assert is_definition(definition)
    assert "status" in normalised(definition)


def test_an_object_without_metadata_is_left_without() -> None:
    assert normalised({"apiVersion": "example.com/v1", "kind": "Website"}) == {
        "apiVersion": "example.com/v1",
        "kind": "Website",
    }


def test_normalising_twice_is_normalising_once() -> None:
    once = normalised(deployment({"name": "web", "ports": [{"containerPort": 80}]}, replicas=1))
    assert normalised(once) == once
