"""Whether anything happened since: one count for all that somebody in a world could notice."""

from __future__ import annotations

from collections.abc import Callable


class Changes:
    """Grows with every write, push, tag, fault and stored artifact. While it stands still, who looks again sees the same."""

    __slots__ = ("_watchers", "count")

    def __init__(self) -> None:
        self.count = 0
        self._watchers: list[Callable[[], None]] = []

    def watch(self, call: Callable[[], None]) -> None:
        """Call back right before each change, while everything still is as it was."""
        self._watchers.append(call)

    def coming(self) -> None:
        """Say that something changes now; whoever changes it calls this first."""
        self.count += 1
        for call in self._watchers:
            call()
