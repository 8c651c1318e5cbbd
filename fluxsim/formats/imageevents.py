"""The one event at the end of a run of an image controller, and where events go.

Source: image-reflector-controller v1.2.0 (notify), image-automation-controller v1.2.1 (notify), fluxcd/pkg runtime
v0.110.1 events/recorder.go.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

EventType: TypeAlias = Literal["Normal", "Warning", "Trace"]

NO_CHANGE = "no change since last reconciliation"


class Readiness(NamedTuple):
    """A Ready condition; None stands for none at all."""

    status: str
    reason: str
    message: str


class Happening(NamedTuple):
    """An event as the controller gives it to its recorder."""

    type: EventType
    reason: str
    message: str


class Delivery(NamedTuple):
    """What the recorder makes of an event: its type in the Kubernetes API, its severity for notification-controller."""

    kubernetes_type: Literal["Normal", "Warning"]
    severity: Literal["info", "error", "trace"]
    is_notified: bool


def reflected(before: Readiness | None, after: Readiness, *, quiet_message: str) -> Happening:
    """Return the event of an ImageRepository or ImagePolicy. `quiet_message` is what is said where nothing changed."""
    if not _is_ready(after):
        return Happening("Warning", after.reason, after.message)
    if before is None or not _is_ready(before) or before.message != after.message:
        return Happening("Normal", after.reason, after.message)
    return Happening("Trace", "Succeeded", quiet_message)


def automated(before: Readiness | None, after: Readiness, *, push_summary: str | None, sync_needed: bool) -> Happening:
    """Return the event of an ImageUpdateAutomation. `sync_needed` is False where the run stopped at an unchanged head."""
    if not _is_ready(after):
        return Happening("Warning", after.reason, after.message)
    message = after.message if push_summary is None else push_summary
    if before is None or not _is_ready(before) or push_summary is not None:
        return Happening("Normal", after.reason, message)
    return Happening("Trace", "Succeeded", message if sync_needed else NO_CHANGE)


def delivery(event_type: EventType) -> Delivery:
    """Return where an event goes. Traces stay in the cluster, as Normal events."""
    match event_type:
        case "Trace":
            return Delivery("Normal", "trace", is_notified=False)
        case "Warning":
            return Delivery("Warning", "error", is_notified=True)
        case "Normal":
            return Delivery("Normal", "info", is_notified=True)


def _is_ready(readiness: Readiness) -> bool:
    return readiness.status == "True"
