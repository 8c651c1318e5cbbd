"""The guardrails of a scenario: what `fluxsim lint` finds in the repository before the first step, exactly."""

from __future__ import annotations

from collections.abc import Sequence

from fluxsim.drivers.scenario import Guardrail
from fluxsim.world.guardrails import findings
from fluxsim.world.setup import Setup


def wrong(expected: Sequence[Guardrail], setup: Setup) -> list[str]:
    """Return what is found and was not expected, and what was expected and is not found."""
    missing = list(expected)
    unexpected: list[str] = []
    for finding in findings(setup.repository.files(setup.repository.head(setup.branch)), setup.root, setup.closure):
        fitting = [
            one
            for one in missing
            if (one.file, one.rule) == (finding.file, finding.rule) and one.line in (0, finding.line)
        ]
        if fitting:
            missing.remove(fitting[0])
        else:
            unexpected.append(f"lint found {finding} ({finding.rule})")
    return [*unexpected, *(f"lint did not find {one.rule} in {one.file}" for one in missing)]
