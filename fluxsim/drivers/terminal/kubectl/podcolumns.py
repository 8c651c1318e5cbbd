"""What `kubectl get pods` says of a pod: READY, STATUS and RESTARTS, as the server sums up its containers.

Source: Kubernetes v1.28 pkg/printers/internalversion/printers.go, printPod.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fluxsim.formats.tree import Json, get


@dataclass(slots=True)
class _Restarts:
    count: int = 0
    last: str = ""

    def add(self, container: Json) -> None:
        self.count += int(container.get("restartCount") or 0)
        ended = get(container, "lastState", "terminated", "finishedAt", default="") or ""
        self.last = max(self.last, ended)

    def text(self, since: Callable[[str], str]) -> str:
        return f"{self.count} ({since(self.last)} ago)" if self.count and self.last else str(self.count)


def pod_cells(pod: Json, since: Callable[[str], str]) -> tuple[str, str, str, str]:
    """Return NAME, READY, STATUS and RESTARTS; `since` writes how long ago a timestamp was."""
    declared = get(pod, "spec", "initContainers", default=None) or ()
    sidecars = {one["name"] for one in declared if one.get("restartPolicy") == "Always"}
    total = len(get(pod, "spec", "containers", default=None) or ()) + len(sidecars)
    status = _phase(pod)

    starting, ready, restarts, of_sidecars = "", 0, _Restarts(), _Restarts()
    for place, one in enumerate(get(pod, "status", "initContainerStatuses", default=None) or ()):
        restarts.add(one)
        if one.get("name") in sidecars:
            of_sidecars.add(one)
        if get(one, "state", "terminated", "exitCode") == 0:
            continue
        if one.get("name") in sidecars and one.get("started"):
            ready += bool(one.get("ready"))
            continue
        starting = _init_status(one, place, len(declared))
        break
    status = starting or status

    if not starting or _condition_true(pod, "Initialized"):
        restarts = of_sidecars
        status, running = _main_status(pod, status, restarts)
        ready += running
        if status == "Completed" and running:
            status = "Running" if _condition_true(pod, "Ready") else "NotReady"
    if get(pod, "metadata", "deletionTimestamp"):
        status = "Unknown" if get(pod, "status", "reason") == "NodeLost" else "Terminating"
    return str(get(pod, "metadata", "name", default="")), f"{ready}/{total}", status, restarts.text(since)


def _phase(pod: Json) -> str:
    """Return the status before any container is looked at."""
    for one in _conditions(pod):
        if one.get("type") == "PodScheduled" and one.get("reason") == "SchedulingGated":
            return "SchedulingGated"
    # The server fills in Pending when a pod is made.
    return str(get(pod, "status", "reason") or get(pod, "status", "phase") or "Pending")


def _init_status(one: Json, place: int, total: int) -> str:
    ended = get(one, "state", "terminated")
    waiting = get(one, "state", "waiting", "reason", default="")
    if ended is not None:
        return f"Init:{_ended(ended)}"
    if waiting and waiting != "PodInitializing":
        return f"Init:{waiting}"
    return f"Init:{place}/{total}"


def _main_status(pod: Json, status: str, restarts: _Restarts) -> tuple[str, int]:
    """Return the status, which the first container with something to say decides, and how many are ready."""
    running = 0
    for one in reversed(get(pod, "status", "containerStatuses", default=None) or ()):
        restarts.add(one)
        ended = get(one, "state", "terminated")
        waiting = get(one, "state", "waiting", "reason", default="")
        if waiting:
            status = waiting
        elif ended is not None:
            status = _ended(ended)
        elif one.get("ready") and get(one, "state", "running") is not None:
            running += 1
    return status, running


def _ended(state: Json) -> str:
    if state.get("reason"):
        return str(state["reason"])
    return f"Signal:{state['signal']}" if state.get("signal") else f"ExitCode:{state.get('exitCode', 0)}"


def _condition_true(pod: Json, kind: str) -> bool:
    return any(one.get("type") == kind and one.get("status") == "True" for one in _conditions(pod))


def _conditions(pod: Json) -> Sequence[Json]:
    return get(pod, "status", "conditions", default=None) or ()
