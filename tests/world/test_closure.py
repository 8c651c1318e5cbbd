"""What a repository comes to, without running it."""

from __future__ import annotations

from collections.abc import Mapping

import yaml

from fluxsim.formats.tree import freeze
from fluxsim.world.closure import Closure, refusal
from tests.worlds import config_map, kustomization, setup_of


def closure(**files: str) -> Closure:
    """Return the closure of a repository; `__` in a name stands for a slash, all are .yaml below clusters/test or apps."""
    return setup_of({f"{name.replace('__', '/')}.yaml": text for name, text in files.items()}).closure


def written(*trees: Mapping[str, object]) -> str:
    return yaml.safe_dump_all(trees)


def names(found: Closure) -> list[str]:
    return [built.name for built in found.builds]


def test_it_follows_kustomizations_from_the_root_on() -> None:
    found = closure(
        clusters__test__one=written(kustomization("one", path="./one")),
        one__two=written(kustomization("two", path="./two")),
        two__cfg=config_map("cfg"),
    )
    assert names(found) == ["flux-system/flux-system", "flux-system/one", "flux-system/two"]
    assert [obj["metadata"]["name"] for obj in found.objects if obj["kind"] == "ConfigMap"] == ["cfg"]


def test_one_that_leads_back_is_followed_once() -> None:
    found = closure(clusters__test__one=written(kustomization("one", path="./clusters/test")))
    assert names(found) == ["flux-system/flux-system", "flux-system/one"]


def test_other_sources_are_not_followed() -> None:
    bucket = kustomization("one", sourceRef={"kind": "Bucket", "name": "x"})
    assert names(closure(clusters__test__one=written(bucket))) == ["flux-system/flux-system"]


def test_a_build_that_fails_says_why_and_the_others_go_on() -> None:
    found = closure(
        clusters__test__a=written(kustomization("a", path="./nope")),
        clusters__test__b=written(kustomization("b", path="./apps")),
        apps__cfg=config_map("cfg"),
    )
    errors = {built.name: built.error for built in found.builds}
    assert errors["flux-system/a"].startswith("kustomization path not found")
    assert errors["flux-system/b"] == ""


def test_variables_come_from_what_was_built_before() -> None:
    reads = kustomization(postBuild={"substituteFrom": [{"kind": "ConfigMap", "name": "vars"}]})
    found = closure(
        clusters__test__apps=written(reads),
        clusters__test__vars=config_map("vars", "flux-system", word="hello"),
        apps__cfg=config_map("cfg", a="${word}"),
    )
    [cfg] = [obj for obj in found.objects if obj["metadata"]["name"] == "cfg"]
    assert cfg["data"] == {"a": "hello"}


def test_images_and_deployments() -> None:
    pod = {
        "containers": [{"name": "a", "image": "r.test/a:1"}, {"name": "b", "image": "r.test/b"}],
        "initContainers": [{"name": "i", "image": "r.test/i:1"}],
    }
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "x"},
        "spec": {"template": {"spec": pod}},
    }
    job = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "job", "namespace": "x"},
        "spec": {
            "jobTemplate": {"spec": {"template": {"spec": {"containers": [{"name": "a", "image": "r.test/a:1"}]}}}}
        },
    }
    odd = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "odd", "namespace": "x"},
        "spec": {"template": {"spec": {"containers": [{"image": 7}, {"image": ""}]}}},
    }
    found = closure(clusters__test__apps=written(deployment, job, odd))
    assert found.images == ["r.test/i:1", "r.test/a:1", "r.test/b"]
    assert found.deployments == {("x", "web"): "r.test/i:1"}


def test_circles_are_found_each_once() -> None:
    def waits(name: str, *others: str) -> dict[str, object]:
        return kustomization(name, path="./apps", dependsOn=[{"name": other} for other in others])

    found = closure(
        clusters__test__all=written(
            waits("a", "b"), waits("b", "a"), waits("c", "c"), waits("d", "a"), waits("e"), waits("f", "nowhere")
        ),
        apps__cfg=config_map("cfg"),
    )
    assert found.circles == [
        "flux-system/a -> flux-system/b -> flux-system/a",
        "flux-system/c -> flux-system/c",
    ]


def test_what_the_api_server_would_refuse() -> None:
    setup = setup_of({"clusters/test/apps.yaml": written(kustomization(), kustomization("bad", interval="soon"))})
    told = {str(obj["metadata"]["name"]): refusal(obj) for obj in setup.closure.objects}
    assert told["apps"] == ""
    assert "spec.interval: Invalid value" in told["bad"]
    beta = {"apiVersion": "image.toolkit.fluxcd.io/v1beta2", "kind": "ImagePolicy", "metadata": {"name": "x"}}
    assert refusal(freeze(beta)) == 'no matches for kind "ImagePolicy" in version "image.toolkit.fluxcd.io/v1beta2"'
