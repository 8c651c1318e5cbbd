"""Every scenario gives the same log in every process, whatever its hash seed and time zone, and another one under another seed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def digests(hash_seed: str, zone: str, *options: str) -> dict[str, list[str]]:
    """Return the digests of all plays of each scenario, from a process of its own."""
    command = [sys.executable, "-m", "fluxsim", "run", str(ROOT / "scenarios"), "--format", "json", *options]
    around = os.environ | {"PYTHONHASHSEED": hash_seed, "TZ": zone, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(command, env=around, cwd=ROOT, capture_output=True, check=False)
    assert ran.returncode in (0, 1), ran.stderr.decode()
    told = json.loads(ran.stdout)["scenarios"]
    return {one["name"]: [play["digest"] for play in one["plays"]] for one in told}


@pytest.fixture(scope="module")
def first() -> dict[str, list[str]]:
    return digests("1", "UTC")


def test_hash_seed_and_time_zone_show_in_no_log(first: dict[str, list[str]]) -> None:
    assert len(first) == len(list((ROOT / "scenarios").glob("*.yaml")))
    assert digests("31337", "America/St_Johns") == first


def test_another_seed_gives_other_logs(first: dict[str, list[str]]) -> None:
    other = digests("1", "UTC", "--seed", "987")
    assert [name for name in first if set(first[name]) & set(other[name])] == []


def test_the_plays_of_a_scenario_are_distinct(first: dict[str, list[str]]) -> None:
    assert [name for name, plays in first.items() if len(set(plays)) != len(plays)] == []
