"""The one loop around every reconciler: a queue with one slot a key, workers, back-off, and who woke whom.

A key is never reconciled twice at once and never lost: what arrives meanwhile makes it run again.
An event moves a waiting key to the front at once and so restarts its interval, as controller-runtime's
priority queue does (v0.24, on by default in Flux 2.9).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from functools import partial
from typing import Literal, Protocol, TypeAlias

from fluxsim.kernel.changes import Changes
from fluxsim.kernel.log import Log
from fluxsim.kernel.schedule import Schedule
from fluxsim.kernel.steps import Steps
from fluxsim.kernel.units import MINUTE, Millis
from fluxsim.kube.errors import ApiError
from fluxsim.kube.idle import Idle, IdleRuns, Sleeper, Span
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

    def idle(self, key: Key) -> Idle:
        """Return what the runs of the key do while nothing changes."""
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


class _Slot:
    """What the queue knows of one key."""

    __slots__ = (
        "armed_ms",
        "asleep",
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
        self.asleep = False  # its runs are those of an Idle
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
        """`repeatable` needs `changes`: a run that only repeats the last one is played as soon as anything changes."""
        self.name = name
        self._reconciler = reconciler
        self._repeatable = repeatable
        self._changes = changes or Changes()
        self._idle = IdleRuns(lambda: self._free)
        self._ending: dict[Key, tuple[Sleeper, _Slot]] = {}  # idle runs that the schedule ends
        if repeatable is not None:
            self._changes.watch(self._play_idle)
            schedule.when_arrived(self._idle.settle)
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
        if slot.asleep:
            self._end_idle()
        slot.wakes.extend(because)
        slot.trigger = slot.trigger or trigger
        if slot.running:
            slot.dirty = True
        elif not slot.queued:
            self._queue(key, slot, WATCH_LATENCY_MS)

    def waiting(self) -> list[tuple[Key, Millis, Literal["interval", "retry", "now"]]]:
        """Return each key that will run, when (virtual ms) and why: the next wake-ups of this controller."""
        rows: list[tuple[Key, Millis, Literal["interval", "retry", "now"]]] = []
        now_ms = self._schedule.now_ms
        self._idle.settle(now_ms)
        for sleeper in self._idle.asleep():
            runs = sleeper.began_ms >= 0 or sleeper.at_ms <= now_ms
            rows.append((sleeper.key, now_ms if runs else sleeper.at_ms, "now" if runs else "interval"))
        for key, slot in self._slots.items():
            if slot.queued or slot.running:
                rows.append((key, now_ms, "now"))
            elif slot.due_ms is not None:
                rows.append((key, slot.due_ms, "retry" if slot.failures else "interval"))
        return sorted(rows, key=lambda row: (row[1], row[0]))

    def running(self) -> list[Key]:
        """Return the keys that are being reconciled right now."""
        self._idle.settle(self._schedule.now_ms)
        idle = [sleeper.key for sleeper in self._idle.asleep() if sleeper.began_ms >= 0]
        return sorted([*idle, *(key for key, slot in self._slots.items() if slot.running)])

    def forget(self, key: Key) -> None:
        """Drop a key that is gone; a run in progress ends first."""
        slot = self._slots.get(key)
        if slot is not None and slot.asleep:
            self._end_idle()
        if slot is not None and not slot.running:
            del self._slots[key]

    def restart(self) -> None:
        """Lose queues, back-off and timers as a restarted process does. What runs is cut off; the caller enqueues everything again."""
        self._play_idle()
        self._life += 1
        self._slots.clear()
        self._ready.clear()
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
            self._idle.settle(self._schedule.now_ms)
            while self._ready and self._free > self._idle.busy:
                key = self._ready.popleft()
                slot = self._slots.get(key)
                if slot is not None and slot.queued:
                    slot.queued = False
                    if self._sees_the_same(key, slot):
                        self._fall_asleep(key, slot, None)
                    else:
                        slot.running = True
                        self._free -= 1
                        self._start(key, slot)
            if not self._ready:
                self._idle.worker_came_free(self._schedule.now_ms)
            elif self._idle:
                self._end_idle()
        finally:
            self._pumping = False

    def _start(self, key: Key, slot: _Slot) -> None:
        run = Run(self._log, self.name, key, slot.trigger, (*slot.carried, *slot.wakes), self._schedule.now_ms)
        slot.wakes, slot.carried = [], ()
        slot.trigger = ""
        # As it is before the run: what changes meanwhile must not be missed. A run that somebody asked for mostly writes.
        slot.fingerprint, slot.looked = self._outside(key) if run.trigger == "interval" else None, self._changes.count
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

    def _caught_up(self, steps: Steps[Result], run: Run) -> Millis:
        before = self._log.swap_cause(run)
        try:
            wait_ms = self._schedule.catch_up(steps, run.started_ms)
        except StopIteration as end:
            raise AssertionError(f"{run.key} ends sooner when it is played than when it is idle") from end
        finally:
            self._log.swap_cause(before)
        assert not run.effective, f"{run.key} changes something in a run that was taken for idle"
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
        elif slot.fingerprint is None and slot.looked == self._changes.count:
            slot.fingerprint = self._outside(key)
        slot.carried = run.wakes if isinstance(result, Again | Retry) else ()
        self._end(key, slot, result)

    def _end(self, key: Key, slot: _Slot, result: Result) -> None:
        self._idle.settle(self._schedule.now_ms)
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
            due_ms = self._schedule.now_ms + wait_ms
            if slot.failures == 0 and slot.fingerprint is not None and slot.looked == self._changes.count:
                self._fall_asleep(key, slot, due_ms)
            else:
                slot.due_ms = due_ms
                self._arm(key, slot)
        elif self._store.get(key) is None:
            self._slots.pop(key, None)
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

    # -- runs that change nothing

    def _sees_the_same(self, key: Key, slot: _Slot) -> bool:
        """Return whether a run would do what the last one did. Where nothing at all changed, nobody is asked."""
        if slot.trigger != "interval" or slot.wakes or slot.fingerprint is None:
            return False
        if slot.looked != self._changes.count:
            if slot.fingerprint != self._outside(key):
                return False
            slot.looked = self._changes.count
        return True

    def _outside(self, key: Key) -> Hashable:
        if self._repeatable is None:
            return None
        obj = self._store.get(key)
        if obj is None:
            return None
        outside = self._repeatable.fingerprint(key)
        return None if outside is None else (version_token(obj), outside)

    def _fall_asleep(self, key: Key, slot: _Slot, due_ms: Millis | None) -> None:
        """Leave the runs of a key to the idle ones, from `due_ms` on, or with one that begins now."""
        assert self._repeatable is not None, f"{self.name} plays all runs"
        slot.asleep, slot.due_ms, slot.trigger = True, None, ""
        if due_ms is None:
            self._idle.begin(key, self._repeatable.idle(key), self._schedule.now_ms)
        else:
            self._idle.sleep(key, self._repeatable.idle(key), due_ms)

    def _play_idle(self) -> None:
        """Something is about to change: nobody sleeps any more, and what is under way is played, for it may come to see it."""
        if self._idle or self._ending:
            under_way = [*self._ending.values(), *self._woken()]
            self._ending.clear()
            for sleeper, slot in under_way:
                sleeper.idle.stream.rewind()
                self._play(sleeper.key, slot, Run(self._log, self.name, sleeper.key, "interval", (), sleeper.began_ms))

    def _end_idle(self) -> None:
        """Somebody waits for a worker, or for a sleeping key: nobody sleeps any more, and what is under way goes to its end."""
        for sleeper, slot in self._woken():
            self._ending[sleeper.key] = (sleeper, slot)
            self._schedule.at(sleeper.at_ms, partial(self._ended, sleeper))

    def _woken(self) -> list[tuple[Sleeper, _Slot]]:
        """Put the sleepers back into the queue; return those whose run is under way, each with a worker."""
        now_ms = self._schedule.now_ms
        self._idle.settle(now_ms)
        under_way: list[tuple[Sleeper, _Slot]] = []
        queued: list[Key] = []
        for sleeper in self._idle.wake():
            slot = self._slots[sleeper.key]
            slot.asleep = False
            if sleeper.began_ms >= 0:
                slot.running = True
                self._free -= 1
                under_way.append((sleeper, slot))
                continue
            sleeper.idle.stream.forget()
            if sleeper.at_ms < now_ms:
                slot.queued, slot.trigger = True, "interval"
                queued.append(sleeper.key)
            else:
                slot.due_ms = sleeper.at_ms
                self._arm(sleeper.key, slot)
        self._ready.extendleft(reversed(queued))
        return under_way

    def _ended(self, sleeper: Sleeper) -> None:
        ending = self._ending.get(sleeper.key)
        if ending is not None and ending[0] is sleeper:
            del self._ending[sleeper.key]
            sleeper.idle.stream.forget()
            sleeper.idle.happened([Span(sleeper.began_ms, self._schedule.now_ms)])
            self._end(sleeper.key, ending[1], After(sleeper.idle.again()))
