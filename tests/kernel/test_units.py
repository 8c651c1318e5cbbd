from __future__ import annotations

import pytest

from fluxsim.kernel.units import DAY, HOUR, MINUTE, SECOND, clock_text, rfc3339, rfc3339_millis, unix_millis


def test_a_time_is_cut_to_its_second() -> None:
    assert rfc3339(1_767_225_599_999) == "2025-12-31T23:59:59Z"


def test_the_log_shows_milliseconds() -> None:
    assert rfc3339_millis(1_767_225_600_007) == "2026-01-01T00:00:00.007Z"


@pytest.mark.parametrize("text", ["2026-02-28T23:59:59Z", "2026-03-01T00:59:59+01:00"])
def test_the_zone_of_a_text_counts(text: str) -> None:
    assert rfc3339(unix_millis(text)) == "2026-02-28T23:59:59Z"


def test_a_time_without_a_zone_is_none() -> None:
    with pytest.raises(ValueError, match="has no zone; write it with a final Z"):
        unix_millis("2026-02-28T23:59:59")


def test_what_is_no_time_is_refused() -> None:
    with pytest.raises(ValueError, match="noon"):
        unix_millis("noon")


def test_the_clock_shows_days_from_the_first_on() -> None:
    assert clock_text(7 * MINUTE + 10 * SECOND + 999) == "00:07:10"
    assert clock_text(2 * DAY + 3 * HOUR) == "2d 03:00:00"
