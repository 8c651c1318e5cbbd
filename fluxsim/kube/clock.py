"""The cluster's view of time and identity: RFC 3339 now, and uids from the seed."""

from __future__ import annotations

from fluxsim.kernel.chance import Chance
from fluxsim.kernel.ids import uid
from fluxsim.kernel.schedule import Schedule
from fluxsim.kernel.units import Millis, rfc3339


class Clock:
    """Virtual now as the objects write it."""

    def __init__(self, schedule: Schedule, chance: Chance, epoch_ms: Millis) -> None:
        self._schedule = schedule
        self._chance = chance
        self.epoch_ms = epoch_ms
        self._second = -1
        self._text = ""

    @property
    def now_ms(self) -> Millis:
        """Virtual milliseconds since the epoch of the world."""
        return self._schedule.now_ms

    @property
    def unix_s(self) -> int:
        """Seconds since 1970, as CI stamps a tag."""
        return (self.epoch_ms + self._schedule.now_ms) // 1000

    def now_text(self) -> str:
        """Return now as RFC 3339 with whole seconds; asked for with every write, so the second's text is kept."""
        second = self.unix_s
        if second != self._second:
            self._second, self._text = second, rfc3339(second * 1000)
        return self._text

    def text_at(self, at_ms: Millis) -> str:
        return rfc3339(self.epoch_ms + at_ms)

    def uid(self, name: str) -> str:
        return uid(self._chance.seed, name)
