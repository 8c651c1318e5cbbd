"""Builds and promotions of the example's service."""

from __future__ import annotations

import re

import pytest

from fluxsim.controllers.ci.steps import BOT
from fluxsim.kernel.errors import InputError
from fluxsim.systems.registry import RegistryError
from tests.controllers.ci.bench import IMAGE, Bench, error_of

TAG = re.compile(r"^(?P<family>[a-z]+)-v(?P<version>\d+\.\d+\.\d+)-(?P<sha>[0-9a-f]{7})-(?P<time>\d{10})$")


# -- builds


@pytest.mark.parametrize(("branch", "family"), [("main", "staging"), ("develop", "develop")])
def test_a_push_builds_the_family_of_its_branch(branch: str, family: str) -> None:
    bench = Bench()
    tag = bench.push(branch)
    found = TAG.match(tag)
    assert found is not None
    assert (found["family"], found["version"]) == (family, "1.4.0")
    assert bench.repository.head(branch).startswith(found["sha"])
    assert bench.digest(tag) == bench.digest(family) == bench.digest(found["sha"]), "aliases point at the same image"
    assert abs(int(found["time"]) - bench.clock.unix_s) <= 600


def test_two_builds_are_two_images() -> None:
    bench = Bench()
    assert bench.digest(bench.push()) != bench.digest(bench.push())


def test_a_build_says_what_it_was_made_of() -> None:
    bench = Bench()
    bench.push("main", app="crash")
    [built] = [event.data for event in bench.log.events if event.kind == "build.finished"]
    assert (built["service"], built["workflow"], built["branch"]) == ("backend", "build", "main")
    assert built["commit"] == bench.repository.head("main")
    assert bench.registry.pull(f"{IMAGE}:{built['tag']}").labels["fluxsim.app"] == "crash"


def test_a_push_to_another_branch_builds_nothing() -> None:
    bench = Bench()
    author = bench.repository.commit_of(bench.repository.head("main")).author
    bench.repository.commit("topic", {"x": b"y"}, author=author, when_s=1, message="x")
    bench.passing()
    assert bench.finished() == []


def test_a_registry_that_fails_fails_the_build() -> None:
    bench = Bench()
    bench.registry.fail("outage")
    bench.ci.push_code(bench.repository, "main", "x", "ok", BOT)
    bench.passing()
    assert bench.finished() == [], "the push came from CI itself"
    author = bench.repository.commit_of(bench.repository.head("develop")).author
    bench.ci.push_code(bench.repository, "main", "x", "ok", author)
    bench.passing()
    [run] = bench.finished()
    assert run["conclusion"] in ("failure", "success")


# -- promotions


def test_an_empty_input_takes_the_newest_staging_image() -> None:
    bench = Bench()
    bench.push()
    newest = bench.push()
    assert bench.promote()["conclusion"] == "success"
    promoted = newest.replace("staging-", "production-")
    assert bench.digest(promoted) == bench.digest(newest) == bench.digest("production")


def test_a_named_tag_is_promoted_as_it_is() -> None:
    bench = Bench()
    older = bench.push()
    bench.push()
    assert bench.promote(older)["conclusion"] == "success"
    assert bench.digest(older.replace("staging-", "production-")) == bench.digest(older)


@pytest.mark.parametrize(
    "wanted",
    [
        "latest",
        "staging",
        "production-v1.4.0-abcdef0-1772442000",
        "staging-v1.4-abcdef0-1772442000",
        "staging-v1.4.0-XYZ-1",
    ],
)
def test_a_malformed_staging_tag_is_refused(wanted: str) -> None:
    bench = Bench()
    bench.push()
    before = bench.tags()
    run = bench.promote(wanted)
    assert run["conclusion"] == "failure"
    assert error_of(run) == f"##[error]'{wanted}' is no staging tag: expected staging-vX.Y.Z-SHA-TIME"
    assert [step["conclusion"] for step in run["steps"]] == ["success", "failure", "skipped", "skipped", "skipped"]
    assert bench.tags() == before
    assert bench.version() == "1.4.0"
    assert bench.ci.releases == []


def test_a_staging_tag_that_is_not_in_the_registry_is_refused() -> None:
    bench = Bench()
    bench.push()
    run = bench.promote("staging-v1.4.0-abcdef0-1772442000")
    assert error_of(run) == f"##[error]{IMAGE}:staging-v1.4.0-abcdef0-1772442000 not found in the registry"


def test_without_any_staging_image_there_is_nothing_to_promote() -> None:
    bench = Bench()
    bench.push("develop")
    assert error_of(bench.promote()) == f"##[error]{IMAGE} has no staging tag"


def test_a_release_is_recorded_with_its_digest() -> None:
    bench = Bench()
    tag = bench.push()
    bench.promote()
    [release] = bench.ci.releases
    assert release["version"] == "1.4.0"
    assert release["tag"] == tag.replace("staging-", "production-")
    assert release["digest"] == bench.digest(tag)
    assert [event.data for event in bench.log.events if event.kind == "release.recorded"] == [release]


def test_a_promotion_bumps_both_branches_and_the_next_build_carries_it() -> None:
    bench = Bench()
    bench.push()
    bench.promote()
    assert (bench.version("main"), bench.version("develop")) == ("1.4.1", "1.4.1")
    assert "-v1.4.1-" in bench.push()
    assert "-v1.4.1-" in bench.push("develop")


