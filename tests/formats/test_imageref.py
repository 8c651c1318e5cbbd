from __future__ import annotations

import pytest

from fluxsim.formats.imageref import ImageUrlInvalid, InvalidReference, canonical_name, parse_reference

DIGEST = "sha256:" + "0f" * 32


@pytest.mark.parametrize(
    ("image", "canonical"),
    [
        ("nginx", "index.docker.io/library/nginx"),
        ("docker.io/nginx", "index.docker.io/library/nginx"),
        ("docker.io/bitnami/nginx", "index.docker.io/bitnami/nginx"),
        ("localhost/app", "index.docker.io/localhost/app"),
        ("localhost:5000/app", "localhost:5000/app"),
        ("registry.example/team/backend", "registry.example/team/backend"),
        ("10.0.0.7:80/a.b/c_d", "10.0.0.7:80/a.b/c_d"),
        ("[fe80::1]:5000/app", "[fe80::1]:5000/app"),
        ("ghcr.io/org/app/", "ghcr.io/org/app/"),
    ],
)
def test_one_name_stands_for_all_spellings(image: str, canonical: str) -> None:
    assert canonical_name(image) == canonical


@pytest.mark.parametrize(
    ("image", "error"),
    [
        ("oci://ghcr.io/org/app", "image 'oci://ghcr.io/org/app' should not include URL scheme; remove 'oci://'"),
        ("ghcr.io/org/app:v1", "image 'ghcr.io/org/app:v1' should not include a tag; remove ':v1'"),
        ("localhost:5000/app:v1", "image 'localhost:5000/app:v1' should not include a tag; remove ':v1'"),
        (f"app@{DIGEST}", f"image 'app@{DIGEST}' should not include a tag; remove ':{'0f' * 32}'"),
        ("x", "could not parse reference: x"),
        ("", "could not parse reference: "),
        ("ghcr.io/Org/app", "could not parse reference: ghcr.io/Org/app"),
        ("ghcr.io/org/app:", "could not parse reference: ghcr.io/org/app:"),
        ("ghcr.io/org/app:a:b", "could not parse reference: ghcr.io/org/app:a:b"),
        ("user@ghcr.io/org/app", "could not parse reference: user@ghcr.io/org/app"),
        ("ghcr.io:port/org/app", "could not parse reference: ghcr.io:port/org/app"),
        ("ghcr.io:1:2/org/app", "could not parse reference: ghcr.io:1:2/org/app"),
        ("[::1/app", "could not parse reference: [::1/app"),
        ("ghcr.io/" + "a" * 256, "could not parse reference: ghcr.io/" + "a" * 256),
    ],
)
def test_an_image_of_a_repository_is_registry_and_path_alone(image: str, error: str) -> None:
    with pytest.raises(ImageUrlInvalid) as refused:
        canonical_name(image)
    assert str(refused.value) == error


def test_references_have_a_tag_or_a_digest() -> None:
    assert str(parse_reference("app")) == "index.docker.io/library/app:latest"
    assert str(parse_reference("ghcr.io/org/app:V1.0_x-y")) == "ghcr.io/org/app:V1.0_x-y"
    assert str(parse_reference(f"ghcr.io/org/app:v1@{DIGEST}")) == f"ghcr.io/org/app@{DIGEST}"
    assert parse_reference(f"localhost:5000/app@{DIGEST}").digest == DIGEST


@pytest.mark.parametrize(
    "text", ["app@sha256:00", f"app@{DIGEST}@{DIGEST}", f"app@sha512:{'0' * 128}", "app:t+1", "a:" + "t" * 129]
)
def test_what_is_neither_is_refused(text: str) -> None:
    with pytest.raises(InvalidReference):
        parse_reference(text)
