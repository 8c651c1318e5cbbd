"""`fluxsim run` and `replay` as people and machines call them."""

from __future__ import annotations

import json
from hashlib import blake2b
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner

from fluxsim.cli.main import app
from fluxsim.kernel.errors import InputError

STORY = """
name: a short story
why: A push reaches develop.
steps:
  - {at: 2m, do: push-code, service: backend, as: change}
goals:
  - name: develop follows
    from: change
    within: 6m
    image: {namespace: develop, deployment: backend, tag: "${change.tag}"}
"""
LOST = STORY.replace("within: 6m", "within: 30s").replace("a short story", "an impatient story")


@pytest.fixture
def story(tmp_path: Path) -> Path:
    path = tmp_path / "story.yaml"
    path.write_text(STORY)
    return path


def run(*arguments: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    return result.exit_code, result.stdout


def test_a_story_that_does_what_it_should_exits_with_zero(story: Path) -> None:
    code, text = run("run", story)
    assert code == 0
    assert "develop follows" in text
    assert "1 of 1 scenarios did what they should" in text


def test_no_line_is_wider_than_a_hundred_columns(story: Path) -> None:
    _code, text = run("run", story)
    assert [line for line in text.splitlines() if len(line) > 100] == []


def test_a_missed_goal_exits_with_one_and_says_what_was_seen(tmp_path: Path) -> None:
    path = tmp_path / "lost.yaml"
    path.write_text(LOST)
    code, text = run("run", path)
    assert code == 1
    assert "not reached" in " ".join(text.split())
    assert "registry-credentials exists outside Git and is right" in text, "a failed goal names what was assumed"


def test_json_tells_name_digest_and_goals(story: Path) -> None:
    code, text = run("run", story, "--format", "json")
    assert code == 0
    (scenario,) = json.loads(text)["scenarios"]
    assert (scenario["name"], scenario["passed"]) == ("a short story", True)
    assert len(scenario["digest"]) == 32
    assert [goal["outcome"] for goal in scenario["goals"]] == ["met"]


def test_junit_has_a_case_for_each_goal(tmp_path: Path) -> None:
    path = tmp_path / "lost.yaml"
    path.write_text(LOST)
    code, text = run("run", path, "--format", "junit")
    assert code == 1
    root = ET.fromstring(text)
    assert [case.get("name") for case in root.iter("testcase")] == ["develop follows"]
    assert len(list(root.iter("failure"))) == 1


def test_the_digest_is_over_the_bytes_of_the_log(story: Path, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    _code, text = run("run", story, "--format", "json", "--log", log)
    data = log.read_bytes()
    digest = json.loads(text)["scenarios"][0]["digest"]
    assert blake2b(data, digest_size=16).hexdigest() == digest
    flipped = bytes([data[0] ^ 1]) + data[1:]
    assert blake2b(flipped, digest_size=16).hexdigest() != digest
    first = json.loads(data.splitlines()[0])
    assert first["kind"] == "world.created"
    assert first["data"]["epoch"] == "2026-03-02T09:00:00Z"


def test_another_seed_gives_another_log(story: Path) -> None:
    digests = {
        json.loads(run("run", story, "--format", "json", "--seed", seed)[1])["scenarios"][0]["digest"]
        for seed in ("1", "2")
    }
    assert len(digests) == 2


def test_a_journal_replays_to_the_same_digest(story: Path, tmp_path: Path) -> None:
    journal = tmp_path / "journal.yaml"
    run("run", story, "--journal", journal)
    code, text = run("replay", journal)
    assert code == 0
    recorded = next(line.split()[1] for line in journal.read_text().splitlines() if line.startswith("digest"))
    assert recorded in text


def test_a_journal_of_another_digest_is_told(story: Path, tmp_path: Path) -> None:
    journal = tmp_path / "journal.yaml"
    run("run", story, "--journal", journal)
    journal.write_text(journal.read_text().replace("message", "by").replace("at_ms: 120000", "at_ms: 120001"))
    code, text = run("replay", journal)
    assert code == 1
    assert "plays it otherwise" in text


def test_one_log_holds_one_scenario(story: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="one file holds one scenario"):
        run("run", story, story, "--log", tmp_path / "log")


def test_an_unknown_key_is_told_with_its_place_and_a_suggestion(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(STORY.replace("service: backend", "servise: backend"))
    with pytest.raises(InputError) as error:
        run("run", path)
    assert f"{path}:5:" in str(error.value)
    assert "did you mean 'service'?" in str(error.value)


def test_a_page_is_written_that_loads_nothing(story: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    run("run", story, "--html", page)
    text = page.read_text()
    assert "a short story" in text
    assert "src=" not in text.replace("http://www.w3.org", "")
