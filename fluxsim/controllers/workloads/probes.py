"""When a container that does what it should answers its probes, as a pure function.

Source: kubernetes v1.33 pkg/kubelet/prober/worker.go; a probe counts from the start of the container.
"""

from __future__ import annotations

from fluxsim.formats.tree import Json
from fluxsim.kernel.units import SECOND, Millis


def ready_after(container: Json, boots_ms: Millis) -> Millis:
    """Return how long after its start a container whose program needs `boots_ms` becomes ready."""
    startup, readiness = container.get("startupProbe"), container.get("readinessProbe")
    started_ms = _answered(startup, 0, boots_ms) if startup is not None else 0
    return _answered(readiness, started_ms, boots_ms) if readiness is not None else started_ms


def period_of(probe: Json) -> Millis:
    found: int = probe.get("periodSeconds") or 10
    return found * SECOND


def _answered(probe: Json, from_ms: Millis, boots_ms: Millis) -> Millis:
    """Return when a probe has succeeded often enough; it is tried first after its delay, then in its period."""
    first_ms = max(from_ms, (probe.get("initialDelaySeconds") or 0) * SECOND)
    period_ms = period_of(probe)
    missed = -(-max(0, boots_ms - first_ms) // period_ms)
    return first_ms + (missed + (probe.get("successThreshold") or 1) - 1) * period_ms
