from __future__ import annotations

import pytest

from fluxsim.formats.listtypes import ANY, Type, native_type, type_of


def field(type_: Type, *names: str) -> Type:
    for name in names:
        type_ = type_.fields[name].type
    return type_


def test_containers_merge_by_name_and_their_ports_by_port_and_protocol() -> None:
    containers = field(type_of("apps/v1", "Deployment"), "spec", "template", "spec", "containers")
    assert (containers.atomic, containers.keys) == (False, ("name",))
    assert containers.element is not None
    ports = containers.element.fields["ports"].type
    assert (ports.keys, ports.defaults) == (("containerPort", "protocol"), (0, "TCP"))


@pytest.mark.parametrize("name", ["args", "command"])
def test_arguments_are_owned_whole(name: str) -> None:
    containers = field(type_of("v1", "Pod"), "spec", "containers")
    assert containers.element is not None
    assert containers.element.fields[name].type.atomic


def test_selectors_are_owned_whole_and_labels_are_not() -> None:
    assert field(type_of("v1", "Service"), "spec", "selector").atomic
    assert field(type_of("apps/v1", "Deployment"), "spec", "selector").atomic
    assert not field(type_of("v1", "ConfigMap"), "metadata", "labels").atomic


def test_finalizers_are_a_set() -> None:
    finalizers = field(type_of("v1", "Namespace"), "metadata", "finalizers")
    assert (finalizers.form, finalizers.atomic, finalizers.keys) == ("list", False, ())


def test_a_reference_can_take_back_that_a_type_is_owned_whole() -> None:
    assert not field(type_of("v1", "PersistentVolume"), "spec", "claimRef").atomic
    assert field(type_of("v1", "Event"), "involvedObject").fields.keys() >= {"kind", "name"}


def test_both_versions_of_a_kind_are_known_apart() -> None:
    assert "metrics" in field(type_of("autoscaling/v2", "HorizontalPodAutoscaler"), "spec").fields
    assert "metrics" not in field(type_of("autoscaling/v1", "HorizontalPodAutoscaler"), "spec").fields


def test_flux_kinds_have_the_fields_of_their_definitions() -> None:
    kustomization = type_of("kustomize.toolkit.fluxcd.io/v1", "Kustomization")
    assert "interval" in field(kustomization, "spec").fields
    assert field(kustomization, "spec", "dependsOn").atomic
    assert not field(kustomization, "spec", "postBuild", "substitute").atomic
    assert native_type("kustomize.toolkit.fluxcd.io/v1", "Kustomization") is None


@pytest.mark.parametrize(("api_version", "kind"), [("example.com/v1", "Deployment"), ("apps/v1", "Website"), ("", "")])
def test_a_kind_that_nobody_declares_has_no_schema(api_version: str, kind: str) -> None:
    assert type_of(api_version, kind) is ANY
