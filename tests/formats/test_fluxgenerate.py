from __future__ import annotations

from typing import Any

import pytest

from fluxsim.formats.fluxgenerate import Generated, GenerateFailed, directory_of, generate
from fluxsim.formats.kustomize.files import DictTree

MANIFEST = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n"


def refuse(data: bytes) -> None:
    if b"bad" in data:
        raise ValueError("that is bad")


def made(files: dict[str, str], path: str = "./", **spec: Any) -> Generated:
    tree = DictTree(files)
    directory = directory_of(tree, path, "/tmp/x")
    return generate(tree, directory, {"spec": spec}, location="/tmp/x", check=refuse)


def resources(found: Generated) -> list[str]:
    return [line.removeprefix("- ") for line in found.text.splitlines() if line.startswith("- ")]


def test_all_manifests_are_found_in_the_order_of_a_walk() -> None:
    files = {
        "z.yaml": MANIFEST,
        "b/c.yml": MANIFEST,
        "b.yaml": MANIFEST,
        ".x.yaml": MANIFEST,
        "n.json": "{}",
        "b/d": "",
    }
    found = made(files)
    assert (found.action, found.path) == ("created", "kustomization.yaml")
    assert resources(found) == ["./.x.yaml", "./b/c.yml", "./b.yaml", "./z.yaml"]


def test_a_directory_with_its_own_file_is_one_resource() -> None:
    files = {"apps/base/kustomization.yml": "{}", "apps/base/bad.yaml": "bad", "apps/a.yaml": MANIFEST}
    assert resources(made(files, "apps")) == ["./a.yaml", "./base"]


def test_a_file_that_is_there_is_used_and_completed() -> None:
    found = made({"apps/Kustomization": "resources: [a.yaml]\nodd: 1\n"}, "./apps/", targetNamespace="t")
    assert (found.action, found.path) == ("unchanged", "apps/Kustomization")
    assert found.text == (
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamespace: t\nresources:\n- a.yaml\n"
    )


def test_a_file_without_resources_asks_for_their_origin() -> None:
    assert "buildMetadata:\n- originAnnotations\n" in made({"kustomization.yaml": "namePrefix: a-\n"}).text


def test_an_empty_directory_gets_a_placeholder() -> None:
    assert made({}).text.endswith("namespace: _placeholder\n")


def test_a_component_is_looked_for_beside_the_file() -> None:
    files = {"apps/kustomization.yaml": "resources: [a]\n", "shared/c/kustomization.yaml": "{}"}
    spec = {"components": ["../shared/c", "gone"], "ignoreMissingComponents": True}
    assert resources(made(files, "apps", **spec)) == ["../shared/c", "a"]


def test_a_path_stays_in_the_tree() -> None:
    assert directory_of(DictTree({"etc/a.yaml": ""}), "../../etc", "/tmp/x") == "etc"


@pytest.mark.parametrize(
    ("path", "problem"), [("gone/x", "no such file or directory"), ("a.yaml/x", "not a directory")]
)
def test_a_path_must_be_there(path: str, problem: str) -> None:
    with pytest.raises(GenerateFailed) as failed:
        made({"a.yaml": MANIFEST}, path)
    assert str(failed.value) == f"kustomization path not found: stat /tmp/x/{path}: {problem}"


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({"a/b.yaml": "bad"}, "failed to decode Kubernetes YAML from /tmp/x/a/b.yaml: that is bad"),
        (
            {"kustomization.yaml": "a: b: c"},
            "error converting YAML to JSON: yaml: mapping values are not allowed in this context",
        ),
        (
            {"kustomization.yaml": "resources: 1"},
            "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal number into Go struct field Kustomization.resources of type []string",
        ),
    ],
)
def test_what_cannot_be_read_is_told(files: dict[str, str], problem: str) -> None:
    with pytest.raises(GenerateFailed) as failed:
        made(files)
    assert str(failed.value) == problem
