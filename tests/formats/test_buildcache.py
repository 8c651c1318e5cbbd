from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from fluxsim.formats.buildcache import BUILDS_OF_ONE_MAX, KUSTOMIZATIONS_MAX, BuildCache
from fluxsim.formats.fluxbuild import Build, BuildFailed
from fluxsim.formats.kustomize import DictTree
from fluxsim.formats.tree import Json

MANIFEST = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  a: ${env:=none}\n"
FILES = {"apps/a.yaml": MANIFEST, "infra/b.yaml": MANIFEST}
FROM_MAP = {"substituteFrom": [{"kind": "ConfigMap", "name": "vars", "optional": True}]}


def built(
    cache: BuildCache,
    files: Mapping[str, str] = FILES,
    content_id: str = "one",
    variables: Json = None,
    **spec: Any,
) -> Build:
    kustomization = {"metadata": {"namespace": "flux-system"}, "spec": {"path": "apps", **spec}}
    return cache.build(
        DictTree(files), kustomization, lambda *_: variables, content_id=content_id, location="/tmp/kustomization-1"
    )


def test_the_same_content_is_not_built_twice() -> None:
    cache = BuildCache()
    assert built(cache) is built(cache)
    assert cache.built == 1


def test_a_commit_elsewhere_is_not_built() -> None:
    cache = BuildCache()
    first = built(cache)
    assert built(cache, {**FILES, "infra/b.yaml": "changed", "new/c.yaml": "x"}, "two") is first


@pytest.mark.parametrize(
    "change", [{"apps/a.yaml": MANIFEST + "  b: c\n"}, {"apps/b.yaml": MANIFEST.replace("name: a", "name: b")}]
)
def test_a_change_of_what_was_read_or_listed_is_built(change: dict[str, str]) -> None:
    cache = BuildCache()
    built(cache)
    built(cache, {**FILES, **change}, "two")
    assert cache.built == 2


def test_another_spec_is_built() -> None:
    cache = BuildCache()
    built(cache)
    assert built(cache, namePrefix="x-").objects[0]["metadata"]["name"] == "x-a"


def test_changed_variables_are_built() -> None:
    cache = BuildCache()
    assert built(cache, variables={"data": {"env": "a"}}, postBuild=FROM_MAP).objects[0]["data"] == {"a": "a"}
    assert built(cache, variables={"data": {"env": "b"}}, postBuild=FROM_MAP).objects[0]["data"] == {"a": "b"}
    assert built(cache, variables=None, postBuild=FROM_MAP).objects[0]["data"] == {"a": "${env:=none}"}
    built(cache, variables={"data": {"env": "a"}}, postBuild=FROM_MAP)
    assert cache.built == 3


def test_a_failure_is_remembered_too() -> None:
    cache = BuildCache()
    for content_id in ("one", "two"):
        with pytest.raises(BuildFailed, match="kustomization path not found") as error:
            built(cache, content_id=content_id, path="gone")
        assert error.value.reason == "ArtifactFailed"
    assert cache.built == 1


def test_the_memory_is_bounded() -> None:
    cache = BuildCache()
    for number in range(BUILDS_OF_ONE_MAX + 1):
        built(cache, {"apps/a.yaml": f"{MANIFEST}  b: '{number}'\n"}, str(number))
    built(cache, {"apps/a.yaml": f"{MANIFEST}  b: '0'\n"}, "0")
    assert cache.built == BUILDS_OF_ONE_MAX + 2
    for number in range(KUSTOMIZATIONS_MAX):
        built(cache, namePrefix=f"p{number}-")
    built(cache, {"apps/a.yaml": f"{MANIFEST}  b: '0'\n"}, "0")
    assert cache.built == BUILDS_OF_ONE_MAX + 2 + KUSTOMIZATIONS_MAX + 1


def test_a_failure_names_the_place_of_its_own_run() -> None:
    cache = BuildCache()
    for place in ("/tmp/kustomization-1", "/tmp/kustomization-2", "/tmp/kustomization-1"):
        kustomization = {"metadata": {"namespace": "flux-system"}, "spec": {"path": "gone"}}
        with pytest.raises(BuildFailed, match=place):
            cache.build(DictTree(FILES), kustomization, lambda *_: None, content_id="one", location=place)
    assert cache.built == 2


def test_a_way_back_is_not_built() -> None:
    cache = BuildCache()
    first = built(cache)
    built(cache, {**FILES, "apps/a.yaml": MANIFEST + "  b: c\n"}, "two")
    assert built(cache, FILES, "three") is first
    assert cache.built == 2


def test_what_two_builds_have_in_common_is_the_same_object() -> None:
    cache = BuildCache()
    files = {"apps/a.yaml": MANIFEST, "apps/b.yaml": MANIFEST.replace("name: a", "name: b")}
    first = built(cache, files)
    second = built(cache, {**files, "apps/b.yaml": files["apps/b.yaml"] + "  b: c\n"}, "two")
    assert second.objects[0] is first.objects[0]
    assert second.objects[1] is not first.objects[1]


def test_a_number_is_not_the_same_as_the_boolean_it_equals() -> None:
    cache = BuildCache()
    manifest = "apiVersion: example.org/v1\nkind: Thing\nmetadata:\n  name: a\nspec:\n  value: "
    built(cache, {"apps/a.yaml": manifest + "1\n"})
    assert built(cache, {"apps/a.yaml": manifest + "true\n"}, "two").objects[0]["spec"]["value"] is True


def test_other_metadata_of_a_source_of_variables_changes_nothing() -> None:
    cache = BuildCache()
    first = built(cache, variables={"metadata": {"resourceVersion": "1"}, "data": {"env": "a"}}, postBuild=FROM_MAP)
    again = built(cache, variables={"metadata": {"resourceVersion": "2"}, "data": {"env": "a"}}, postBuild=FROM_MAP)
    assert again is first


def test_a_spec_with_a_number_beyond_64_bits_is_built() -> None:
    cache = BuildCache()
    assert built(cache, replicas=1 << 70) is built(cache, replicas=1 << 70)
