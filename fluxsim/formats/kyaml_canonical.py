"""A quick look at files that are already as kyaml writes them: setting a value there changes nothing around it.

After the first bot commit that is every file the automation touches. `marked` knows a part of YAML that it can tell
line by line: block collections indented by two, scalars on one line, literal blocks, comments behind a value or above
a key. It says None to everything else, which then takes the long way; a property test holds the two to each other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from fluxsim.formats.kyaml import sequence_style
from fluxsim.formats.kyaml_changes import ObjectIdentifier
from fluxsim.formats.kyaml_node import NULL, Node, Style, resolved

_TEXT = "\xa1-\u2027\u202a-\ud7ff"
_KEY = r'[A-Za-z0-9_][A-Za-z0-9_./-]*|"[A-Za-z0-9_][A-Za-z0-9_ ./-]*"'
_CHARACTER = rf'(?:[!"$-9;-~{_TEXT}]|:(?=[!"$-~{_TEXT}]))'
_PLAIN = rf"(?!\.\.\.|---)(?:[A-Za-z0-9_./$+(=^~;{_TEXT}]|-(?=[!\"$-9;-~])){_CHARACTER}*(?: +{_CHARACTER}+)*"
_DOUBLE = rf'"[ !#-\[\]-~{_TEXT}]*"'
_SINGLE = rf"'[ -&(-~{_TEXT}]*'"
_FLOW_ITEM = rf"(?:[A-Za-z0-9_/][A-Za-z0-9_./-]*|{_DOUBLE}|{_SINGLE})"
_FLOW = rf"\[(?:{_FLOW_ITEM}(?:, {_FLOW_ITEM})*)?\]|\{{\}}"
_SCALAR = rf"{_PLAIN}|{_DOUBLE}|{_SINGLE}|{_FLOW}"
_BLOCK_LINE = rf"[\t -~{_TEXT}]*[!-~{_TEXT}]"
_COMMENT = rf"#[\t -~{_TEXT}\ue000-\ufefe\U00010000-\U0010ffff]*"
_LINE = (
    rf"(?P<indent> *)(?:(?P<above>{_COMMENT})"
    rf"|(?P<dash>- )?(?:(?P<key>{_KEY}):(?: (?P<value>{_SCALAR}))?|(?P<item>{_SCALAR}))(?: (?P<comment>{_COMMENT}))?"
    rf"|(?P<entry>- )?(?P<name>{_KEY}): "
    rf"(?P<block>\|-?(?=\n(?P=indent)(?(entry)  )  [!-~{_TEXT}])(?:\n(?:(?P=indent)(?(entry)  )  {_BLOCK_LINE})?)+))\n"
)
_LISTS = frozenset(("List", "ResourceList"))
_BOOKKEEPING = ("config.kubernetes.io/", "config.k8s.io/id")
KEY_LENGTH_MAX = 100


@cache
def _line() -> re.Pattern[str]:
    """Return the compiled pattern; compiling it is a tenth of what importing all of fluxsim takes."""
    return re.compile(_LINE)


class Marked(NamedTuple):
    """A scalar with a comment behind it: where its text stands, what it says, how it is written."""

    start: int
    end: int
    value: str
    style: Style
    comment: str

    def node(self) -> Node:
        return Node("scalar", self.value, self.style, line_comment=self.comment)


@dataclass(slots=True)
class Part:
    """One document of a canonical file: the object it describes and its scalars with a `{` in their comment."""

    identifier: ObjectIdentifier
    marked: list[Marked]


def marked(text: str) -> list[Part] | None:
    """Return the documents of a file that kyaml would write back as it is; None if that is not certain."""
    if any(word in text for word in _BOOKKEEPING):
        return None
    if "\n---" not in text:
        part = _Part(text, 0, len(text)).read()
        return [part] if part else None
    parts: list[Part] = []
    start = 0
    while start <= len(text):
        end = text.find("\n---\n", start)
        part = _Part(text, start, end + 1 if end >= 0 else len(text)).read()
        if part is None:
            return None
        parts.append(part)
        if end < 0:
            break
        start = end + 5
    return parts


def spliced(text: str, changes: Sequence[tuple[Marked, str]]) -> str:
    """Return the text with other texts in place of scalars, which are given in order."""
    pieces: list[str] = []
    at = 0
    for scalar, written in changes:
        pieces += (text[at : scalar.start], written)
        at = scalar.end
    pieces.append(text[at:])
    return "".join(pieces)


class _Part:
    """One document, read line by line. `open` are the collections around the line: column, keys (None: a sequence)."""

    def __init__(self, text: str, start: int, end: int) -> None:
        self.text = text
        self.start = start
        self.end = end
        self.open: list[tuple[int, set[str] | None]] = [(0, set())]
        self.wide: bool | None = None
        self.block_seen = False
        self.fields: dict[str, str] = {}
        self.in_metadata = False
        self.marked: list[Marked] = []

    def read(self) -> Part | None:
        """Return what the document holds, None if a line is not of the known kinds."""
        match, text, at, end = _line().match, self.text, self.start, self.end
        awaited = -1  # the column of a key without a value, whose content may follow
        must_nest = -1  # the column where the content of metadata or annotations has to begin
        above = -1  # the column of comment lines above, and whether one of them may be a marker
        brace_above = False
        empty = True
        while at < end:
            found = match(text, at, end)
            if found is None:
                return None
            at = found.end()
            indent, comment_above, dash, key, value, item, comment, entry, name, block = found.groups()
            column = len(indent)
            if comment_above is not None:
                if above not in {-1, column}:
                    return None
                above, brace_above = column, brace_above or "{" in comment_above
                continue
            if above != -1:
                if above != column or (brace_above and item is not None):
                    return None
                above, brace_above = -1, False
            if item is not None and dash is None:
                return None  # the next line of a folded scalar
            if block is not None:
                if block[-1] == "\n":
                    return None
                dash, key, self.block_seen = entry, name, True
            if must_nest >= 0:
                if dash or column != must_nest:
                    return None
                must_nest = -1
            if not (self._enter_item(column, awaited) if dash else self._enter_key(column, awaited)):
                return None
            empty = False
            awaited = -1
            if key is not None:
                column += 2 if dash else 0
                if not self._add(key, column):
                    return None
                if value is None and block is None:
                    awaited = column
                if column < 4:
                    nested = self._note(key, value if block is None else block, column)
                    if nested is None:
                        return None
                    must_nest = nested
            if comment is not None and "{" in comment:
                if key in _NAMED and column < 4:
                    return None  # the object's name itself may be set
                group = "value" if key is not None else "item"
                if found[group] is not None:
                    self._mark(found.start(group), found.end(group), comment)
        if empty or above != -1 or must_nest >= 0 or self.fields.get("kind") in _LISTS:
            return None
        names = self.fields.get
        identifier = ObjectIdentifier(
            names("apiVersion", ""), names("kind", ""), names("name", ""), names("namespace", "")
        )
        return Part(identifier, self.marked)

    def _enter_item(self, column: int, awaited: int) -> bool:
        """Go to the sequence whose dash stands in the column; open one if the key above waits for it."""
        levels = self.open
        if awaited >= 0 and column >= awaited:
            if self.wide is None:
                self.wide = self._is_wide(column - awaited)
            if column != awaited + (2 if self.wide else 0):
                return False
            levels.append((column, None))
            return True
        while levels and levels[-1][0] > column:
            levels.pop()
        return bool(levels) and levels[-1][0] == column and levels[-1][1] is None

    def _is_wide(self, deeper: int) -> bool:
        if self.block_seen:
            # A line of a literal block may have misled kyaml's guess.
            return sequence_style(self.text[self.start : self.end]) == "wide"
        return deeper == 2

    def _enter_key(self, column: int, awaited: int) -> bool:
        levels = self.open
        if awaited >= 0 and column > awaited:
            levels.append((column, set()))
            return column == awaited + 2
        while levels and (levels[-1][0] > column or (levels[-1][0] == column and levels[-1][1] is None)):
            levels.pop()
        return bool(levels) and levels[-1][0] == column

    def _add(self, key: str, column: int) -> bool:
        levels = self.open
        if levels[-1][0] != column or levels[-1][1] is None:
            levels.append((column, set()))
        keys = levels[-1][1]
        key = key.strip('"')
        if keys is None or key in keys or len(key) > KEY_LENGTH_MAX:
            return False
        keys.add(key)
        return True

    def _note(self, key: str, value: str | None, column: int) -> int | None:
        """Keep what names the object. Return the column where content has to follow, -1, or None for the long way."""
        if value is not None and value[0] == "|" and key in _NAMED:
            return None
        if column == 0:
            self.in_metadata = key == "metadata"
            if self.in_metadata:
                return 2 if value is None else None
            if key in {"apiVersion", "kind"}:
                self.fields[key] = _plain_value(value)
        elif column == 2 and self.in_metadata:
            if key == "annotations":
                return 4 if value is None else None
            if key in {"name", "namespace"}:
                self.fields[key] = _plain_value(value)
        return None if '"' in key and key.strip('"') in _NAMED else -1

    def _mark(self, start: int, end: int, comment: str) -> None:
        raw = self.text[start:end]
        if raw[0] == '"':
            self.marked.append(Marked(start, end, raw[1:-1], "double", comment))
        elif raw[0] == "'":
            self.marked.append(Marked(start, end, raw[1:-1], "single", comment))
        elif raw[0] not in "[{":
            self.marked.append(Marked(start, end, raw, "plain", comment))


_NAMED = frozenset(("apiVersion", "kind", "metadata", "name", "namespace", "annotations"))


def _plain_value(value: str | None) -> str:
    """Return the text of a value that names the object; a collection or a null has none."""
    if value is None or value[0] in "[{":
        return ""
    if value[0] in "\"'":
        return value[1:-1]
    return "" if resolved(value) == NULL else value
