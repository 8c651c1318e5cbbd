"""`fluxsim replay --history` as people call it: text and JSON, exit codes, and what it refuses."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fluxsim.cli.main import main
from fluxsim.systems.gitexport import export
from tests.drivers.pasts import FILE, Past, marked, tag

Fluxsim = Callable[..., tuple[int, str, str]]
NEWEST = tag(59)


@pytest.fixture
def fluxsim(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Fluxsim:
    """Return a function that calls `fluxsim replay`: (exit code, output, errors)."""

    def called(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["fluxsim", "replay", *(str(argument) for argument in arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return int(str(ended.value.code or 0)), out, err

    return called


def busy() -> Past:
    """Return an hour with a release every ten scans of 60.6 s; the tags waited 96 to 132 s for their commits."""
    past = Past()
    for number in range(1, 7):
        past.bot(number * 10.1, tag(number * 10.1 - 1.6 - 0.3 * (number % 3)))
    return past


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return a repository in which the bot committed six releases and undid one person."""
    past = busy()
    past.person(70, {FILE: marked("develop-v1.0.0-fff1111-1")}, "Go back by hand")
    past.bot(71.5, NEWEST)
    export(past.repository, tmp_path / "fleet.git")
    return tmp_path / "fleet.git"


def test_the_report_tells_figures_people_and_what_is_assumed(fluxsim: Fluxsim, place: Path) -> None:
    code, out, err = fluxsim("--history", place)
    assert (code, err) == (0, "")
    assert "branch main: 9 commits, 7 by flux-bot" in out
    assert "this measures the machinery from a tag to its commit" in out
    assert "recall     1.00  6 of 6" in out
    assert "“tag + 114 s”" in out
    assert "Ada: Go back by hand" in out
    assert "undone after 90 s by" in out
    assert "a tag reaches the registry" in out


def test_json_holds_every_pair_and_every_reason(fluxsim: Fluxsim, place: Path) -> None:
    code, out, _err = fluxsim("--history", place, "--format", "json")
    tree = json.loads(out)
    assert (code, tree["recall"], tree["precision"], tree["baseline"]) == (0, 1.0, 1.0, "tag + 114 s")
    assert [pair["matched"] for pair in tree["pairs"]] == [True] * 6
    (person,) = tree["people"]
    assert (person["agreed"], person["real"]["after_s"]) == (True, 90)
    assert person["because"][-1]["text"].startswith("ImagePolicy/develop/web elects ")


def test_an_episode_is_played_with_more_seeds(fluxsim: Fluxsim, place: Path) -> None:
    code, out, _err = fluxsim("--history", place, "--episode", "2027-01-15")
    assert code == 0
    assert "under 9 of 9 seeds" in out


def test_a_window_in_which_the_world_does_otherwise_fails(fluxsim: Fluxsim, tmp_path: Path) -> None:
    past = busy()
    past.bot(70, tag(30))  # it was the newest at its time, not now
    export(past.repository, tmp_path / "fleet.git")
    code, out, _err = fluxsim("--history", tmp_path / "fleet.git")
    assert code == 1
    assert "✗ recall 0.86" in out
    assert "clock: simulated " in out


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), "replay: give a journal, or a repository with --history; one of both"),
        (("story.yaml", "--history", "x"), "replay: give a journal, or a repository with --history"),
        (("--history", "nowhere"), "nowhere: no such file or directory"),
    ],
)
def test_what_is_neither_is_refused(fluxsim: Fluxsim, arguments: tuple[str, ...], expected: str) -> None:
    code, out, err = fluxsim(*arguments)
    assert (code, out) == (2, "")
    assert expected in err


def test_a_window_without_the_bot_is_refused_in_a_sentence(fluxsim: Fluxsim, place: Path) -> None:
    code, _out, err = fluxsim("--history", place, "--from", "2030-01-01T00:00:00Z", "--to", "2030-01-02T00:00:00Z")
    assert code == 2
    assert err.startswith("--from: no commit by the bot from 2030-01-01T00:00:00Z")
