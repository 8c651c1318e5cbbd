from __future__ import annotations

import pytest

from fluxsim.formats.imagetag import Reference, fault, full_name, has_tag_or_digest, split, tag_of


@pytest.mark.parametrize(
    ("image", "parts"),
    [
        ("nginx", Reference("nginx", "", "")),
        ("nginx:1.27", Reference("nginx", "1.27", "")),
        ("localhost:5000/app", Reference("localhost:5000/app", "", "")),
        ("localhost:5000/app:v2", Reference("localhost:5000/app", "v2", "")),
        ("ghcr.io/a/b@sha256:00", Reference("ghcr.io/a/b", "", "sha256:00")),
        ("ghcr.io/a/b:1@sha256:00", Reference("ghcr.io/a/b", "1", "sha256:00")),
        ("", Reference("", "", "")),
    ],
)
def test_a_reference_has_three_parts(image: str, parts: Reference) -> None:
    assert split(image) == parts


def test_a_port_is_no_tag() -> None:
    assert tag_of("registry:5000/app") == ""
    assert not has_tag_or_digest("registry:5000/app")


def test_a_digest_pins_without_a_tag() -> None:
    assert has_tag_or_digest("app@sha256:00")


@pytest.mark.parametrize(
    "image",
    [
        "nginx",
        "nginx:1.27-alpine_2",
        "localhost:5000/a/b__c.d",
        "GHCR.io/acme/web:V1",
        "ghcr.io/acme/web@sha256:" + 64 * "a",
        "ghcr.io/acme/web:1@sha256:" + 64 * "a",
    ],
)
def test_a_reference_has_no_fault(image: str) -> None:
    assert fault(image) == ""


@pytest.mark.parametrize(
    ("image", "told"),
    [
        ("", "invalid reference format"),
        ("web:", "invalid reference format"),
        ("web:-1", "invalid reference format"),
        ("web:" + 129 * "a", "invalid reference format"),
        ("https://registry.test/web", "invalid reference format"),
        ("a//b", "invalid reference format"),
        ("web@sha256:abc", "invalid reference format"),
        ("web:1 ", "invalid reference format"),
        ("Web:1", "invalid reference format: repository name (library/Web) must be lowercase"),
        ("registry.test/Shop/web", "invalid reference format: repository name (Shop/web) must be lowercase"),
        ("/".join(30 * ["registry0"]), "repository name must not be more than 255 characters"),
    ],
)
def test_what_is_no_reference_says_why(image: str, told: str) -> None:
    assert fault(image) == told


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("nginx:1", "docker.io/library/nginx"),
        ("acme/web", "docker.io/acme/web"),
        ("localhost/web", "localhost/web"),
        ("registry.test/web@sha256:0", "registry.test/web"),
    ],
)
def test_a_short_name_is_docker_hubs(image: str, name: str) -> None:
    assert full_name(image) == name
