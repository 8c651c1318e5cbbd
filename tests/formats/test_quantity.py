from __future__ import annotations

import pytest

from fluxsim.formats.quantity import InvalidQuantity, canonical


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2000m", "2"),
        ("1024Mi", "1Gi"),
        ("100Mi", "100Mi"),
        ("1000", "1k"),
        ("1024", "1024"),
        ("0.5", "500m"),
        ("0.25", "250m"),
        (".5", "500m"),
        ("1.5Gi", "1536Mi"),
        ("1.1Ki", "1126400m"),
        ("0", "0"),
        ("00", "0"),
        ("0Mi", "0"),
        ("1e3", "1e3"),
        ("1000e3", "1e6"),
        ("1E", "1E"),
        ("-2000m", "-2"),
        ("0.0000000001", "1n"),
        ("1.500", "1.500"),
        ("512Mi", "512Mi"),
        ("2048Ki", "2Mi"),
        ("1000000000000000000000", "1e21"),
        ("9000Pi", "9223372036854775807"),
    ],
)
def test_a_quantity_takes_the_servers_form(text: str, expected: str) -> None:
    assert canonical(text) == expected


@pytest.mark.parametrize("text", ["", "x", "1x", "1.2.3", "1Kii", "1e", "1 Gi", "Mi1", "1e99999999", "--1", "1mm"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(InvalidQuantity):
        canonical(text)
