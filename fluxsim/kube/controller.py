"""The one loop around every reconciler: a queue with one slot a key, workers, back-off, and who woke whom.

A key is never reconciled twice at once and never lost: what arrives meanwhile makes it run again.
An event moves a waiting key to the front at once and so restarts its interval, as controller-runtime's
priority queue does (v0.24, on by default in Flux 2.9).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from typing import Literal, NamedTuple, Protocol, TypeAlias

from fluxsim.kernel.chance import Stream
from fluxsim.kernel.changes import Changes
from fluxsim.kernel.log import Log
from fluxsim.kernel.schedule import Schedule
from fluxsim.kernel.steps import Steps
from fluxsim.kernel.units import MINUTE, Millis
from fluxsim.kube.errors import ApiError
from fluxsim.kube.meta import Key, version_token
from fluxsim.kube.store import Store

WATCH_LATENCY_MS = 1
"""From a write to the queue of a controller that watches. Small, and never zero: effects come after causes."""


class After(int):
    """Reconcile again after so many milliseconds, counted from the end of this run."""


class Again(After):
    """Go on after so many milliseconds: the work is not done yet, so what woke this run is behind the next one too."""


class Retry:
    """Reconcile again with exponential back-off; `reason` is what went wrong."""

    __slots__ = ("reason",)

    def __init__(self, reason: str) -> None:
        self.reason = reason


Result: TypeAlias = After | Retry | None
"""What a run asks for: again after, again with back-off, or not before something happens."""


class Reconciler(Protocol):
    """One pass for one key. It reads the object itself, for it may be gone, and keeps nothing between passes."""

    def reconcile(self, key: Key) -> Steps[Result]: ...


class Repeatable(Protocol):
    """A reconciler that can tell that a run would do exactly what the last one did, and then repeats it in O(1).

    Whether runs are repeated or played makes no difference to anyone: World(lean=False) plays them all, and a test
    compares the logs.
    """

    def fingerprint(self, key: Key) -> Hashable:
        """Return everything outside the object that a run looks at, or None when a run must be played."""
        ...

    def repeat(self, key: Key) -> Steps[After]:
        """Do what a run does that changes nothing: wait once, for as long as it takes, then beat and say when the next is due."""
        ...

    def stream(self, key: Key) -> Stream:
        """Return the stream from which all runs of the key draw, repeated or played."""
        ...


class Backoff:
    """min(base * 2^failures, cap), as a rate limiter of client-go counts it."""

    __slots__ = ("base_ms", "cap_ms")

    def __init__(self, base_ms: Millis = 5, cap_ms: Millis = 1_000_000) -> None:
        self.base_ms = base_ms
        self.cap_ms = cap_ms

    def delay(self, failures: int) -> Millis:
        return min(self.base_ms << min(failures, 40), self.cap_ms)


FLUX_BACKOFF = Backoff(750, 15 * MINUTE)
"""--min-retry-delay and --max-retry-delay of the Flux controllers."""


class Run:
    """One reconcile in progress: the cause of all that it does. Its event is logged when it first has an effect."""

    __slots__ = ("_log", "_seq", "controller", "key", "started_ms", "trigger", "wakes")

    def __init__(
        self, log: Log, controller: str, key: Key, trigger: str, wakes: tuple[int, ...], started_ms: Millis
    ) -> None:
        self._log = log
        self._seq = -1
        self.controller = controller
        self.key = key
        self.trigger = trigger
        self.wakes = wakes
        self.started_ms = started_ms

    @property
    def effective(self) -> bool:
        return self._seq >= 0

    def seqs(self) -> tuple[int, ...]:
        if self._seq < 0:
            data = {
                "key": str(self.key),
                "kind": str(self.key.kind),
                "trigger": self.trigger,
                "startedAt": self.started_ms,
            }
            self._seq = self._log.append("reconcile.started", self.controller, data, because=self.wakes).seq
        return (self._seq,)


class _Repeat(NamedTuple):
    """A run in progress that only repeats the last one."""

    slot: _Slot
    stream: Stream
    began_ms: Millis


class _Slot:
    """What the queue knows of one key."""

    __slots__ = (
        "armed_ms",
        "call",
        "carried",
        "dirty",
        "due_ms",
        "failures",
        "fingerprint",
        "looked",
        "queued",
        "running",
        "trigger",
        "wakes",
    )

    def __init__(self) -> None:
        self.queued = False
        self.running = False
        self.dirty = False
        self.due_ms: Millis | None = None
        self.armed_ms: Millis | None = None  # when the earliest call of the schedule for this key comes
        self.call: Callable[[], None] | None = None  # what it calls
        self.failures = 0
        self.trigger = ""
        self.wakes: list[int] = []
        self.carried: tuple[int, ...] = ()  # what woke a run whose work is not done yet
        self.fingerprint: Hashable = None
        self.looked = -1  # the count of changes at which the fingerprint was found to be this one


class Controller:
    """Runs a reconciler for the keys that are enqueued, `workers` at a time."""

    def __init__(
        self,
        name: str,
        reconciler: Reconciler,
        *,
        store: Store,
        schedule: Schedule,
        log: Log,
        workers: int = 1,
        backoff: Backoff | None = None,
        repeatable: Repeatable | None = None,
        changes: Changes | None = None,
    ) -> None:
        """`repeatable` needs `changes`: a run that is repeated becomes a played one as soon as anything changes."""
        self.name = name
        self._reconciler = reconciler
        self._repeatable = repeatable
        self._changes = changes or Changes()
        self._repeating: dict[Key, _Repeat] = {}
        if repeatable is not None:
            self._changes.watch(self._play_repeats)
        self._store = store
        self._schedule = schedule
        self._log = log
        self._free = workers
        self._workers = workers
        self._backoff = backoff or Backoff()
        self._slots: dict[Key, _Slot] = {}
        self._ready: deque[Key] = deque()
        self._life = 0
        self._pumping = False

    def enqueue(self, key: Key, *, because: tuple[int, ...] = (), trigger: str = "watch") -> None:
        """Reconcile the key as soon as a worker is free, and take the timer back; `because` are the events that ask for it."""
        slot = self._slots.get(key)
        if slot is None:
            slot = self._slots[key] = _Slot()
        slot.wakes.extend(because)
        slot.trigger = slot.trigger or trigger
        if slot.running:
            slot.dirty = True
        elif not slot.queued:
            self._queue(key, slot, WATCH_LATENCY_MS)

    def waiting(self) -> list[tuple[Key, Millis, Literal["interval", "retry", "now"]]]:
        """Return each key that will run, when (virtual ms) and why: the next wake-ups of this controller."""
        rows: list[tuple[Key, Millis, Literal["interval", "retry", "now"]]] = []
        for key, slot in self._slots.items():
            if slot.queued or slot.running:
                rows.append((key, self._schedule.now_ms, "now"))
            elif slot.due_ms is not None:
                rows.append((key, slot.due_ms, "retry" if slot.failures else "interval"))
        return sorted(rows, key=lambda row: (row[1], row[0]))

    def running(self) -> list[Key]:
        """Return the keys that are being reconciled right now."""
        return sorted(key for key, slot in self._slots.items() if slot.running)

    def forget(self, key: Key) -> None:
        """Drop a key that is gone; a run in progress ends first."""
        slot = self._slots.get(key)
        if slot is not None and not slot.running:
            del self._slots[key]

    def restart(self) -> None:
        """Lose queues, back-off and timers as a restarted process does. What runs is cut off; the caller enqueues everything again."""
        self._life += 1
        self._slots.clear()
        self._ready.clear()
        self._repeating.clear()
        self._free = self._workers

    # -- the loop

    def _queue(self, key: Key, slot: _Slot, delay_ms: Millis) -> None:
        slot.queued = True
        slot.due_ms = None
        life = self._life

        def ready() -> None:
            if life == self._life and self._slots.get(key) is slot:
                self._ready.append(key)
                self._pump()

        self._schedule.after(delay_ms, ready)

    def _pump(self) -> None:
        """Give what is ready to free workers. A run that ends at once comes back here, and leaves the rest to the loop."""
        if self._pumping:
            return
        self._pumping = True
        try:
            while self._free and self._ready:
                key = self._ready.popleft()
                slot = self._slots.get(key)
                if slot is not None and slot.queued:
                    self._take(key, slot)
        finally:
            self._pumping = False

    def _take(self, key: Key, slot: _Slot) -> None:
        slot.queued = False
        slot.running = True
        self._free -= 1
        if not self._repeats(key, slot):
            self._start(key, slot)

    def _start(self, key: Key, slot: _Slot) -> None:
        run = Run(self._log, self.name, key, slot.trigger, (*slot.carried, *slot.wakes), self._schedule.now_ms)
        slot.wakes, slot.carried = [], ()
        slot.trigger = ""
        # As it is before the run: what changes meanwhile must not be missed.
        slot.fingerprint, slot.looked = self._outside(key), self._changes.count
        self._play(key, slot, run)

    def _play(self, key: Key, slot: _Slot, run: Run) -> None:
        life = self._life
        steps = self._reconciler.reconcile(key)

        def advance() -> None:
            if life != self._life:
                steps.close()
                return
            before = self._log.swap_cause(run)
            try:
                wait_ms = next(steps)
            except StopIteration as end:
                self._finished(key, slot, run, end.value)
                return
            except ApiError as error:
                self._finished(key, slot, run, Retry(error.message))
                return
            finally:
                self._log.swap_cause(before)
            self._schedule.after(wait_ms, advance)

        if run.started_ms == self._schedule.now_ms:
            advance()
        else:
            self._schedule.after(self._caught_up(steps, run), advance)

    # -- runs that repeat the last one

    def _repeats(self, key: Key, slot: _Slot) -> bool:
        """Repeat the last run if this one would be the same; return whether it is."""
        if slot.trigger != "interval" or slot.wakes or self._repeatable is None or not self._sees_the_same(key, slot):
            return False
        slot.trigger = ""
        stream = self._repeatable.stream(key)
        stream.keep()
        steps = self._repeatable.repeat(key)
        repeat = self._repeating[key] = _Repeat(slot, stream, self._schedule.now_ms)

        def ended() -> None:
            if self._repeating.get(key) is repeat:
                del self._repeating[key]
                again = _result(steps)
                stream.forget()
                self._end(key, slot, again)

        self._schedule.after(next(steps), ended)
        return True

    def _sees_the_same(self, key: Key, slot: _Slot) -> bool:
        """Return whether a run would see what the last one saw. Where nothing at all changed, nobody is asked."""
        if slot.fingerprint is None:
            return False
        if slot.looked != self._changes.count:
            if slot.fingerprint != self._outside(key):
                return False
            slot.looked = self._changes.count
        return True

    def _play_repeats(self) -> None:
        """Something is about to change: what goes on as a repeat goes on as a played run, which may come to see it."""
        while self._repeating:
            key, repeat = next(iter(self._repeating.items()))
            del self._repeating[key]
            repeat.stream.rewind()
            self._play(key, repeat.slot, Run(self._log, self.name, key, "interval", (), repeat.began_ms))

    def _caught_up(self, steps: Steps[Result], run: Run) -> Millis:
        before = self._log.swap_cause(run)
        try:
            wait_ms = self._schedule.catch_up(steps, run.started_ms)
        except StopIteration as end:
            raise AssertionError(f"{run.key} ends sooner when it is played than when it is repeated") from end
        finally:
            self._log.swap_cause(before)
        assert not run.effective, f"{run.key} changes something when it is played that its repeat does not"
        return wait_ms

    def _finished(self, key: Key, slot: _Slot, run: Run, result: Result) -> None:
        if run.effective:
            data: dict[str, object] = {"key": str(key), "took": self._schedule.now_ms - run.started_ms}
            if isinstance(result, Retry):
                data |= {"retry": result.reason, "again": self._backoff.delay(slot.failures)}
            elif result is not None:
                data["again"] = int(result)
            self._log.append("reconcile.finished", self.name, data, because=run.seqs())
        if run.effective or type(result) is not After:
            slot.fingerprint = None
        slot.carried = run.wakes if isinstance(result, Again | Retry) else ()
        self._end(key, slot, result)

    def _end(self, key: Key, slot: _Slot, result: Result) -> None:
        slot.running = False
        self._free += 1
        wait_ms: Millis | None = None
        if isinstance(result, Retry):
            wait_ms = self._backoff.delay(slot.failures)
            slot.failures += 1
        else:
            slot.failures = 0
            wait_ms = result
        if slot.dirty:
            slot.dirty = False
            self._queue(key, slot, 0)
        elif wait_ms is not None:
            slot.due_ms = self._schedule.now_ms + wait_ms
            self._arm(key, slot)
        elif self._store.get(key) is None:
            self._slots.pop(key, None)
        if self._ready:
            self._pump()

    def _arm(self, key: Key, slot: _Slot) -> None:
        """Have the schedule call when the key is due. One call ahead is enough: a call that comes too early arms the next."""
        assert slot.due_ms is not None, f"{key} waits for nothing"
        if slot.armed_ms is not None and slot.armed_ms <= slot.due_ms:
            return
        slot.armed_ms = slot.due_ms
        if slot.call is None:
            slot.call = lambda: self._due(key, slot)
        self._schedule.at(slot.due_ms, slot.call)

    def _due(self, key: Key, slot: _Slot) -> None:
        now_ms = self._schedule.now_ms
        if slot.armed_ms != now_ms or self._slots.get(key) is not slot:
            return
        slot.armed_ms = None
        if slot.due_ms is None:
            return
        if slot.due_ms > now_ms:
            self._arm(key, slot)
            return
        slot.queued, slot.due_ms = True, None
        slot.trigger = slot.trigger or ("retry" if slot.failures else "interval")
        self._ready.append(key)
        self._pump()

    def _outside(self, key: Key) -> Hashable:
        if self._repeatable is None:
            return None
        obj = self._store.get(key)
        if obj is None:
            return None
        outside = self._repeatable.fingerprint(key)
        return None if outside is None else (version_token(obj), outside)


def _result(steps: Steps[After]) -> After:
    """Run the steps to their end, which is one step away."""
    try:
        next(steps)
    except StopIteration as end:
        again: After = end.value
        return again
    raise AssertionError("a repeat waits once")
