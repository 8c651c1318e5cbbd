from __future__ import annotations

import random
from typing import Any

import pytest

from fluxsim.formats.taglist import TagList
from fluxsim.formats.tagorder import Numerical
from fluxsim.formats.tagpolicy import InvalidPolicy, NoLatestTag, Policy, PolicyIndexes, Verdict, policy_of

TIMESTAMPS = {"pattern": "^production-[a-f0-9]+-(?P<ts>[0-9]+)$", "extract": "$ts"}


def policy(pattern: str | None = None, extract: str | None = None, **choice: Any) -> Policy:
    spec: dict[str, Any] = {"policy": choice}
    if pattern is not None:
        spec["filterTags"] = {"pattern": pattern} | ({"extract": extract} if extract is not None else {})
    return policy_of(spec)


def semver(range_: str, **more: Any) -> Policy:
    return policy(semver={"range": range_}, **more)


def verdicts(rule: Policy, *tags: str) -> dict[str, Verdict]:
    return {verdict.tag: verdict for verdict in rule.explain(tags).verdicts}


def test_semver_passes_over_what_is_no_version() -> None:
    assert semver(">=1.0.0").latest(["latest", "1.9", "1.0.0", "main-1", "1.2.0"]) == "1.2.0"


def test_of_equal_versions_the_first_wins_and_of_equal_numbers_the_last() -> None:
    assert semver("*").latest(["v1.0.0", "1.0.0"]) == "v1.0.0"
    assert policy(numerical={}).latest(["1.0", "1"]) == "1"
    assert policy(numerical={"order": "desc"}).latest(["01", "1"]) == "1"


def test_numbers_are_compared_as_numbers_and_letters_by_bytes() -> None:
    assert policy(numerical={}).latest(["9", "10"]) == "10"
    assert policy(numerical={"order": "desc"}).latest(["9", "10", "-3"]) == "-3"
    assert policy(alphabetical={}).latest(["9", "10", "Z", "a"]) == "a"
    assert policy(alphabetical={"order": "desc"}).latest(["9", "10", "a"]) == "10"


def test_one_word_among_the_numbers_fails_the_policy() -> None:
    with pytest.raises(NoLatestTag) as failed:
        policy(numerical={}).latest(["9", "latest", "10"])
    assert str(failed.value) == "failed to parse invalid numeric value 'latest'"


def test_nothing_in_the_range_is_a_failure() -> None:
    with pytest.raises(NoLatestTag) as failed:
        semver("2.x").latest(["1.0.0"])
    assert str(failed.value) == "unable to determine latest version from provided list"


@pytest.mark.parametrize("choice", [{"semver": {"range": "*"}}, {"numerical": {}}, {"alphabetical": {}}])
def test_a_filter_that_lets_nothing_through_is_a_failure(choice: dict[str, Any]) -> None:
    with pytest.raises(NoLatestTag) as failed:
        policy("^zzz$", **choice).latest(["1.0.0"])
    assert str(failed.value) == "version list argument cannot be empty"


def test_the_tag_behind_the_candidate_is_elected() -> None:
    tags = ["production-abc-20", "production-abc-3", "staging-abc-99", "production"]
    assert policy_of({"policy": {"numerical": {}}, "filterTags": TIMESTAMPS}).latest(tags) == "production-abc-20"


def test_of_two_tags_with_one_candidate_the_later_in_the_list_stands_for_it() -> None:
    rule = policy_of({"policy": {"numerical": {}}, "filterTags": TIMESTAMPS})
    assert rule.latest(["production-bbb-7", "production-aaa-7"]) == "production-aaa-7"


def test_semver_goes_before_alphabetical_before_numerical() -> None:
    tags = ["9", "10", "1.0.0"]
    assert policy(semver={"range": "*"}, alphabetical={}, numerical={}).latest(tags) == "1.0.0"
    assert policy(alphabetical={}, numerical={}).latest(tags) == "9"


