"""What the people of the machine do, one thing at a time, and what careful people do otherwise."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fluxsim.drivers.openings import Openings, next_tag
from fluxsim.drivers.people import People
from fluxsim.drivers.trial import BASELINE_MS, Trial
from fluxsim.kernel.units import HOUR, MINUTE
from fluxsim.kube.meta import DEPLOYMENT, IMAGE_POLICY, IMAGE_UPDATE_AUTOMATION, Key
from fluxsim.world.setup import of_example

FILE = "flux/apps/backend/staging/deployment.yaml"
AUTOMATION = Key(IMAGE_UPDATE_AUTOMATION, "staging", "backend")
BACKEND = Key(DEPLOYMENT, "production", "backend")


def people(*, careful: bool = False, released: bool = False) -> tuple[People, Trial]:
    trial = Trial(of_example(), 1)
    trial.wait(BASELINE_MS)
    who = People(trial, careful=careful)
    if released:
        who.push_code("backend", "main", "ok")
        trial.wait(10 * MINUTE)
    return who, trial


def suspended(trial: Trial, key: Key) -> bool:
    return bool(trial.world.store.need(key)["spec"].get("suspend"))


# -- reverts


def test_a_revert_takes_no_time_and_is_undone() -> None:
    who, trial = people(released=True)
    before_ms = trial.world.now_ms
    who.revert(FILE)
    assert trial.world.now_ms == before_ms
    assert [entry.action.do for entry in trial.entries] == ["push-code", "revert"]
    trial.wait(HOUR)
    assert [violation.invariant for violation in trial.broken()] == ["a rollback holds"]


def test_careful_people_suspend_first_and_the_rollback_holds() -> None:
    who, trial = people(careful=True, released=True)
    who.revert(FILE)
    assert [entry.action.do for entry in trial.entries] == ["push-code", "suspend", "revert"]
    assert suspended(trial, AUTOMATION)
    trial.wait(24 * HOUR)
    assert trial.broken_in_the_end() == []


def test_careful_people_resume_only_after_the_policy_has_moved() -> None:
    who, trial = people(careful=True, released=True)
    who.revert(FILE)
    who.resume(AUTOMATION)
    assert suspended(trial, AUTOMATION)
    who.push_code("backend", "main", "ok")
    trial.wait(10 * MINUTE)
    who.resume(AUTOMATION)
    assert not suspended(trial, AUTOMATION)
    trial.wait(HOUR)
    assert trial.broken_in_the_end() == []
    assert trial.invariants.rollbacks.standing("staging:backend") == set()


def test_careful_people_do_not_resume_while_something_is_broken() -> None:
    who, trial = people(careful=True, released=True)
    who.suspend(AUTOMATION)
    who.break_something(0)
    who.resume(AUTOMATION)
    assert suspended(trial, AUTOMATION)
    trial.heal()
    who.resume(AUTOMATION)
    assert not suspended(trial, AUTOMATION)


def test_the_file_written_last_stands_last() -> None:
    who, trial = people(released=True)
    who.push_code("frontend", "main", "ok")
    trial.wait(10 * MINUTE)
    who.push_code("backend", "main", "ok")
    trial.wait(10 * MINUTE)
    assert who.openings.written() == ["flux/apps/frontend/staging/deployment.yaml", FILE]


# -- promotions


def test_nothing_is_promoted_that_is_not_there() -> None:
    who, _trial = people()
    assert who.promotable() == ["backend", "frontend"]
    assert len(who.staged("backend")) == 1


def test_careful_people_promote_what_staging_ran_well() -> None:
    who, trial = people(careful=True)
    who.push_code("backend", "main", "crash")
    trial.wait(10 * MINUTE)
    old = who.staged("backend")
    assert len(old) == 1
    assert len(who.openings.staged("backend", healthy=False)) == 2
    who.promote("backend")
    trial.wait(10 * MINUTE)
    assert trial.entries[-1].action.model_dump()["inputs"] == {"staging_tag": old[0]}
    assert trial.broken_in_the_end() == []


def test_a_crashing_release_that_is_promoted_was_never_healthy() -> None:
    who, trial = people()
    who.push_code("backend", "main", "crash")
    trial.wait(10 * MINUTE)
    who.promote("backend")
    trial.wait(20 * MINUTE)
    assert [violation.invariant for violation in trial.broken()] == ["production digests were healthy in staging"]


# -- policies


def test_a_pinned_policy_elects_one_tag_until_it_is_let_go() -> None:
    who, trial = people(released=True)
    file = next(file for file in who.openings.policy_files() if file.policy == "staging:backend")
    newest, older = who.openings.pinnable(file)[:2]
    assert trial.world.elected(file.policy) == newest
    who.pin(file, older)
    trial.wait(15 * MINUTE)
    assert trial.world.elected(file.policy) == older
    who.unpin(file)
    trial.wait(15 * MINUTE)
    assert trial.world.elected(file.policy) == newest
    assert who.pinned == {}


def test_every_policy_of_the_example_can_be_pinned() -> None:
    who, trial = people()
    files = who.openings.policy_files()
    assert len(files) == len(trial.world.store.keys(IMAGE_POLICY)) == 6
    assert all(who.openings.pinnable(file) for file in files)


def test_policies_that_are_not_there_yet_are_looked_for_again() -> None:
    trial = Trial(of_example(), 1)
    openings = Openings(trial)
    assert openings.policy_files() == []
    trial.wait(BASELINE_MS)
    assert len(openings.policy_files()) == 6


# -- by hand


@pytest.mark.parametrize(
    "act",
    [lambda who: who.set_image(BACKEND, 0), lambda who: who.set_image(BACKEND, 1)],
    ids=["newest tag", "another tag"],
)
def test_what_a_hand_breaks_is_caught_and_is_no_finding(act: Callable[[People], None]) -> None:
    who, trial = people(released=True)
    act(who)
    trial.wait(30 * MINUTE)
    assert trial.broken_in_the_end() == []
    assert "every production image change has a commit" in {violation.invariant for violation in trial.caught()}
    assert trial.put_back == 1


def test_a_suspension_by_kubectl_is_taken_back_and_careful_people_know() -> None:
    who, trial = people()
    who.patch(0, suspends=True)
    key = trial.world.store.keys(IMAGE_UPDATE_AUTOMATION)[0]
    assert suspended(trial, key)
    trial.wait(15 * MINUTE)
    assert not suspended(trial, key)
    careful, quiet = people(careful=True)
    careful.patch(0, suspends=True)
    assert quiet.entries == []


# -- tags for images that nobody builds here


@pytest.mark.parametrize(
    ("policy", "filter_tags", "tags", "expected"),
    [
        ({"semver": {"range": ">=1.0.0"}}, None, ["1.9.9", "1.10.0"], "1.10.1"),
        ({"semver": {"range": "1.2.x"}}, None, ["1.2.3", "2.0.0"], "1.2.4"),
        ({"numerical": {"order": "asc"}}, {"pattern": "^main-(?P<n>[0-9]+)$", "extract": "$n"}, ["main-7"], "main-8"),
        (
            {"numerical": {"order": "asc"}},
            {"pattern": "^a-(?P<ts>[0-9]+)$", "extract": "$ts"},
            ["a-1700000000"],
            "a-1772442000",
        ),
        ({"alphabetical": {"order": "asc"}}, None, ["RELEASE.2024-01-09"], "RELEASE.2024-01-10"),
        ({"numerical": {"order": "asc"}}, None, ["latest"], ""),
        ({"semver": {"range": ">=1.0.0"}}, None, [], ""),
        ({"semver": {"range": "1.2.3"}}, None, ["1.2.3"], ""),
        ({"semver": {"range": "nonsense"}}, None, ["1.2.3"], ""),
    ],
)
def test_the_next_tag_is_one_that_the_policy_elects(
    policy: dict[str, object], filter_tags: dict[str, str] | None, tags: list[str], expected: str
) -> None:
    spec = {"policy": policy} | ({"filterTags": filter_tags} if filter_tags else {})
    assert next_tag(spec, tags, 1772442000) == expected
