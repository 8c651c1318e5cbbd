"""The search: rounds of Hypothesis over the rule machine until something is broken or the time is up.

Every round has its own seed, drawn from the first; nothing is stored, so the same seed finds the same. A round is short
because Hypothesis remembers all that it tried.
"""

from __future__ import annotations

import random
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager

from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis.internal.conjecture import providers
from hypothesis.reporting import with_reporter
from hypothesis.stateful import run_state_machine_as_test

from fluxsim.drivers.machine import Broken, Finding, OutOfTime, Plan, machine

_CONSTANTS, _KNOWN, _CACHE = "_get_local_constants", "_local_constants", "CONSTANTS_CACHE"

RUNS_A_ROUND = 60
STEPS_A_RUN = 40
QUIET_RUNS = 40
"""After the first finding: how many runs must bring nothing new until the search is over."""


def settings_of(*, phases: tuple[Phase, ...] = (Phase.generate,)) -> settings:
    """Return how the machine is run: nothing stored, no clock of Hypothesis's own; shrinking is ours, over journals."""
    return settings(
        database=None,
        deadline=None,
        derandomize=False,
        max_examples=RUNS_A_ROUND,
        phases=phases,
        print_blob=False,
        report_multiple_bugs=False,
        stateful_step_count=STEPS_A_RUN,
        suppress_health_check=[
            HealthCheck.too_slow,
            HealthCheck.data_too_large,
            HealthCheck.filter_too_much,
            HealthCheck.large_base_example,
        ],
        verbosity=Verbosity.quiet,
    )


def findings(plan: Plan, first_seed: int) -> Iterator[Finding]:
    """Yield each invariant that is broken, once, until the time is up or QUIET_RUNS runs have brought nothing new."""
    seeds = random.Random(first_seed)  # noqa: S311  a search, not a secret
    last_run = plan.runs_max
    while time.monotonic() < plan.until_s and plan.coverage.runs < last_run:
        plan.runs_max = last_run
        finding = round_of(plan, seeds.getrandbits(64))
        if finding is not None:
            plan.known.add(finding.violation.invariant)
            last_run = plan.coverage.runs + QUIET_RUNS
            yield finding


def round_of(plan: Plan, round_seed: int) -> Finding | None:
    """Run one round; return what it found."""
    plan.finding = None
    try:
        with with_reporter(_silent), _own_draws_only():
            run_state_machine_as_test(seed(round_seed)(machine(plan)), settings=settings_of())
    except Broken:
        return plan.finding
    except OutOfTime:
        return None
    return None


@contextmanager
def _own_draws_only() -> Generator[None]:
    """Keep the constants that Hypothesis reads out of the source of all loaded modules from its draws.

    With them the same seed would find something else after every edit and every import, and reading takes two seconds.
    Hypothesis has no setting for it (6.170, internal/conjecture/providers.py); versions that read none need none.
    """
    read = getattr(providers, _CONSTANTS, None)
    if read is None:
        yield
        return
    cache = getattr(providers, _CACHE).cache
    nothing = type(getattr(providers, _KNOWN))()
    cache.clear()
    setattr(providers, _CONSTANTS, lambda: nothing)
    try:
        yield
    finally:
        setattr(providers, _CONSTANTS, read)
        cache.clear()


def _silent(_text: object) -> None:
    pass
