from __future__ import annotations

import pytest

from fluxsim.controllers.workloads.backoff import ContainerBackoff
from fluxsim.controllers.workloads.probes import ready_after
from fluxsim.formats.tree import Json
from fluxsim.kernel.units import MINUTE


@pytest.mark.parametrize(
    ("container", "boots_ms", "ready_ms"),
    [
        ({}, 5000, 0),
        ({"readinessProbe": {}}, 0, 0),
        ({"readinessProbe": {}}, 1, 10_000),
        ({"readinessProbe": {"periodSeconds": 3}}, 3000, 3000),
        ({"readinessProbe": {"periodSeconds": 3}}, 3001, 6000),
        ({"readinessProbe": {"initialDelaySeconds": 7, "periodSeconds": 2}}, 1000, 7000),
        ({"readinessProbe": {"initialDelaySeconds": 7, "periodSeconds": 2}}, 8000, 9000),
        ({"readinessProbe": {"successThreshold": 3, "periodSeconds": 2}}, 1500, 6000),
        ({"startupProbe": {"periodSeconds": 4}}, 5000, 8000),
        ({"startupProbe": {"periodSeconds": 4}, "readinessProbe": {"periodSeconds": 1}}, 5000, 8000),
        ({"startupProbe": {"periodSeconds": 1}, "readinessProbe": {"initialDelaySeconds": 20}}, 5000, 20_000),
    ],
)
def test_a_container_is_ready_at_the_first_probe_it_answers(container: Json, boots_ms: int, ready_ms: int) -> None:
    assert ready_after(container, boots_ms) == ready_ms


def test_back_off_doubles_to_five_minutes() -> None:
    backoff, waits, now_ms = ContainerBackoff(), list[int](), 0
    for _ in range(8):
        backoff.raise_at(now_ms)
        waits.append(backoff.wait_ms // 1000)
        now_ms += backoff.wait_ms
    assert waits == [10, 20, 40, 80, 160, 300, 300, 300]


def test_what_never_failed_need_not_wait() -> None:
    assert ContainerBackoff().left(0, 0) == 0


def test_the_wait_counts_from_the_failure() -> None:
    backoff = ContainerBackoff()
    backoff.raise_at(1000)
    assert backoff.left(4000, 5000) == 9000
    assert backoff.left(4000, 14_000) == backoff.left(4000, 90_000) == 0


def test_ten_minutes_without_a_failure_forget_it() -> None:
    backoff = ContainerBackoff()
    for now_ms in (0, 20_000, 60_000):
        backoff.raise_at(now_ms)
    late_ms = 60_000 + 10 * MINUTE + 1
    assert backoff.left(late_ms, late_ms) == 0
    backoff.raise_at(late_ms)
    assert backoff.wait_ms == 10_000