@pytest.mark.parametrize(
    ("spec", "error"),
    [
        ({"policy": {}}, "invalid policy: given ImagePolicyChoice object is invalid"),
        ({}, "invalid policy: given ImagePolicyChoice object is invalid"),
        ({"policy": {"semver": {"range": "oops"}}}, 'invalid policy: improper constraint: "oops"'),
        (
            {"policy": {"numerical": {"order": "up"}}},
            "invalid policy: invalid order argument provided: 'UP', must be one of: ASC, DESC",
        ),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(spec: Any, error: str) -> None:
    with pytest.raises(InvalidPolicy) as refused:
        policy_of(spec)
    assert str(refused.value) == error


def test_a_bad_pattern_shows_itself_with_the_first_tags() -> None:
    rule = policy("(?=a)", alphabetical={})
    expected = (
        "failed to filter tags: invalid regular expression pattern '(?=a)': "
        "error parsing regexp: invalid or unsupported Perl syntax: `(?=`"
    )
    for evaluate in (rule.latest, rule.explain, lambda tags: PolicyIndexes().latest("image", rule, tags)):
        with pytest.raises(InvalidPolicy) as refused:
            evaluate(["a"])
        assert str(refused.value) == expected


def test_explains_each_tag() -> None:
    rule = semver(">=1.0.0", pattern="^rel-(.*)$", extract="$1")
    found = verdicts(rule, "rel-1.2.0", "rel-v1.1.0", "rel-x", "rel-0.9.0", "dev", "rel-1.3.0")
    assert found["rel-1.3.0"] == Verdict("rel-1.3.0", "selected", "1.3.0", 1)
    assert found["rel-1.2.0"] == Verdict("rel-1.2.0", "ranked", "1.2.0", 2)
    assert found["rel-v1.1.0"] == Verdict("rel-v1.1.0", "ranked", "v1.1.0", 3)
    assert found["rel-x"] == Verdict("rel-x", "passed over", "x", note="invalid semantic version")
    assert found["rel-0.9.0"] == Verdict("rel-0.9.0", "passed over", "0.9.0", note="outside the range >=1.0.0")
    assert found["dev"] == Verdict("dev", "filtered out", note="does not match the pattern")


def test_explains_a_failure_by_the_tag_that_caused_it() -> None:
    explained = policy(numerical={}).explain(["10", "latest", "9"])
    assert explained.selected is None
    assert explained.error == "failed to parse invalid numeric value 'latest'"
    assert [verdict.fate for verdict in explained.verdicts] == ["ranked", "error", "ranked"]
    assert [verdict.rank for verdict in explained.verdicts] == [1, None, 2]


def test_explains_which_tag_stands_before_another() -> None:
    rule = policy("^[a-z]+-([0-9]+)$", "$1", numerical={})
    found = verdicts(rule, "b-7", "a-7")
    assert found["a-7"].fate == "selected"
    assert found["b-7"].fate == "shadowed"
    assert "a-7" in found["b-7"].note


@pytest.mark.parametrize(
    "rule",
    [
        semver("*"),
        semver("*", pattern=".*"),
        policy(numerical={}),
        policy(numerical={"order": "desc"}),
        policy(alphabetical={}),
        policy(alphabetical={"order": "desc"}),
    ],
)
def test_the_first_in_rank_is_the_selected_one(rule: Policy) -> None:
    for tags in (["v1.0.0", "1.0.0", "0.9.0"], ["10", "1", "01", "-2"]):
        explained = rule.explain(sorted(tags, reverse=True))
        ranked = {verdict.rank: verdict.tag for verdict in explained.verdicts}
        assert ranked.get(1) == explained.selected


def test_explains_an_empty_list() -> None:
    explained = policy(alphabetical={}).explain([])
    assert (explained.selected, explained.verdicts) == (None, ())
    assert explained.error == "version list argument cannot be empty"


RULES = [
    semver(">=1.0.0-0"),
    semver("1.x", pattern="^rel-(.*)$", extract="$1"),
    policy(numerical={}),
    policy(numerical={"order": "desc"}, pattern="-([0-9NaInf.]*)$", extract="$1"),
    policy("^[a-z]+-(.)", "$1", numerical={}),
    policy(alphabetical={}),
    policy("^[a-z]+-(.)", "$1", alphabetical={"order": "desc"}),
]


def outcome(evaluate: Any, *arguments: Any) -> str:
    try:
        return f"tag {evaluate(*arguments)}"
    except NoLatestTag as error:
        return f"error {error}"


@pytest.mark.parametrize("rule", RULES)
def test_an_index_always_agrees_with_a_full_evaluation(rule: Policy) -> None:
    chance = random.Random(7)
    pool = [
        f"{prefix}{number}"
        for prefix in ("", "rel-", "b-", "v")
        for number in ("1.0.0", "1.1.0", "2.0.0-rc.1", "7", "9.5", "x")
    ]
    pool += ["b-NaN", "c-7", "a-7", "a-Inf", "rel-v1.1.0", "01", "1.0"]
    indexes = PolicyIndexes()
    tags = TagList(chance.sample(pool, 5))
    for round_ in range(300):
        added = chance.sample(pool, chance.randrange(3))
        removed = chance.sample(list(tags), min(len(tags), chance.randrange(3)))
        tags = TagList(chance.sample(pool, 6)) if round_ % 50 == 49 else tags.changed(added, removed)
        expected = outcome(rule.latest, list(tags))
        assert outcome(indexes.latest, "step by step", rule, tags) == expected, list(tags)
        assert outcome(indexes.latest, "as strangers", rule, list(tags)) == expected, list(tags)


def test_an_index_keeps_images_and_rules_apart() -> None:
    indexes = PolicyIndexes()
    up, down = policy(numerical={}), policy(numerical={"order": "desc"})
    assert indexes.latest("a", up, ["2", "1"]) == "2"
    assert indexes.latest("b", up, ["4", "3"]) == "4"
    assert indexes.latest("a", down, ["2", "1"]) == "1"
    assert indexes.latest("a", up, ["2", "1"]) == "2"


def test_a_new_tag_among_many_is_matched_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = policy_of({"policy": {"numerical": {}}, "filterTags": TIMESTAMPS})
    tags = TagList(f"production-abc-{number}" for number in range(2_000))
    indexes = PolicyIndexes()
    assert indexes.latest("image", rule, tags) == "production-abc-1999"
    asked: list[str] = []
    real = Numerical.key

    def noted(order: Numerical, candidate: str) -> float:
        asked.append(candidate)
        return real(order, candidate)

    monkeypatch.setattr(Numerical, "key", noted)
    assert indexes.latest("image", rule, tags.changed(added=["production-abc-5000"])) == "production-abc-5000"
    assert asked == ["5000"]


def test_losing_the_elected_tag_elects_the_next() -> None:
    rule, indexes = policy(numerical={}), PolicyIndexes()
    tags = TagList(["3", "2", "1"])
    assert indexes.latest("image", rule, tags) == "3"
    assert indexes.latest("image", rule, tags.changed(removed=["3"])) == "2"
    assert indexes.latest("image", rule, tags) == "3"
