"""Command lines taken apart as the tools' own flag parser does: words and flags may stand in any order.

Source: spf13/pflag v1.0.10 flag.go (cobra's parser: flux, kubectl and gh use it), with its error texts.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from fluxsim.kernel.errors import Fault, InputError

Takes: TypeAlias = Literal["text", "many", "switch"]
"""One value (the last wins), every value (commas part them), or nothing: a switch is on, `--name=false` puts it off."""

_BOOLEANS = {
    **dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), True),
    **dict.fromkeys(("0", "f", "F", "FALSE", "false", "False"), False),
}


class FlagError(ValueError):
    """The flags cannot be read; the text is pflag's."""


class Unreadable(ValueError):
    """The words mean nothing that can be done; `instead` is what can be."""

    def __init__(self, what: str, instead: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.instead = instead


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag of a command; `alone` is its value where it stands without one, `-o` of some tools."""

    name: str
    short: str = ""
    takes: Takes = "text"
    alone: str | None = None


@dataclass(slots=True)
class Arguments:
    """The words that are no flags, in order, and the values of the flags by their long names."""

    words: list[str] = field(default_factory=list[str])
    rest: list[str] = field(default_factory=list[str])
    """What stands behind `--`."""
    values: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def text(self, name: str, default: str = "") -> str:
        found = self.values.get(name)
        return found[-1] if found else default

    def many(self, name: str) -> list[str]:
        return self.values.get(name, [])

    def given(self, name: str) -> bool:
        return name in self.values

    def on(self, name: str, *, default: bool = False) -> bool:
        found = self.values.get(name)
        return found[-1] == "true" if found else default


def words_of(command: str) -> list[str]:
    """Return the words of a command line as a shell without variables parts them; InputError where quotes stay open."""
    try:
        return shlex.split(command)
    except ValueError as error:
        raise InputError(Fault("", f"cannot read '{command}': {str(error).lower()}", "close the quotes")) from error


def without_verb(tokens: Sequence[str], flags: Iterable[Flag]) -> tuple[str, list[str]]:
    """Return the first word that is no flag and no flag's value, and what is left; the word is empty where there is none."""
    valued = {
        shown
        for flag in flags
        if flag.takes != "switch"
        for shown in (f"--{flag.name}", *((f"-{flag.short}",) if flag.short else ()))
    }
    skip = False
    for place, token in enumerate(tokens):
        if skip:
            skip = False
        elif token in valued:
            skip = True
        elif not token.startswith("-"):
            return token, [*tokens[:place], *tokens[place + 1 :]]
    return "", list(tokens)


def arguments(tokens: Sequence[str], flags: Iterable[Flag]) -> Arguments:
    """Return words and flags; FlagError with pflag's text."""
    long: dict[str, Flag] = {}
    short: dict[str, Flag] = {}
    for flag in flags:
        long[flag.name] = flag
        if flag.short:
            short[flag.short] = flag
    found = Arguments()
    left = list(tokens)
    while left:
        part = left.pop(0)
        if part == "--":
            found.rest = left
            break
        if part.startswith("--"):
            _long(part, left, long, found)
        elif part.startswith("-") and part != "-":
            _shorts(part, left, short, found)
        else:
            found.words.append(part)
    return found


def _long(part: str, left: list[str], flags: Mapping[str, Flag], found: Arguments) -> None:
    name, equals, value = part[2:].partition("=")
    flag = flags.get(name)
    if not name or name[0] in "-=":
        raise FlagError(f"bad flag syntax: {part}")
    if flag is None:
        raise FlagError(f"unknown flag: --{name}")
    if equals:
        _put(found, flag, value, f"--{name}")
    elif flag.takes == "switch":
        _put(found, flag, "true", f"--{name}")
    elif flag.alone is not None:
        _put(found, flag, flag.alone, f"--{name}")
    elif left:
        _put(found, flag, left.pop(0), f"--{name}")
    else:
        raise FlagError(f"flag needs an argument: --{name}")


def _shorts(part: str, left: list[str], flags: Mapping[str, Flag], found: Arguments) -> None:
    letters = part[1:]
    while letters:
        letter, letters = letters[0], letters[1:]
        flag = flags.get(letter)
        if flag is None:
            raise FlagError(f"unknown shorthand flag: '{letter}' in {part}")
        shown = f"-{letter}, --{flag.name}"
        if letters.startswith("="):
            _put(found, flag, letters[1:], shown)
            return
        if flag.takes == "switch":
            _put(found, flag, "true", shown)
            continue
        if letters or flag.alone is not None:
            _put(found, flag, letters or flag.alone or "", shown)
        elif left:
            _put(found, flag, left.pop(0), shown)
        else:
            raise FlagError(f"flag needs an argument: '{letter}' in {part}")
        return


def _put(found: Arguments, flag: Flag, value: str, shown: str) -> None:
    if flag.takes == "switch":
        if value not in _BOOLEANS:
            told = f'strconv.ParseBool: parsing "{value}": invalid syntax'
            raise FlagError(f'invalid argument "{value}" for "{shown}" flag: {told}')
        value = "true" if _BOOLEANS[value] else "false"
    values = value.split(",") if flag.takes == "many" else [value]
    found.values.setdefault(flag.name, []).extend(values)
