"""What the server says of objects that the lab rarely makes."""

from __future__ import annotations

import pytest

from fluxsim.drivers.terminal.kubectl.printers import printer_for
from fluxsim.formats.tree import Json
from fluxsim.kernel.units import unix_millis

NOW = unix_millis("2026-05-01T12:00:00Z")


def pod(status: Json, spec: Json = None, **metadata: str) -> list[Json]:
    obj = {
        "metadata": {"name": "p", "creationTimestamp": "2026-05-01T11:55:00Z", **metadata},
        "spec": {"containers": [{"name": "a"}], **(spec or {})},
        "status": status,
    }
    return [*printer_for("Pod").row(obj, NOW, wide=False)]


def waiting(reason: str, **more: Json) -> Json:
    return {"name": "a", "restartCount": 0, "state": {"waiting": {"reason": reason}}, **more}


def test_the_first_container_with_something_to_say_decides() -> None:
    statuses = [waiting("ImagePullBackOff"), waiting("CrashLoopBackOff")]
    assert pod({"phase": "Pending", "containerStatuses": statuses}) == ["p", "0/1", "ImagePullBackOff", "0", "5m"]


def test_restarts_name_the_latest_end() -> None:
    ended = {"terminated": {"finishedAt": "2026-05-01T11:59:30Z"}}
    status = waiting("CrashLoopBackOff", restartCount=3, lastState=ended)
    assert pod({"phase": "Running", "containerStatuses": [status]})[3] == "3 (30s ago)"


def test_a_failed_init_container_stands_before_everything() -> None:
    spec = {"initContainers": [{"name": "i"}]}
    status = {"phase": "Pending", "initContainerStatuses": [{"name": "i", "state": {"terminated": {"exitCode": 7}}}]}
    assert pod(status, spec)[2] == "Init:ExitCode:7"


def test_a_pod_that_goes_is_terminating() -> None:
    assert pod({"phase": "Running"}, deletionTimestamp="2026-05-01T12:00:20Z")[2] == "Terminating"
    lost = pod({"phase": "Running", "reason": "NodeLost"}, deletionTimestamp="2026-05-01T12:00:20Z")
    assert lost[2] == "Unknown"


def test_an_empty_pod_is_pending_and_of_unknown_age() -> None:
    assert printer_for("Pod").row({}, NOW, wide=True) == [
        "",
        "0/0",
        "Pending",
        "0",
        "<unknown>",
        *["<none>"] * 4,
    ]


@pytest.mark.parametrize(
    ("selector", "text"),
    [
        ({"matchLabels": {"b": "2", "a": "1"}}, "a=1,b=2"),
        ({"matchExpressions": [{"key": "k", "operator": "NotIn", "values": ["y", "x"]}]}, "k notin (x,y)"),
        ({}, "<none>"),
    ],
)
def test_selectors_are_written_one_way(selector: Json, text: str) -> None:
    obj = {"metadata": {"name": "d"}, "spec": {"selector": selector}}
    assert printer_for("Deployment").row(obj, NOW, wide=True)[-1] == text


def test_a_foreign_kind_has_a_name_and_an_age() -> None:
    printer = printer_for("Rollout", "argoproj.io/v1alpha1")
    assert printer.headings(wide=False) == ("NAME", "AGE")
    assert printer.row({"metadata": {"name": "r", "creationTimestamp": "2026-04-29T12:00:00Z"}}, NOW, wide=False) == [
        "r",
        "2d",
    ]


def test_events_put_their_wide_columns_between_the_others() -> None:
    event = {
        "metadata": {"name": "e"},
        "involvedObject": {"kind": "Pod", "name": "p", "fieldPath": "spec.containers{a}"},
        "type": "Warning",
        "reason": "BackOff",
        "message": "Back-off\n",
        "source": {"component": "kubelet", "host": "node-1"},
        "firstTimestamp": "2026-05-01T11:00:00Z",
        "lastTimestamp": "2026-05-01T11:59:00Z",
        "count": 4,
    }
    assert printer_for("Event").row(event, NOW, wide=True) == [
        "60s",
        "Warning",
        "BackOff",
        "pod/p",
        "spec.containers{a}",
        "kubelet, node-1",
        "Back-off",
        "60m",
        4,
        "e",
    ]
