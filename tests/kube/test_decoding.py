from __future__ import annotations

from collections.abc import Callable

import pytest

from fluxsim.formats.tree import Json, evolve, freeze
from fluxsim.kube.errors import BadRequest
from fluxsim.kube.meta import DEPLOYMENT, Key
from tests.kube.ground import Ground, config_map, deployment

WEB = Key(DEPLOYMENT, "shop", "web")
START = 'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal '


def refused(write: Callable[[], object]) -> str:
    with pytest.raises(BadRequest) as bad:
        write()
    return bad.value.message.removeprefix(START)


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (("replicas",), "3", "string into Go struct field DeploymentSpec.spec.replicas of type int32"),
        (("replicas",), 2.5, "number 2.5 into Go struct field DeploymentSpec.spec.replicas of type int32"),
        (("paused",), "yes", "string into Go struct field DeploymentSpec.spec.paused of type bool"),
        (("strategy",), [], "array into Go struct field DeploymentSpec.spec.strategy of type v1.DeploymentStrategy"),
        (
            ("template", "spec", "containers"),
            {},
            "object into Go struct field PodSpec.spec.template.spec.containers of type []v1.Container",
        ),
        (
            ("template", "spec", "containers"),
            [None],
            "null into Go struct field PodSpec.spec.template.spec.containers of type v1.Container",
        ),
        (
            ("template", "spec", "containers", 0, "image"),
            1.25,
            "number 1.25 into Go struct field Container.spec.template.spec.containers.image of type string",
        ),
        (
            ("template", "metadata", "labels"),
            {"app": True},
            "bool into Go struct field ObjectMeta.spec.template.metadata.labels of type string",
        ),
    ],
)
def test_a_value_of_another_type_is_a_bad_request(path: tuple[str | int, ...], value: Json, told: str) -> None:
    obj = evolve(freeze(deployment()), ("spec", *path), value)
    assert refused(lambda: Ground().store.create(obj, manager="you")) == told
    store = Ground().store
    before = store.create(deployment())
    assert refused(lambda: store.update(obj, manager="you")) == told
    assert store.need(WEB) is before


def test_an_apply_is_read_too() -> None:
    obj = evolve(freeze(deployment()), ("spec", "replicas"), 2.5)
    told = refused(lambda: Ground().store.apply(obj, manager="flux"))
    assert told == "number 2.5 into Go struct field DeploymentSpec.spec.replicas of type int32"


@pytest.mark.parametrize("value", [1, "25%", None])
def test_some_fields_take_numbers_and_texts(value: Json) -> None:
    Ground().store.create(deployment(strategy={"rollingUpdate": {"maxSurge": value}}), manager="you")


def test_quantities_may_be_numbers() -> None:
    containers = [{"name": "web", "image": "web:1", "resources": {"limits": {"cpu": 0.5, "memory": "1Gi"}}}]
    Ground().store.create(deployment(containers=containers), manager="you")


def test_a_config_map_holds_texts() -> None:
    obj = config_map()
    obj["data"] = {"port": 80}
    with pytest.raises(
        BadRequest, match=r"cannot unmarshal number into Go struct field ConfigMap\.data of type string"
    ):
        Ground().store.create(obj, manager="you")


def test_foreign_kinds_are_taken_as_they_come() -> None:
    widget = {
        "apiVersion": "acme.test/v1",
        "kind": "Widget",
        "metadata": {"name": "a", "namespace": "shop"},
        "spec": [1],
    }
    assert Ground().store.create(widget, manager="you")["spec"] == [1]
