from __future__ import annotations

from typing import Any

import pytest

from fluxsim.formats.kustomizationoverlay import generated, with_spec
from fluxsim.formats.kustomizationstruct import KustomizationFileError
from fluxsim.formats.tree import Json

FILE: dict[str, Json] = {"resources": ["a.yaml"], "namespace": "own", "images": [{"name": "web", "newTag": "v1"}]}


def laid_over(*, present: tuple[str, ...] = (), **spec: Any) -> dict[str, Json]:
    return with_spec(FILE, spec, lambda path: path in present)


def test_without_a_spec_the_file_stays() -> None:
    assert laid_over() == FILE


def test_the_spec_wins_over_the_file() -> None:
    found = laid_over(targetNamespace="apps", namePrefix="p-", nameSuffix="-s", buildMetadata=["originAnnotations"])
    assert (found["namespace"], found["namePrefix"], found["nameSuffix"]) == ("apps", "p-", "-s")
    assert found["buildMetadata"] == ["originAnnotations"]


def test_patches_are_appended_with_their_targets() -> None:
    found = laid_over(patches=[{"patch": "x", "target": {"kind": "Deployment", "name": ""}}, {"patch": "y"}])
    assert found["patches"] == [{"patch": "x", "target": {"kind": "Deployment"}}, {"patch": "y"}]


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ({"name": "web", "newName": "hub/web"}, [{"name": "web", "newTag": "v1", "newName": "hub/web"}]),
        ({"name": "web", "digest": "sha256:a"}, [{"name": "web", "digest": "sha256:a"}]),
        ({"name": "api", "newTag": "v2"}, [{"name": "web", "newTag": "v1"}, {"name": "api", "newTag": "v2"}]),
    ],
)
def test_images_merge_by_name_and_tag_and_digest_are_one(image: dict[str, str], expected: Json) -> None:
    assert laid_over(images=[image])["images"] == expected
    assert FILE["images"] == [{"name": "web", "newTag": "v1"}]


def test_missing_components_fail_later_or_are_left_out() -> None:
    assert laid_over(components=["c", "d"], present=("c",))["components"] == ["c", "d"]
    assert laid_over(components=["c", "d"], present=("c",), ignoreMissingComponents=True)["components"] == ["c"]


@pytest.mark.parametrize(
    "path", ["/abs", "file:///abs", "https://example.com/x", "git@example.com:x", "github.com/x/y"]
)
def test_a_component_is_local_and_relative(path: str) -> None:
    with pytest.raises(KustomizationFileError) as refused:
        laid_over(components=[path])
    assert str(refused.value) == f"component path '{path}' must be local and relative"


def test_an_empty_directory_builds_to_nothing() -> None:
    assert generated([])["namespace"] == "_placeholder"
    assert generated(["./a.yaml"])["resources"] == ["./a.yaml"]