def test_its_own_pushes_start_nothing() -> None:
    bench = Bench()
    bench.push()
    before = len(bench.finished())
    bench.promote()
    bumps = [commit for commit in bench.repository.log(bench.repository.head("main")) if commit.author.name == BOT.name]
    assert [commit.subject for commit in bumps] == ["Bump version to 1.4.1 [skip ci]"]
    assert len(bench.finished()) == before + 1, "the promotion itself, and no build of its bump"


def test_the_promotion_of_an_older_image_is_older_for_the_policy_too() -> None:
    bench = Bench()
    older, newer = bench.push(), bench.push()
    bench.promote(newer)
    bench.promote(older)
    times = {tag.rpartition("-")[2] for tag in bench.tags() if tag.startswith("production-")}
    assert times == {tag.rpartition("-")[2] for tag in (older, newer)}


# -- traps


def test_the_rebuild_variant_makes_other_bits_of_the_same_version() -> None:
    bench = Bench("rebuild")
    staging = bench.push()
    assert bench.promote()["conclusion"] == "success"
    production = staging.replace("staging-", "production-")
    assert bench.digest(production) != bench.digest(staging)
    [pushed] = [
        event.data for event in bench.log.events if event.kind == "tag.pushed" and event.data["tag"] == production
    ]
    assert pushed["reason"] == "rebuild"
    assert pushed["commit"].startswith(staging.split("-")[2])


def test_the_wrong_tag_variant_writes_a_tag_that_no_policy_waits_for() -> None:
    bench = Bench("wrong-tag")
    staging = bench.push()
    assert bench.promote()["conclusion"] == "success"
    wrong = staging.replace("staging-", "prod-")
    assert bench.digest(wrong) == bench.digest(staging)
    with pytest.raises(RegistryError):
        bench.digest(staging.replace("staging-", "production-"))


# -- dispatching


def test_a_workflow_that_is_not_there() -> None:
    with pytest.raises(
        InputError, match="no workflow 'promote' on main of backend; known are build, promote-production"
    ):
        Bench().promote(workflow="promote")


def test_a_workflow_that_starts_by_itself() -> None:
    with pytest.raises(InputError, match="workflow 'build' has no workflow_dispatch trigger; it starts by itself"):
        Bench().promote(workflow="build")


def test_an_input_that_is_not_declared() -> None:
    bench = Bench()
    with pytest.raises(InputError, match="has no input 'stagingtag'; did you mean 'staging_tag'"):
        bench.ci.dispatch("backend", "promote-production", "main", {"stagingtag": "x"}, "ada")


def test_a_broken_workflow_is_told_when_it_should_start() -> None:
    bad = {".github/workflows/promote-production.yml": b"name: x\non: {workflow_dispatch: {}}\njobs: [1]\n"}
    bench = Bench(files=bad)
    with pytest.raises(InputError, match=r"promote-production\.yml: jobs"):
        bench.promote()
    bench.push()
    assert [run["conclusion"] for run in bench.finished()] == ["startup_failure", "success"]


def test_a_version_that_is_none_fails_the_step() -> None:
    bench = Bench(files={"VERSION": b"one\n"})
    bench.passing()
    author = bench.repository.commit_of(bench.repository.head("main")).author
    bench.ci.push_code(bench.repository, "main", "x", "ok", author)
    bench.passing()
    assert error_of(bench.finished()[-1]) == "##[error]VERSION holds 'one', not a version X.Y.Z"


def test_a_step_without_what_it_needs_fails_as_an_action_does() -> None:
    text = b"name: x\non: {workflow_dispatch: {}}\njobs: {a: {steps: [{uses: fluxsim/find-tag@v1, with: {family: staging}}]}}\n"
    bench = Bench(files={".github/workflows/promote-production.yml": text})
    assert error_of(bench.promote()) == "##[error]Input required and not supplied: image"


def test_an_image_that_has_no_name_fails_its_step() -> None:
    step = b"{uses: docker/build-push-action@v6, with: {tags: 'r.test/REGISTRY:y'}}"
    text = b"name: x\non: {workflow_dispatch: {}}\njobs: {a: {steps: [" + step + b"]}}\n"
    bench = Bench(files={".github/workflows/promote-production.yml": text})
    assert bench.promote()["conclusion"] == "failure"


def test_promotions_run_one_after_the_other_and_the_newest_of_those_that_wait() -> None:
    bench = Bench()
    tags = [bench.push() for _ in range(3)]
    before = len(bench.finished())
    numbers = [bench.ci.dispatch("backend", "promote-production", "main", {"staging_tag": tag}, "ada") for tag in tags]
    bench.passing()
    ends = {run["run"]: run["conclusion"] for run in bench.finished()[before:]}
    assert ends == {numbers[0]: "success", numbers[1]: "cancelled", numbers[2]: "success"}
    assert bench.version() == "1.4.2"
    assert [release["tag"] for release in bench.ci.releases] == [
        tag.replace("staging-", "production-") for tag in (tags[0], tags[2])
    ]


def test_what_runs_is_listed_with_its_due_time() -> None:
    bench = Bench()
    author = bench.repository.commit_of(bench.repository.head("main")).author
    bench.ci.push_code(bench.repository, "main", "x", "ok", author)
    bench.passing(5)
    [(key, due_ms, why)] = bench.ci.running()
    assert (key.namespace, why) == ("backend", "run of build")
    assert due_ms > 0
    bench.passing()
    assert bench.ci.running() == []
