"""A real GitOps repository, nothing in it edited: it builds as kubectl builds it, and its promotions and rollbacks play."""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from fluxsim.drivers.play import perform
from fluxsim.drivers.player import Played
from fluxsim.drivers.scenario import load, setup_of
from fluxsim.world.setup import Setup, of_repo

BUNDLE = Path(__file__).parents[3] / "shared" / "realworld" / "ldbl-sre-flux.bundle"
HERE = pytest.mark.skipif(
    not BUNDLE.exists(), reason="the real repository is not beside the checkout, in ../shared/realworld"
)
KUBECTL = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not on the path")
FIGHTS = {
    "Namespace/develop": ("frontend-develop", "infrastructure"),
    "Namespace/production": ("frontend-production", "infrastructure"),
    "Namespace/staging": ("frontend-staging", "infrastructure"),
}

PATHS = {"backend": "flux/apps/backend/production", "frontend": "flux/apps/frontend/overlays/production"}
STORY = """\
name: a release and its rollback
why: A release of {service} is promoted, and taken back in Git alone.
steps:
  - {{at: 30m, do: push-code, service: {service}, branch: main, message: Add a cache, as: release}}
  - {{at: 50m, do: run-workflow, service: {service}, as: promotion}}
  - {{at: 80m, do: revert, commit: newest, author: fluxcdbot, path: {path}, as: revert}}
goals:
  - name: the release is in staging
    from: release
    within: 15m
    image: {{namespace: staging, deployment: {service}, tag: "${{release.tag}}"}}
  - name: the promotion arrives
    from: promotion
    within: 15m
    image: {{namespace: production, deployment: {service}, tag: "${{promotion.tag}}"}}
  - name: the bot brings it back
    from: revert
    within: 15m
    holds for: 2h
    image: {{namespace: production, deployment: {service}, tag: "${{promotion.tag}}"}}
"""


def start() -> Setup:
    return of_repo(str(BUNDLE))


@cache
def played(service: str, directory: Path) -> Played:
    file = directory / f"{service}.yaml"
    file.write_text(STORY.format(service=service, path=PATHS[service]), encoding="utf-8")
    scenario = load(file).model_copy(update={"repo": str(BUNDLE)})
    [play] = perform(scenario, setup_of(scenario)).plays
    return play


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stories")


@HERE
@pytest.mark.parametrize("service", ["backend", "frontend"])
def test_a_promotion_arrives_and_its_rollback_in_git_is_undone(service: str, directory: Path) -> None:
    play = played(service, directory)
    assert play.passed, [(result.goal.name, result.tracker.seen) for result in play.goals]
    undone = [finding.message for finding in play.findings if finding.invariant == "a rollback holds"]
    assert len(undone) == 1
    assert undone[0].startswith("fluxcdbot brought production-v")
    assert PATHS[service] in undone[0]


@HERE
def test_nothing_is_edited(directory: Path) -> None:
    play = played("backend", directory)
    people = [event.data["subject"] for event in play.world.commits("gitops") if event.data["author"]["name"] == "you"]
    assert people == ['Revert "Update production backend image"']


@HERE
@pytest.mark.parametrize("service", ["backend", "frontend"])
def test_the_kustomizations_that_fight_over_namespaces_are_named(service: str, directory: Path) -> None:
    messages = [
        one.message for one in played(service, directory).findings if one.invariant == "nothing reconciles for ever"
    ]
    assert len(messages) == len(FIGHTS)
    for name, (one, other) in FIGHTS.items():
        told = f"{name} is changed in turn by Kustomization/flux-system/{one} and Kustomization/flux-system/{other}"
        assert any(message.startswith(told) for message in messages), name


ALLOWED = (
    r"[A-Z]\w+\.[a-z0-9.-]+ is installed, and nothing acts on its objects \(first object: .*\)",
    r"Secret/[a-z-]+/[a-z-]+ decrypts; stand-ins are in the place of its values",
    r"Secret/[a-z-]+/[a-z-]+ exists outside Git and is right",
    r"(HelmRelease|HelmRepository)/[a-z-]+/[a-z-]+ is stood in for: no (chart is installed|index is fetched), .*",
)


@HERE
def test_only_foreign_kinds_and_secrets_outside_git_are_assumed(directory: Path) -> None:
    play = played("backend", directory)
    assert play.world.assumptions
    for line in play.world.assumptions:
        assert any(re.fullmatch(pattern, line) for pattern in ALLOWED), line
    kinds = [line.partition(" is installed")[0] for line in play.world.assumptions if " is installed" in line]
    groups = {kind.partition(".")[2] for kind in kinds}
    assert not [group for group in groups if group.endswith((".toolkit.fluxcd.io", ".k8s.io"))]
    outside = {line.partition(" ")[0] for line in play.world.assumptions if "outside Git" in line}
    wanted = {"ghcr-credentials-docker", "github-image-automation", "sops-age"}
    assert {f"Secret/flux-system/{name}" for name in wanted} <= outside
    in_git = {
        f"Secret/{obj['metadata'].get('namespace')}/{obj['metadata']['name']}"
        for obj in play.world.setup.closure.objects
        if obj["kind"] == "Secret"
    }
    assert not outside & in_git


@HERE
def test_everything_builds() -> None:
    assert [built.error for built in start().closure.builds if built.error] == []
    assert len(start().closure.builds) == 32


@HERE
@KUBECTL
def test_each_kustomization_builds_as_many_objects_as_kubectl(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    subprocess.run(["git", "clone", "-q", "-b", "main", str(BUNDLE), str(checkout)], check=True, capture_output=True)
    counted = 0
    for built in start().closure.builds:
        directory = checkout / str(built.kustomization["spec"]["path"])
        if not any(
            (directory / name).exists() for name in ("kustomization.yaml", "kustomization.yml", "Kustomization")
        ):
            continue
        command = ["kubectl", "kustomize", "--load-restrictor=LoadRestrictionsNone", str(directory)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        # Flux completes a kustomization that says nothing, kubectl refuses it
        assert done.returncode == 0 or "kustomization.yaml is empty" in done.stderr, done.stderr
        expected = [line for line in done.stdout.splitlines() if line.startswith("kind: ")]
        found = [f"kind: {obj['kind']}" for obj in built.objects]
        assert sorted(found) == sorted(expected), built.name
        counted += 1
    assert counted >= 20
