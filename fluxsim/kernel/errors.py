"""What goes wrong below the drivers.

FluxsimError
├── InputError         a person's file, argument or repository is wrong: exit code 2, never a traceback
└── SimulationError    our own bug, with what is needed to see it again: seed, time, process, last events
    └── Livelock       more happened in one instant than a world can mean
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


class FluxsimError(Exception):
    """Anything that fluxsim raises on purpose."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: `where` (file:line:column, or an argument), `what`, and what to do `instead` (may be empty)."""

    where: str
    what: str
    instead: str = ""

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}; {self.instead}" if self.instead else text


class InputError(FluxsimError):
    """All that is wrong with an input, one clickable line each."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__(*faults)
        self.faults: tuple[Fault, ...] = faults

    def __str__(self) -> str:
        return "\n".join(str(fault) for fault in self.faults)


class SimulationError(FluxsimError):
    """A bug of ours inside a running world. The cause is chained; the text says how to see it again."""


class Livelock(SimulationError):
    """Time does not advance: more events are due at one instant than EVENTS_PER_INSTANT_MAX."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `did you mean 'x'?` for the nearest known word, or the list of what is known, or nothing."""
    words = sorted(known)
    near = difflib.get_close_matches(word, words, n=1, cutoff=0.6)
    if near:
        return f"did you mean '{near[0]}'?"
    return f"known are {', '.join(words)}" if words else ""
