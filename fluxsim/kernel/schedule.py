"""What happens when: SimPy's event queue behind four verbs. The only module that imports SimPy.

Times are whole milliseconds. `run_to(t)` includes what is due at t. Nothing here sleeps.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import simpy
from simpy.core import StopSimulation
from simpy.events import NORMAL, Event

from fluxsim.kernel.chance import Stream
from fluxsim.kernel.errors import FluxsimError, Livelock, SimulationError
from fluxsim.kernel.steps import Steps
from fluxsim.kernel.units import Millis, clock_text

T = TypeVar("T")

EVENTS_PER_INSTANT_MAX = 20_000
"""More than this at one millisecond is two controllers that feed each other, not a busy cluster."""

_DEADLINE: Any = NORMAL + 1  # after everything else that is due at the same time


class Schedule:
    """The clock of a world and what is due.

    `ties` decides the order of what is due at the same millisecond: None keeps the order of arrival,
    a Stream shuffles it, reproducibly, so that tests cannot lean on an order that nobody promised.
    """

    def __init__(self, *, ties: Stream | None = None, describe: Callable[[], str] = lambda: "") -> None:
        self._env: simpy.Environment = simpy.Environment(initial_time=0) if ties is None else _Shuffled(ties)
        self._describe = describe
        self._instant = -1
        self._events_in_instant = 0

    @property
    def now_ms(self) -> Millis:
        return int(self._env.now)

    def next_due(self) -> Millis | None:
        """Return when the next thing is due, or None when nothing is."""
        due = self._env.peek()
        return None if due == float("inf") else int(due)

    def at(self, at_ms: Millis, call: Callable[[], None]) -> None:
        """Call back at `at_ms`, now or later. There is no cancelling: a caller that changes its mind ignores the call."""
        delay = at_ms - self._env.now
        assert delay >= 0, f"time cannot go back: now {self._env.now}, asked {at_ms}"
        self._env.schedule(_Call(self._env, self._guarded(call)), NORMAL, delay)

    def after(self, delay_ms: Millis, call: Callable[[], None]) -> None:
        self.at(self.now_ms + delay_ms, call)

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

    def run_to(self, at_ms: Millis) -> None:
        """Advance to `at_ms`, and do all that is due until then, what is due at that very millisecond included."""
        assert at_ms >= self.now_ms, f"time cannot go back: now {self.now_ms}, asked {at_ms}"
        deadline = _Call(self._env, _stop)
        self._env.schedule(deadline, _DEADLINE, at_ms - self._env.now)
        self._env.run()

    def _guarded(self, call: Callable[[], None]) -> Callable[[Event], None]:
        def guarded(_event: Event) -> None:
            if self._env.now != self._instant:
                self._instant, self._events_in_instant = int(self._env.now), 0
            self._events_in_instant += 1
            if self._events_in_instant > EVENTS_PER_INSTANT_MAX:
                raise Livelock(
                    f"more than {EVENTS_PER_INSTANT_MAX} events at {clock_text(self._instant)}\n{self._describe()}"
                )
            try:
                call()
            except FluxsimError:
                raise
            except Exception as error:
                raise SimulationError(
                    f"{type(error).__name__} at {clock_text(self.now_ms)}: {error}\n{self._describe()}"
                ) from error

        return guarded


class _Call(Event):
    """A SimPy event that is already triggered and only calls back: half the price of a Timeout."""

    def __init__(self, env: simpy.Environment, call: Callable[[Event], None]) -> None:
        self.env = env
        self.callbacks = [call]
        self._value: Any = None
        self._ok = True
        self._defused = False


class _Shuffled(simpy.Environment):
    """SimPy breaks ties by order of arrival; here a draw comes first."""

    def __init__(self, ties: Stream) -> None:
        super().__init__(initial_time=0)
        self._ties = ties
        self._count = 0

    def schedule(self, event: Event, priority: Any = NORMAL, delay: Any = 0) -> None:
        from heapq import heappush

        self._count += 1
        tie: Any = (self._ties.below(1 << 30), self._count)
        heappush(self._queue, (self._now + delay, priority, tie, event))


def _stop(event: Event) -> None:
    raise StopSimulation(event.value)
