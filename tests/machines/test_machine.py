"""The rule machine finds what Flux really breaks, tells it the same way every time, and finds nothing where people know the cure."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from typing import Any

import pytest

from fluxsim.drivers.counterexample import Origin, scenario_of
from fluxsim.drivers.coverage import SOMETIMES
from fluxsim.drivers.machine import Finding, Plan, machine
from fluxsim.drivers.play import perform
from fluxsim.drivers.scenario import Scenario
from fluxsim.drivers.search import findings, round_of
from fluxsim.drivers.shrinking import Shrinking, broken_in
from fluxsim.drivers.trial import replayed
from fluxsim.drivers.whatif import would_hold_if
from fluxsim.observe.invariants import Invariants
from fluxsim.world.inputfile import read
from fluxsim.world.setup import of_example
from tests.machines.twenty import ROLLBACK, found

SEEDS = (1, 2, 3)
SHOWN = 3


@cache
def undone(seed: int) -> tuple[Finding, Plan]:
    """Search until a rollback is undone."""
    finding, plan, _took = found(seed)
    assert finding is not None, f"seed {seed} has not found it in a minute: {plan.coverage}"
    return finding, plan


def busy(runs: int, *, careful: bool = False, seed: int = 1) -> Plan:
    """Run the machine to the end of every run, whatever breaks."""
    plan = Plan(of_example(), careful=careful, known=set(Invariants().names), runs_max=runs)
    assert list(findings(plan, seed)) == []
    return plan


@pytest.mark.parametrize("seed", SEEDS)
def test_an_undone_rollback_is_found(seed: int) -> None:
    finding, _plan = undone(seed)
    assert "fluxcdbot brought" in finding.violation.message


def test_what_is_found_becomes_short_plays_as_a_scenario_and_has_a_cure() -> None:
    finding, plan = undone(SHOWN)
    shrinking = Shrinking(plan.setup, finding)
    small = shrinking.finding()
    assert small.violation.invariant == ROLLBACK
    assert [entry.action.do for entry in small.entries][-1] == "revert"
    assert len(small.entries) <= 4
    cures = would_hold_if(plan.setup, small, shrinking.trial)
    assert any(cure.startswith("flux suspend image update") for cure in cures)
    text = scenario_of(plan.setup, small, shrinking.trial, Origin(), cures)
    scenario = read("found.yaml", text.encode(), Scenario)
    performance = perform(scenario, plan.setup)
    (play,) = performance.plays
    assert performance.passed, [result.tracker.outcome for result in play.goals]
    assert [violation.invariant for violation in play.violations] == [ROLLBACK]
    assert play.goals[0].tracker.outcome == "lost"


def test_careful_people_break_nothing() -> None:
    plan = Plan(of_example(), careful=True, runs_max=30)
    assert [finding.violation.message for finding in findings(plan, 1)] == []
    assert plan.coverage.reached["rolled back"]


def test_some_runs_do_what_the_invariants_speak_of() -> None:
    coverage = busy(60).coverage
    assert coverage.missing() == [], coverage
    assert sum(coverage.states.values()) > coverage.steps
    for environment in ("develop", "staging", "production"):
        for state in ("in step", "rolling", "suspended"):
            assert coverage.states[f"{environment} {state}"], (environment, state, coverage.states)
    assert any(name.endswith("rolled back") for name in coverage.states)
    assert set(coverage.reached) <= set(SOMETIMES)


def test_the_same_seed_finds_the_same() -> None:
    first = next(findings(Plan(of_example(), runs_max=12), 5), None)
    again = next(findings(Plan(of_example(), runs_max=12), 5), None)
    assert first == again


def test_hash_seeds_change_nothing() -> None:
    told = [_in_a_process(hash_seed) for hash_seed in ("1", "2")]
    assert told[0] == told[1]
    assert told[0]["entries"]


def test_a_run_replayed_is_the_run() -> None:
    finding, plan = undone(SHOWN)
    trial = replayed(plan.setup, finding.seed, finding.entries, finding.end_ms)
    broken = broken_in(trial, ROLLBACK)
    assert broken == finding.violation


def test_a_round_that_may_run_nothing_finds_nothing() -> None:
    plan = Plan(of_example(), until_s=0)
    assert round_of(plan, 1) is None
    assert plan.coverage.runs == 0


def test_an_error_of_ours_is_not_taken_for_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def nonsense(*_arguments: Any) -> None:
        raise AssertionError("the world is out of joint")

    plan = Plan(of_example())
    monkeypatch.setattr(machine(plan).__mro__[1], "nothing_is_broken", nonsense, raising=False)
    monkeypatch.setattr("fluxsim.drivers.trial.Trial.wait", nonsense)
    with pytest.raises(AssertionError, match="out of joint"):
        round_of(plan, 1)


def _in_a_process(hash_seed: str) -> dict[str, Any]:
    code = """
import json
from fluxsim.drivers.machine import Plan
from fluxsim.drivers.search import findings
from fluxsim.world.setup import of_example
plan = Plan(of_example(), runs_max=12)
finding = next(findings(plan, 3))
entries = [entry.model_dump(mode="json") for entry in finding.entries]
print(json.dumps({"message": finding.violation.message, "end": finding.end_ms, "entries": entries, "steps": plan.coverage.steps, "rules": sorted(plan.coverage.rules.items())}))
"""
    environment = {"PYTHONHASHSEED": hash_seed, "PATH": ""}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, env=environment, text=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
