"""How flux waits for an object: it looks at once and every two seconds until kstatus says Current.

Source: flux2 v2.9.4 cmd/flux/reconcile.go, resume.go; pollInterval in main.go.
"""

from __future__ import annotations

from collections.abc import Callable

from fluxsim.drivers.terminal.api import Api
from fluxsim.drivers.terminal.console import Failed
from fluxsim.formats.kstatus import status_of
from fluxsim.formats.tree import Json
from fluxsim.kernel.units import SECOND, Millis
from fluxsim.kube.meta import Key

POLL_MS: Millis = 2 * SECOND


def until_current(api: Api, key: Key, timeout_ms: Millis, ready: Callable[[Json], bool] = lambda _obj: True) -> Json:
    """Return the object once it is Current and `ready`; Failed with its message where it is stalled, and when time is over."""
    deadline_ms = api.now_ms + timeout_ms
    while True:
        obj = api.get(key)
        if ready(obj):
            status = status_of(obj, now_ms=api.now_ms)
            if status.status == "Failed":
                raise Failed(status.message)
            if status.status == "Current":
                return obj
        left_ms = deadline_ms - api.now_ms
        api.wait(min(POLL_MS, left_ms))
        if left_ms <= POLL_MS:
            raise Failed("context deadline exceeded")
