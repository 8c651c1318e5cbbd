"""`fluxsim why`, `next`, `policy` and `lint` as people and machines call them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fluxsim.cli.main import app
from fluxsim.kernel.errors import InputError

RELEASE = """
name: a release
why: A push to main reaches staging and is promoted.
steps:
  - {at: 2m, do: push-code, service: backend, branch: main, as: change}
  - {at: 12m, do: run-workflow, service: backend, as: promotion}
goals:
  - name: production follows
    from: promotion
    within: 10m
    image: {namespace: production, deployment: backend, tag: "${promotion.tag}"}
"""


@pytest.fixture
def release(tmp_path: Path) -> Path:
    path = tmp_path / "release.yaml"
    path.write_text(RELEASE)
    return path


def run(*arguments: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    return result.exit_code, result.stdout


def test_why_walks_from_the_pod_to_the_commit_of_the_service(release: Path) -> None:
    code, text = run("why", "production/backend", "--scenario", release)
    assert code == 0
    steps = [line.removeprefix("← ").split()[0] for line in text.splitlines()]
    wanted = ["pod", "replicaset", "applied", "commit", "policy", "tag", "promotion", "staging", "build", "service"]
    assert steps == wanted


def test_why_says_that_equal_digests_prove_the_promotion(release: Path) -> None:
    _code, text = run("why", "production/backend", "--scenario", release, "--format", "json")
    links = {link["step"]: link for link in json.loads(text)}
    assert "same digest" in links["promotion"]["text"]
    assert links["promotion"]["at_ms"] < links["tag"]["at_ms"] + 60_000
    assert links["build"]["at_ms"] < links["promotion"]["at_ms"]


def test_why_of_a_fresh_world_ends_at_time_zero() -> None:
    code, text = run("why", "production/backend")
    assert code == 0
    assert "in Git since time zero" in text


def test_why_of_an_unknown_deployment_suggests_one() -> None:
    with pytest.raises(InputError, match="did you mean 'production/backend'"):
        run("why", "production/backed")


def test_next_tells_each_wake_up_in_order_and_whole() -> None:
    code, text = run("next")
    assert code == 0
    _clock, _head, *rows = text.splitlines()
    times = [row.split()[1] for row in rows]
    assert times == sorted(times)
    assert "…" not in text
    assert any("ImageUpdateAutomation/production/backend" in row and "its interval" in row for row in rows)


def test_next_for_machines_has_milliseconds() -> None:
    _code, text = run("next", "--format", "json")
    rows = json.loads(text)
    assert all(row["at_ms"] - row["in_ms"] == 600_000 for row in rows)


def test_policy_tells_each_tags_fate() -> None:
    code, text = run("policy", "production/backend")
    assert code == 0
    fates = {row.split()[0]: row for row in text.splitlines()[1:-1]}
    (elected,) = [row for row in fates.values() if " selected " in row]
    assert text.splitlines()[-1] == f"elected: {elected.split()[0]}"
    assert all("filtered out" in row for tag, row in fates.items() if not tag.startswith("production-"))


def test_policy_for_machines_has_key_and_rank() -> None:
    _code, text = run("policy", "production/backend", "--format", "json")
    answer = json.loads(text)
    (first,) = [tag for tag in answer["tags"] if tag["rank"] == 1]
    assert (first["tag"], answer["error"]) == (answer["selected"], "")
    assert first["tag"].endswith(first["key"])


def test_policy_of_an_unknown_name_suggests_one() -> None:
    with pytest.raises(InputError, match="no ImagePolicy 'prod/backend'"):
        run("policy", "prod/backend")


@pytest.mark.parametrize(("text", "told"), [("soon", "'soon' is not a duration"), ("-5m", "'-5m' is negative")])
def test_a_time_that_is_none_is_told(text: str, told: str) -> None:
    with pytest.raises(InputError, match=f"--at: {told}"):
        run("next", "--at", text)


def test_the_bundled_example_passes_its_guardrails() -> None:
    assert run("lint") == (0, "0 findings in 6 Kustomizations, 6 policies\n")
