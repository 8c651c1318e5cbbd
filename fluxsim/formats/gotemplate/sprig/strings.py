"""Functions of text: cutting, trimming, joining, quoting, encoding. Widths and places count bytes, as in Go.

Source: Masterminds/sprig v3.3.0 strings.go; Masterminds/goutils v1.1.1.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

from fluxsim.formats.gotemplate.errors import FunctionFault
from fluxsim.formats.gotemplate.formatting import text_of
from fluxsim.formats.gotemplate.sprig import unicode_rules
from fluxsim.formats.gotemplate.values import INTERFACE, Function, GoMap, GoSlice, Value, is_list, sort_key
from fluxsim.formats.gotext import from_octets, octets, quoted

TEXT_BYTES_MAX = 16 * 1024 * 1024
"""The longest text that repeat, indent and the like may make."""


def strings_of(value: Value) -> GoSlice:
    """The value as a list of strings: elements that are nil left out, a single value as a list of one."""
    if is_list(value):
        return GoSlice(text_of(item) for item in value if item is not None)
    return GoSlice() if value is None else GoSlice([text_of(value)])


def abbreviated(width: int, text: str) -> str:
    return text if width < 4 else _abbreviated(text, 0, width)


def abbreviated_on_both_sides(left: int, right: int, text: str) -> str:
    if right < 4 or (left > 0 and right < 7):
        return text
    return _abbreviated(text, left, right)


def _abbreviated(text: str, offset: int, width: int) -> str:
    data = octets(text)
    if width < 4:
        return ""
    if len(data) <= width:
        return text
    offset = min(offset, len(data))
    if len(data) - offset < width - 3:
        offset = len(data) - (width - 3)
    if offset <= 4:
        return from_octets(data[: width - 3]) + "..."
    if width < 7:
        return ""
    if offset + width - 3 < len(data):
        return "..." + _abbreviated(from_octets(data[offset:]), 0, width - 3)
    return "..." + from_octets(data[len(data) - (width - 3) :])


def truncated(length: int, text: str) -> str:
    data = octets(text)
    if length < 0:
        return from_octets(data[length:]) if len(data) + length > 0 else text
    return from_octets(data[:length])


def substring(start: int, end: int, text: str) -> str:
    data = octets(text)
    if start < 0:
        return from_octets(data[: _bound(end, len(data))])
    if end < 0 or end > len(data):
        if start > len(data):
            raise FunctionFault(f"runtime error: slice bounds out of range [{start}:{len(data)}]")
        return from_octets(data[start:])
    if start > end:
        raise FunctionFault(f"runtime error: slice bounds out of range [{start}:{end}]")
    return from_octets(data[start:end])


def _bound(end: int, length: int) -> int:
    if end < 0:
        raise FunctionFault(f"runtime error: slice bounds out of range [:{end}]")
    if end > length:
        raise FunctionFault(f"runtime error: slice bounds out of range [:{end}] with length {length}")
    return end


def repeated(count: int, text: str) -> str:
    if count < 0:
        raise FunctionFault("strings: negative Repeat count")
    if count * len(text) > TEXT_BYTES_MAX:
        raise FunctionFault(f"the text would be longer than {TEXT_BYTES_MAX} bytes")
    return text * count


def titled(text: str) -> str:
    """Capitalize the first letter of each word; words end at ASCII signs other than `_` and at spaces."""
    before = " "
    parts: list[str] = []
    for character in text:
        parts.append(unicode_rules.title(character) if _separates(before) else character)
        before = character
    return "".join(parts)


def _separates(character: str) -> bool:
    if character.isascii():
        return not (character.isalnum() or character == "_")
    return not character.isalnum() and unicode_rules.is_space(character)


def untitled(text: str) -> str:
    at_start = True
    parts: list[str] = []
    for character in text:
        is_space = unicode_rules.is_space(character)
        parts.append(unicode_rules.lower(character) if at_start and not is_space else character)
        at_start = is_space
    return "".join(parts)


def swapped_case(text: str) -> str:
    after_space = True
    parts: list[str] = []
    for character in text:
        if unicode_rules.is_upper(character) or character.istitle():
            parts.append(unicode_rules.lower(character))
            after_space = False
        elif unicode_rules.is_lower(character):
            parts.append(unicode_rules.title(character) if after_space else unicode_rules.upper(character))
            after_space = False
        else:
            parts.append(character)
            after_space = unicode_rules.is_space(character)
    return "".join(parts)


def without_spaces(text: str) -> str:
    """Go's goutils takes each byte for a character, so text outside ASCII that also has a space comes out garbled."""
    kept = [chr(byte) for byte in octets(text) if not unicode_rules.is_space(chr(byte))]
    return text if len(kept) == len(octets(text)) else "".join(kept)


