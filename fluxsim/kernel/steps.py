"""Work that takes virtual time: a generator that yields the milliseconds it waits and returns its result.

Each `yield` is a place where the world may change under the work. With effects as data a test is
`finish(reconciler.reconcile(…))`: no world, no clock, and the time it would have taken comes back too.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeAlias, TypeVar

from fluxsim.kernel.units import Millis

T = TypeVar("T")

Steps: TypeAlias = Generator[Millis, None, T]


def finish(steps: Steps[T]) -> tuple[T, Millis]:
    """Run the steps to their end without a world; return the result and the time that it would have taken."""
    spent = 0
    while True:
        try:
            spent += next(steps)
        except StopIteration as end:
            return end.value, spent
