from __future__ import annotations

import pytest

from fluxsim.formats.durations import (
    HOUR,
    MILLISECOND,
    MINUTE,
    SECOND,
    InvalidDuration,
    duration_text,
    fits_crd,
    human_duration,
    parse_duration,
    short_human_duration,
)


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("0", 0),
        ("1h15m30.918s", 4_530_918_000_000),
        ("-1.5h", -5_400_000_000_000),
        ("+.25s", 250_000_000),
        ("3.ms", 3_000_000),
        ("2µs", 2_000),
        ("2μs", 2_000),
        ("1h1h", 2 * HOUR),
        ("-9223372036854775808ns", -(1 << 63)),
        ("0.33333333333333333333333s", 333_333_333),
    ],
)
def test_text_is_read_as_go_reads_it(text: str, nanoseconds: int) -> None:
    assert parse_duration(text) == nanoseconds


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", 'time: invalid duration ""'),
        ("-", 'time: invalid duration "-"'),
        ("3", 'time: missing unit in duration "3"'),
        ("3 s", 'time: unknown unit " s" in duration "3 s"'),
        ("1w", 'time: unknown unit "w" in duration "1w"'),
        (".s", 'time: invalid duration ".s"'),
        ("9223372036854775808ns", 'time: invalid duration "9223372036854775808ns"'),
        ("3000000h", 'time: invalid duration "3000000h"'),
        ("9" * 5000 + "h", 'time: invalid duration "' + "9" * 5000 + 'h"'),
        ('1"é', r'time: unknown unit "\"\xc3\xa9" in duration "1\"\xc3\xa9"'),
    ],
)
def test_what_go_refuses_is_refused_in_its_words(text: str, message: str) -> None:
    with pytest.raises(InvalidDuration) as refused:
        parse_duration(text)
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "0s"),
        (1, "1ns"),
        (1_100, "1.1µs"),
        (2_200_000, "2.2ms"),
        (3_300_000_000, "3.3s"),
        (4 * MINUTE + 5 * SECOND, "4m5s"),
        (5 * HOUR + 6 * MINUTE + 7 * SECOND + MILLISECOND, "5h6m7.001s"),
        (-HOUR, "-1h0m0s"),
        ((1 << 63) - 1, "2562047h47m16.854775807s"),
    ],
)
def test_a_duration_is_written_as_go_writes_it(nanoseconds: int, text: str) -> None:
    assert duration_text(nanoseconds) == text
    assert parse_duration(text) == nanoseconds


@pytest.mark.parametrize("text", ["5m", "1h30m", "0.5s", "10ms", "1m1m"])
def test_flux_fields_take_plain_durations(text: str) -> None:
    assert fits_crd(text)


@pytest.mark.parametrize("text", ["", "5", "-5m", "5.m", ".5m", "1us", "5m ", "5d", "5m\n"])
def test_flux_fields_refuse_what_only_go_takes(text: str) -> None:
    assert not fits_crd(text)


@pytest.mark.parametrize(
    ("seconds", "human", "short"),
    [
        (-2, "<invalid>", "<invalid>"),
        (-1, "0s", "0s"),
        (119, "119s", "1m"),
        (130, "2m10s", "2m"),
        (599, "9m59s", "9m"),
        (3599, "59m", "59m"),
        (3 * 3600 + 60, "3h1m", "3h"),
        (9 * 3600 + 60, "9h", "9h"),
        (50 * 3600, "2d2h", "2d"),
        (9 * 86400, "9d", "9d"),
        (800 * 86400, "2y70d", "2y"),
        (9 * 365 * 86400, "9y", "9y"),
    ],
)
def test_an_age_shows_two_units_while_the_first_is_small(seconds: int, human: str, short: str) -> None:
    assert human_duration(seconds * SECOND) == human
    assert short_human_duration(seconds * SECOND) == short