def initials(text: str) -> str:
    after_gap = True
    parts: list[str] = []
    for byte in octets(text):
        is_gap = unicode_rules.is_space(chr(byte))
        if after_gap and not is_gap:
            parts.append(chr(byte))
        after_gap = is_gap
    return "".join(parts)


def wrapped(width: int, separator: str, text: str, *, cuts_words: bool) -> str:
    data, newline = octets(text), octets(separator or "\n")
    width = max(width, 1)
    offset = 0
    parts: list[bytes] = []
    while len(data) - offset > width:
        if data[offset : offset + 1] == b" ":
            offset += 1
            continue
        space = data.rfind(b" ", offset, offset + width + 1)
        if space < 0 and cuts_words:
            parts += [data[offset : offset + width], newline]
            offset += width
            continue
        if space < 0:
            space = data.find(b" ", offset + width)
        if space < 0:
            parts.append(data[offset:])
            offset = len(data)
        else:
            parts += [data[offset:space], newline]
            offset = space + 1
    return from_octets(b"".join([*parts, data[offset:]]))


def indented(spaces: int, text: str) -> str:
    pad = repeated(spaces, " ")
    if len(pad) * (text.count("\n") + 1) > TEXT_BYTES_MAX:
        raise FunctionFault(f"the text would be longer than {TEXT_BYTES_MAX} bytes")
    return pad + text.replace("\n", f"\n{pad}")


def split(separator: str, text: str, most: int = -1) -> list[str]:
    """Go's strings.SplitN: an empty separator cuts between characters, `most` limits the parts, 0 gives none."""
    if most == 0:
        return []
    if separator:
        return text.split(separator, most - 1 if most > 0 else -1)
    if most < 0 or most >= len(text):
        return list(text)
    return [*text[: most - 1], text[most - 1 :]]


def _numbered(parts: Sequence[str]) -> GoMap:
    return GoMap({f"_{index}": part for index, part in enumerate(parts)})


def sorted_alphabetically(value: Value) -> GoSlice:
    if is_list(value):
        return GoSlice(sorted(strings_of(value), key=sort_key))
    return GoSlice([text_of(value)])


def _base64_decoded(text: str) -> str:
    """Decode; what is no base64 gives Go's error as text, without the place of the fault where it is not plain."""
    data = octets(text)
    return base64_fault(data) or from_octets(base64.b64decode(data))


def base64_fault(data: bytes) -> str | None:
    """Go's words for data that is no base64; None if it is. New lines are let through."""
    place = _base64_fault_place(data)
    return None if place is None else f"illegal base64 data at input byte {place}"


def _base64_fault_place(data: bytes) -> int | None:
    """Where Go's decoder gives up, counted as it counts. Source: Go 1.26 encoding/base64/base64.go, decodeQuantum."""
    filled = 0
    for at, byte in enumerate(data):
        if byte in b"\r\n":
            continue
        if byte == ord("="):
            return _padding_fault_place(data, at, filled)
        if byte not in _BASE64:
            return at
        filled = (filled + 1) % 4
    return len(data) - filled if filled else None


def _padding_fault_place(data: bytes, at: int, filled: int) -> int | None:
    if filled < 2:
        return at
    rest = [index for index in range(at + 1, len(data)) if data[index] not in b"\r\n"]
    if filled == 2:
        if not rest:
            return len(data)
        if data[rest[0]] != ord("="):
            return rest[0] - 1
        rest = rest[1:]
    return rest[0] if rest else None


def _base32_decoded(text: str) -> str:
    data = octets(text).replace(b"\n", b"").replace(b"\r", b"")
    try:
        return from_octets(base64.b32decode(data))
    except binascii.Error:
        return f"illegal base32 data at input byte {_bad_place(data, _BASE32, 8)}"


