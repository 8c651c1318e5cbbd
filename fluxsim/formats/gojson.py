"""JSON as Go's encoding/json writes it: sorted keys, `<`, `>`, `&` escaped, floats as in JavaScript.

Source: Go 1.25 encoding/json/encode.go.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fluxsim.formats.gotext import float_text, octets

if TYPE_CHECKING:
    from fluxsim.formats.tree import Json

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
_HTML = "<>&"


class Fields(dict[str, Any]):
    """An object written in the order that it has, as Go writes a struct; others are sorted by key."""


class UnsupportedValue(ValueError):
    """A value that JSON has no form for (NaN, an infinity), with Go's message."""


def compact(value: Json, *, escape_html: bool = True) -> str:
    """Write a tree as json.Marshal does, on one line without spaces."""
    return _written(value, "", "", escape_html=escape_html)


def indented(value: Json, indent: str, *, escape_html: bool = True) -> str:
    """Write a tree as json.MarshalIndent with an empty prefix does; empty lists and maps stay `[]` and `{}`."""
    return _written(value, indent, "\n", escape_html=escape_html)


def _written(value: Json, indent: str, newline: str, *, escape_html: bool) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return string_text(value, escape_html=escape_html)
    if isinstance(value, float):
        return number_text(value)
    deeper = newline + indent
    if isinstance(value, Mapping):
        colon = ": " if newline else ":"
        keys = value if isinstance(value, Fields) else sorted(value, key=octets)
        parts = [
            string_text(key, escape_html=escape_html)
            + colon
            + _written(value[key], indent, deeper, escape_html=escape_html)
            for key in keys
        ]
        return _enclosed("{", parts, "}", newline, deeper)
    if isinstance(value, list | tuple):
        items = [_written(item, indent, deeper, escape_html=escape_html) for item in value]
        return _enclosed("[", items, "]", newline, deeper)
    return str(value)


def _enclosed(left: str, parts: list[str], right: str, newline: str, deeper: str) -> str:
    if not parts:
        return left + right
    return left + deeper + ("," + deeper).join(parts) + newline + right


def string_text(text: str, *, escape_html: bool = True) -> str:
    """Write a string; bytes that are no UTF-8 (surrogates) become the replacement character."""
    if text.isascii() and text.isprintable() and not any(character in text for character in '"\\<>&'):
        return f'"{text}"'
    return '"' + "".join(_escaped(character, escape_html=escape_html) for character in text) + '"'


def _escaped(character: str, *, escape_html: bool) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    code = ord(character)
    if code < 0x20 or (escape_html and character in _HTML) or code in (0x2028, 0x2029):
        return f"\\u{code:04x}"
    return "\\ufffd" if 0xD800 <= code <= 0xDFFF else character


def number_text(value: float) -> str:
    """Write a float: whole numbers without point, an exponent below 1e-6 and from 1e21 on, `e-7` with one digit."""
    if math.isnan(value) or math.isinf(value):
        raise UnsupportedValue(f"json: unsupported value: {float_text(value)}")
    size = abs(value)
    if size == 0 or 1e-6 <= size < 1e21:
        return float_text(value, "f")
    text = float_text(value, "e")
    return text[:-2] + text[-1] if text[-4:-1] == "e-0" else text
