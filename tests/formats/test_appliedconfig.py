from __future__ import annotations

from typing import Any

import pytest

from fluxsim.formats.appliedconfig import SchemaError, check_config, read_config, says_nothing_new
from fluxsim.formats.listtypes import type_of
from fluxsim.formats.managedfields import apply
from fluxsim.formats.tree import Json, evolve, freeze, without

POD = type_of("v1", "Pod")


def pod(*containers: dict[str, Any], **spec: Any) -> Json:
    metadata = {"name": "p", "namespace": "apps", "labels": {"app": "web"}}
    return freeze({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": containers, **spec}})


def new(live: Json, config: Json, manager: str = "flux") -> bool:
    return not says_nothing_new(live, read_config(config, POD), manager, POD)


WEB, SIDE = {"name": "web", "image": "a"}, {"name": "side", "image": "b"}
CONFIG = pod(WEB, SIDE, hostNetwork=True)
LIVE = apply(None, CONFIG, manager="flux", force=False, now="2026-03-02T09:00:00Z")


def test_names_and_creation_time_are_never_owned() -> None:
    read = read_config(evolve(CONFIG, ("metadata", "creationTimestamp"), None), POD)
    assert read.owned["f:metadata"] == {"f:labels": {"f:app": {}}}
    assert set(read.owned) == {"f:metadata", "f:spec"}
    assert "creationTimestamp" not in read.object["metadata"]


def test_a_frozen_object_is_read_once() -> None:
    assert read_config(CONFIG, POD) is read_config(CONFIG, POD)


def test_the_same_again_is_nothing_new() -> None:
    assert not new(LIVE, CONFIG)
    assert not new(LIVE, evolve(CONFIG, ("metadata", "creationTimestamp"), None))
    between = evolve(LIVE, ("spec", "containers"), [WEB, {"name": "x"}, {**SIDE, "tty": True}])
    assert not new(between, CONFIG)


@pytest.mark.parametrize(
    "live",
    [
        evolve(LIVE, ("spec", "containers"), [SIDE, WEB]),
        evolve(LIVE, ("spec", "containers"), [WEB, SIDE, SIDE]),
        evolve(LIVE, ("spec", "containers"), [WEB]),
        evolve(LIVE, ("spec", "containers"), None),
        evolve(LIVE, ("spec", "containers", 0, "image"), "b"),
        evolve(LIVE, ("spec", "hostNetwork"), 1),
        evolve(LIVE, ("metadata", "labels"), None),
        without(LIVE, ("metadata", "labels", "app")),
        without(LIVE, ("metadata", "managedFields")),
        evolve(LIVE, ("metadata", "managedFields", 0, "apiVersion"), "v2"),
        evolve(LIVE, ("metadata", "managedFields", 0, "operation"), "Update"),
        evolve(LIVE, ("metadata", "managedFields", 0, "subresource"), "status"),
        evolve(LIVE, ("metadata", "managedFields", 0, "fieldsV1"), {"f:spec": {}}),
    ],
)
def test_anything_else_is_new(live: Json) -> None:
    assert new(live, CONFIG)


def test_another_manager_is_new() -> None:
    assert new(LIVE, CONFIG, "helm")


def test_more_and_less_is_new() -> None:
    assert new(LIVE, evolve(CONFIG, ("spec", "priority"), 1))
    assert new(LIVE, pod(WEB, SIDE))


def test_a_bad_object_is_refused_when_it_is_read_or_checked() -> None:
    with pytest.raises(SchemaError, match="may not have a null element"):
        read_config(evolve(CONFIG, ("spec", "containers"), [None]), POD)
    read = read_config(evolve(CONFIG, ("spec", "nodeNam"), "x"), POD)
    for _ in range(2):
        with pytest.raises(SchemaError, match=r"\.spec\.nodeNam: field not declared in schema"):
            check_config(read, POD)
