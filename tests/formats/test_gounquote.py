from __future__ import annotations

import pytest

from fluxsim.formats.gounquote import UnquoteFault, unquoted


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        ('"a\\tb\\\\"', "a\tb\\"),
        ('"\\u00e9\\U0001F600\\x41\\101"', "é😀AA"),
        ('"\\xc3\\xa9"', "é"),
        ('"\\xff"', "\udcff"),
        ("`raw\\n\r`", "raw\\n"),
        ("'\\''", "'"),
        ('"\'"', "'"),
    ],
)
def test_a_literal_stands_for_its_value(literal: str, value: str) -> None:
    assert unquoted(literal) == value


@pytest.mark.parametrize(
    "literal",
    [
        "",
        '"',
        "\"a'",
        '"a"b"',
        '"\\q"',
        '"\\x4"',
        '"\\400"',
        '"\\ud800"',
        '"\\U00110000"',
        '"\\',
        "'ab'",
        '"\n"',
        "`a`b`",
        "abc",
    ],
)
def test_what_is_no_literal_is_refused(literal: str) -> None:
    with pytest.raises(UnquoteFault):
        unquoted(literal)
