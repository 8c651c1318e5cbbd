from __future__ import annotations

import pytest

from fluxsim.formats.openapi import Schema, Schemas, built_in


def at(api_version: str, kind: str, *path: str) -> Schema | None:
    found = built_in().of(api_version, kind)
    for step in path:
        if found is None:
            return None
        found = found.elements() if step == "[]" else found.field(step)
    return found


POD = ("spec", "template", "spec")


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ((*POD, "containers"), ("name",)),
        ((*POD, "initContainers", "[]", "env"), ("name",)),
        ((*POD, "containers", "[]", "ports"), ("containerPort", "protocol")),
        ((*POD, "containers", "[]", "volumeMounts"), ("mountPath",)),
        ((*POD, "volumes"), ("name",)),
        ((*POD, "hostAliases"), ("ip",)),
        ((*POD, "imagePullSecrets"), ("name",)),
        ((*POD, "topologySpreadConstraints"), ("topologyKey", "whenUnsatisfiable")),
        (("metadata", "ownerReferences"), ("uid",)),
        (("metadata", "finalizers"), ()),
        (("status", "conditions"), ("type",)),
    ],
)
def test_kustomize_merges_these_lists_of_a_deployment(path: tuple[str, ...], keys: tuple[str, ...]) -> None:
    schema = at("apps/v1", "Deployment", *path)
    assert schema is not None
    assert schema.merges
    assert schema.keys == keys


@pytest.mark.parametrize("name", ["tolerations", "nodeSelector", "nope"])
def test_other_fields_have_nothing_to_merge(name: str) -> None:
    assert at("apps/v1", "Deployment", *POD, name) is None


def test_service_ports_are_merged_by_port_and_protocol() -> None:
    ports = at("v1", "Service", "spec", "ports")
    assert ports is not None
    assert ports.keys == ("port", "protocol")


@pytest.mark.parametrize(
    ("api_version", "kind"), [("autoscaling/v2", "HorizontalPodAutoscaler"), ("example.com/v1", "Foo")]
)
def test_kinds_newer_than_the_schema_are_not_known(api_version: str, kind: str) -> None:
    assert built_in().of(api_version, kind) is None


def test_a_document_of_one_s_own_is_read_through_its_references() -> None:
    schemas = Schemas.from_openapi({
        "definitions": {
            "example.Foo": {
                "properties": {"byName": {"additionalProperties": {"$ref": "#/definitions/example.Part"}}},
                "x-kubernetes-group-version-kind": [{"group": "", "version": "v1", "kind": "Foo"}],
            },
            "example.Part": {
                "properties": {
                    "list": {"type": "array", "items": {"type": "string"}, "x-kubernetes-patch-strategy": "merge"},
                    "other": {"type": "array", "items": {"type": "string"}, "x-kubernetes-patch-strategy": "replace"},
                }
            },
        }
    })  # fmt: skip
    foo = schemas.of("v1", "Foo")
    part = foo and (by_name := foo.field("byName")) and by_name.field("anything")
    assert part
    assert [(name, found.merges, found.keys) for name in ("list", "other") if (found := part.field(name))] == [
        ("list", True, ()),
        ("other", False, ()),
    ]


def test_an_empty_document_knows_nothing() -> None:
    assert Schemas.from_openapi({}).of("v1", "Service") is None
