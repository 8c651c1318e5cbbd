"""Time as whole milliseconds of virtual time since the world's epoch, and its text form at the borders."""

from __future__ import annotations

import datetime as dt
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
    return (_ORIGIN + dt.timedelta(seconds=unix_ms // SECOND)).strftime("%Y-%m-%dT%H:%M:%SZ")


def rfc3339_millis(unix_ms: Millis) -> str:
    """Return the instant with its milliseconds, as the log and the controllers' logs write it."""
    seconds, millis = divmod(unix_ms, SECOND)
    return f"{rfc3339(seconds * SECOND)[:-1]}.{millis:03d}Z"


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
