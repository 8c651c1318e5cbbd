from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import pytest

from fluxsim.formats.postbuild import PostBuild, PostBuildError
from fluxsim.formats.tree import Json


def config_map(**data: Json) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cfg"}, "data": data}


CLUSTER: dict[tuple[str, str, str], Mapping[str, Json]] = {
    ("ConfigMap", "flux-system", "vars"): {"data": {"env": "from-map", "lines": "a\nb\n"}},
    ("Secret", "flux-system", "vars"): {"data": {"env": base64.b64encode(b"from-secret\n").decode()}},
}


def applied(object_: Json, *, strict: bool = True, **post_build: Any) -> Json:
    kustomization = {"metadata": {"namespace": "flux-system"}, "spec": {"postBuild": post_build}}
    return PostBuild(kustomization, lambda *key: CLUSTER.get(key), strict=strict).applied(object_)


def test_values_become_what_yaml_takes_them_for() -> None:
    found = applied(config_map(a="${n}", b="${yes}", c="${q}${n}${q}"), substitute={"n": "8", "yes": "yes", "q": '"'})
    assert found["data"] == {"a": 8, "b": True, "c": "8"}


def test_keys_and_names_are_substituted_too() -> None:
    object_ = {**config_map(**{"${k}": "v"}), "metadata": {"name": "cfg-${k}"}}
    found = applied(object_, substitute={"k": "x"})
    assert (found["data"], found["metadata"]["name"]) == ({"x": "v"}, "cfg-x")


def test_later_references_win_and_inline_values_win_over_all() -> None:
    references = [{"kind": "ConfigMap", "name": "vars"}, {"kind": "Secret", "name": "vars"}]
    assert applied(config_map(a="${env} ${lines}"), substituteFrom=references)["data"]["a"] == "from-secret ab"
    assert applied(config_map(a="${env}"), substituteFrom=references, substitute={"env": "in\nline"})["data"] == {
        "a": "inline"
    }


def test_without_variables_nothing_is_substituted_unless_always() -> None:
    object_ = config_map(a="${x:=1}")
    assert applied(object_) is object_
    assert applied(object_, substituteStrategy="Always")["data"] == {"a": 1}


@pytest.mark.parametrize("where", ["labels", "annotations"])
def test_an_object_may_opt_out(where: str) -> None:
    key = "kustomize.toolkit.fluxcd.io/substitute"
    object_ = {**config_map(a="${x}"), "metadata": {"name": "cfg", where: {key: "disabled"}}}
    assert applied(object_, substitute={"a": "b"}) is object_
    other = {**object_, "metadata": {"name": "cfg", where: {key: "Disabled"}}}
    assert applied(other, substitute={"x": "b"})["data"] == {"a": "b"}


@pytest.mark.parametrize(
    ("post_build", "message"),
    [
        (
            {"substituteFrom": [{"kind": "Secret", "name": "gone"}]},
            "substitute from 'Secret/gone' error: secrets \"gone\" not found",
        ),
        (
            {"substitute": {"a-b": "c"}},
            "envsubst error: 'a-b' var name is invalid, must match '^[_[:alpha:]][_[:alpha:][:digit:]]*$'",
        ),
        (
            {"substitute": {"y": "c"}},
            'envsubst error: variable substitution failed: variable not set (strict mode): "x"',
        ),
        (
            {"substitute": {"x": "a: b"}},
            "envsubst error: YAMLToJSON: yaml: line 3: mapping values are not allowed in this context",
        ),
    ],
)
def test_a_failure_is_told_in_the_words_of_flux(post_build: dict[str, Any], message: str) -> None:
    with pytest.raises(PostBuildError) as failed:
        applied(config_map(a="${x}"), **post_build)
    assert str(failed.value) == message


def test_a_missing_reference_may_be_optional() -> None:
    references = [{"kind": "ConfigMap", "name": "gone", "optional": True}]
    assert applied(config_map(a="${x}"), substituteFrom=references)["data"] == {"a": "${x}"}


def test_without_strict_mode_an_unknown_variable_is_nothing() -> None:
    assert applied(config_map(a="${x}", b="-${x}-"), strict=False, substitute={"y": ""})["data"] == {
        "a": None,
        "b": "--",
    }


def test_long_numbers_lose_their_last_digits() -> None:
    assert applied(config_map(a=1767225600123456789, b=9007199254740992), substitute={"y": ""})["data"] == {
        "a": 1767225600123456800,
        "b": 9007199254740992,
    }
