from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluxsim.formats.shellpattern import BadPattern, matches, trim_longest, trim_shortest


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        (b"*", b"a/b", True),
        (b"a*c", b"abbc", True),
        (b"a*c", b"abb", False),
        (b"?", "é".encode(), True),
        (b"[a-c]x", b"bx", True),
        (b"[^a-c]x", b"bx", False),
        ("[é]".encode(), "é".encode(), True),
        (b"\\*", b"*", True),
        (b"a", b"", False),
        (b"", b"", True),
        (b"*.*.gz", b"a.tar.gz", True),
    ],
)
def test_a_pattern_covers_the_whole_name(pattern: bytes, name: bytes, expected: bool) -> None:
    assert matches(pattern, name) is expected


@pytest.mark.parametrize("pattern", [b"[", b"[]", b"[a", b"[a-", b"[\\", b"\\"])
def test_a_bad_pattern_is_found_when_matching_comes_to_it(pattern: bytes) -> None:
    with pytest.raises(BadPattern):
        matches(pattern, b"abc")


def test_the_shortest_and_the_longest_prefix_differ() -> None:
    assert trim_shortest(b"a.b.c", b"*.") == b"b.c"
    assert trim_longest(b"a.b.c", b"*.") == b"c"


@given(st.text("ab", max_size=6), st.text("ab*", max_size=5))
def test_searching_for_the_texts_finds_what_trying_every_prefix_finds(name: str, pattern: str) -> None:
    data, glob = name.encode(), pattern.encode()
    lengths = [length for length in range(1, len(data) + 1) if matches(glob, data[:length])]
    assert trim_shortest(data, glob) == data[min(lengths, default=0) :]
    assert trim_longest(data, glob) == data[max(lengths, default=0) :]


def test_a_bad_pattern_trims_nothing() -> None:
    assert trim_shortest(b"abc", b"[a") == b"abc"
    assert trim_longest(b"abc", b"[a") == b"abc"
