from __future__ import annotations

import pytest

from fluxsim.formats.envsubst import NESTING_MAX, EnvsubstError, substituted

VARIABLES = {"region": "eu-west-1", "empty": "", "file": "/srv/app.tar.gz", "word": "straße", "n": "3"}


def expand(template: str, *, strict: bool = False) -> str:
    return substituted(template, VARIABLES, strict=strict)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("nothing here", "nothing here"),
        ("$region and $(region)", "$region and $(region)"),
        ("a ${region} b", "a eu-west-1 b"),
        ("$${region} costs 5$", "${region} costs 5$"),
        ("${gone:=x y}", "x y"),
        ("${gone:-${region}!}", "eu-west-1!"),
        ("${empty:?d}${empty:+d}${empty=d}", "ddd"),
        ("${region:+d}", "eu-west-1"),
        ("${region:3}", "west-1"),
        ("${region:3:4}", "west"),
        ("${region: -1}", "eu-west-1"),
        ("${region:0:99}", "eu-west-1"),
        ("${region:x}", "eu-west-1"),
        ("${#region}${#word}", "97"),
        ("${word^}${word^^}", "StraßeSTRAßE"),
        ("${region,,}", "eu-west-1"),
        ("${file##*/}", "app.tar.gz"),
        ("${file#*/}", "srv/app.tar.gz"),
        ("${file%.*}", "/srv/app.tar"),
        ("${file%%.*}", "/srv/app"),
        ("${file#[^a]rv}", "/srv/app.tar.gz"),
        ("${region/-/_}", "eu_west-1"),
        ("${region//-/_}", "eu_west_1"),
        ("${region/#eu/us}${region/%1/2}", "us-west-1eu-west-2"),
        ("${file//\\//:}", ":srv:app.tar.gz"),
        ("${region/west/}", "eu--1"),
        ("${region/#eu/}", "eu-west-1"),
    ],
)
def test_a_template_expands_as_in_flux(template: str, expected: str) -> None:
    assert expand(template) == expected


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("${", "unable to parse variable name"),
        ("${-x}", "unable to parse variable name"),
        ("${region", "missing closing brace"),
        ("${region.x}", "missing closing brace"),
        ("${region-x}", "missing closing brace"),
        ("${region:", "bad substitution"),
        ("${region:é}", "bad substitution"),
        ("${region:}", "unable to parse substitution within function"),
        ("${region:=x", "unable to parse substitution within function"),
        ("${region/a}", "bad substitution"),
        ("${#}", "bad substitution"),
        ("${region^^^}", "bad substitution"),
        ("${region:4:-2}", "runtime error: slice bounds out of range [4:2]"),
    ],
)
def test_a_bad_template_is_refused_in_the_words_of_flux(template: str, message: str) -> None:
    with pytest.raises(EnvsubstError) as refused:
        expand(template)
    assert str(refused.value) == message


@pytest.mark.parametrize("template", ["${gone}", "${#gone}", "${gone/a/b}", "x ${region:-${gone}}"])
def test_strict_mode_names_what_is_not_set(template: str) -> None:
    with pytest.raises(EnvsubstError, match=r'^variable not set \(strict mode\): "gone"$'):
        expand(template, strict=True)


def test_strict_mode_takes_an_empty_value_and_a_default() -> None:
    assert expand("[${empty}${gone:=d}]", strict=True) == "[d]"


def test_a_value_is_not_expanded_again() -> None:
    assert substituted("${a}", {"a": "${b}", "b": "c"}, strict=True) == "${b}"


def test_a_cut_through_a_character_keeps_its_bytes() -> None:
    assert expand("${word:4:1}").encode("utf-8", "surrogateescape") == "ß".encode()[:1]


def test_nesting_has_a_bound() -> None:
    with pytest.raises(EnvsubstError, match="nested more than 100 deep"):
        expand("${a:=" * (NESTING_MAX + 1) + "}" * (NESTING_MAX + 1))
