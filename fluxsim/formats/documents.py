"""YAML files that people write, with the place of everything in them.

What is wrong with a file is an InputError with one `file:line:column: …` line each. Places are found by a second pass
over the text and only when somebody asks: most files have no faults.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from yaml._yaml import CParser
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from fluxsim.formats.goyaml import Dialect, YamlError, chunks, decoded, load
from fluxsim.formats.tree import Json, Path
from fluxsim.kernel.errors import Fault, InputError


class Place(NamedTuple):
    """A position in a file, both counted from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document of a file; `line` is where its text begins, counted from 1."""

    tree: Json
    path: str
    line: int
    text: str

    def places(self) -> dict[tuple[str | int, ...], Place]:
        """Return the place of every key and list item, by its path from the root of the document."""
        return places(self.text, first_line=self.line)

    def where(self, *path: str | int) -> str:
        """Return `file:line:column` of what the path names, or of the nearest thing above it that is there."""
        return located(self.path, self.places(), path)


def load_manifests(path: str, data: str | bytes, *, dialect: Dialect = "resource") -> list[Document]:
    """Return the documents of a file without the empty ones. Raises InputError with all faults of the first bad one.

    A key that stands twice in its map is a fault in both dialects: here nobody is served by Go's leniency.
    """
    documents: list[Document] = []
    line = 1
    try:
        for text, line in chunks(decoded(data), dialect):
            tree = load(text, dialect=dialect, strict=True)
            if tree is not None:
                documents.append(Document(tree, path, line, text))
    except YamlError as error:
        # An error of the cut itself already counts from the start of the file.
        raise InputError(*faults(path, error, first_line=1 if error.whole_file else line)) from error
    return documents


def faults(path: str, error: YamlError, *, first_line: int = 1) -> list[Fault]:
    """Return what Go says about a text as faults of a file; `first_line` is where that text begins."""
    if error.repeated:
        return [
            Fault(
                f"{path}:{key.line + first_line - 1}",
                f"key '{key.key}' is already defined at line {key.first_line + first_line - 1}",
            )
            for key in error.repeated
        ]
    where = path
    if error.line:
        where += f":{error.line + first_line - 1}"
        where += f":{error.column}" if error.column else ""
    return [Fault(where, _GO_PREFIX.sub("", error.message))]


_GO_PREFIX = re.compile(r"\Ayaml: (?:unmarshal errors:\n  )?(?:line \d+: )?")


def located(path: str, known: Mapping[tuple[str | int, ...], Place], steps: Path) -> str:
    """Return `file:line:column` of the steps, or of the nearest place above them."""
    at = tuple(steps)
    while at and at not in known:
        at = at[:-1]
    place = known.get(at)
    return f"{path}:{place.line}:{place.column}" if place is not None else path


def places(text: str, *, first_line: int = 1) -> dict[tuple[str | int, ...], Place]:
    """Return the places in the first document of a text: keys where the key stands, items where their value begins.

    The root has the empty path. What an alias or a merge key brings in is at no place of its own.
    """
    found: dict[tuple[str | int, ...], Place] = {}
    parser = CParser(text)
    frames: list[_Frame] = []
    while True:
        event: Any = parser.get_event()
        kind = type(event)
        if kind is DocumentEndEvent or kind is StreamEndEvent:
            return found
        if kind is MappingEndEvent or kind is SequenceEndEvent:
            frames.pop()
        elif kind in _NODES:
            mark = event.start_mark
            place = Place(mark.line + first_line, mark.column + 1)
            path = frames[-1].step(event, place, found) if frames else found.setdefault((), place) and ()
            if kind is MappingStartEvent or kind is SequenceStartEvent:
                frames.append(_Frame(path, is_map=kind is MappingStartEvent))


_NODES = frozenset({ScalarEvent, AliasEvent, MappingStartEvent, SequenceStartEvent})


class _Frame:
    """A map or list that is open while the events pass by."""

    def __init__(self, path: tuple[str | int, ...], *, is_map: bool) -> None:
        self.path = path
        self.is_map = is_map
        self.count = 0
        self.key: str | int = ""

    def step(self, event: Any, place: Place, found: dict[tuple[str | int, ...], Place]) -> tuple[str | int, ...]:
        """Count one node and return its path; a key has that of its value."""
        self.count += 1
        if not self.is_map:
            self.key = self.count - 1
        elif self.count % 2:
            self.key = event.value if type(event) is ScalarEvent else ""
        path = (*self.path, self.key)
        found.setdefault(path, place)
        return path
