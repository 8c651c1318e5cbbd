"""Scalars, tags, anchors and directives of YAML text, as go-yaml v3 reads them.

Each function takes a Reader that stands on the first character, and leaves it where the original leaves off: behind
a plain or block scalar that is after the line breaks and the indentation of the next line.
Source: go.yaml.in/yaml/v3 v3.0.4, scannerc.go (`yaml_parser_scan_*`).
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from fluxsim.formats.kyaml_reader import BLANK_OR_END, BLANKS, BREAK, BREAK_OR_END, BREAKS, LINE, Mark, Reader, T, Token

_Z = BLANK_OR_END
_PLAIN = {
    False: re.compile(rf"(?:[^:{_Z}]|:(?![{_Z}]))+(?:[ \t]+(?!#)(?:[^:{_Z}]|:(?![{_Z}]))+)*"),
    True: re.compile(
        rf"(?:[^:,?\[\]{{}}{_Z}]|:(?![{_Z}]))+(?:[ \t]+(?!#)(?:[^:,?\[\]{{}}{_Z}]|:(?![{_Z}]))+)*",
    ),
}
_GAP = re.compile(f"[ \t{BREAKS}]*")
_SINGLE = re.compile(rf"(?:[^'{_Z}]|'')+")
_DOUBLE = re.compile(rf'(?:[^"\\{_Z}]|\\[^{BREAKS}])+')
_ESCAPE = re.compile(r"\\(?:x(.{0,2})|u(.{0,4})|U(.{0,8})|(.))", re.DOTALL)
_HEXADECIMAL = re.compile("[0-9a-fA-F]+")
_ESCAPED = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "\t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "e": "\x1b",
    " ": " ", '"': '"', "'": "'", "\\": "\\", "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029",
}  # fmt: skip
_WORD = re.compile("[0-9A-Za-z_-]*")
_URI = re.compile(r"[0-9A-Za-z_\-;/?:@&=+$,.!~*'()\[\]%]*")
_BAD_ESCAPE = re.compile("%(?![0-9a-fA-F]{2})")
_AFTER_ANCHOR = frozenset(BLANK_OR_END + "?:,]}%@`")
_HINTS = re.compile(r"[|>](?:([+-])([0-9])?|([0-9])([+-])?)?[ \t]*")
_VERSION = re.compile(r"YAML[ \t]+([0-9]{1,2})\.([0-9]{1,2})")
_TAG_DIRECTIVE = re.compile(r"TAG[ \t]+(!(?:[0-9A-Za-z_-]*!)?)[ \t]+([0-9A-Za-z_\-;/?:@&=+$,.!~*'()\[\]%]+)")


def plain_scalar(reader: Reader) -> Token:
    """Read a scalar without quotes; lines are folded, and comments end it."""
    text, start = reader.text, reader.mark()
    pattern = _PLAIN[reader.flow_level > 0]
    indent = reader.indent + 1
    parts: list[str] = []
    gap = ""
    while not (reader.at == reader.line_start and _is_document_mark(text, reader.at)) and text[reader.at] != "#":
        found = pattern.match(text, reader.at)
        if found is None:
            break
        parts.append(folded(gap) if _has_break(gap) else gap)
        parts.append(found[0])
        reader.at = found.end()
        reader.newlines = 0
        gap = _gap(reader)
        if not gap:
            break
        _refuse_tabs(reader, gap, indent, start)
        reader.skip_breaks(gap)
        if reader.flow_level == 0 and reader.at - reader.line_start < indent:
            break
    if _has_break(gap):
        reader.simple_key_allowed = True
    return Token(T.SCALAR, start, "".join(parts), "plain")


def quoted_scalar(reader: Reader) -> Token:
    """Read a scalar in single or double quotes; a backslash before a line break joins the lines without a space."""
    text, start = reader.text, reader.mark()
    quote = text[reader.at]
    pattern = _SINGLE if quote == "'" else _DOUBLE
    parts: list[str] = []
    reader.at += 1
    reader.newlines = 0
    while True:
        if reader.at == reader.line_start and _is_document_mark(text, reader.at):
            raise reader.fault("found unexpected document indicator", start)
        if found := pattern.match(text, reader.at):
            reader.at = found.end()
            reader.newlines = 0
            piece = found[0]
            if quote == "'":
                piece = piece.replace("''", "'")
            elif "\\" in piece:
                piece = _ESCAPE.sub(lambda escape: _unescaped(reader, escape, start), piece)
            parts.append(piece)
        joined = text[reader.at] == "\\"
        if joined:
            found = BREAK.match(text, reader.at + 1)
            assert found, "the pattern stops at a backslash only before a line break"
            reader.at += 1
            reader.skip_breaks(found[0])
        if text[reader.at] == quote:
            break
        gap = _gap(reader)
        if not gap and not joined:
            raise reader.fault("found unexpected end of stream", start)
        reader.skip_breaks(gap)
        if joined:
            parts.append("".join(_break(found) for found in BREAK.findall(gap)))
        else:
            parts.append(folded(gap) if _has_break(gap) else gap)
        if text[reader.at] == "\0":
            raise reader.fault("found unexpected end of stream", start)
    reader.at += 1
    reader.newlines = 0
    return Token(T.SCALAR, start, "".join(parts), "single" if quote == "'" else "double")


def block_scalar(reader: Reader, *, literal: bool) -> Token:
    """Read a scalar behind `|` or `>`, with its chomping and indentation hints and the comment on that line."""
    text, start = reader.text, reader.mark()
    hints = _HINTS.match(text, reader.at)
    assert hints, "the reader stands on the indicator"
    chomping = hints[1] or hints[4] or ""
    digit = hints[2] or hints[3] or ""
    if digit == "0":
        raise reader.fault("found an indentation indicator equal to 0", start)
    reader.at = hints.end()
    reader.newlines = 0
    if text[reader.at] == "#":
        reader.scan_line_comment(start.at)
    if text[reader.at] not in BREAK_OR_END:
        raise reader.fault("did not find expected comment or line break", start)
    if found := BREAK.match(text, reader.at):
        reader.skip_breaks(found[0])
    indent = (max(reader.indent, 0) + int(digit)) if digit else 0
    indent, breaks = _block_breaks(reader, indent, start)
    parts: list[str] = []
    leading_break, leading_blank = "", False
    while reader.at - reader.line_start == indent and text[reader.at] != "\0":
        blank = text[reader.at] in " \t"
        if not literal and leading_break == "\n" and not leading_blank and not blank:
            parts.append("" if breaks else " ")
        else:
            parts.append(leading_break)
        parts.append(breaks)
        leading_blank = blank
        found = LINE.match(text, reader.at)
        assert found, "the pattern matches the empty text"
        parts.append(found[0])
        reader.at = found.end()
        reader.newlines = 0
        leading_break = ""
        if found := BREAK.match(text, reader.at):
            leading_break = _break(found[0])
            reader.skip_breaks(found[0])
        indent, breaks = _block_breaks(reader, indent, start)
    if chomping != "-":
        parts.append(leading_break)
    if chomping == "+":
        parts.append(breaks)
    return Token(T.SCALAR, start, "".join(parts), "literal" if literal else "folded")


def anchor(reader: Reader) -> Token:
    """Read `&name` or `*name`."""
    start = reader.mark()
    kind = T.ANCHOR if reader.text[reader.at] == "&" else T.ALIAS
    found = _WORD.match(reader.text, reader.at + 1)
    assert found, "the pattern matches the empty text"
    reader.at = found.end()
    reader.newlines = 0
    if not found[0] or reader.text[reader.at] not in _AFTER_ANCHOR:
        raise reader.fault("did not find expected alphabetic or numeric character", start)
    return Token(kind, start, found[0])


def tag(reader: Reader) -> Token:
    """Read `!suffix`, `!handle!suffix` or `!<uri>`; `value` is the handle and `extra` the suffix."""
    text, start = reader.text, reader.mark()
    reader.newlines = 0
    if text[reader.at + 1] == "<":
        reader.at += 2
        handle, suffix = "", _uri(reader, start)
        if not suffix:
            raise reader.fault("did not find expected tag URI", start)
        if text[reader.at] != ">":
            raise reader.fault("did not find the expected '>'", start)
        reader.at += 1
    else:
        word = _WORD.match(text, reader.at + 1)
        assert word, "the pattern matches the empty text"
        if text[word.end()] == "!":
            handle = text[reader.at : word.end() + 1]
            reader.at = word.end() + 1
            suffix = _uri(reader, start)
            if not suffix:
                raise reader.fault("did not find expected tag URI", start)
        else:
            reader.at += 1
            handle, suffix = "!", _uri(reader, start)
            if not suffix:
                handle, suffix = "", "!"
    if text[reader.at] not in BLANK_OR_END:
        raise reader.fault("did not find expected whitespace or line break", start)
    return Token(T.TAG, start, handle, suffix)


def directive(reader: Reader) -> Token:
    """Read `%YAML 1.1` or `%TAG !e! prefix` up to the end of its line."""
    text, start = reader.text, reader.mark()
    if found := _VERSION.match(text, reader.at + 1):
        token = Token(T.VERSION, start, found[1], found[2])
    elif found := _TAG_DIRECTIVE.match(text, reader.at + 1):
        token = Token(T.TAG_DIRECTIVE, start, found[1], unquote(found[2]))
    else:
        raise reader.fault("found unknown directive name", start)
    end = BLANKS.match(text, found.end())
    assert end, "the pattern matches the empty text"
    reader.at = end.end()
    if text[reader.at] == "#":
        reader.rest_of_line()
    reader.newlines = 0
    if text[reader.at] not in BREAK_OR_END:
        raise reader.fault("did not find expected comment or line break", start)
    if end := BREAK.match(text, reader.at):
        reader.skip_breaks(end[0])
    return token


def folded(gap: str) -> str:
    """Fold blanks with line breaks: one break is a space, of more the first is dropped."""
    first, *more = (_break(found) for found in BREAK.findall(gap))
    if first != "\n":
        return first + "".join(more)
    return "".join(more) or " "


def _break(found: str) -> str:
    return found if found in "\u2028\u2029" else "\n"


def _has_break(gap: str) -> bool:
    return gap.strip(" \t") != ""


def _gap(reader: Reader) -> str:
    found = _GAP.match(reader.text, reader.at)
    assert found, "the pattern matches the empty text"
    return found[0]


def _is_document_mark(text: str, at: int) -> bool:
    return text[at : at + 3] in {"---", "..."} and text[at + 3] in BLANK_OR_END


def _refuse_tabs(reader: Reader, gap: str, indent: int, start: Mark) -> None:
    if "\t" in gap and _has_break(gap):
        for line in BREAK.split(gap)[1:]:
            if -1 < line.find("\t") < indent:
                raise reader.fault("found a tab character that violates indentation", start)


def _unescaped(reader: Reader, escape: re.Match[str], start: Mark) -> str:
    code = escape[4]
    if code is not None:
        if code not in _ESCAPED:
            raise reader.fault("found unknown escape character", start)
        return _ESCAPED[code]
    digits, length = next((escape[group], 2**group) for group in (1, 2, 3) if escape[group] is not None)
    if len(digits) < length or _HEXADECIMAL.fullmatch(digits) is None:
        raise reader.fault("did not find expected hexdecimal number", start)
    character = int(digits, 16)
    if 0xD800 <= character <= 0xDFFF or character > 0x10FFFF:
        raise reader.fault("found invalid Unicode character escape code", start)
    return chr(character)


def _block_breaks(reader: Reader, indent: int, start: Mark) -> tuple[int, str]:
    """Step over blank lines and indentation; return the indentation, now known, and the breaks."""
    text = reader.text
    breaks: list[str] = []
    deepest = 0
    while True:
        while (indent == 0 or reader.at - reader.line_start < indent) and text[reader.at] == " ":
            reader.at += 1
        column = reader.at - reader.line_start
        deepest = max(deepest, column)
        if (indent == 0 or column < indent) and text[reader.at] == "\t":
            raise reader.fault("found a tab character where an indentation space is expected", start)
        found = BREAK.match(text, reader.at)
        if found is None:
            break
        breaks.append(_break(found[0]))
        reader.skip_breaks(found[0])
    return indent or max(deepest, reader.indent + 1, 1), "".join(breaks)


def _uri(reader: Reader, start: Mark) -> str:
    found = _URI.match(reader.text, reader.at)
    assert found, "the pattern matches the empty text"
    if _BAD_ESCAPE.search(found[0]):
        raise reader.fault("did not find URI escaped octet", start)
    reader.at = found.end()
    return unquote(found[0])
