from __future__ import annotations

from fluxsim.kernel.errors import Fault, InputError, did_you_mean


def test_a_fault_tells_where_what_and_what_instead() -> None:
    assert str(Fault("a.yaml:3:1", "unknown field 'tga'", "did you mean 'tag'?")) == (
        "a.yaml:3:1: unknown field 'tga'; did you mean 'tag'?"
    )
    assert str(Fault("", "no repository")) == "no repository"


def test_all_faults_are_told_at_once() -> None:
    assert str(InputError(Fault("a:1", "one"), Fault("b:2", "two"))) == "a:1: one\nb:2: two"


def test_the_nearest_word_is_offered() -> None:
    assert did_you_mean("imagepolcy", ["imagepolicy", "kustomization"]) == "did you mean 'imagepolicy'?"


def test_far_off_words_get_the_list() -> None:
    assert did_you_mean("zzz", ["b", "a"]) == "known are a, b"
    assert did_you_mean("zzz", []) == ""
