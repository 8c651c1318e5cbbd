"""Small text formats of Go and of Flux: quoting, floats, printed values, short commit messages and hashes.

Source: Go 1.25 strconv/quote.go, strconv/ftoa.go, fmt/print.go; flux2 v2.9.4 internal/utils/hex.go;
fluxcd/pkg git v0.52.0 git.go.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from fluxsim.formats.tree import Json

SHORT_MESSAGE_CHARACTERS_MAX = 50
_LONG_HASH = re.compile(r"\b[a-f0-9]{40,128}\b", re.ASCII)
_ESCAPES = {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v", "\\": "\\\\"}


def quoted(text: str, quote: str = '"', *, ascii_only: bool = False) -> str:
    """Write text as Go's %q does; a surrogate (from surrogateescape) stands for a byte that is not UTF-8."""
    return quote + "".join(_escaped(character, quote, ascii_only=ascii_only) for character in text) + quote


def _escaped(character: str, quote: str, *, ascii_only: bool) -> str:
    if character == quote:
        return f"\\{character}"
    if character in _ESCAPES:
        return _ESCAPES[character]
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if character.isprintable() and (code < 0x80 or not ascii_only):
        return character
    if code < 0x20 or code == 0x7F:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def unicode_point(character: str) -> str:
    """Write a character as Go's %#U does: `U+007E '~'`, without the picture where there is none."""
    point = f"U+{ord(character):04X}"
    return f"{point} '{character}'" if character.isprintable() else point


def float_text(value: float, form: str = "g", precision: int = -1) -> str:
    """Write a float as strconv.FormatFloat; precision -1 asks for the fewest digits that read back the same.

    `form` is one of e, E, f, g, G. The shortest g, which is Go's %v, takes an exponent below 1e-4 and from 1e6 on.
    """
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if precision < 0:
        sign, digits, point = _shortest(value)
        small_enough = -4 <= point - 1 < 6
    elif form in "gG":
        sign, digits, point = _rounded(value, precision or 1)
        limit = precision or 1
        small_enough = -4 <= point - 1 < (len(digits) if limit > len(digits) >= point else limit)
    else:
        return f"{value:.{precision}{form}}"
    if form in "eE":
        return _with_exponent(sign, digits, point, form)
    if form == "f" or small_enough:
        return _plain(sign, digits, point)
    return _with_exponent(sign, digits, point, "E" if form == "G" else "e")


def _shortest(value: float) -> tuple[str, str, int]:
    """Sign, digits without zeros at the ends, and the place of the point: 0.0012 is ("", "12", -2)."""
    return _parts(repr(value))


def _rounded(value: float, digits: int) -> tuple[str, str, int]:
    return _parts(f"{value:.{digits - 1}e}")


def _parts(text: str) -> tuple[str, str, int]:
    sign = "-" if text.startswith("-") else ""
    mantissa, _, exponent = text.lstrip("-").partition("e")
    whole, _, fraction = mantissa.partition(".")
    point = len(whole) + int(exponent or "0")
    digits = whole + fraction
    stripped = digits.lstrip("0")
    if not stripped:
        return sign, "0", 1
    return sign, stripped.rstrip("0"), point - (len(digits) - len(stripped))


def _with_exponent(sign: str, digits: str, point: int, letter: str) -> str:
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{fraction}{letter}{'-' if point < 1 else '+'}{abs(point - 1):02d}"


def _plain(sign: str, digits: str, point: int) -> str:
    if point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    whole, fraction = digits[:point].ljust(point, "0"), digits[point:]
    return f"{sign}{whole}.{fraction}" if fraction else f"{sign}{whole}"


def value_text(value: Json) -> str:
    """Write a JSON tree as Go's %v: `map[a:1 b:[x y]]` with sorted keys, `<nil>`, floats in their shortest form."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return float_text(value)
    if isinstance(value, Mapping):
        return "map[" + " ".join(f"{key}:{value_text(value[key])}" for key in sorted(value, key=octets)) + "]"
    if isinstance(value, list | tuple):
        return "[" + " ".join(value_text(item) for item in value) + "]"
    return str(value)


def octets(text: str) -> bytes:
    """Return the bytes of a Go string; surrogates (of surrogateescape) are bytes that are no UTF-8. Go sorts by them."""
    return text.encode("utf-8", "surrogateescape")


def from_octets(data: bytes) -> str:
    """Return the text of a Go string, the inverse of `octets`."""
    return data.decode("utf-8", "surrogateescape")


def truncated_hashes(text: str) -> str:
    """Shorten every hash of 40 to 128 lower-case hex digits to 8, as `flux get` does with revisions."""
    for long_hash in _LONG_HASH.findall(text):
        text = text.replace(long_hash, long_hash[:8])
    return text


def short_message(message: str) -> str:
    """Return the first line of a commit message, cut to 50 characters and `...`."""
    subject = message.partition("\n")[0]
    if len(subject) > SHORT_MESSAGE_CHARACTERS_MAX:
        return f"{subject[:SHORT_MESSAGE_CHARACTERS_MAX]}..."
    return subject
