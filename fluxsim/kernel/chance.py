"""Chance from one seed, in named streams: a new draw takes a new name and leaves every other stream as it was."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Stream:
    """One named sequence of draws. Only `getrandbits` is used below, which is the same in every Python version."""

    __slots__ = ("_bits", "_kept")

    def __init__(self, name: str) -> None:
        self._bits: Callable[[int], int] = Random(name).getrandbits  # noqa: S311  a simulation, not a secret
        self._kept: list[int] | None = None

    def between(self, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`, both included."""
        assert low <= high, f"no number between {low} and {high}"
        bits = self._bits(53)
        if self._kept is not None:
            self._kept.append(bits)
        return low + (bits * (high - low + 1) >> 53)

    def below(self, count: int) -> int:
        """Return a whole number from 0 to `count - 1`."""
        return self.between(0, count - 1)

    def keep(self) -> None:
        """Keep what is drawn from now on, so that it can be drawn once more."""
        self._kept = []

    def forget(self) -> None:
        """Keep nothing any more."""
        self._kept = None

    def rewind(self) -> None:
        """Go back to where `keep` was called: the same draws come again, and then those after them."""
        assert self._kept is not None, "nothing was kept"
        again, fresh, self._kept = deque(self._kept), self._bits, None

        def bits(count: int) -> int:
            if len(again) <= 1:
                self._bits = fresh
            return again.popleft() if again else fresh(count)

        self._bits = bits

    def choice(self, items: Sequence[T]) -> T:
        return items[self.below(len(items))]

    def text(self, length: int, alphabet: str) -> str:
        return "".join(alphabet[self.below(len(alphabet))] for _ in range(length))

    def hex(self, length: int) -> str:
        return self.text(length, "0123456789abcdef")


class Chance:
    """All the streams of a world."""

    def __init__(self, seed: int | str) -> None:
        self.seed = seed
        self._streams: dict[str, Stream] = {}

    def stream(self, name: str) -> Stream:
        """Return the stream of that name, at the place where it was left; names look like paths, `imagerepository/staging/backend`."""
        found = self._streams.get(name)
        if found is None:
            found = self._streams[name] = Stream(f"{self.seed}/{name}")
        return found

    def passing(self, name: str) -> Stream:
        """Return the stream of that name from its beginning, and forget it: for what lives once, such as a pod."""
        return Stream(f"{self.seed}/{name}")
