"""YAML as `kustomize build`, `kubectl get -o yaml` and `flux export` print it.

All of them end in sigs.k8s.io/yaml, that is in go-yaml v2 fed from JSON: keys in natural order, lists not indented
under their key, lines folded past column 80, everything double-quoted that some YAML would take for another type.
Source: go-yaml v2.4.2 encode.go, sorter.go, emitterc.go and yamlprivateh.go.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cmp_to_key, lru_cache

from fluxsim.formats.gojson import number_text
from fluxsim.formats.gotext import float_text
from fluxsim.formats.goyaml_errors import YamlError
from fluxsim.formats.goyaml_scalars import WORDS, plain, timestamp
from fluxsim.formats.tree import Json

WIDTH = 80
SIMPLE_KEY_BYTES_MAX = 128


def dump(tree: Json) -> str:
    """Write one document, with a newline at its end.

    Raises gojson.UnsupportedValue for NaN and infinities, YamlError for characters that go-yaml cannot take.
    """
    writer = _Writer()
    if isinstance(tree, Mapping) and tree:
        writer.mapping(tree, 0)
    elif isinstance(tree, list | tuple) and tree:
        writer.sequence(tree, 0)
    else:
        writer.line("", tree, 2, 0)
    return "".join(writer.parts)


def dump_all(trees: Iterable[Json]) -> str:
    """Write documents with `---` between them; none before the first, nothing at all for no documents."""
    return "---\n".join(dump(tree) for tree in trees)


class _Writer:
    def __init__(self) -> None:
        self.parts: list[str] = []

    def mapping(self, entries: Mapping[str, Json], indent: int, first: str | None = None) -> None:
        pad = " " * indent
        for key in in_natural_order(entries):
            value = entries[key]
            text = _key(key)
            lead = pad if first is None else first
            first = None
            if text.startswith("? "):
                self._complex_entry(lead, key, value, indent)
            elif isinstance(value, Mapping) and value:
                self.parts.append(f"{lead}{text}:\n")
                self.mapping(value, indent + 2)
            elif isinstance(value, list | tuple) and value:
                self.parts.append(f"{lead}{text}:\n")
                self.sequence(value, indent)
            else:
                self.line(f"{lead}{text}: ", value, indent + 2, indent + len(text) + 2)

    def sequence(self, items: Sequence[Json], indent: int, first: str | None = None) -> None:
        pad = " " * indent
        for item in items:
            lead = (pad if first is None else first) + "- "
            first = None
            self._after_indicator(lead, item, indent)

    def line(self, lead: str, value: Json, indent: int, column: int) -> None:
        text = scalar(value, indent, column)
        self.parts.append(lead + text if text[0] == "|" and text[-1] in _BREAKS else f"{lead}{text}\n")

    def _after_indicator(self, lead: str, value: Json, indent: int) -> None:
        """Write what follows `- `, `? ` or `: `: a map or list begins on the same line."""
        if isinstance(value, Mapping) and value:
            self.mapping(value, indent + 2, first=lead)
        elif isinstance(value, list | tuple) and value:
            self.sequence(value, indent + 2, first=lead)
        else:
            self.line(lead, value, indent + 2, indent + 2)

    def _complex_entry(self, lead: str, key: str, value: Json, indent: int) -> None:
        self.line(f"{lead}? ", key, indent + 2, indent + 2)
        self._after_indicator(" " * indent + ": ", value, indent)


_SAFE = re.compile(r"[A-Za-z/_][A-Za-z0-9_./-]*(?::[A-Za-z0-9_./-]+)*", re.ASCII)
_BASE_60 = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?", re.ASCII)
_REFUSED = re.compile(r"[\x7f-\x84\x86-\x9f\ufffe\uffff]")
_UNPRINTABLE = re.compile(r"[^\n\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd]")
_ESCAPED = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_BREAKS = "\n\u2028\u2029"
_BREAK = "[\n\u2028\u2029]"
_LINE_START = re.compile(f"(?:(?<={_BREAK})|^)(?=[^\n\u2028\u2029])")
_ANY_BREAK = re.compile("[\n\r\x85\u2028\u2029]")
_WORDS = WORDS["yaml1.1"]


def scalar(value: Json, indent: int, column: int) -> str:
    """Write a leaf (or an empty map or list) that begins at `column`; lines after the first are indented by `indent`."""
    if isinstance(value, str):
        if _SAFE.fullmatch(value) and value not in _WORDS:
            return value
        return _string(value, indent, column)
    if value is None:
        return "null"
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _number(value)
    return "{}" if isinstance(value, Mapping) else "[]"


def _number(value: float) -> str:
    # Go writes JSON first and reads that as YAML: 1.0 comes out as 1, 1e20 as a float since it fits no integer.
    read = plain(str(value) if isinstance(value, int) else number_text(value), "yaml1.1")
    return float_text(read) if isinstance(read, float) else str(read)


def _string(text: str, indent: int, column: int) -> str:
    text = _accepted(text)
    if "\n" in text:
        if text[-1] == " " or " \n" in text or _UNPRINTABLE.search(text) or _space_before_separator(text):
            return _double_quoted(text, indent, column)
        return _literal(text, indent)
    if not _reads_as_text(text):
        return _double_quoted(text, indent, column)
    return _one_line(text, indent, column)


def _one_line(text: str, indent: int | None, column: int) -> str:
    if _UNPRINTABLE.search(text) or _space_before_separator(text) or re.search("[\u2028\u2029] ", text):
        return _double_quoted(text, indent, column)
    if text[0] == " " or text[-1] == " " or "\u2028" in text or "\u2029" in text or _has_indicators(text):
        return _single_quoted(text, indent, column)
    return text if indent is None else _folded(text, indent, column, lone_spaces=True)


@lru_cache(maxsize=4096)
def _key(text: str) -> str:
    """Write a key; one that Go puts behind `? ` comes back as just that."""
    text = _accepted(text)
    if _ANY_BREAK.search(text) or len(text.encode("utf-8", "replace")) > SIMPLE_KEY_BYTES_MAX:
        return "? "
    return _one_line(text, None, 0) if _reads_as_text(text) else _double_quoted(text, None, 0)


def _accepted(text: str) -> str:
    if _SURROGATE.search(text):
        text = _SURROGATE.sub("\ufffd", text)
    if _REFUSED.search(text):
        # The text goes through JSON, which leaves these characters as they are, and back through go-yaml's reader.
        raise YamlError("yaml: control characters are not allowed")
    return text


def _reads_as_text(text: str) -> bool:
    if text in _WORDS or _BASE_60.fullmatch(text):
        return False
    if text[0] not in "+-.0123456789":
        return True
    # The other dialect turns a date into something else than its text: here it must be quoted too.
    return plain(text, "yaml1.1") == text and not _is_time(text)


def _is_time(text: str) -> bool:
    if text[4:5] != "-":
        return False
    return timestamp(text) is not None


def _has_indicators(text: str) -> bool:
    """Tell whether a plain scalar would be read as something else, or cut at a comment."""
    head = text[0]
    if head in "#,[]{}&*!|>'\"%@`" or text.startswith(("---", "...")):
        return True
    if head in "?:-" and text[1:2] in {"", " ", "\t"}:
        return True
    return text[-1] == ":" or ": " in text or " #" in text


def _space_before_separator(text: str) -> bool:
    return " \u2028" in text or " \u2029" in text


def _literal(text: str, indent: int) -> str:
    hint = "2" if text[0] in " \n\u2028\u2029" else ""
    chomp = "-" if text[-1] not in _BREAKS else "+" if len(text) == 1 or text[-2] in _BREAKS else ""
    body = _LINE_START.sub(" " * indent, text)
    return f"|{hint}{chomp}\n{body}" + ("" if text[-1] in _BREAKS else "\n")


def _folded(text: str, indent: int, column: int, *, lone_spaces: bool, inner: bool = False) -> str:
    """Break a line at a space once it is past WIDTH; a break stands for that space.

    `lone_spaces`: only where no second space follows. `inner`: not at the first or last character.
    """
    if column + len(text) <= WIDTH or " " not in text:
        return text
    parts: list[str] = []
    last = len(text) - 1
    after_space = False
    for at, character in enumerate(text):
        if character != " ":
            parts.append(character)
            column += 1
            after_space = False
            continue
        doubled = text[at + 1 : at + 2] == " "
        if not after_space and column > WIDTH and not (lone_spaces and doubled) and (not inner or 0 < at < last):
            parts.append("\n" + " " * indent)
            column = indent
        else:
            parts.append(" ")
            column += 1
        after_space = True
    return "".join(parts)


def _single_quoted(text: str, indent: int | None, column: int) -> str:
    doubled = text.replace("'", "''")
    if indent is not None:
        doubled = _folded_single(text, indent, column + 1)
    return f"'{doubled}'"


def _folded_single(text: str, indent: int, column: int) -> str:
    parts: list[str] = []
    last = len(text) - 1
    spaces = breaks = False
    for at, character in enumerate(text):
        if character == " ":
            lone = text[at + 1 : at + 2] != " "
            if not spaces and column > WIDTH and 0 < at < last and lone:
                parts.append("\n" + " " * indent)
                column = indent
            else:
                parts.append(" ")
                column += 1
            spaces = True
        elif character in "\u2028\u2029":
            parts.append(character)
            column = 0
            breaks = True
        else:
            if breaks:
                parts.append(" " * indent)
                column = indent
            parts.append("''" if character == "'" else character)
            column += 2 if character == "'" else 1
            spaces = breaks = False
    return "".join(parts)


_SHORT_ESCAPES = {
    "\0": "0", "\a": "a", "\b": "b", "\t": "t", "\n": "n", "\v": "v", "\f": "f", "\r": "r", "\x1b": "e",
    '"': '"', "\\": "\\", "\x85": "N", "\xa0": "_", "\u2028": "L", "\u2029": "P",
}  # fmt: skip


def _double_quoted(text: str, indent: int | None, column: int) -> str:
    everything = text.startswith("\ufeff")  # Go looks for a byte order mark at the start of the text, at each character
    if not everything:
        escaped = _ESCAPED.sub(lambda match: _escape(match[0]), text)
        if indent is None or column + len(escaped) < WIDTH or " " not in text:
            return f'"{escaped}"'
    parts: list[str] = ['"']
    column += 1
    last = len(text) - 1
    after_space = False
    for at, character in enumerate(text):
        if character == " " and not everything:
            if indent is not None and not after_space and column > WIDTH and 0 < at < last:
                parts.append("\n" + " " * indent)
                column = indent
                if text[at + 1] == " ":
                    parts.append("\\")
                    column += 1
            else:
                parts.append(" ")
                column += 1
            after_space = True
            continue
        written = _escape(character) if everything or _ESCAPED.match(character) else character
        parts.append(written)
        column += len(written)
        after_space = False
    parts.append('"')
    return "".join(parts)


def _escape(character: str) -> str:
    short = _SHORT_ESCAPES.get(character)
    if short is not None:
        return "\\" + short
    code = ord(character)
    return f"\\x{code:02X}" if code <= 0xFF else f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"


def in_natural_order(keys: Iterable[str]) -> list[str]:
    """Sort keys as go-yaml does: runs of digits as numbers, other characters before letters, letters by code point."""
    ordered = sorted(keys)
    if all(key.isalpha() for key in ordered):
        return ordered
    return sorted(ordered, key=_natural)


def _compared(left: str, right: str) -> int:
    for at in range(min(len(left), len(right))):
        if left[at] != right[at]:
            return _compared_from(left, right, at)
    return len(left) - len(right)


_natural = cmp_to_key(_compared)


def _compared_from(left: str, right: str, at: int) -> int:
    first, second = left[at], right[at]
    if first.isalpha() and second.isalpha():
        return -1 if first < second else 1
    if first.isalpha() or second.isalpha():
        return -1 if second.isalpha() else 1
    start = 0
    if "0" in {first, second}:
        # 10 against 1x: a zero counts only when the run of digits before it is not all zeros.
        before = at - 1
        while before >= 0 and left[before].isdecimal():
            if left[before] != "0":
                start = 1
                break
            before -= 1
    number, end = _digits(left, at, start)
    other, other_end = _digits(right, at, start)
    if number != other:
        return -1 if number < other else 1
    if end != other_end:
        return -1 if end < other_end else 1
    return -1 if first < second else 1


def _digits(text: str, at: int, number: int) -> tuple[int, int]:
    while at < len(text) and text[at].isdecimal():
        number = number * 10 + ord(text[at]) - ord("0")
        at += 1
    return (number + 2**63) % 2**64 - 2**63, at  # as int64 overflows
