r"""Shell patterns (`*`, `?`, `[a-z]`, `\c`) on bytes, as `${name#pattern}` uses them; `*` also matches a slash.

Source: fluxcd/pkg envsubst v1.7.0 path/match.go and funcs.go.
"""

from __future__ import annotations

_BACKSLASH, _STAR, _QUESTION, _OPEN, _CLOSE, _CARET, _DASH = b"\\*?[]^-"


class BadPattern(ValueError):
    """A class that is not closed, or an escape at the end; found only when matching comes to it."""


def trim_shortest(data: bytes, pattern: bytes) -> bytes:
    """Return the data without its shortest prefix of at least one byte that matches.

    A bad pattern trims nothing, even when only a longer prefix than the match shows that it is bad.
    """
    pieces = _between_stars(pattern)
    if pieces is not None:
        return data[_literal_length(data, pieces, longest=False) :]
    shortest = 0
    for length in range(len(data), 0, -1):
        try:
            if matches(pattern, data[:length]):
                shortest = length
        except BadPattern:
            return data
    return data[shortest:]


def trim_longest(data: bytes, pattern: bytes) -> bytes:
    """Return the data without its longest prefix of at least one byte that matches."""
    pieces = _between_stars(pattern)
    if pieces is not None:
        return data[_literal_length(data, pieces, longest=True) :]
    for length in range(len(data), 0, -1):
        try:
            if matches(pattern, data[:length]):
                return data[length:]
        except BadPattern:
            return data
    return data


def _between_stars(pattern: bytes) -> list[bytes] | None:
    """The texts between the stars of a pattern that has nothing but stars and texts, which can be searched for."""
    return None if any(byte in pattern for byte in b"?[\\") else pattern.split(b"*")


def _literal_length(data: bytes, pieces: list[bytes], *, longest: bool) -> int:
    """How long the matching prefix is, 0 for none; stars alone match at least one byte."""
    first, *rest = pieces
    if not data.startswith(first):
        return 0
    end = len(first)
    if not rest:
        return end
    for index, piece in enumerate(rest):
        if longest and index == len(rest) - 1:
            found = data.rfind(piece, end)
        else:
            found = data.find(piece, end)
        if found < 0:
            return 0
        end = found + len(piece)
    return max(end, 1)


def matches(pattern: bytes, name: bytes) -> bool:
    """Tell whether the whole name matches. Raises BadPattern."""
    while pattern:
        star, chunk, pattern = _next_chunk(pattern)
        if star and not chunk:
            return True
        rest = _rest_behind(chunk, name)
        if rest is not None and (not rest or pattern):
            name = rest
            continue
        if not star:
            return False
        for skipped in range(1, len(name) + 1):
            rest = _rest_behind(chunk, name[skipped:])
            if rest is not None and (pattern or not rest):
                name = rest
                break
        else:
            return False
    return not name


def _next_chunk(pattern: bytes) -> tuple[bool, bytes, bytes]:
    """Split off the leading stars and what stands before the next star."""
    bare = pattern.lstrip(b"*")
    inside_class = False
    at = 0
    while at < len(bare):
        byte = bare[at]
        if byte == _BACKSLASH:
            at += 1
        elif byte == _OPEN:
            inside_class = True
        elif byte == _CLOSE:
            inside_class = False
        elif byte == _STAR and not inside_class:
            break
        at += 1
    return len(bare) < len(pattern), bare[:at], bare[at:]


def _rest_behind(chunk: bytes, name: bytes) -> bytes | None:
    """What is left of the name behind the chunk, or None; the name may end before a bad pattern is seen."""
    while chunk:
        if not name:
            return None
        if chunk[0] == _OPEN:
            character, width = _character(name)
            inside, chunk = _class(chunk[1:], character)
            if not inside:
                return None
            name = name[width:]
        elif chunk[0] == _QUESTION:
            name = name[_character(name)[1] :]
            chunk = chunk[1:]
        else:
            if chunk[0] == _BACKSLASH:
                chunk = chunk[1:]
                if not chunk:
                    raise BadPattern("syntax error in pattern")
            if chunk[0] != name[0]:
                return None
            name, chunk = name[1:], chunk[1:]
    return name


def _class(chunk: bytes, character: int) -> tuple[bool, bytes]:
    """Tell whether the character is in the class that starts here; also what follows the class."""
    negated = chunk[:1] == b"^"
    if negated:
        chunk = chunk[1:]
    found = False
    ranges = 0
    while not (chunk[:1] == b"]" and ranges):
        low, chunk = _class_character(chunk)
        high = low
        if chunk[0] == _DASH:
            high, chunk = _class_character(chunk[1:])
        found = found or low <= character <= high
        ranges += 1
    return found != negated, chunk[1:]


def _class_character(chunk: bytes) -> tuple[int, bytes]:
    if not chunk or chunk[0] in (_DASH, _CLOSE):
        raise BadPattern("syntax error in pattern")
    if chunk[0] == _BACKSLASH:
        chunk = chunk[1:]
        if not chunk:
            raise BadPattern("syntax error in pattern")
    character, width = _character(chunk)
    if (character == 0xFFFD and width == 1) or len(chunk) == width:
        raise BadPattern("syntax error in pattern")
    return character, chunk[width:]


def _character(data: bytes) -> tuple[int, int]:
    """The first character and its width in bytes; a broken one is U+FFFD of width 1."""
    if data[0] < 0x80:
        return data[0], 1
    for width in (2, 3, 4):
        try:
            return ord(data[:width].decode("utf-8")), width
        except UnicodeDecodeError:
            continue
        except TypeError:
            break
    return 0xFFFD, 1
