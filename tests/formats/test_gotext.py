from __future__ import annotations

import math

import pytest

from fluxsim.formats.gotext import (
    float_text,
    from_octets,
    octets,
    quoted,
    short_message,
    truncated_hashes,
    unicode_point,
    value_text,
)


def test_quoting_escapes_what_cannot_be_seen() -> None:
    assert quoted('a"b\n\\é\x00\x7f\u200b') == r'"a\"b\n\\é\x00\x7f\u200b"'
    assert quoted("é😀", ascii_only=True) == r'"\u00e9\U0001f600"'
    assert quoted("'", "'") == r"'\''"


def test_bytes_that_are_no_text_survive_and_are_quoted_as_bytes() -> None:
    broken = from_octets(b"a\xff")
    assert octets(broken) == b"a\xff"
    assert quoted(broken) == r'"a\xff"'


def test_a_character_is_named_by_its_number() -> None:
    assert unicode_point("~") == "U+007E '~'"
    assert unicode_point("\n") == "U+000A"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "-0"),
        (100000.0, "100000"),
        (1000000.0, "1e+06"),
        (1234567.5, "1.2345675e+06"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (math.inf, "+Inf"),
        (math.nan, "NaN"),
    ],
)
def test_the_shortest_float_turns_to_an_exponent_early(value: float, text: str) -> None:
    assert float_text(value) == text


def test_a_float_can_be_given_a_precision() -> None:
    assert float_text(2.5, "f", 0) == "2"
    assert float_text(1234.5678, "g", 3) == "1.23e+03"
    assert float_text(100000.0, "g", 10) == "100000"
    assert float_text(0.5, "e") == "5e-01"


def test_maps_are_printed_in_the_order_of_their_keys() -> None:
    assert value_text({"b": [1, None, True], "a": {"x": 1.5}}) == "map[a:map[x:1.5] b:[1 <nil> true]]"


def test_only_whole_lower_case_hashes_are_shortened() -> None:
    sha1, sha256 = "0a" * 20, "0b" * 32
    assert truncated_hashes(f"main@sha1:{sha1}") == "main@sha1:0a0a0a0a"
    assert truncated_hashes(f"{sha256}/{sha256}") == "0b0b0b0b/0b0b0b0b"
    for kept in (sha1.upper(), f"x{sha1}", f"{sha1}_", sha1[:39], "c" * 129):
        assert truncated_hashes(kept) == kept


def test_a_long_subject_is_cut_by_characters() -> None:
    assert short_message("é" * 51 + "\n\nbody") == "é" * 50 + "..."
    assert short_message("é" * 50 + "\nbody") == "é" * 50
    assert short_message("") == ""
