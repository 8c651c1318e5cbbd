from __future__ import annotations

from tests.drivers.stories import played

READY = 'goals: [{within: 2m, condition: {kind: Kustomization, name: apps-develop, status: "True"}}]\n'
UNDO = "steps: [{at: 3m, run: 'kubectl -n production set image deployment/backend backend=registry.lab.local/acme/backend:x'}]\n"


def test_a_refused_step_is_a_fault() -> None:
    play = played(READY + "lasts: 3m\nsteps: [{at: 1m, run: flux suspend ks nowhere}]")
    assert not play.passed
    missing = 'kustomizations.kustomize.toolkit.fluxcd.io "nowhere" not found'
    assert play.faults == [
        f"00:01:00: 'flux suspend ks nowhere' was refused: Error from server (NotFound): {missing}",
    ]


def test_a_refusal_that_is_declared_is_none() -> None:
    assert played(READY + "lasts: 3m\nsteps: [{at: 1m, run: flux suspend ks nowhere, refused: not found}]").passed


def test_a_declared_refusal_must_come() -> None:
    play = played(READY + "lasts: 3m\nsteps: [{at: 1m, run: flux suspend ks images, refused: not found}]")
    assert play.faults == ["00:01:00: 'flux suspend ks images' was not refused with 'not found': it was done"]


def test_a_name_that_stands_for_nothing_is_a_fault() -> None:
    play = played(READY + 'lasts: 3m\nsteps: [{at: 1m, run: "flux suspend ks ${later.tag}"}]')
    assert play.faults == [
        "00:01:00: step run could not be done: ${later.tag} is not the name of a step that was done, like ${bad.tag}"
    ]


def test_an_invariant_broken_unsaid_fails_the_story() -> None:
    play = played(READY + "lasts: 4m\n" + UNDO)
    assert [violation.invariant for violation in play.unexpected] == ["every production image change has a commit"]
    assert not play.passed


def test_an_invariant_broken_as_declared_does_not() -> None:
    assert played(READY + "lasts: 4m\nbreaks: [every production image change has a commit]\n" + UNDO).passed


def test_the_same_seed_gives_the_same_log() -> None:
    text = READY + "lasts: 3m\nseed: 5"
    assert played(text).log.digest() == played(text).log.digest()
