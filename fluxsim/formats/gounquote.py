r"""Go's string literals: what `"a\n"`, `'\u00e9'` and raw quotes stand for.

Source: Go 1.25 strconv/quote.go.
"""

from __future__ import annotations

_SIMPLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\"}
_HEX_DIGITS = {"x": 2, "u": 4, "U": 8}


class UnquoteFault(ValueError):
    """Text that is no Go literal."""

    def __init__(self) -> None:
        super().__init__("invalid syntax")


def unquoted(literal: str) -> str:
    """Return the value of a literal with its quotes: `"…"`, `'x'` or raw; UnquoteFault if it is none."""
    if len(literal) < 2 or literal[0] != literal[-1]:
        raise UnquoteFault
    quote, inside = literal[0], literal[1:-1]
    if quote == "`":
        if "`" in inside:
            raise UnquoteFault
        return inside.replace("\r", "")
    if quote not in "\"'" or "\n" in inside:
        raise UnquoteFault
    value = unquoted_characters(inside, quote)
    if quote == "'" and len(value) != 1:
        raise UnquoteFault
    return value


def unquoted_characters(text: str, quote: str) -> str:
    r"""Return the text with its escapes resolved; a bare quote in it is a fault.

    Escapes of single bytes (`\xff`, `\377`) may form UTF-8 together; what does not becomes surrogates.
    """
    value = bytearray()
    at = 0
    while at < len(text):
        character = text[at]
        at += 1
        if character == quote:
            raise UnquoteFault
        if character != "\\":
            value += character.encode("utf-8", "surrogateescape")
            continue
        at = _escape(text, at, quote, value)
    return value.decode("utf-8", "surrogateescape")


def _escape(text: str, at: int, quote: str, value: bytearray) -> int:
    """Add what the escape behind a backslash stands for; return the place behind it."""
    kind = text[at : at + 1]
    at += 1
    if kind in _SIMPLE:
        value += _SIMPLE[kind].encode()
    elif kind in _HEX_DIGITS:
        digits = text[at : at + _HEX_DIGITS[kind]]
        at += _HEX_DIGITS[kind]
        code = _number(digits, 16, _HEX_DIGITS[kind])
        if kind == "x":
            value.append(code)
        elif code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
            raise UnquoteFault
        else:
            value += chr(code).encode()
    elif kind and kind in "01234567":
        code = _number(text[at - 1 : at + 2], 8, 3)
        at += 2
        if code > 255:
            raise UnquoteFault
        value.append(code)
    elif kind and kind in "\"'" and kind == quote:
        value += kind.encode()
    else:
        raise UnquoteFault
    return at


def _number(digits: str, base: int, length: int) -> int:
    allowed = "0123456789abcdefABCDEF" if base == 16 else "01234567"
    if len(digits) != length or any(digit not in allowed for digit in digits):
        raise UnquoteFault
    return int(digits, base)
