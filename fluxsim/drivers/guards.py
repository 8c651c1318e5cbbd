"""The guardrails of a scenario: what `fluxsim lint` finds in the repository before the first step, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from fluxsim.drivers.scenario import Guardrail
from fluxsim.formats.tree import Json
from fluxsim.world.setup import Setup


def wrong(expected: Sequence[Guardrail], setup: Setup) -> list[str]:
    """Return what is found and was not expected, and what was expected and is not found."""
    faults: Json = import_module("fluxsim.world.guardrails").faults
    findings: list[Json] = list(faults(setup.repository.files(setup.repository.head(setup.branch)), setup.root))
    missing = list(expected)
    unexpected: list[str] = []
    for finding in findings:
        fitting = [
            one
            for one in missing
            if (one.file, one.rule) == (finding.file, finding.rule) and one.line in (0, finding.line)
        ]
        if fitting:
            missing.remove(fitting[0])
        else:
            unexpected.append(f"lint found {finding.file}:{finding.line}: {finding.rule}: {finding.text}")
    return [*unexpected, *(f"lint did not find {one.rule} in {one.file}" for one in missing)]
