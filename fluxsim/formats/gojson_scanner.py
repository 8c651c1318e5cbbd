"""Tells why a text is no JSON, in the words of Go's encoding/json.

Source: Go 1.26 encoding/json/scanner.go.
"""

from __future__ import annotations

from fluxsim.formats.gotext import octets, quoted

DEPTH_MAX = 10_000
_SPACES = " \t\r\n"
_HEX = "0123456789abcdefABCDEF"
_DIGITS = "0123456789"


class InvalidJson(ValueError):
    """Text that is no JSON, with Go's message."""


def check(text: str) -> None:
    """Raise InvalidJson if the text is not one JSON value. Takes linear time and no recursion.

    Go looks at bytes: of a character outside ASCII its message shows the first byte as a character.
    """
    _Scanner(octets(text).decode("latin-1")).scan()


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.open: list[str] = []

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def skip(self) -> str:
        """Skip spaces and return the next character, empty at the end."""
        while self.peek() and self.peek() in _SPACES:
            self.at += 1
        return self.peek()

    def fault(self, context: str, *, inside: bool = False) -> InvalidJson:
        """Blame the next character. At the end Go tries a space: `inside` of a token that is a fault of its own."""
        character = self.peek()
        if not character:
            if not inside:
                return InvalidJson("unexpected end of JSON input")
            character = " "
        shown = {"'": "'\\''", '"': "'\"'"}.get(character) or quoted(character, "'")
        return InvalidJson(f"invalid character {shown} {context}")

    def scan(self) -> None:
        self.value()
        while self.open:
            self.after_element()
        if self.skip():
            raise self.fault("after top-level value")

    def after_element(self) -> None:
        """Behind a value in a list or object: the next one or the end."""
        character = self.skip()
        closing = "}" if self.open[-1] == "{" else "]"
        if character == closing:
            self.at += 1
            self.open.pop()
        elif character == ",":
            self.at += 1
            if self.open[-1] == "{":
                self.key()
            self.value()
        else:
            raise self.fault("after object key:value pair" if closing == "}" else "after array element")

    def key(self) -> None:
        if self.skip() != '"':
            raise self.fault("looking for beginning of object key string")
        self.string()
        if self.skip() != ":":
            raise self.fault("after object key")
        self.at += 1

    def value(self) -> None:
        """Scan a value, or open a list or object down to its first value that is neither."""
        while True:
            character = self.skip()
            if not character or character not in "{[":
                break
            self.at += 1
            self.open.append(character)
            if len(self.open) > DEPTH_MAX:
                raise InvalidJson("exceeded max depth")
            if self.skip() == ("}" if character == "{" else "]"):
                self.at += 1
                self.open.pop()
                return
            if character == "{":
                self.key()
        self.scalar(character)

    def scalar(self, character: str) -> None:
        if character == '"':
            self.string()
        elif character and character in "-0123456789":
            self.number()
        elif character and character in "tfn":
            self.literal({"t": "true", "f": "false", "n": "null"}[character])
        else:
            raise self.fault("looking for beginning of value")

    def literal(self, word: str) -> None:
        for expected in word:
            if self.peek() != expected:
                raise self.fault(f"in literal {word} (expecting '{expected}')", inside=True)
            self.at += 1

    def string(self) -> None:
        self.at += 1
        while True:
            character = self.peek()
            if character == '"':
                self.at += 1
                return
            if not character or character < " ":
                raise self.fault("in string literal")
            self.at += 1
            if character == "\\":
                self.escape()

    def escape(self) -> None:
        character = self.peek()
        if not character or character not in 'bfnrt\\/"u':
            raise self.fault("in string escape code", inside=True)
        self.at += 1
        for _ in range(4 if character == "u" else 0):
            if not self.peek() or self.peek() not in _HEX:
                raise self.fault("in \\u hexadecimal character escape", inside=True)
            self.at += 1

    def number(self) -> None:
        if self.peek() == "-":
            self.at += 1
        if self.peek() == "0":
            self.at += 1
        else:
            self.digits("in numeric literal")
        if self.peek() == ".":
            self.at += 1
            self.digits("after decimal point in numeric literal")
        if self.peek() and self.peek() in "eE":
            self.at += 1
            if self.peek() and self.peek() in "+-":
                self.at += 1
            self.digits("in exponent of numeric literal")

    def digits(self, context: str) -> None:
        if not self.peek() or self.peek() not in _DIGITS:
            raise self.fault(context, inside=True)
        while self.peek() and self.peek() in _DIGITS:
            self.at += 1
