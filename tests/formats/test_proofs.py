from __future__ import annotations

import itertools

import pytest

from fluxsim.formats import goregex, proofs


@pytest.mark.parametrize(
    "pattern",
    [
        r"^production-v[0-9.]+-[a-f0-9]+-(?P<ts>[0-9]+)$",
        "^production-",
        r"\Aproduction-.*\z",
        "^(production-a|production-b)",
        "(?m)^production-",
        "^production-(dev)?$|^production-x",
        "^(?:production)-+x",
        "production-(?P<ts>[0-9]+)$.^",
        "$^",
        "^ü",
    ],
)
def test_a_pattern_that_keeps_to_its_environment_is_proved(pattern: str) -> None:
    assert proofs.accepts_outside(pattern, "production-") is None


@pytest.mark.parametrize(
    ("pattern", "witness"),
    [
        ("", "a"),
        ("production-", "aproduction-"),
        ("^production", "production"),
        ("^production-a|staging", "staging"),
        ("(?i)^production-a", "productioN-a"),
        ("^(production-)?[0-9]{3}$", "000"),
        ("^.roduction-1", "aroduction-1"),
        (r"\bproduction-1$", "a-production-1"),
        ("^p.*-1$", "p-1"),
        ("^production-$|^[^p]$", "a"),
        (r"^\D\d\W", "a0-"),
    ],
)
def test_a_pattern_that_does_not_gives_the_shortest_tag(pattern: str, witness: str) -> None:
    found = proofs.accepts_outside(pattern, "production-")
    assert found is not None
    assert (len(found), goregex.compiled(pattern).matches(found)) == (len(witness), True)
    assert not found.startswith("production-")
    assert found == witness or len(found) == len(witness)


def test_a_point_in_the_prefix_is_a_point() -> None:
    assert proofs.accepts_outside("^v1x2-", "v1.2-") == "v1x2-"
    assert proofs.accepts_outside(r"^v1\.2-", "v1.2-") is None


def test_tags_have_at_most_128_characters_and_no_dash_in_front() -> None:
    assert proofs.accepts_outside("^.{128}$", "p") == "a" * 128
    assert proofs.accepts_outside("^.{129}$", "p") is None
    assert proofs.accepts_outside("^[-.]", "p") is None


def test_environments_may_be_proved_apart() -> None:
    assert proofs.accepted_by_both("^staging-[0-9]+$", "^production-[0-9]+$") is None
    assert proofs.accepted_by_both("^staging-[0-9]+", "-7$") == "staging-7"


def test_a_bad_pattern_has_no_proof() -> None:
    with pytest.raises(goregex.InvalidRegex):
        proofs.accepts_outside("(?=x)", "p")


@pytest.mark.parametrize("pattern", ["(a{1,30}b){30}" * 20, "(" * 400 + "a" + ")" * 400, "(.*a.{20}){3}$"])
def test_what_is_too_large_is_not_answered(pattern: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proofs, "STEPS_MAX", 2_000)
    with pytest.raises(proofs.Undecided):
        proofs.accepts_outside(pattern, "a" * 130)


@pytest.mark.parametrize(
    ("pattern", "other"),
    [
        ("^a(b|-)*$", "b$"),
        (r"\ba", r"a\b"),
        (r"\B-", "^a"),
        ("a{2,3}?b?", "^[^b]+$"),
        ("(a|b-)+?$", "^(?:a|-)"),
        ("^$|^a$", "a|b"),
        ("(?i)^[A-B]", "a$"),
        ("^(|a)+b$", "a"),
        (r"^(a?\b-)*$", "-"),
    ],
)
def test_agrees_with_trying_all_short_tags(pattern: str, other: str) -> None:
    one, two = goregex.compiled(pattern), goregex.compiled(other)
    tags = [
        "".join(characters)
        for length in range(1, 5)
        for characters in itertools.product("abAB-", repeat=length)
        if characters[0] != "-"
    ]
    both = next((tag for tag in tags if one.matches(tag) and two.matches(tag)), None)
    only = next((tag for tag in tags if one.matches(tag) and not two.matches(tag)), None)
    for brute, proved, wanted in (
        (both, proofs.accepted_by_both(pattern, other), True),
        (only, proofs.shortest_tag(accepted_by=[pattern], refused_by=[other]), False),
    ):
        if proved is not None:
            assert one.matches(proved)
            assert two.matches(proved) is wanted
        if brute is not None:
            assert proved is not None
            assert len(proved) <= len(brute)
