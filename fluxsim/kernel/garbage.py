"""How often Python looks for reference cycles: rarely, as a world is made of frozen trees that hold none."""

from __future__ import annotations

import gc

YOUNG = 20_000
"""Allocations between two looks at the young objects; Python's own 700 cost a day with ten releases a sixth of its time."""


def collect_rarely() -> None:
    """Set the whole process so; for commands and benchmarks, not for a library call."""
    gc.set_threshold(YOUNG, 20, 20)
