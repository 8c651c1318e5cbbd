from __future__ import annotations

import pytest

from fluxsim.formats.kustomize import ImageOrigin
from fluxsim.formats.kustomize.images import split_image
from tests.formats.kustomize.overlay import DEPLOYMENT, failure, one, result

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - {name: c, image: '%s'}\n"


def retagged(image: str, *entries: str) -> str:
    made = one(f"resources: [pod.yaml]\nimages: [{', '.join(entries)}]", {"pod.yaml": POD % image})
    return str(made["spec"]["containers"][0]["image"])


@pytest.mark.parametrize(
    ("image", "entry", "expected"),
    [
        ("nginx", "{name: nginx, newTag: '1'}", "nginx:1"),
        ("nginx:a@sha256:b", "{name: nginx, newTag: '1'}", "nginx:1"),
        ("nginx:a", "{name: nginx, digest: 'sha256:c'}", "nginx@sha256:c"),
        ("nginx:a", "{name: nginx, newTag: '1', digest: 'sha256:c'}", "nginx:1@sha256:c"),
        ("nginx:a@sha256:b", "{name: nginx, newName: other}", "other:a@sha256:b"),
        ("nginx:a", "{name: nginx, tagSuffix: -x}", "nginx:a-x-x"),
        ("host:5000/nginx:a", "{name: 'host:5000/nginx', newTag: '1'}", "host:5000/nginx:1"),
        ("my-nginx:a", "{name: nginx, newTag: '1'}", "my-nginx:a"),
        ("nginx-x:a", "{name: nginx, newTag: '1'}", "nginx-x:a"),
        ("docker.io/library/nginx:a", "{name: nginx, newTag: '1'}", "docker.io/library/nginx:a"),
        ("ghcr.io/a:1", "{name: ghcrXio/a, newTag: '2'}", "ghcr.io/a:1"),
        ("ghcrXio/a:1", "{name: ghcr.io/a, newTag: '2'}", "ghcrXio/a:2"),
        ("nginx:a", "{name: 'nginx:a', newTag: '1'}", "nginx:1"),
    ],
)
def test_an_entry_rewrites_the_images_that_it_names(image: str, entry: str, expected: str) -> None:
    assert retagged(image, entry) == expected


def test_entries_see_what_the_former_ones_wrote() -> None:
    assert retagged("a:1", "{name: a, newName: b}", "{name: b, newTag: '2'}") == "b:2"


def test_containers_are_found_at_any_depth_and_in_any_kind() -> None:
    custom = "apiVersion: x/v1\nkind: X\nmetadata: {name: x}\ndeep: {er: {initContainers: [{image: a}]}, image: a}\n"
    made = one("resources: [x.yaml]\nimages: [{name: a, newTag: '1'}]", {"x.yaml": custom})
    assert made["deep"] == {"er": {"initContainers": [{"image": "a:1"}]}, "image": "a"}


def test_custom_resource_definitions_are_left_alone() -> None:
    crd = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: x}\nspec: {containers: [{image: a}]}\n"
    made = one("resources: [x.yaml]\nimages: [{name: a, newTag: '1'}]", {"x.yaml": crd})
    assert made["spec"]["containers"] == [{"image": "a"}]


def test_a_name_that_is_no_expression_is_refused() -> None:
    text = failure("resources: [deployment.yaml]\nimages: [{name: 'a(', newTag: '1'}]")
    assert text.startswith("invalid image name 'a(': error parsing regexp: missing closing )")


@pytest.mark.parametrize(
    ("image", "parts"),
    [
        ("a", ("a", "", "")),
        ("a:b", ("a", "b", "")),
        ("h:1/a", ("h:1/a", "", "")),
        ("h:1/a:b@sha256:c", ("h:1/a", "b", "sha256:c")),
        ("a@sha256:c", ("a", "", "sha256:c")),
    ],
)
def test_an_image_is_cut_after_its_registry(image: str, parts: tuple[str, str, str]) -> None:
    assert split_image(image) == parts


def test_the_entry_that_retagged_an_image_is_known() -> None:
    built = result("resources: [deployment.yaml]\nimages:\n- name: acme/shop\n  newTag: v2\n")
    ((_, origin),) = built.image_origins.items()
    assert origin == ImageOrigin("kustomization.yaml", ("acme/shop", "v2"))
    assert origin.line("resources: [deployment.yaml]\nimages:\n- name: acme/shop\n  newTag: v2\n") == 4


def test_a_line_that_is_not_there_is_zero() -> None:
    assert ImageOrigin("x", ("acme/shop:v9",)).line(DEPLOYMENT) == 0
