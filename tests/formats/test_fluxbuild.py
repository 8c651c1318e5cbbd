from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import pytest

from fluxsim.formats.fluxbuild import Build, BuildFailed, build, with_common_metadata
from fluxsim.formats.kustomize import DictTree
from fluxsim.formats.tree import Json

LOCATION = "/tmp/kustomization-7"
ENCRYPTED = "ENC[AES256_GCM,data:Zm9v,iv:aXY=,tag:dGFn,type:str]"


def config_map(name: str, value: str = "plain") -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  a: {value}\n"


def built(files: Mapping[str, str], *, objects: Mapping[str, Json] | None = None, **spec: Any) -> Build:
    kustomization = {"metadata": {"name": "apps", "namespace": "flux-system"}, "spec": {"prune": True, **spec}}
    return build(DictTree(files), kustomization, lambda _, __, name: (objects or {}).get(name), location=LOCATION)


def failed(files: Mapping[str, str], **spec: Any) -> BuildFailed:
    with pytest.raises(BuildFailed) as error:
        built(files, **spec)
    return error.value


def test_a_directory_of_manifests_is_built_in_order() -> None:
    found = built({"b.yaml": config_map("b"), "a/c.yaml": config_map("c")}, targetNamespace="apps")
    assert [object_["metadata"] for object_ in found.objects] == [
        {"name": "c", "namespace": "apps"},
        {"name": "b", "namespace": "apps"},
    ]
    assert found.kustomized.sources == ("a/c.yaml", "b.yaml")


def test_the_digest_is_that_of_the_text() -> None:
    found = built({"a.yaml": config_map("a")})
    assert found.text == "apiVersion: v1\ndata:\n  a: plain\nkind: ConfigMap\nmetadata:\n  name: a\n"
    assert found.digest == f"sha256:{hashlib.sha256(found.text.encode()).hexdigest()}"


def test_an_empty_directory_is_a_build_of_nothing() -> None:
    found = built({"readme.txt": "hello"})
    assert (found.objects, found.text) == ((), "")


def test_a_base_outside_of_the_path_may_be_used() -> None:
    files = {
        "base/kustomization.yaml": "resources: [a.yaml]\n",
        "base/a.yaml": config_map("a"),
        "apps/dev/kustomization.yaml": "resources: [../../base]\nnamePrefix: dev-\n",
    }
    assert built(files, path="./apps/dev").objects[0]["metadata"]["name"] == "dev-a"


def test_variables_reach_each_object() -> None:
    files = {"a.yaml": config_map("a", "${env}-${n}")}
    found = built(
        files,
        objects={"vars": {"data": {"env": "dev", "n": "1"}}},
        postBuild={"substitute": {"n": "2"}, "substituteFrom": [{"kind": "ConfigMap", "name": "vars"}]},
    )
    assert found.objects[0]["data"] == {"a": "dev-2"}


def test_a_variable_that_is_not_set_fails_the_build() -> None:
    error = failed({"a.yaml": config_map("a", "${env}")}, postBuild={"substitute": {"x": "y"}})
    assert str(error) == (
        "post build failed for 'ConfigMap.v1.[noGrp]/a': envsubst error: "
        'variable substitution failed: variable not set (strict mode): "env"'
    )
    assert error.reason == "BuildFailed"
    assert error.generated is not None


def test_two_objects_cannot_become_one() -> None:
    files = {"a.yaml": config_map("a"), "b.yaml": config_map("${x}")}
    assert str(failed(files, postBuild={"substitute": {"x": "a"}})) == "in Replace: id matched 2 resources"


def test_a_missing_path_is_a_fault_of_the_artifact() -> None:
    error = failed({"a.yaml": config_map("a")}, path="./nope")
    assert (error.reason, error.generated) == ("ArtifactFailed", None)
    assert str(error) == f"kustomization path not found: stat {LOCATION}/nope: no such file or directory"


def test_what_is_not_in_the_tree_cannot_be_built() -> None:
    error = failed({"kustomization.yaml": "resources: [gone.yaml]\n"})
    assert str(error) == (
        "kustomize build failed: accumulating resources: accumulation err='accumulating resources from 'gone.yaml': "
        f"open {LOCATION}/gone.yaml: no such file or directory': must build at directory: not a valid directory: "
        f"evalsymlink failure on '{LOCATION}/gone.yaml' : lstat {LOCATION}/gone.yaml: no such file or directory"
    )


def test_a_broken_manifest_fails_before_the_build() -> None:
    error = failed({"a.yaml": "a: b: c\n"})
    assert str(error).startswith(f"failed to decode Kubernetes YAML from {LOCATION}/a.yaml: MalformedYAMLError: yaml:")


def secret() -> str:
    return (
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: token\n  namespace: apps\n"
        f"stringData:\n  a: {ENCRYPTED}\nsops:\n  mac: {ENCRYPTED}\n"
    )


def test_decrypted_values_are_assumed() -> None:
    found = built({"a.yaml": secret()}, decryption={"provider": "sops"})
    assert found.assumed == ("Secret/apps/token",)
    assert found.objects[0]["stringData"] == {"a": f"assumed:{ENCRYPTED}"}
    assert built({"a.yaml": secret()}).assumed == ()


def test_kustomize_files_among_the_objects_are_not_applied() -> None:
    files = {
        "a.yaml": config_map("a"),
        "b.yaml": "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nmetadata:\n  name: x\n",
    }
    assert [object_["kind"] for object_ in built(files).objects] == ["ConfigMap"]


def test_common_metadata_wins_over_the_objects_own() -> None:
    object_ = {"kind": "ConfigMap", "metadata": {"name": "a", "labels": {"x": "1", "y": "2"}}}
    spec = {"commonMetadata": {"labels": {"x": "9"}, "annotations": {"team": "a"}}}
    assert with_common_metadata([object_], spec) == [
        {
            "kind": "ConfigMap",
            "metadata": {"name": "a", "labels": {"x": "9", "y": "2"}, "annotations": {"team": "a"}},
        }
    ]
    assert with_common_metadata([object_], {}) == [object_]
