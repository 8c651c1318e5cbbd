"""What a file holds for setters, remembered by its bytes: the files of a repository are looked at again and again.

Remembering changes no result, only the time: 0.1 ms for a file seen first in kyaml's form, microseconds afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from fluxsim.formats.kyaml import Resource, WrongNodeKind, read
from fluxsim.formats.kyaml_canonical import Marked, Part, marked, spliced
from fluxsim.formats.kyaml_emitter import scalar_text
from fluxsim.formats.kyaml_node import YamlSyntaxError
from fluxsim.formats.kyaml_setters import scalars, set_value

FILES_MAX = 4096


class Commented(NamedTuple):
    """A scalar with a comment that may name a setter, and its place, from 1."""

    comment: str
    value: str
    line: int
    column: int


class Known:
    """A file's text and what is in it.

    `parts` is given for a file in kyaml's form. `commented` is None for a file that cannot be read. `plain` says that
    nothing but a changed value can come of setting values in it: no List, no claim to another path.
    """

    def __init__(self, data: bytes) -> None:
        self.parts: list[Part] | None = None
        self.commented: list[Commented] | None = None
        self.plain = True
        self._fresh: list[list[Resource]] = []
        self._last: tuple[Sequence[str | None], bytes | None] = ((), None)
        try:
            self.text = data.decode()
            self.parts = marked(self.text)
            if self.parts is None:
                self._read()
            else:
                self.commented = _quick(self.text, self.parts)
        except (YamlSyntaxError, WrongNodeKind, UnicodeDecodeError):
            self.commented = None

    def _read(self) -> None:
        resources = read(self.text)
        self.plain = not any(resource.in_list or any(resource.claims) for resource in resources)
        self.commented = [
            Commented(comment, node.value, node.line + resource.first_line, node.column)
            for resource in resources
            for node in scalars(resource.root)
            if (comment := node.line_comment or node.head) and "{" in comment
        ]
        self._fresh.append(resources)

    def with_values(self, values: Sequence[str | None]) -> bytes | None:
        """Return a file in kyaml's form with other values in `commented` (None: not set), the rest as it is.

        None if a value does not fit into the place of the old one.
        """
        if self._last[0] != values:
            self._last = (values, self._spliced(values))
        return self._last[1]

    def _spliced(self, values: Sequence[str | None]) -> bytes | None:
        scalars_marked = [scalar for part in self.parts or () for scalar in part.marked]
        splices: list[tuple[Marked, str]] = []
        for scalar, value in zip(scalars_marked, values, strict=True):
            if value is not None:
                node = scalar.node()
                set_value(node, value)
                text = scalar_text(node)
                if text is None:
                    return None
                splices.append((scalar, text))
        return spliced(self.text, splices).encode()

    def resources(self) -> list[Resource]:
        """Return the documents, for the caller to change."""
        try:
            return self._fresh.pop()
        except IndexError:
            return read(self.text)

    def forget_resources(self) -> None:
        self._fresh.clear()


@lru_cache(maxsize=FILES_MAX)
def known(data: bytes) -> Known:
    """Return what a file holds."""
    return Known(data)


def _quick(text: str, parts: list[Part]) -> list[Commented]:
    return [
        Commented(
            scalar.comment,
            scalar.value,
            text.count("\n", 0, scalar.start) + 1,
            scalar.start - text.rfind("\n", 0, scalar.start),
        )
        for part in parts
        for scalar in part.marked
    ]
