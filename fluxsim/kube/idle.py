"""Runs that change nothing, worked out when somebody looks instead of when they are due.

Of all runs of a quiet cluster 97 in 100 find what the run before them found. A key whose next run would be such a one
sleeps here: its runs cost two draws and a place in a heap, and what they leave behind (heartbeats, counts of Events) is
written for many of them at once. The workers they occupy are counted as the queue of a controller counts them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from typing import NamedTuple, Protocol

from fluxsim.kernel.chance import Stream
from fluxsim.kernel.units import Millis
from fluxsim.kube.meta import Key

RUNS_MAX = 1_000
"""So many runs of a key are gathered before they are written down."""


class Span(NamedTuple):
    """When a run began and when it ended."""

    began_ms: Millis
    ended_ms: Millis


class Idle(Protocol):
    """The runs of one key for as long as nothing changes: the same draws, in the same order, as when they are played."""

    @property
    def stream(self) -> Stream:
        """The stream from which all runs of the key draw."""
        ...

    def takes(self) -> Millis:
        """Draw how long a run takes."""
        ...

    def again(self) -> Millis:
        """Draw how long after the end of a run the next is due."""
        ...

    def begun(self, at_ms: Millis) -> None:
        """Do what a run does at its beginning, which may be done twice."""
        ...

    def happened(self, runs: Sequence[Span]) -> None:
        """Do what these runs do; they are over, oldest first."""
        ...


class Sleeper:
    """A key that sleeps. It is due, or waits for a worker, or its run is under way."""

    __slots__ = ("at_ms", "began_ms", "idle", "key", "runs")

    def __init__(self, key: Key, idle: Idle, due_ms: Millis) -> None:
        self.key = key
        self.idle = idle
        self.at_ms = due_ms  # when it is due, or when its run ends
        self.began_ms = -1  # when the run under way began; -1 without one
        self.runs: list[Span] = []

    def write(self) -> None:
        runs, self.runs = self.runs, []
        self.idle.happened(runs)


_Entry = tuple[Millis, int, Sleeper]


class IdleRuns:
    """All sleepers of a controller. `workers` tells how many workers nobody else occupies."""

    def __init__(self, workers: Callable[[], int]) -> None:
        self._workers = workers
        self._due: list[_Entry] = []
        self._under_way: list[_Entry] = []
        self._queue: deque[Sleeper] = deque()
        self._count = 0

    def __bool__(self) -> bool:
        return bool(self._due or self._under_way or self._queue)

    @property
    def busy(self) -> int:
        """How many workers the runs under way occupy."""
        return len(self._under_way)

    def sleep(self, key: Key, idle: Idle, due_ms: Millis) -> None:
        """Let a key sleep until it is due, and on."""
        self._push(self._due, due_ms, Sleeper(key, idle, due_ms))

    def begin(self, key: Key, idle: Idle, now_ms: Millis) -> None:
        """Let a key sleep whose run begins now, with a worker that is free."""
        self._begin(Sleeper(key, idle, now_ms), now_ms)

    def settle(self, before_ms: Millis) -> None:
        """Work out all that happens before a time."""
        due, under_way, queue = self._due, self._under_way, self._queue
        if not (under_way and under_way[0][0] < before_ms) and not (due and due[0][0] < before_ms):
            return
        written: dict[Sleeper, None] = {}
        while True:
            if under_way and (not due or under_way[0][0] <= due[0][0]):
                if under_way[0][0] >= before_ms:
                    break
                ended_ms, _, sleeper = heappop(under_way)
                sleeper.runs.append(Span(sleeper.began_ms, ended_ms))
                written[sleeper] = None
                if len(sleeper.runs) >= RUNS_MAX:
                    sleeper.write()
                sleeper.began_ms = -1
                self._push(due, ended_ms + sleeper.idle.again(), sleeper)
                if queue:
                    self._begin(queue.popleft(), ended_ms)
            elif due and due[0][0] < before_ms:
                due_ms, _, sleeper = heappop(due)
                if not queue and self._workers() > len(under_way):
                    self._begin(sleeper, due_ms)
                else:
                    queue.append(sleeper)
            else:
                break
        for sleeper in written:
            if sleeper.runs:
                sleeper.write()
        for _, _, sleeper in under_way:
            sleeper.idle.begun(sleeper.began_ms)

    def worker_came_free(self, now_ms: Millis) -> None:
        """Begin what waited for a worker that somebody else gave back."""
        while self._queue and self._workers() > len(self._under_way):
            self._begin(self._queue.popleft(), now_ms)

    def asleep(self) -> list[Sleeper]:
        """Return all sleepers: those whose run is under way, those that wait for a worker, those that are due later."""
        return [
            *(sleeper for _, _, sleeper in sorted(self._under_way, key=_place)),
            *self._queue,
            *(sleeper for _, _, sleeper in sorted(self._due, key=_place)),
        ]

    def wake(self) -> list[Sleeper]:
        """Let nobody sleep any more; return who slept, as `asleep` does."""
        woken = self.asleep()
        self._due.clear()
        self._under_way.clear()
        self._queue.clear()
        return woken

    def _begin(self, sleeper: Sleeper, now_ms: Millis) -> None:
        sleeper.began_ms = now_ms
        sleeper.idle.stream.keep()
        self._push(self._under_way, now_ms + sleeper.idle.takes(), sleeper)

    def _push(self, heap: list[_Entry], at_ms: Millis, sleeper: Sleeper) -> None:
        sleeper.at_ms = at_ms
        self._count += 1
        heappush(heap, (at_ms, self._count, sleeper))


def _place(entry: _Entry) -> tuple[Millis, int]:
    return entry[:2]
