"""Go's regular expressions as a tree, with Go's own errors.

Go and RE2 (C++) accept almost the same language, but not quite, and name errors differently: this parser says what
Go says, and hands out the pattern in a spelling that RE2 reads the same way (names of groups left out, since Go
allows a name twice; names of Unicode classes as RE2 knows them).
Source: Go 1.26 regexp/syntax/parse.go, flags Perl, which is what regexp.Compile uses.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from fluxsim.formats.gobrackets import IGNORE_CASE, CharacterReader, InvalidRegex
from fluxsim.formats.gocharacters import ALL_ASCII, bit, is_alphanumeric
from fluxsim.formats.goregextree import (
    HEIGHT_MAX,
    REPEATS_MAX,
    SIZE_MAX,
    Assertion,
    Characters,
    Look,
    Node,
    alternate,
    concat,
    group,
    repeat,
)

__all__ = ["InvalidRegex", "Parsed", "parse"]

MULTILINE, DOT_NEWLINE, UNGREEDY = 2, 4, 8
_FLAGS = {"i": IGNORE_CASE, "m": MULTILINE, "s": DOT_NEWLINE, "U": UNGREEDY}


@dataclass(frozen=True, slots=True)
class Parsed:
    """A pattern that Go accepts: its tree, its spelling for RE2, and the names of its groups ("" for none; 0 is the whole)."""

    tree: Node
    re2_pattern: str
    names: tuple[str, ...]


def parse(pattern: str) -> Parsed:
    """Return the parsed pattern. Raises InvalidRegex. Takes linear time."""
    return _Parser(pattern).parsed()


@dataclass(slots=True)
class _Open:
    """A group that waits for its parenthesis: what stands before the current `|`, and behind it."""

    flags: int
    captures: bool = False
    done: list[Node] = field(default_factory=list[Node])
    parts: list[Node] = field(default_factory=list[Node])


class _Parser(CharacterReader):
    def __init__(self, pattern: str) -> None:
        super().__init__(pattern)
        self.open = [_Open(0)]
        self.names = [""]

    def parsed(self) -> Parsed:
        text = self.pattern
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise InvalidRegex("invalid UTF-8", text)
        repeat_from: int | None = None
        while self.at < len(text):
            start, repeated = self.at, False
            match text[start]:
                case "(":
                    self._open_group()
                case ")":
                    self._close_group()
                case "|":
                    self._end_branch()
                    self.at += 1
                case "*" | "+" | "?" | "{":
                    repeated = self._repeat(repeat_from)
                case "[":
                    self._push(Characters(ascii=self.bracket()))
                case "\\":
                    self._backslash()
                case character:
                    self._plain(character)
            repeat_from = start if repeated else None
        if len(self.open) > 1:
            raise InvalidRegex("missing closing )", text)
        tree = self._branches(self.open[0])
        return Parsed(tree, self._rewritten(), tuple(self.names))

    # -- groups and branches

    def _open_group(self) -> None:
        text, start = self.pattern, self.at
        if not text.startswith("(?", start):
            self._enter(captures=True)
            self.at += 1
            return
        for prefix in ("(?P<", "(?<"):
            # A pattern that ends right here has the error of unknown flags.
            if text.startswith(prefix, start) and len(text) - start > len(prefix):
                self._named(prefix)
                return
        self._perl_flags()

    def _named(self, prefix: str) -> None:
        text, start = self.pattern, self.at
        end = text.find(">", start)
        if end < 0:
            raise InvalidRegex("invalid named capture", text[start:])
        name = text[start + len(prefix) : end]
        if not name or not all(character == "_" or is_alphanumeric(character) for character in name):
            raise InvalidRegex("invalid named capture", text[start : end + 1])
        self._enter(captures=True, name=name)
        self.edits.append((start, end + 1, "("))
        self.at = end + 1

    def _perl_flags(self) -> None:
        """Read `(?i)` and `(?i-s:`."""
        text, start = self.pattern, self.at
        flags, negative, saw_flag = self.flags, False, False
        at = start + 2
        while at < len(text):
            character = text[at]
            at += 1
            if character in _FLAGS:
                flags = flags & ~_FLAGS[character] if negative else flags | _FLAGS[character]
                saw_flag = True
            elif character == "-" and not negative:
                negative, saw_flag = True, False
            elif character in ":)" and (saw_flag or not negative):
                if character == ":":
                    self._enter(captures=False)
                self.flags = flags
                self.at = at
                return
            else:
                break
        raise InvalidRegex("invalid or unsupported Perl syntax", text[start:at])

    def _enter(self, *, captures: bool, name: str = "") -> None:
        if captures:
            self.names.append(name)
        self.open.append(_Open(self.flags, captures))

    def _close_group(self) -> None:
        if len(self.open) == 1:
            raise InvalidRegex("unexpected )", self.pattern)
        opened = self.open.pop()
        tree = self._branches(opened)
        self.flags = opened.flags
        self._push(group(tree) if opened.captures else tree)
        self.at += 1

    def _end_branch(self) -> None:
        opened = self.open[-1]
        opened.done.append(self._checked(concat(tuple(opened.parts))))
        opened.parts = []

    def _branches(self, opened: _Open) -> Node:
        last = self._checked(concat(tuple(opened.parts)))
        return self._checked(alternate((*opened.done, last)))

    def _push(self, node: Node) -> None:
        self.open[-1].parts.append(self._checked(node))

    def _checked(self, node: Node) -> Node:
        if node.size > SIZE_MAX:
            raise InvalidRegex("expression too large", self.pattern)
        if node.height > HEIGHT_MAX:
            raise InvalidRegex("expression nests too deeply", self.pattern)
        return node

    # -- repetition

    def _repeat(self, before: int | None) -> bool:
        """Apply `*`, `+`, `?` or `{2,5}`; a brace of another form is a plain character."""
        text, start = self.pattern, self.at
        if text[start] == "{":
            counts = self._counts()
            if counts is None:
                self._plain("{")
                return False
            least, most = counts
        else:
            least, most = {"*": (0, None), "+": (1, None), "?": (0, 1)}[text[start]]
            self.at = start + 1
        counted = text[start] == "{"
        if counted and (least > REPEATS_MAX or (most is not None and (most > REPEATS_MAX or least > most))):
            raise InvalidRegex("invalid repeat count", text[start : self.at])
        if text.startswith("?", self.at):
            self.at += 1
        if before is not None:
            raise InvalidRegex("invalid nested repetition operator", text[before : self.at])
        parts = self.open[-1].parts
        if not parts:
            raise InvalidRegex("missing argument to repetition operator", text[start : self.at])
        node = repeat(parts.pop(), least, most, counted=counted)
        self._push(node)
        if counted and (least >= 2 or (most or 0) >= 2) and node.repeats > REPEATS_MAX:
            raise InvalidRegex("invalid repeat count", text[start : self.at])
        return True

    def _counts(self) -> tuple[int, int | None] | None:
        text, at = self.pattern, self.at + 1
        least, at = _integer(text, at)
        if least is None:
            return None
        most: int | None = least
        if text.startswith(",", at):
            if text.startswith("}", at + 1):
                most, at = None, at + 1
            else:
                most, at = _integer(text, at + 1)
                if most is None:
                    return None
        if not text.startswith("}", at):
            return None
        self.at = at + 1
        return least, most

    # -- characters

    def _plain(self, character: str) -> None:
        self.at += 1
        match character:
            case "^":
                self._push(Assertion(look="begin line" if self.flags & MULTILINE else "begin"))
            case "$":
                self._push(Assertion(look="end line" if self.flags & MULTILINE else "end"))
            case ".":
                self._push(Characters(ascii=ALL_ASCII if self.flags & DOT_NEWLINE else ALL_ASCII & ~bit("\n")))
            case _:
                self._push(Characters(ascii=self.range_of(ord(character), ord(character))))

    def _backslash(self) -> None:
        text, start = self.pattern, self.at
        following = text[start + 1 : start + 2]
        looks: dict[str, Look] = {"A": "begin", "z": "end", "b": "word boundary", "B": "no word boundary"}
        if following in looks and following:
            self.at += 2
            self._push(Assertion(look=looks[following]))
        elif following == "C":
            raise InvalidRegex("invalid escape sequence", text[start : start + 2])
        elif following == "Q":
            end = text.find("\\E", start + 2)
            literal = text[start + 2 :] if end < 0 else text[start + 2 : end]
            for character in literal:
                self._push(Characters(ascii=self.range_of(ord(character), ord(character))))
            self.at = len(text) if end < 0 else end + 2
        elif (known := self.class_escape(inside=False)) is not None:
            self._push(Characters(ascii=known))
        else:
            code = self.escape()
            self._push(Characters(ascii=self.range_of(code, code)))

    def _rewritten(self) -> str:
        pieces: list[str] = []
        at = 0
        for start, end, replacement in self.edits:
            pieces += [self.pattern[at:start], replacement]
            at = end
        return "".join([*pieces, self.pattern[at:]])


def _integer(text: str, at: int) -> tuple[int | None, int]:
    """Return the number at the place and where it ends; one with a leading zero is none. Large ones are cut."""
    end = at
    while end < len(text) and "0" <= text[end] <= "9":
        end += 1
    if end == at or (end - at > 1 and text[at] == "0"):
        return None, at
    return int(text[at:end][:9]), end
