"""What Go says of text that is no YAML, or not the YAML it wants.

Source: go-yaml v2.4.2 and v3.0.4 decode.go (`fail`, `mapping`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

from yaml._yaml import CParser
from yaml.error import MarkedYAMLError
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from yaml.scanner import ScannerError

from fluxsim.formats.gotext import quoted
from fluxsim.formats.goyaml_scalars import Dialect

Stage: TypeAlias = Literal["parse", "anchors", "decode"]

DUPLICATES_MAX = 100
"""Repeated keys that one error names."""


class RepeatedKey(NamedTuple):
    """A key that stands twice in its map, with lines from the start of the document."""

    key: str
    line: int
    first_line: int
    value_line: int


class YamlError(ValueError):
    """Text that Go refuses as YAML.

    str() is Go's message (`yaml: line 4: did not find expected key`). `line` is the 1-based line where a person
    should look, counted from the start of the whole text; it may differ from the line in the message, which
    go-yaml counts from the start of the document, and for grammar errors from zero. 0 means that no line is known.
    `stage` says when Go notices: "parse" (kyaml puts `MalformedYAMLError: ` before), "anchors" right after,
    "decode" only when the tree is turned into JSON: in kustomize at the very end of a build.
    `repeated` holds the keys that stand twice in a map; `whole_file` says that the text could not even be cut into
    documents.
    """

    def __init__(
        self,
        message: str,
        *,
        line: int = 0,
        column: int = 0,
        stage: Stage = "parse",
        repeated: Sequence[RepeatedKey] = (),
        whole_file: bool = False,
    ) -> None:
        super().__init__(message)
        self.repeated = tuple(repeated)
        self.whole_file = whole_file
        self.message = message
        self.line = line
        self.column = column
        self.stage: Stage = stage


def syntax_error(text: str, error: MarkedYAMLError, dialect: Dialect, line_offset: int) -> YamlError:
    """Word an error of libyaml as go-yaml does, with its way of counting lines.

    v3 tells the line where the thing that went wrong began, v2 where it went wrong; both count from zero and take
    zero for "not known". Only errors of the scanner count from one.
    """
    if dialect == "resource":
        error = _scanned_ahead(text, error)
    scanning = isinstance(error, ScannerError)
    marks = [error.context_mark, error.problem_mark]
    if dialect == "yaml1.1":
        marks.reverse()
    told = next((mark.line + (1 if scanning else 0) for mark in marks if mark is not None and mark.line), 0)
    where = f"line {told}: " if told else ""
    problem = error.problem or "unknown problem parsing YAML content"
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1 + line_offset, mark.column + 1) if mark else (0, 0)
    return YamlError(f"yaml: {where}{problem}", line=line, column=column)


def _scanned_ahead(text: str, error: MarkedYAMLError) -> MarkedYAMLError:
    """Return the error that go-yaml v3 meets instead: for its comments it scans two tokens beyond the one it parses."""
    if isinstance(error, ScannerError) or error.problem_mark is None:
        return error
    parser = CParser(text)
    ahead = 2
    try:
        while (token := parser.get_token()) is not None:
            if token.start_mark.index >= error.problem_mark.index:
                ahead -= 1
                if ahead < 0:
                    break
    except ScannerError as earlier:
        return earlier
    return error


def repeated_keys(text: str, dialect: Dialect) -> list[RepeatedKey]:
    """Find the keys that stand twice in their map, in the order in which go-yaml tells them; at most DUPLICATES_MAX.

    v3 does not look into a map whose own keys repeat, and names them by the first of each. v2 sees a key again when
    it has read the value that comes with it.
    """
    found: list[RepeatedKey] = []
    parts: list[_OpenPart] = []
    parser = CParser(text)
    while len(found) < DUPLICATES_MAX:
        event: Any = parser.get_event()
        kind = type(event)
        if kind is DocumentEndEvent:
            break
        if kind is MappingEndEvent or kind is SequenceEndEvent:
            closed = parts.pop()
            if dialect == "resource" and closed.repeated:
                found[closed.found_before :] = sorted(closed.repeated, key=lambda key: (key.first_line, key.line))
        elif kind in {ScalarEvent, AliasEvent, MappingStartEvent, SequenceStartEvent}:
            if parts:
                parts[-1].meet(event)
                if len(parts[-1].repeated) >= DUPLICATES_MAX:
                    return parts[-1].repeated[:DUPLICATES_MAX]
            if kind is MappingStartEvent or kind is SequenceStartEvent:
                parts.append(_OpenPart(is_map=kind is MappingStartEvent, found_before=len(found)))
                continue
        else:
            continue
        if dialect == "yaml1.1" and parts:
            found.extend(parts[-1].finished())
    return found[:DUPLICATES_MAX]


class _OpenPart:
    """A map or list whose end has not come yet."""

    def __init__(self, *, is_map: bool, found_before: int) -> None:
        self.is_map = is_map
        self.found_before = found_before
        self.repeated: list[RepeatedKey] = []
        self._lines: dict[str, list[int]] = {}
        self._pending: list[tuple[str, int, int]] = []
        self._expects_key = True
        self._due: list[RepeatedKey] = []

    def finished(self) -> list[RepeatedKey]:
        """Return the repeated key whose value has ended, once."""
        due, self._due = self._due, []
        return due

    def meet(self, event: Any) -> None:
        line = event.start_mark.line + 1
        if not self._expects_key:
            self._due = [RepeatedKey(*key, line) for key in self._pending]
            self.repeated.extend(self._due)
            self._pending = []
        elif self.is_map and type(event) is ScalarEvent:
            lines = self._lines.setdefault(event.value, [])
            self._pending = [(event.value, line, first) for first in lines]
            lines.append(line)
        self._expects_key = not self._expects_key


def repetition(repeated: Sequence[RepeatedKey], dialect: Dialect) -> str:
    """Name repeated keys in go-yaml's words: v3 finds them before it decodes, v2 in strict mode while it does."""
    lines: dict[str, None] = {"yaml: unmarshal errors:": None}
    for key, line, first_line, value_line in repeated:
        if dialect == "resource":
            lines[f"  line {line}: mapping key {quoted(key)} already defined at line {first_line}"] = None
        else:
            lines[f"  line {value_line}: key {quoted(key)} already set in map"] = None
    return "\n".join(lines)
