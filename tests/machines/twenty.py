"""Twenty fresh seeds: how soon each finds that a rollback does not hold, and how short the story becomes.

    python -m tests.machines.twenty [FIRST_SEED] [SEEDS]

Each seed has a minute; at least nineteen of twenty must find it. Too long for the test suite, which takes three.
"""

from __future__ import annotations

import statistics
import sys
import time

from fluxsim.drivers.machine import Finding, Plan
from fluxsim.drivers.search import findings
from fluxsim.drivers.shrinking import Shrinking
from fluxsim.world.setup import of_example

SECONDS = 60
ROLLBACK = "a rollback holds"


def found(seed: int, seconds: float = SECONDS) -> tuple[Finding | None, Plan, float]:
    """Search until the rollback is undone or the time is up; return how many seconds it took."""
    started = time.monotonic()
    plan = Plan(of_example(), until_s=started + seconds)
    for finding in findings(plan, seed):
        if finding.violation.invariant == ROLLBACK:
            return finding, plan, time.monotonic() - started
    return None, plan, time.monotonic() - started


def main(first: int = 0, seeds: int = 20) -> int:
    times: list[float] = []
    for seed in range(first, first + seeds):
        finding, plan, took = found(seed)
        if finding is None:
            print(f"seed {seed:3}: nothing in {plan.coverage.runs} runs, {took:.1f}s", flush=True)
            continue
        times.append(took)
        small = Shrinking(plan.setup, finding).finding()
        print(
            f"seed {seed:3}: {took:5.1f}s, {plan.coverage.runs:3} runs, {len(finding.entries):2} → {len(small.entries)} actions",
            flush=True,
        )
    median = statistics.median(times) if times else float("nan")
    print(f"{len(times)} of {seeds} found it; median {median:.1f}s, slowest {max(times, default=0):.1f}s")
    return 0 if len(times) * 20 >= seeds * 19 else 1


if __name__ == "__main__":
    sys.exit(main(*(int(argument) for argument in sys.argv[1:])))
