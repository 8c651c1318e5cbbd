from __future__ import annotations

import pytest

from fluxsim.formats.imagetag import Reference, has_tag_or_digest, split, tag_of


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
