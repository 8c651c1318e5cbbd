"""Which step comes next: steps with a time of their own, and behind each the steps that follow it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fluxsim.drivers.step import Step, span
from fluxsim.kernel.units import Millis


@dataclass(slots=True)
class Strand:
    """Steps that follow one another. `last_ms` is when the latest was done; other strands go on beside it."""

    steps: list[Step]
    last_ms: Millis = 0

    @property
    def head(self) -> Step:
        return self.steps[0]

    @property
    def waits(self) -> bool:
        return self.head.once is not None

    @property
    def due_ms(self) -> Millis:
        """When the head is due; for one that waits, when it gives up."""
        if self.head.at is not None:
            return span(self.head.at)
        return self.last_ms + span(self.head.at_most if self.waits else self.head.after or "0s")


def strands(steps: Iterable[Step]) -> list[Strand]:
    """Return the steps as strands: each step with a time begins one, the others stay behind the one they follow."""
    found: list[Strand] = []
    for step in steps:
        if step.at is not None or not found:
            found.append(Strand([step]))
        else:
            found[-1].steps.append(step)
    return found


def soonest(of: Sequence[Strand]) -> Strand:
    """Return the strand whose head is due first; of equals the one that stands first."""
    return min(of, key=lambda strand: strand.due_ms)
