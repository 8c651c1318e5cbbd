"""Cuts a template into tokens.

Source: Go 1.26 text/template/parse/lex.go. Places are indexes of characters, not of bytes.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from fluxsim.formats.gotext import octets, quoted, unicode_point

KEYWORDS = frozenset(("block", "break", "continue", "define", "else", "end", "if", "nil", "range", "template", "with"))
SPACES = " \t\r\n"


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is a keyword itself or one of text, left, right, space, assign, declare, pipe, string, raw-string,
    variable, field, dot, number, complex, character, char-constant, bool, identifier, left-paren, right-paren,
    error, eof. A token's place is where it starts.
    """

    kind: str
    text: str
    at: int
    line: int

    def __str__(self) -> str:
        if self.kind == "eof":
            return "EOF"
        if self.kind == "error":
            return self.text
        if self.kind in KEYWORDS or self.kind == "dot":
            return f"<{self.text}>"
        if len(octets(self.text)) > 10:
            return f"{quoted(self.text[:10])}..."
        return quoted(self.text)


class Lexer:
    """Gives one token after the other; after an error it gives only the end."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.start = 0
        self.line = 1
        self.inside = False
        self.depth = 0

    def next(self) -> Token:
        if self.at > len(self.text):
            return Token("eof", "EOF", len(self.text), self.line)
        return self._inside_action() if self.inside else self._text()

    def _token(self, kind: str) -> Token:
        """Make a token of what was read since the last one."""
        token = Token(kind, self.text[self.start : self.at], self.start, self.line)
        self._skip()
        return token

    def _skip(self) -> None:
        self.line += self.text.count("\n", self.start, self.at)
        self.start = self.at

    def _error(self, message: str) -> Token:
        token = Token("error", message, self.start, self.line)
        self.text, self.start, self.at, self.inside = "", 0, 0, False
        return token

    def _text(self) -> Token:
        while True:
            left = self.text.find("{{", self.at)
            if left < 0:
                self.at = len(self.text)
                return self._token("text" if self.at > self.start else "eof")
            if left > self.at:
                end = left
                if self._trims_left(left + 2):
                    end = self.start + len(self.text[self.start : left].rstrip(SPACES))
                self.at = end
                token = self._token("text")
                self.at = left
                self._skip()
                if token.text:
                    return token
            if self._comment_follows():
                error = self._comment()
                if error is not None:
                    return error
                continue
            return self._left()

    def _trims_left(self, at: int) -> bool:
        return self.text[at : at + 1] == "-" and self.text[at + 1 : at + 2] != "" and self.text[at + 1] in SPACES

    def _comment_follows(self) -> bool:
        after = self.at + (4 if self._trims_left(self.at + 2) else 2)
        return self.text.startswith("/*", after)

    def _left(self) -> Token:
        trims = self._trims_left(self.at + 2)
        self.at += 2
        token = self._token("left")
        self.inside, self.depth = True, 0
        if trims:
            self.at += 2
            self._skip()
        return token

    def _comment(self) -> Token | None:
        self.at += 4 if self._trims_left(self.at + 2) else 2
        self._skip()
        end = self.text.find("*/", self.at + 2)
        if end < 0:
            return self._error("unclosed comment")
        self.at = end + 2
        width, trims = self._right()
        if not width:
            return self._error("comment ends before closing delimiter")
        self.at += width
        if trims:
            self._trim_right()
        self._skip()
        return None

    def _right(self) -> tuple[int, bool]:
        """How many characters a right delimiter here has (0: there is none), and whether it trims what follows."""
        if self.text[self.at : self.at + 1] in tuple(SPACES) and self.text.startswith("-}}", self.at + 1):
            return 4, True
        return (2, False) if self.text.startswith("}}", self.at) else (0, False)

    def _trim_right(self) -> None:
        while self.at < len(self.text) and self.text[self.at] in SPACES:
            self.at += 1

    def _right_delimiter(self, *, trims: bool) -> Token:
        if trims:
            self.at += 2
            self._skip()
        self.at += 2
        token = self._token("right")
        if trims:
            self._trim_right()
            self._skip()
        self.inside = False
        return token

    def _inside_action(self) -> Token:
        width, trims = self._right()
        if width:
            return self._right_delimiter(trims=trims) if self.depth == 0 else self._error("unclosed left paren")
        character = self._peek()
        if not character:
            return self._error("unclosed action")
        if character in SPACES:
            return self._space()
        self.at += 1
        match character:
            case "=":
                return self._token("assign")
            case ":":
                if self._peek() != "=":
                    return self._error("expected :=")
                self.at += 1
                return self._token("declare")
            case "|":
                return self._token("pipe")
            case '"':
                return self._quote('"', "string", "unterminated quoted string")
            case "'":
                return self._quote("'", "char-constant", "unterminated character constant")
            case "`":
                return self._raw_quote()
            case "$":
                return self._name("variable", "variable")
            case "(":
                self.depth += 1
                return self._token("left-paren")
            case ")":
                self.depth -= 1
                return self._error("unexpected right paren") if self.depth < 0 else self._token("right-paren")
            case _:
                return self._word(character)

    def _word(self, character: str) -> Token:
        if character == "." and not ("0" <= (self._peek() or "0") <= "9"):
            return self._name("field", "dot")
        if character in ".+-" or "0" <= character <= "9":
            self.at -= 1
            return self._number()
        if is_alphanumeric(character):
            return self._identifier()
        if " " <= character <= "~":
            return self._token("character")
        return self._error(f"unrecognized character in action: {unicode_point(character)}")

    def _peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def _space(self) -> Token:
        while self._peek() and self._peek() in SPACES:
            self.at += 1
        # The last space may belong to a delimiter that trims, " -}}".
        if self.text.startswith("-}}", self.at):
            self.at -= 1
            if self.at == self.start:
                return self._right_delimiter(trims=True)
        return self._token("space")

    def _ends_name(self) -> bool:
        character = self._peek()
        return not character or character in SPACES + ".,|:)(" or self.text.startswith("}}", self.at)

    def _bad_character(self) -> Token:
        return self._error(f"bad character {unicode_point(self._peek())}")

    def _identifier(self) -> Token:
        while is_alphanumeric(self._peek()):
            self.at += 1
        word = self.text[self.start : self.at]
        if not self._ends_name():
            return self._bad_character()
        if word in KEYWORDS:
            return self._token(word)
        return self._token("bool" if word in ("true", "false") else "identifier")

    def _name(self, kind: str, alone: str) -> Token:
        """A field or a variable, of which the point or dollar was read; `alone` is the kind if nothing follows it."""
        if self._ends_name():
            return self._token(alone)
        while is_alphanumeric(self._peek()):
            self.at += 1
        return self._token(kind) if self._ends_name() else self._bad_character()

    def _quote(self, quote: str, kind: str, fault: str) -> Token:
        while True:
            character = self._peek()
            self.at += 1
            if character == "\\":
                character = self._peek()
                self.at += 1
                if character and character != "\n":
                    continue
            if not character or character == "\n":
                return self._error(fault)
            if character == quote:
                return self._token(kind)

    def _raw_quote(self) -> Token:
        end = self.text.find("`", self.at)
        if end < 0:
            return self._error("unterminated raw quoted string")
        self.at = end + 1
        return self._token("raw-string")

    def _number(self) -> Token:
        if not self._scan_number():
            return self._bad_number()
        if self._peek() and self._peek() in "+-":
            if not self._scan_number() or self.text[self.at - 1] != "i":
                return self._bad_number()
            return self._token("complex")
        return self._token("number")

    def _bad_number(self) -> Token:
        return self._error(f"bad number syntax: {quoted(self.text[self.start : self.at])}")

    def _accept(self, characters: str) -> bool:
        if self._peek() and self._peek() in characters:
            self.at += 1
            return True
        return False

    def _accept_run(self, characters: str) -> None:
        while self._accept(characters):
            pass

    def _scan_number(self) -> bool:
        self._accept("+-")
        digits, exponent = "0123456789_", "eE"
        if self._accept("0"):
            if self._accept("xX"):
                digits, exponent = "0123456789abcdefABCDEF_", "pP"
            elif self._accept("oO"):
                digits, exponent = "01234567_", ""
            elif self._accept("bB"):
                digits, exponent = "01_", ""
        self._accept_run(digits)
        if self._accept("."):
            self._accept_run(digits)
        if exponent and self._accept(exponent):
            self._accept("+-")
            self._accept_run("0123456789_")
        self._accept("i")
        if is_alphanumeric(self._peek()):
            self.at += 1
            return False
        return True


def is_alphanumeric(character: str) -> bool:
    """Tell whether a name may have the character: a letter, a digit or `_`."""
    return bool(character) and (
        character == "_" or character.isalpha() or (character.isdigit() and unicodedata.category(character) == "Nd")
    )
