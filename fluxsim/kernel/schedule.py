"""What happens when: SimPy's event queue behind four verbs. The only module that imports SimPy.

Times are whole milliseconds. `run_to(t)` includes what is due at t. Nothing here sleeps.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any, TypeVar

import simpy
from simpy.events import NORMAL, Event

from fluxsim.kernel.chance import Stream
from fluxsim.kernel.errors import FluxsimError, Livelock, SimulationError
from fluxsim.kernel.steps import Steps
from fluxsim.kernel.units import Millis, clock_text

T = TypeVar("T")

EVENTS_PER_INSTANT_MAX = 20_000
"""More than this at one millisecond is two controllers that feed each other, not a busy cluster."""


class Schedule:
    """The clock of a world and what is due.

    `ties` decides the order of what is due at the same millisecond: None keeps the order of arrival,
    a Stream shuffles it, reproducibly, so that tests cannot lean on an order that nobody promised.
    """

    def __init__(self, *, ties: Stream | None = None, describe: Callable[[], str] = lambda: "") -> None:
        self._env: simpy.Environment = simpy.Environment(initial_time=0) if ties is None else _Shuffled(ties)
        self._describe = describe
        self.now_ms: Millis = 0
        """Virtual milliseconds since the epoch; moved by `run_to` alone."""
        self._events_in_instant = 0
        self._arrivals: list[Callable[[Millis], None]] = []

    def next_due(self) -> Millis | None:
        """Return when the next thing is due, or None when nothing is."""
        due = self._env.peek()
        return None if due == float("inf") else int(due)

    def at(self, at_ms: Millis, call: Callable[[], None]) -> None:
        """Call back at `at_ms`, now or later. There is no cancelling: a caller that changes its mind ignores the call."""
        assert at_ms >= self.now_ms, f"time cannot go back: now {self.now_ms}, asked {at_ms}"
        self._env.schedule(_Call(call), NORMAL, at_ms - self.now_ms)

    def after(self, delay_ms: Millis, call: Callable[[], None]) -> None:
        """Call back when `delay_ms` have passed."""
        assert delay_ms >= 0, f"time cannot go back: now {self.now_ms}, asked {self.now_ms + delay_ms}"
        self._env.schedule(_Call(call), NORMAL, delay_ms)

    def spawn(self, steps: Steps[T], done: Callable[[T], None] | None = None) -> None:
        """Run the steps from now on, each wait in virtual time; `done` gets the result."""

        def advance() -> None:
            try:
                wait_ms = next(steps)
            except StopIteration as end:
                if done is not None:
                    done(end.value)
                return
            self.after(wait_ms, advance)

        advance()

    def when_arrived(self, call: Callable[[Millis], None]) -> None:
        """Whenever `run_to` is done, call back with the first millisecond that is not over."""
        self._arrivals.append(call)

    def catch_up(self, steps: Steps[Any], began_ms: Millis) -> Millis:
        """Run steps as if they had begun at `began_ms`, up to now; return how long they wait from now on.

        Each part sees the time at which it would have run. What it sees else is how things are now, so this is for steps
        that began while nothing changed. StopIteration where they end before now.
        """
        now_ms, at_ms = self.now_ms, began_ms
        try:
            while at_ms < now_ms or at_ms == began_ms:
                self.now_ms = at_ms
                at_ms += next(steps)
        finally:
            self.now_ms = now_ms
        return at_ms - now_ms

    def run_to(self, at_ms: Millis) -> None:
        """Advance to `at_ms`, and do all that is due until then, what is due at that very millisecond included."""
        assert at_ms >= self.now_ms, f"time cannot go back: now {self.now_ms}, asked {at_ms}"
        env: Any = self._env
        queue: list[tuple[Millis, int, int, _Call]] = env._queue
        while queue and queue[0][0] <= at_ms:
            due_ms, _, _, event = heappop(queue)
            if due_ms != self.now_ms:
                self.now_ms = env._now = due_ms
                self._events_in_instant = 0
            self._events_in_instant += 1
            if self._events_in_instant > EVENTS_PER_INSTANT_MAX:
                text = f"more than {EVENTS_PER_INSTANT_MAX} events at {clock_text(due_ms)}"
                raise Livelock(f"{text}\n{self._describe()}")
            try:
                event.call()
            except FluxsimError:
                raise
            except Exception as error:
                text = f"{type(error).__name__} at {clock_text(due_ms)}: {error}\n{self._describe()}"
                raise SimulationError(text) from error
        if at_ms != self.now_ms:
            self.now_ms = env._now = at_ms
            self._events_in_instant = 0
        for call in self._arrivals:
            call(at_ms + 1)


class _Call(Event):
    """A SimPy event that is already triggered and only calls back: a fraction of the price of a Timeout."""

    def __init__(self, call: Callable[[], None]) -> None:
        self.call = call


class _Shuffled(simpy.Environment):
    """SimPy breaks ties by order of arrival; here a draw comes first."""

    def __init__(self, ties: Stream) -> None:
        super().__init__(initial_time=0)
        self._ties = ties
        self._count = 0

    def schedule(self, event: Event, priority: Any = NORMAL, delay: Any = 0) -> None:
        self._count += 1
        tie: Any = (self._ties.below(1 << 30), self._count)
        heappush(self._queue, (self._now + delay, priority, tie, event))
