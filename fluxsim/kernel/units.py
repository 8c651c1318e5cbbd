"""Time as whole milliseconds of virtual time since the world's epoch, and its text form at the borders."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import TypeAlias

Millis: TypeAlias = int
"""Milliseconds: of virtual time since the epoch of the world, or a span. Never a float: floats drift."""

SECOND: Millis = 1_000
MINUTE: Millis = 60 * SECOND
HOUR: Millis = 60 * MINUTE
DAY: Millis = 24 * HOUR

_ORIGIN = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def rfc3339(unix_ms: Millis) -> str:
    """Return the instant as Kubernetes writes a metav1.Time: UTC, whole seconds (cut, not rounded)."""
    day, second = divmod(unix_ms // SECOND, 86_400)
    minute, second = divmod(second, 60)
    return f"{_date(day)}T{minute // 60:02d}:{minute % 60:02d}:{second:02d}Z"


@lru_cache(1024)
def _date(day: int) -> str:
    """Return the date of a day since 1970; strftime for every write was a twentieth of a run."""
    return (_ORIGIN + dt.timedelta(days=day)).strftime("%Y-%m-%d")


def rfc3339_millis(unix_ms: Millis) -> str:
    """Return the instant with its milliseconds, as the log and the controllers' logs write it."""
    return f"{rfc3339(unix_ms)[:-1]}.{unix_ms % SECOND:03d}Z"


def unix_millis(text: str) -> Millis:
    """Return the milliseconds since 1970 of an RFC 3339 text; ValueError where it is none."""
    moment = dt.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"time '{text}' has no zone; write it with a final Z")
    return (moment - _ORIGIN) // dt.timedelta(milliseconds=1)


def clock_text(at_ms: Millis) -> str:
    """Return a span since the epoch for people: `00:07:10`, from a day on `1d 02:03:04`."""
    seconds = at_ms // SECOND
    days, rest = divmod(seconds, 86_400)
    text = f"{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}"
    return f"{days}d {text}" if days else text
