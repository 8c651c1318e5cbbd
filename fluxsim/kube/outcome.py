"""How a reconcile ends. The class decides what follows, the reason is Flux's and free.

A reconciler returns `Ready` or raises one of the others; the lifecycle around it writes conditions, events and requeues.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from fluxsim.formats.tree import EMPTY_MAP, Json
from fluxsim.kernel.units import Millis


@dataclass(frozen=True, slots=True)
class Ready:
    """It worked. `status` is merged into the status (RFC 7396); `beat` too, but unseen: what each idle run writes anew.

    `again_after` is None where only events bring the next run. `event` is told instead of the ready message,
    `trace` where nothing changed.
    """

    message: str
    status: Json = field(default_factory=lambda: EMPTY_MAP)
    beat: Json = field(default_factory=lambda: EMPTY_MAP)
    again_after: Millis | None = None
    event: str = ""
    trace: str = ""


class Unready(Exception):
    """It did not work. `status` is merged into the status all the same."""

    def __init__(self, reason: str, message: str, *, status: Json = EMPTY_MAP) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.status = status


class Stalled(Unready):
    """Nothing but a change by a person helps: no retry."""


class Waiting(Unready):
    """Something else must come first: again after `again_after`, without back-off."""

    def __init__(self, reason: str, message: str, *, again_after: Millis, status: Json = EMPTY_MAP) -> None:
        super().__init__(reason, message, status=status)
        self.again_after = again_after


class Failed(Unready):
    """An error: again with exponential back-off."""
