"""Character classes of Go's regular expressions: their ASCII members, and how RE2 spells the Unicode ones.

A set of ASCII characters is an int whose bit n stands for chr(n).
Source: Go 1.26 regexp/syntax perl_groups.go and parse.go (unicodeTable).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import re2

ALL_ASCII = (1 << 128) - 1
OCTAL = frozenset("01234567")
HEXADECIMAL = frozenset("0123456789abcdefABCDEF")
CONTROL = {"a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
"""The characters behind a backslash that stand for a control character."""


@dataclass(frozen=True, slots=True)
class UnicodeClass:
    """A class as RE2 spells it inside brackets, its complement, and its ASCII members."""

    spelled: str
    negated: str
    ascii: int


@functools.cache
def unicode_class(name: str) -> UnicodeClass | None:
    r"""Return the class that `\p{name}` stands for; None where Go knows none.

    Go ignores case, spaces, dashes and underscores in the name; RE2 knows the names only as Unicode writes them.
    Go's Assigned, Cn and LC are not known here: RE2 has no words for them.
    """
    words = name.replace("-", "_").replace(" ", "_").split("_")
    canonical = "".join(words).capitalize()
    if canonical == "Ascii":
        return UnicodeClass("[:ascii:]", "[:^ascii:]", ALL_ASCII)
    canonical = _LONG_NAMES.get(canonical, canonical)
    for known in (canonical, "_".join(word.capitalize() for word in words)):
        if known.replace("_", "").isalpha() and _accepts(rf"\p{{{known}}}"):
            return UnicodeClass(rf"\p{{{known}}}", rf"\P{{{known}}}", _ascii_members(rf"\p{{{known}}}"))
    return None


def bit(character: str) -> int:
    """Return the set of one ASCII character."""
    return 1 << ord(character)


def bits(accepts: Callable[[str], bool]) -> int:
    """Return the set of the ASCII characters that are accepted."""
    return sum(bit(chr(code)) for code in range(128) if accepts(chr(code)))


def folded(members: int) -> int:
    """Return the set with the other case of each letter."""
    return members | (members & _UPPER) << 32 | (members & _LOWER) >> 32


def outsiders(low: int, high: int) -> int:
    """Return the ASCII letters that equal a character of the range when case is ignored: long s and the Kelvin sign."""
    letters = (("\u017f", "s"), ("\u212a", "k"))
    return sum(bit(letter) for outside, letter in letters if low <= ord(outside) <= high)


def is_alphanumeric(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _quiet() -> re2.Options:
    options = re2.Options()
    options.log_errors = False
    return options


def _accepts(pattern: str) -> bool:
    try:
        re2.compile(pattern, _quiet())
    except re2.error:
        return False
    return True


def _ascii_members(pattern: str) -> int:
    compiled = re2.compile(pattern, _quiet())
    return bits(lambda character: compiled.fullmatch(character) is not None)


_UPPER = bits(lambda character: "A" <= character <= "Z")
_LOWER = bits(lambda character: "a" <= character <= "z")
_DIGITS = bits(str.isdigit)
_WORD = _DIGITS | _UPPER | _LOWER | bit("_")

PERL = {"d": _DIGITS, "s": bits(lambda character: character in "\t\n\f\r "), "w": _WORD}
POSIX = {
    "alnum": _DIGITS | _UPPER | _LOWER,
    "alpha": _UPPER | _LOWER,
    "ascii": ALL_ASCII,
    "blank": bits(lambda character: character in "\t "),
    "cntrl": bits(lambda character: character < " " or character == "\x7f"),
    "digit": _DIGITS,
    "graph": bits(lambda character: "!" <= character <= "~"),
    "lower": _LOWER,
    "print": bits(lambda character: " " <= character <= "~"),
    "punct": bits(lambda character: "!" <= character <= "~" and not character.isalnum()),
    "space": bits(lambda character: character in "\t\n\v\f\r "),
    "upper": _UPPER,
    "word": _WORD,
    "xdigit": bits(lambda character: character in HEXADECIMAL),
}

_LONG_NAMES = {
    "Letter": "L",
    "Uppercaseletter": "Lu",
    "Lowercaseletter": "Ll",
    "Titlecaseletter": "Lt",
    "Modifierletter": "Lm",
    "Otherletter": "Lo",
    "Mark": "M",
    "Combiningmark": "M",
    "Nonspacingmark": "Mn",
    "Spacingmark": "Mc",
    "Enclosingmark": "Me",
    "Number": "N",
    "Decimalnumber": "Nd",
    "Digit": "Nd",
    "Letternumber": "Nl",
    "Othernumber": "No",
    "Punctuation": "P",
    "Punct": "P",
    "Connectorpunctuation": "Pc",
    "Dashpunctuation": "Pd",
    "Openpunctuation": "Ps",
    "Closepunctuation": "Pe",
    "Initialpunctuation": "Pi",
    "Finalpunctuation": "Pf",
    "Otherpunctuation": "Po",
    "Symbol": "S",
    "Mathsymbol": "Sm",
    "Currencysymbol": "Sc",
    "Modifiersymbol": "Sk",
    "Othersymbol": "So",
    "Separator": "Z",
    "Spaceseparator": "Zs",
    "Lineseparator": "Zl",
    "Paragraphseparator": "Zp",
    "Other": "C",
    "Control": "Cc",
    "Cntrl": "Cc",
    "Format": "Cf",
    "Surrogate": "Cs",
    "Privateuse": "Co",
}
