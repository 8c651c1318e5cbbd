from __future__ import annotations

import math

import pytest

from fluxsim.formats.gofloat import parse_float


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0.0),
        ("007", 7.0),
        ("+5", 5.0),
        ("-5.", -5.0),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("1E-3", 0.001),
        ("1_000.5_0e1_0", 1000.5e10),
        ("0x1p4", 16.0),
        ("0X_1.8P+1", 3.0),
        ("-0x.8p1", -1.0),
        ("Inf", math.inf),
        ("-INFINITY", -math.inf),
        ("1e-999", 0.0),
        ("9007199254740993", 9007199254740992.0),
        ("1" * 400 + "e-399", 1.1111111111111112),
    ],
)
def test_reads_what_go_reads(text: str, value: float) -> None:
    assert parse_float(text) == value


def test_nan_has_no_sign() -> None:
    assert math.isnan(parse_float("nAn"))
    with pytest.raises(ValueError):
        parse_float("+nan")


@pytest.mark.parametrize(
    "text",
    ["", " 5", "5 ", "5\n", ".", "+", "1e", "e1", "0x10", "0x1", "0xp1", "1__0", "_1", "1_", "1_.5", "1._5", "1e_5", "v1", "1,5", "٥",
     "infin", "1e999", "-1e999", "0x1p1024", "1" * 400, "0b1p1", "0x1p", "0x_.8p1"],
)  # fmt: skip
def test_refuses_what_go_refuses(text: str) -> None:
    with pytest.raises(ValueError):
        parse_float(text)
