"""All invariants, on in every run.

`observe` is called for every event; `found` is what was broken so far; `violations` is asked at the end, when also what
must come in time is judged. On a repository that is not ours a violation is a finding: it may be meant.
"""

from __future__ import annotations

from collections import defaultdict

from fluxsim.kernel.log import Event
from fluxsim.kernel.units import Millis
from fluxsim.observe.convergence import ClusterEqualsGit
from fluxsim.observe.endless import NothingReconcilesForEver
from fluxsim.observe.guardrails import (
    MUTABLE_TAGS,
    EnvironmentIsolation,
    EveryProductionChangeHasACommit,
    NoMutableTagInProduction,
    ProductionChangesAfterPromotion,
    ProductionWasHealthyInStaging,
)
from fluxsim.observe.invariant import ENVIRONMENTS, PRODUCTION, Invariant, NotedInvariant, Violation
from fluxsim.observe.rollbacks import NoPersonsCommitIsLost, RollbackHolds

__all__ = ["ENVIRONMENTS", "MUTABLE_TAGS", "PRODUCTION", "Invariant", "Invariants", "Violation"]


class Invariants:
    """The invariants over one log."""

    def __init__(self) -> None:
        self.rollbacks = RollbackHolds()
        self._noted: tuple[NotedInvariant, ...] = (
            EnvironmentIsolation(),
            ProductionWasHealthyInStaging(),
            ProductionChangesAfterPromotion(),
            NoMutableTagInProduction(),
            EveryProductionChangeHasACommit(),
            NoPersonsCommitIsLost(),
            self.rollbacks,
            NothingReconcilesForEver(),
        )
        self._convergence = ClusterEqualsGit()
        self.all: tuple[Invariant, ...] = (*self._noted, self._convergence)
        self._readers: dict[str, list[Invariant]] = defaultdict(list)
        for invariant in self.all:
            for kind in invariant.reads:
                self._readers[kind].append(invariant)

    @property
    def names(self) -> list[str]:
        return [invariant.name for invariant in self.all]

    def observe(self, event: Event) -> None:
        for invariant in self._readers.get(event.kind, ()):
            invariant.observe(event)

    def found(self) -> list[Violation]:
        """Return what was seen to be broken so far, first first; what must come in time is not judged."""
        return _in_order([violation for invariant in self._noted for violation in invariant.found])

    def violations(self, now_ms: Millis) -> list[Violation]:
        """Return all that was broken, first first."""
        return _in_order([violation for invariant in self.all for violation in invariant.violations(now_ms)])

    def settles_ms(self) -> Millis:
        """Return how long to wait, once nothing is broken, before what must come in time can be judged."""
        return self._convergence.settles_ms()


def _in_order(found: list[Violation]) -> list[Violation]:
    return sorted(found, key=lambda violation: (violation.at_ms, violation.invariant, violation.events))
