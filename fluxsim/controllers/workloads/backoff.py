"""The kubelet's back-off for pulls and restarts: 10 s, doubling to 5 min, forgotten after 10 min.

Source: client-go v0.33 util/flowcontrol/backoff.go without jitter, as pkg/kubelet makes it.
"""

from __future__ import annotations

from dataclasses import dataclass

from fluxsim.kernel.units import MINUTE, SECOND, Millis

FIRST_MS: Millis = 10 * SECOND
MOST_MS: Millis = 5 * MINUTE


@dataclass(slots=True)
class ContainerBackoff:
    """How long to wait after something went wrong; `failures` counts since the beginning, `error` is the last one's text."""

    wait_ms: Millis = 0
    since_ms: Millis = 0
    failures: int = 0
    error: str = ""

    def raise_at(self, now_ms: Millis) -> None:
        """Count a failure (of a restart: the restart itself), which makes the next wait longer."""
        fresh = not self.failures or self._forgotten(now_ms)
        self.wait_ms = FIRST_MS if fresh else min(2 * self.wait_ms, MOST_MS)
        self.since_ms = now_ms
        self.failures += 1

    def left(self, failed_ms: Millis, now_ms: Millis) -> Millis:
        """Return how long what failed at `failed_ms` still has to wait, 0 for not at all."""
        if not self.failures or self._forgotten(failed_ms):
            return 0
        return max(0, failed_ms + self.wait_ms - now_ms)

    def _forgotten(self, at_ms: Millis) -> bool:
        return at_ms - self.since_ms > 2 * MOST_MS
