from __future__ import annotations

import pytest

from fluxsim.formats.listtypes import Type, native_type
from fluxsim.formats.strategicmerge_schema import STRATEGIES, Field, Schema, built_in
from fluxsim.formats.strategicmerge_values import StrategicMergeError


def schema(kind: str) -> Schema:
    found = built_in(*kind.split())
    assert found is not None
    return found


def at(kind: str, *path: str) -> Field:
    here = schema(kind)
    for name in path[:-1]:
        here = here.field(name).schema
    return here.list_field(path[-1])


@pytest.mark.parametrize(
    ("kind", "path", "strategy", "key"),
    [
        ("v1 Pod", "spec.containers", "merge", "name"),
        ("v1 Service", "spec.ports", "merge", "port"),
        ("apps/v1 DaemonSet", "spec.template.spec.volumes", "merge", "name"),
        ("apps/v1 Deployment", "status.conditions", "merge", "type"),
        ("v1 ConfigMap", "metadata.finalizers", "merge", ""),
        ("v1 Pod", "spec.tolerations", "", ""),
        ("autoscaling/v2 HorizontalPodAutoscaler", "status.conditions", "merge", "type"),
    ],
)
def test_lists_are_merged_as_their_go_structs_say(kind: str, path: str, strategy: str, key: str) -> None:
    field = at(kind, *path.split("."))
    assert (field.strategy, field.merge_key) == (strategy, key)


def test_two_strategies_may_go_together() -> None:
    volumes = at("v1 Pod", "spec", "volumes")
    assert (volumes.strategy, volumes.retain_keys) == ("merge", True)
    assert schema("apps/v1 Deployment").field("spec").schema.field("strategy").retain_keys
    assert schema("policy/v1 PodDisruptionBudget").field("spec").schema.field("selector").strategy == "replace"


def test_other_peoples_kinds_have_no_strategic_merge_patch() -> None:
    assert built_in("kustomize.toolkit.fluxcd.io/v1", "Kustomization") is None
    assert built_in("apps/v1", "Pod") is None


def types_below(type_: Type, found: dict[str, Type]) -> dict[str, Type]:
    if type_.element is not None and type_.form == "list":
        types_below(type_.element, found)
    if type_.name and type_.name not in found:
        found[type_.name] = type_
        for field in type_.fields.values():
            types_below(field.type, found)
    return found


@pytest.mark.parametrize("kind", ["v1 Pod", "v1 Node", "v1 Service", "apps/v1 Deployment", "batch/v1 Job"])
def test_every_strategy_is_of_a_field_that_is_there(kind: str) -> None:
    root = native_type(*kind.split())
    assert root is not None
    found = {name: type_ for name, type_ in types_below(root, {}).items() if name in STRATEGIES}
    assert "ObjectMeta" in found
    assert [
        (name, field) for name, type_ in found.items() for field in STRATEGIES[name] if field not in type_.fields
    ] == []


def test_names_are_matched_without_case_at_need() -> None:
    assert schema("v1 Pod").field("SPEC").schema.list_field("Containers").merge_key == "name"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("spec.nodes", 'unable to find api field in struct PodSpec for the json field "nodes"'),
        ("spec.dnsPolicy", "expected slice or array type, but got: struct"),
        ("spec.affinity.nodeAffinity.nodeName", 'in struct NodeAffinity for the json field "nodeName"'),
        ("metadata.labels.a", "merging an object in json but data type is not struct, instead is: map"),
        ("spec.priority.a", "merging an object in json but data type is not struct, instead is: int32"),
        ("spec.activeDeadlineSeconds.a", "instead is: int32"),
        ("metadata.creationTimestamp.a", 'in struct Time for the json field "a"'),
        ("spec.containers.a", "instead is: slice"),
    ],
)
def test_what_is_no_field_is_refused(path: str, text: str) -> None:
    with pytest.raises(StrategicMergeError) as refused:
        at("v1 Pod", *path.split("."))
    assert str(refused.value).endswith(text)


def test_a_pointer_may_stand_for_a_list() -> None:
    assert at("v1 Pod", "spec", "affinity").schema.name == "Affinity"
