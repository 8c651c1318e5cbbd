from __future__ import annotations

import random
import time

import pytest

from fluxsim.formats import semver


def allows(range_: str, version: str) -> bool:
    return semver.parse_constraint(range_).allows(semver.parse_version(version))


def in_order(*versions: str) -> bool:
    keys = [semver.parse_version(version).key for version in versions]
    return keys == sorted(keys) and len(set(keys)) == len(keys)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("1.2.3", "1.2.3"),
        ("v1.2.3", "1.2.3"),
        ("2026.03.02", "2026.3.2"),
        ("7", "7.0.0"),
        ("1.2-beta.5", "1.2.0-beta.5"),
        ("1.2.3-x+y.z", "1.2.3-x+y.z"),
        ("18446744073709551615.0.0", "18446744073709551615.0.0"),
        ("0000000000000000000000000000007.0.0", "7.0.0"),
    ],
)
def test_reads_loose_versions(text: str, shown: str) -> None:
    assert str(semver.parse_version(text)) == shown
    assert semver.parse_version(text).original == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "latest",
        "V1.0.0",
        "1.2.3.4",
        "1.2.3-",
        "1.2.3-rc.01",
        "1.2.3_1",
        " 1.2.3",
        "1.2.3\n",
        "1..3",
        "1.2.3+",
        "١.٢.٣",
    ],
)
def test_refuses_what_is_no_version(text: str) -> None:
    with pytest.raises(semver.InvalidVersion):
        semver.parse_version(text)


def test_a_number_above_64_bits_is_out_of_range() -> None:
    with pytest.raises(semver.InvalidVersion, match="out of range"):
        semver.parse_version("1.18446744073709551616.0")
    with pytest.raises(semver.InvalidVersion, match="out of range"):
        semver.parse_version("9" * 100_000 + ".0.0")


@pytest.mark.parametrize("tag", ["1.2", "8", "v1", "1.2-5"])
def test_a_tag_needs_three_parts_although_a_version_does_not(tag: str) -> None:
    semver.parse_version(tag)
    with pytest.raises(semver.InvalidVersion):
        semver.parse_tag(tag)


def test_two_points_make_three_parts_wherever_they_stand() -> None:
    assert str(semver.parse_tag("1.2-beta.5")) == "1.2.0-beta.5"


def test_orders_prereleases_below_releases_and_numbers_as_numbers() -> None:
    assert in_order("1.0.0-1", "1.0.0-2", "1.0.0-10", "1.0.0-a", "1.0.0-rc10", "1.0.0-rc9", "1.0.0", "1.0.1-a", "1.0.1")
    assert in_order("1.0.0-rc", "1.0.0-rc.1", "1.0.0-rc.1.1", "1.0.0-rc.2")


def test_a_prerelease_number_above_64_bits_is_a_word() -> None:
    assert in_order("1.0.0-18446744073709551615", "1.0.0-18446744073709551616", "1.0.0-2a")


def test_build_metadata_makes_no_difference() -> None:
    assert semver.compare(semver.parse_version("1.0.0+b"), semver.parse_version("1.0.0+a")) == 0


@pytest.mark.parametrize(
    ("range_", "inside", "outside"),
    [
        ("1.2", "1.2.9", "1.3.0"),
        ("=1.2.x", "1.2.0", "1.1.9"),
        ("1", "1.99.0", "2.0.0"),
        (">1", "2.0.0", "1.9.9"),
        (">1.1", "1.2.0", "1.1.9"),
        ("<=1", "1.9.9", "2.0.0"),
        ("<=1.1", "1.1.9", "1.2.0"),
        ("!=4.1", "4.2.0", "4.1.5"),
        ("!=4", "5.0.0", "4.9.9"),
        ("~1.2.3", "1.2.9", "1.3.0"),
        ("~>1", "1.9.0", "2.0.0"),
        ("^0.2.3", "0.2.9", "0.3.0"),
        ("^0.0.3", "0.0.3", "0.0.4"),
        ("^0.0", "0.0.9", "0.1.0"),
        ("^0", "0.9.0", "1.0.0"),
        (">=1 <2 || >=3, <4", "3.5.0", "2.5.0"),
        ("1.0 - 1.5", "1.5.9", "1.6.0"),
        ("=>1.0.0 =<1.5.0", "1.5.0", "1.5.1"),
        ("v1.x", "1.5.0", "2.0.0"),
    ],
)
def test_ranges_hold_what_they_say(range_: str, inside: str, outside: str) -> None:
    assert allows(range_, inside)
    assert not allows(range_, outside)


@pytest.mark.parametrize("range_", ["*", "x", "X", "~*", "~0.0.0", ">=0.0.0", "^*"])
def test_some_ranges_hold_everything(range_: str) -> None:
    assert allows(range_, "0.0.1") or range_ == "^*"
    assert allows(range_, "99.1.2") or range_ == "^*"


def test_one_prerelease_in_a_group_opens_the_whole_group() -> None:
    assert not allows(">=1.0.0 <3.0.0", "2.0.0-rc.1")
    assert allows(">=1.0.0-0 <2.0.0", "2.0.0-rc.1")
    assert not allows(">=1.0.0-0 <2.0.0-0", "2.0.0-rc.1")
    assert allows("<1.0.0-0 || 2.x-0", "2.1.0-rc.1")
    assert not allows("<1.0.0-0 || 2.x", "2.1.0-rc.1")


@pytest.mark.parametrize(
    ("range_", "error"),
    [
        ("", 'improper constraint: ""'),
        (">=1.0 ||", 'improper constraint: ""'),
        (">=1 && <2", 'improper constraint: ">=1 && <2"'),
        ("latest", 'improper constraint: "latest"'),
        ("1.2.3.4", 'improper constraint: "1.2.3.4"'),
        (">=1.0\u200b", 'improper constraint: ">=1.0\\u200b"'),
        ("1x", "constraint parser error"),
        ("1.2.3-beta.01", "constraint parser error"),
        ("<99999999999999999999999.0.0", "constraint parser error"),
    ],
)
def test_refuses_bad_ranges_in_the_words_of_the_library(range_: str, error: str) -> None:
    with pytest.raises(semver.InvalidConstraint) as refused:
        semver.parse_constraint(range_)
    assert str(refused.value) == error


def test_a_long_range_takes_linear_time() -> None:
    started = time.perf_counter()
    with pytest.raises(semver.InvalidConstraint):
        semver.parse_constraint("1   " * 5_000 + "!")
    assert time.perf_counter() - started < 2


def test_keys_order_versions_totally() -> None:
    chance = random.Random(1)
    words = ["0", "1", "10", "rc", "rc1", "-1", "a.b", "a", "1.a"]
    versions = [
        semver.parse_version(f"{chance.randrange(2)}.{chance.randrange(2)}.0" + (f"-{word}" if word else ""))
        for word in ["", *words, *words]
    ]
    for one in versions:
        for other in versions:
            assert semver.compare(one, other) == -semver.compare(other, one)
