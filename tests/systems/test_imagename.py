"""All spellings of an image repository are one name."""

from __future__ import annotations

import pytest

from fluxsim.systems.imagename import InvalidName, is_digest, is_tag, parse_name, parse_reference

DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("nginx", "docker.io/library/nginx"),
        ("docker.io/nginx", "docker.io/library/nginx"),
        ("index.docker.io/library/nginx:1.27", "docker.io/library/nginx"),
        ("registry-1.docker.io/library/nginx", "docker.io/library/nginx"),
        ("acme/app", "docker.io/acme/app"),
        ("ghcr.io/a/b", "ghcr.io/a/b"),
        ("GHCR.io/a/b:v1", "ghcr.io/a/b"),
        ("localhost:5000/x", "localhost:5000/x"),
        ("localhost/x", "localhost/x"),
        ("Local/x", "Local/x"),
        ("[::1]:5000/x", "[::1]:5000/x"),
        (f"quay.io/a/b/c:v1@{DIGEST}", "quay.io/a/b/c"),
    ],
)
def test_spellings_of_one_repository_are_one(text: str, name: str) -> None:
    assert str(parse_name(text)) == name


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("nginx", "docker.io/library/nginx:latest"),
        ("ghcr.io/a/b:v1", "ghcr.io/a/b:v1"),
        (f"ghcr.io/a/b@{DIGEST}", f"ghcr.io/a/b@{DIGEST}"),
        (f"ghcr.io/a/b:v1@{DIGEST}", f"ghcr.io/a/b:v1@{DIGEST}"),
        ("localhost:5000/x:1", "localhost:5000/x:1"),
    ],
)
def test_references_are_written_in_full(text: str, full: str) -> None:
    assert str(parse_reference(text)) == full


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":v1",
        "a b",
        "ghcr.io/a/b:",
        "ghcr.io//b",
        "ghcr.io/a/",
        "a@sha256:12",
        "a:" + "x" * 129,
        "-.io/x",
        "https://ghcr.io/a",
        "a..b/c",
        "a/_x",
    ],
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(InvalidName, match="invalid reference format"):
        parse_reference(text)


def test_capitals_are_told() -> None:
    with pytest.raises(InvalidName, match="repository name must be lowercase"):
        parse_reference("ghcr.io/Acme/App")


def test_clients_know_docker_hub_by_other_hosts() -> None:
    hub, ghcr = parse_name("nginx"), parse_name("ghcr.io/a/b")
    assert (hub.api, hub.client_host) == ("registry-1.docker.io", "index.docker.io")
    assert (ghcr.api, ghcr.client_host) == ("ghcr.io", "ghcr.io")
    assert [parse_name(f"{host}/x").is_local for host in ("localhost:5000", "127.0.0.1:80", "10.0.0.1", "r.local", "r.io")] == [
        True, True, True, True, False,
    ]  # fmt: skip


def test_tags_and_digests_are_told_apart() -> None:
    assert [text for text in ("v1.0_x-Y", ".x", "a/b", "", DIGEST) if is_tag(text)] == ["v1.0_x-Y"]
    assert [text for text in (DIGEST, "v1", "sha256:12") if is_digest(text)] == [DIGEST]
    assert is_digest("sha512:" + "a" * 128)
