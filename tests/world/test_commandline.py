"""Flags as pflag reads them."""

from __future__ import annotations

import pytest

from fluxsim.kernel.errors import InputError
from fluxsim.world.commandline import Arguments, Flag, FlagError, arguments, words_of

FLAGS = (
    Flag("namespace", "n"),
    Flag("all", "A", "switch"),
    Flag("types", takes="many"),
    Flag("output", "o", alone="wide"),
)


def read(*tokens: str) -> Arguments:
    return arguments(tokens, FLAGS)


@pytest.mark.parametrize(
    "tokens",
    [("-n", "x"), ("-nx",), ("-n=x",), ("--namespace", "x"), ("--namespace=x",), ("-An", "x"), ("-n", "y", "-n", "x")],
)
def test_one_value_in_all_its_spellings(tokens: tuple[str, ...]) -> None:
    assert read(*tokens).text("namespace") == "x"


def test_words_stand_between_flags_and_behind_two_dashes() -> None:
    given = read("get", "-A", "ks", "--", "-n", "x")
    assert (given.words, given.rest, given.on("all"), given.given("namespace")) == (
        ["get", "ks"],
        ["-n", "x"],
        True,
        False,
    )


def test_a_switch_can_be_put_off_and_a_list_is_parted() -> None:
    given = read("--all=false", "--types=a,b", "--types", "c", "-o")
    assert (given.on("all", default=True), given.many("types"), given.text("output")) == (
        False,
        ["a", "b", "c"],
        "wide",
    )


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        (("--frob",), "unknown flag: --frob"),
        (("-Ax",), "unknown shorthand flag: 'x' in -Ax"),
        (("-n",), "flag needs an argument: 'n' in -n"),
        (("--namespace",), "flag needs an argument: --namespace"),
        (("--=x",), "bad flag syntax: --=x"),
        (
            ("-A=maybe",),
            'invalid argument "maybe" for "-A, --all" flag: strconv.ParseBool: parsing "maybe": invalid syntax',
        ),
    ],
)
def test_what_cannot_be_read_is_told_in_pflags_words(tokens: tuple[str, ...], text: str) -> None:
    with pytest.raises(FlagError) as error:
        read(*tokens)
    assert str(error.value) == text


def test_a_single_dash_is_a_word() -> None:
    assert read("-").words == ["-"]


def test_open_quotes_are_an_input_error() -> None:
    with pytest.raises(InputError, match="no closing quotation; close the quotes"):
        words_of("git log 'x")
