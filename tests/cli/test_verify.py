"""`fluxsim verify` as people call it."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from fluxsim.cli.main import app
from fluxsim.drivers.scenario import load
from fluxsim.kernel.errors import InputError


def fluxsim(*arguments: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    return result.exit_code, result.stdout


def test_what_is_found_is_told_and_saved_and_can_be_run(tmp_path: Path) -> None:
    saved = tmp_path / "found.yaml"
    code, told = fluxsim("verify", "--seed", "3", "--seconds", "8", "--save", saved)
    assert code == 1
    assert "VIOLATED " in told
    assert "because" in told
    assert "would hold if:" in told
    assert "runs, " in told
    assert "days of virtual time" in told
    assert "looking" not in told
    scenario = load(saved)
    assert scenario.breaks
    assert scenario.why.startswith("Found by fluxsim verify: ")
    code, told = fluxsim("run", saved)
    assert code == 0
    assert f"broken as declared: {scenario.breaks[0]}" in told


def test_where_people_are_careful_nothing_is_found() -> None:
    code, told = fluxsim("verify", "--seed", "2", "--seconds", "2", "--cure")
    assert code == 0
    assert "careful people" in told
    assert "nothing was broken" in told


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--seconds", "0"), "--seconds: 0 seconds are no time to look; give at least 1"),
        (("--seconds", "-5"), "--seconds: -5 seconds are no time to look; give at least 1"),
        (("--path", "clusters/lab"), "--path: there is no choice of roots in the bundled example; give --repo too"),
        (("--save", "nowhere/found.yaml"), "--save: no directory 'nowhere'; make it first"),
        (("--repo", "nowhere"), "nowhere: no such file or directory"),
    ],
)
def test_what_cannot_be_searched_is_refused_before_it_begins(arguments: tuple[str, ...], text: str) -> None:
    with pytest.raises(InputError) as refused:
        fluxsim("verify", "--seconds", "1", *arguments)
    assert text in str(refused.value)


def test_words_for_numbers_are_usage_errors() -> None:
    assert fluxsim("verify", "--seed", "first")[0] == 2
