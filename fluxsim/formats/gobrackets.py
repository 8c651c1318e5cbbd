"""Sets of characters in Go's regular expressions: brackets, classes and escapes, with Go's errors.

Source: Go 1.26 regexp/syntax/parse.go (parseClass, parseEscape, parseUnicodeClass).
"""

from __future__ import annotations

from typing import NoReturn

from fluxsim.formats.gocharacters import (
    ALL_ASCII,
    CONTROL,
    HEXADECIMAL,
    OCTAL,
    PERL,
    POSIX,
    folded,
    is_alphanumeric,
    outsiders,
    unicode_class,
)

IGNORE_CASE = 1
"""The flag `i`; the other flags mean nothing to a set."""


class InvalidRegex(ValueError):
    """A pattern that Go refuses; the text is that of regexp.Compile's error."""

    def __init__(self, code: str, expression: str) -> None:
        super().__init__(f"error parsing regexp: {code}: `{expression}`")


class CharacterReader:
    """Reads sets out of a pattern, from `at` on. `edits` are the places that RE2 must be told in other words."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0
        self.flags = 0
        self.edits: list[tuple[int, int, str]] = []

    def bracket(self) -> int:
        """Read `[a-z[:digit:]]`."""
        text, start = self.pattern, self.at
        self.at += 1
        negative = text.startswith("^", self.at)
        self.at += negative
        members, first = 0, True
        while first or not text.startswith("]", self.at):
            first = False
            if (named := self._posix_class()) is not None:
                members |= named
                continue
            if (known := self.class_escape(inside=True)) is not None:
                members |= known
                continue
            from_here = self.at
            low = high = self._member(start)
            if text.startswith("-", self.at) and self.at + 1 < len(text) and text[self.at + 1] != "]":
                self.at += 1
                high = self._member(start)
                if high < low:
                    raise InvalidRegex("invalid character class range", text[from_here : self.at])
            members |= self.range_of(low, high)
        self.at += 1
        return ALL_ASCII & ~members if negative else members

    def _member(self, start: int) -> int:
        text = self.pattern
        if self.at >= len(text):
            raise InvalidRegex("missing closing ]", text[start:])
        if text[self.at] == "\\":
            return self.escape()
        self.at += 1
        return ord(text[self.at - 1])

    def _posix_class(self) -> int | None:
        text = self.pattern
        if not text.startswith("[:", self.at) or self.at + 2 >= len(text):
            return None
        end = text.find(":]", self.at + 2)
        if end < 0:
            return None
        name = text[self.at : end + 2]
        word = name[2:-2].removeprefix("^")
        if word not in POSIX:
            raise InvalidRegex("invalid character class range", name)
        self.at = end + 2
        members = self._folded(POSIX[word])
        return ALL_ASCII & ~members if name[2] == "^" else members

    def class_escape(self, *, inside: bool) -> int | None:
        r"""Read `\d`, `\pL` or `\P{^Greek}`; None where something else stands here."""
        text, start = self.pattern, self.at
        kind = text[start + 1 : start + 2] if text.startswith("\\", start) else ""
        if kind and kind in "dswDSW":
            self.at += 2
            members = self._folded(PERL[kind.lower()])
            return members if kind.islower() else ALL_ASCII & ~members
        if kind not in ("p", "P"):
            return None
        if start + 2 >= len(text):
            self._refuse_class(text[start:])
        if text[start + 2] == "{":
            end = text.find("}", start)
            if end < 0:
                self._refuse_class(text[start:])
            name, self.at = text[start + 3 : end], end + 1
        else:
            name, self.at = text[start + 2], start + 3
        negative = (kind == "P") != name.startswith("^")
        known = unicode_class(name.removeprefix("^"))
        if known is None:
            self._refuse_class(text[start : self.at])
        spelled = known.negated if negative else known.spelled
        self.edits.append((start, self.at, spelled if inside else f"[{spelled}]"))
        members = self._folded(known.ascii)
        return ALL_ASCII & ~members if negative else members

    def _refuse_class(self, expression: str) -> NoReturn:
        raise InvalidRegex("invalid character class range", expression)

    def escape(self) -> int:
        """Read one escaped character."""
        text, start = self.pattern, self.at
        at = start + 1
        if at >= len(text):
            raise InvalidRegex("trailing backslash at end of expression", "")
        character = text[at]
        at += 1
        if character in "01234567" and (character == "0" or text[at : at + 1] in OCTAL):
            while at < start + 4 and text[at : at + 1] in OCTAL:
                at += 1
            self.at = at
            return int(text[start + 1 : at], 8)
        if character == "x":
            return self._hexadecimal()
        if character in CONTROL:
            self.at = at
            return CONTROL[character]
        if character < "\x80" and not is_alphanumeric(character):
            self.at = at
            return ord(character)
        raise InvalidRegex("invalid escape sequence", text[start:at])

    def _hexadecimal(self) -> int:
        r"""Read `\x41` or `\x{10FFFF}`; the error names what Go had read when it gave up."""
        text, start = self.pattern, self.at
        at = start + 2
        if text.startswith("{", at):
            at += 1
            value, digits = 0, 0
            while at < len(text):
                character = text[at]
                at += 1
                if character == "}" and digits:
                    self.at = at
                    return value
                if character not in HEXADECIMAL:
                    break
                value, digits = value * 16 + int(character, 16), digits + 1
                if value > 0x10FFFF:
                    break
            raise InvalidRegex("invalid escape sequence", text[start:at])
        pair = text[at : at + 2]
        if len(pair) < 2 or not all(character in HEXADECIMAL for character in pair):
            raise InvalidRegex("invalid escape sequence", text[start : at + len(pair)])
        self.at = at + 2
        return int(pair, 16)

    def range_of(self, low: int, high: int) -> int:
        """Return the ASCII members of a range, and what equals one of its members if case is ignored."""
        members = ((1 << (min(high, 127) + 1)) - 1) & ~((1 << low) - 1) if low < 128 else 0
        return folded(members | outsiders(low, high)) if self.flags & IGNORE_CASE else members

    def _folded(self, members: int) -> int:
        return folded(members) if self.flags & IGNORE_CASE else members