_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_BASE32 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def _bad_place(data: bytes, alphabet: bytes, group: int) -> int:
    foreign = next((index for index, byte in enumerate(data) if byte not in alphabet), len(data))
    return foreign if foreign < len(data) else len(data) // group * group


def _quote(*values: Value) -> str:
    return " ".join(quoted(text_of(value)) for value in values if value is not None)


def _single_quote(*values: Value) -> str:
    return " ".join(f"'{text_of(value)}'" for value in values if value is not None)


def _cat(*values: Value) -> str:
    return " ".join(text_of(value) for value in values if value is not None)


_TEXT = ("string",)
_TWO_TEXTS = ("string", "string")
_ANY = (INTERFACE,)

FUNCTIONS: dict[str, Function] = {
    "abbrev": Function(abbreviated, ("int", "string")),
    "abbrevboth": Function(abbreviated_on_both_sides, ("int", "int", "string")),
    "trunc": Function(truncated, ("int", "string")),
    "trim": Function(lambda text: text.strip(unicode_rules.SPACES), _TEXT),
    "upper": Function(lambda text: "".join(map(unicode_rules.upper, text)), _TEXT),
    "lower": Function(lambda text: "".join(map(unicode_rules.lower, text)), _TEXT),
    "title": Function(titled, _TEXT),
    "untitle": Function(untitled, _TEXT),
    "substr": Function(substring, ("int", "int", "string")),
    "repeat": Function(repeated, ("int", "string")),
    "trimall": Function(lambda characters, text: text.strip(characters), _TWO_TEXTS),
    "trimAll": Function(lambda characters, text: text.strip(characters), _TWO_TEXTS),
    "trimSuffix": Function(lambda suffix, text: text.removesuffix(suffix), _TWO_TEXTS),
    "trimPrefix": Function(lambda prefix, text: text.removeprefix(prefix), _TWO_TEXTS),
    "nospace": Function(without_spaces, _TEXT),
    "initials": Function(initials, _TEXT),
    "swapcase": Function(swapped_case, _TEXT),
    "wrap": Function(lambda width, text: wrapped(width, "", text, cuts_words=False), ("int", "string")),
    "wrapWith": Function(
        lambda width, separator, text: wrapped(width, separator, text, cuts_words=True), ("int", "string", "string")
    ),
    "contains": Function(lambda part, text: part in text, _TWO_TEXTS),
    "hasPrefix": Function(lambda prefix, text: text.startswith(prefix), _TWO_TEXTS),
    "hasSuffix": Function(lambda suffix, text: text.endswith(suffix), _TWO_TEXTS),
    "quote": Function(_quote, _ANY, variadic=True),
    "squote": Function(_single_quote, _ANY, variadic=True),
    "cat": Function(_cat, _ANY, variadic=True),
    "indent": Function(indented, ("int", "string")),
    "nindent": Function(lambda spaces, text: f"\n{indented(spaces, text)}", ("int", "string")),
    "replace": Function(lambda old, new, text: text.replace(old, new), ("string", "string", "string")),
    "plural": Function(lambda one, many, count: one if count == 1 else many, ("string", "string", "int")),
    "toString": Function(text_of, _ANY),
    "toStrings": Function(strings_of, _ANY),
    "split": Function(lambda separator, text: _numbered(split(separator, text)), _TWO_TEXTS),
    "splitn": Function(
        lambda separator, most, text: _numbered(split(separator, text, most)), ("string", "int", "string")
    ),
    "splitList": Function(lambda separator, text: GoSlice(split(separator, text)), _TWO_TEXTS),
    "join": Function(lambda separator, value: separator.join(strings_of(value)), ("string", INTERFACE)),
    "sortAlpha": Function(sorted_alphabetically, _ANY),
    "b64enc": Function(lambda text: base64.b64encode(octets(text)).decode(), _TEXT),
    "b64dec": Function(_base64_decoded, _TEXT),
    "b32enc": Function(lambda text: base64.b32encode(octets(text)).decode(), _TEXT),
    "b32dec": Function(_base32_decoded, _TEXT),
}
