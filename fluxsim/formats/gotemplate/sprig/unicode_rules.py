"""Case and space as Go's package unicode sees them: character by character, one for one."""

from __future__ import annotations

import unicodedata

SPACES = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
"""unicode.IsSpace; str.isspace also knows the separators 0x1c to 0x1f."""


def upper(character: str) -> str:
    """Go's simple mapping: `ß` has no single capital and stays."""
    capital = character.upper()
    return capital if len(capital) == 1 else character


def lower(character: str) -> str:
    return character.lower()[0]


def title(character: str) -> str:
    capital = character.title()
    return capital if len(capital) == 1 else character


def is_space(character: str) -> bool:
    return character in SPACES


def is_punctuation(character: str) -> bool:
    return unicodedata.category(character).startswith("P")


def is_number(character: str) -> bool:
    return unicodedata.category(character).startswith("N")


def is_upper(character: str) -> bool:
    return unicodedata.category(character) == "Lu"


def is_lower(character: str) -> bool:
    return unicodedata.category(character) == "Ll"


def is_letter(character: str) -> bool:
    return unicodedata.category(character).startswith("L")
