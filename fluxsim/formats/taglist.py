"""A list of tags that knows what changed since an older one, so that a scan with one new tag costs no look at the others.

Tags stand in descending byte order, as the tag database keeps them. Lists are values: `changed` gives a new one that
shares all but the chunks it touched.
"""

from __future__ import annotations

import re
import zlib
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, overload

from fluxsim.formats import gojson

CHUNK_MAX = 1024
HISTORY_MAX = 32
"""How many changes a list remembers; to anything older it is a stranger."""


class Changes(NamedTuple):
    added: tuple[str, ...]
    removed: tuple[str, ...]


class TagList(Sequence[str]):
    """Tags without duplicates, in descending byte order; equal to any sequence with the same items."""

    __slots__ = ("_chunks", "_history", "_identity", "_length")
    __hash__ = None  # type: ignore[assignment]  # equal to lists, which have none

    def __init__(self, tags: Iterable[str] = ()) -> None:
        ordered = sorted(set(tags), reverse=True)
        half = CHUNK_MAX // 2
        self._chunks: tuple[_Chunk, ...] = tuple(
            _Chunk(ordered[start : start + half]) for start in range(0, len(ordered), half)
        )
        self._length = len(ordered)
        self._identity = object()
        self._history: tuple[tuple[object, Changes], ...] = ()

    def changed(self, added: Iterable[str] = (), removed: Iterable[str] = ()) -> TagList:
        """Return the list with tags added and removed; a tag that is both stays or comes."""
        added = dict.fromkeys(added)
        gone = tuple(tag for tag in dict.fromkeys(removed) if tag in self and tag not in added)
        new = tuple(tag for tag in added if tag not in self)
        if not new and not gone:
            return self
        chunks = list(self._chunks)
        for tag in gone:
            _discard(chunks, tag)
        for tag in new:
            _insert(chunks, tag)
        changed = TagList()
        changed._chunks = tuple(chunks)
        changed._length = self._length + len(new) - len(gone)
        changed._history = (*self._history[-HISTORY_MAX + 1 :], (self._identity, Changes(new, gone)))
        return changed

    def changes_since(self, older: TagList) -> Changes | None:
        """Return what makes this list out of the older one; None where that is not remembered."""
        if older is self:
            return Changes((), ())
        for place, (identity, _) in enumerate(self._history):
            if identity is older._identity:
                return _summed([changes for _, changes in self._history[place:]])
        return None

    def adler32(self) -> int:
        """Return the Adler-32 checksum of the list as compact JSON. Costs a step for each thousand tags."""
        checksum = zlib.adler32(b"[")
        for place, chunk in enumerate(self._chunks):
            if place:
                checksum = zlib.adler32(b",", checksum)
            checksum = _joined_adler32(checksum, chunk.adler32(), chunk.octets)
        return zlib.adler32(b"]", checksum)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            start, stop, step = index.indices(self._length)
            if step == 1 and stop <= CHUNK_MAX:
                return self._first(stop)[start:]
            return list(self)[index]
        if index < 0:
            index += self._length
        if index >= 0:
            for chunk in self._chunks:
                if index < len(chunk.tags):
                    return chunk.tags[index]
                index -= len(chunk.tags)
        raise IndexError("tag list index out of range")

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[str]:
        for chunk in self._chunks:
            yield from chunk.tags

    def __contains__(self, tag: object) -> bool:
        if not isinstance(tag, str) or not self._chunks:
            return False
        chunk = self._chunks[_place_of(self._chunks, tag)]
        at = chunk.place_of(tag)
        return at < len(chunk.tags) and chunk.tags[at] == tag

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str):
            return NotImplemented
        if isinstance(other, TagList) and self._chunks == other._chunks:
            return True
        return len(other) == self._length and all(mine == theirs for mine, theirs in zip(self, other, strict=True))

    def __repr__(self) -> str:
        return f"TagList({list(self)!r})"

    def _first(self, count: int) -> list[str]:
        found: list[str] = []
        for chunk in self._chunks:
            if len(found) >= count:
                break
            found += chunk.tags
        return found[:count]


class _Chunk:
    """A run of the list. Never changed; compared by identity."""

    __slots__ = ("_adler32", "_octets", "tags")

    def __init__(self, tags: list[str]) -> None:
        self.tags = tags
        self._adler32 = -1
        self._octets = 0

    def place_of(self, tag: str) -> int:
        return bisect_left(self.tags, _Descending(tag), key=_Descending)

    def adler32(self) -> int:
        """The checksum of the tags in JSON, with commas between but none around."""
        if self._adler32 < 0:
            octets = json_items(self.tags)
            self._adler32, self._octets = zlib.adler32(octets), len(octets)
        return self._adler32

    @property
    def octets(self) -> int:
        self.adler32()
        return self._octets


def json_items(tags: list[str]) -> bytes:
    """Return the tags as Go writes them in a JSON array, without the brackets."""
    if _PLAIN.fullmatch("".join(tags)):
        return ('"' + '","'.join(tags) + '"').encode() if tags else b""
    return gojson.compact(tags)[1:-1].encode("utf-8", "surrogateescape")


_PLAIN = re.compile(r"[A-Za-z0-9_.-]*")
"""What registries allow in tags, and JSON needs not escape."""


class _Descending(str):
    """A text that comes before smaller ones."""

    __slots__ = ()

    def __lt__(self, other: str) -> bool:
        return str.__gt__(self, other)


def _place_of(chunks: Sequence[_Chunk], tag: str) -> int:
    """Return the number of the chunk that has or would take the tag."""
    low, high = 0, len(chunks) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if chunks[middle].tags[0] >= tag:
            low = middle
        else:
            high = middle - 1
    return low


def _insert(chunks: list[_Chunk], tag: str) -> None:
    if not chunks:
        chunks.append(_Chunk([tag]))
        return
    place = _place_of(chunks, tag)
    tags = list(chunks[place].tags)
    tags.insert(chunks[place].place_of(tag), tag)
    if len(tags) <= CHUNK_MAX:
        chunks[place] = _Chunk(tags)
    else:
        half = len(tags) // 2
        chunks[place : place + 1] = [_Chunk(tags[:half]), _Chunk(tags[half:])]


def _discard(chunks: list[_Chunk], tag: str) -> None:
    place = _place_of(chunks, tag)
    tags = list(chunks[place].tags)
    del tags[chunks[place].place_of(tag)]
    chunks[place : place + 1] = [_Chunk(tags)] if tags else []


def _summed(steps: Sequence[Changes]) -> Changes:
    """Return what several changes in a row do together."""
    added: dict[str, None] = {}
    removed: dict[str, None] = {}
    for step in steps:
        for tag in step.removed:
            if tag in added:
                del added[tag]
            else:
                removed[tag] = None
        for tag in step.added:
            if tag in removed:
                del removed[tag]
            else:
                added[tag] = None
    return Changes(tuple(added), tuple(removed))


def _joined_adler32(first: int, second: int, second_octets: int) -> int:
    """Return the checksum of two texts one after the other, from theirs."""
    modulus = 65521
    low = ((first & 0xFFFF) + (second & 0xFFFF) - 1) % modulus
    high = ((first >> 16) + (second >> 16) + second_octets * ((first & 0xFFFF) - 1)) % modulus
    return high << 16 | low
