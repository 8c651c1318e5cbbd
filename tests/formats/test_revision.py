from __future__ import annotations

import pytest

from fluxsim.formats.revision import absolute_reference, revision

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("reference", "short", "absolute"),
    [
        ("refs/tags/v1.2.0", f"v1.2.0@sha1:{COMMIT}", f"refs/tags/v1.2.0@sha1:{COMMIT}"),
        ("main", f"sha1:{COMMIT}", f"main@sha1:{COMMIT}"),
        ("", f"sha1:{COMMIT}", f"sha1:{COMMIT}"),
    ],
)
def test_a_revision_names_the_reference_and_the_hash(reference: str, short: str, absolute: str) -> None:
    assert revision(reference, COMMIT) == short
    assert absolute_reference(reference, COMMIT) == absolute


def test_a_hash_of_another_length_has_no_algorithm() -> None:
    assert revision("refs/heads/main", "abc") == "main@<unknown>:abc"
    assert revision("", "") == ""
