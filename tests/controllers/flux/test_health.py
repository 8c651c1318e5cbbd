"""Waiting until objects are healthy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fluxsim.controllers.flux.applier import Applied, Change
from fluxsim.controllers.flux.health import HealthCheckCanceled, HealthCheckFailed, HealthChecks
from fluxsim.kube.meta import Key, Kind
from fluxsim.kube.outcome import Stalled
from tests.controllers.flux.ground import Ground

CONFIG = Key(Kind("ConfigMap"), "default", "cfg")
WIDGET = Key(Kind("Widget", "example.com"), "default", "w")
JOB = Key(Kind("Job", "batch"), "default", "once")


class Wait:
    """A wait for some objects, with the time it took."""

    def __init__(self) -> None:
        self.ground = Ground()
        self.ground.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}})

    def widget(self, status: dict[str, Any]) -> None:
        if self.ground.store.get(WIDGET) is None:
            metadata = {"name": "w", "namespace": "default"}
            self.ground.put({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": metadata, "spec": {"a": 1}})
        self.ground.store.write_status(WIDGET, status, manager="test")

    def run(self, *wanted: Key, timeout_ms: int = 60_000, fail_fast: bool = True, **spec: Any) -> int:
        """Wait, and return for how long; raises what the wait raises."""
        may_vanish, interrupted = spec.pop("may_vanish", ()), spec.pop("interrupted", None)
        checks = HealthChecks(self.ground.store, self.ground.clock, fail_fast=fail_fast)
        before = self.ground.clock.now_ms
        self.ground.play(checks.wait(wanted, spec, timeout_ms, may_vanish=may_vanish, interrupted=interrupted))
        return self.ground.clock.now_ms - before

    def fails(self, *wanted: Key, **more: Any) -> tuple[str, int]:
        before = self.ground.clock.now_ms
        with pytest.raises(HealthCheckFailed) as failed:
            self.run(*wanted, **more)
        return str(failed.value), self.ground.clock.now_ms - before

    def later(self, delay_ms: int, call: Callable[[], None]) -> None:
        self.ground.at(delay_ms, call)


def ready(status: str) -> dict[str, Any]:
    return {"observedGeneration": 1, "conditions": [{"type": "Ready", "status": status, "reason": "r", "message": "m"}]}


def test_what_has_no_status_is_healthy_at_once() -> None:
    wait = Wait()
    wait.ground.put({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cfg", "namespace": "default"}})
    assert wait.run(CONFIG) < 1_000


def test_what_is_not_there_times_out() -> None:
    told, took = Wait().fails(CONFIG)
    assert told == "timeout waiting for: [ConfigMap/default/cfg status: 'NotFound']"
    assert took == 60_000


def test_it_looks_every_five_seconds() -> None:
    wait = Wait()
    wait.widget(ready("False"))
    wait.later(7_000, lambda: wait.widget(ready("True")))
    assert wait.run(WIDGET) == 10_020


def test_what_failed_ends_the_wait() -> None:
    wait = Wait()
    wait.widget(
        {"observedGeneration": 1, "conditions": [{"type": "Stalled", "status": "True", "reason": "r", "message": "m"}]}
    )
    told, took = wait.fails(WIDGET)
    assert told == "failed early due to stalled resources: [Widget/default/w status: 'Failed']"
    assert took < 1_000


def test_without_fail_fast_the_time_runs_out() -> None:
    wait = Wait()
    wait.widget(
        {"observedGeneration": 1, "conditions": [{"type": "Stalled", "status": "True", "reason": "r", "message": "m"}]}
    )
    told, took = wait.fails(WIDGET, CONFIG, fail_fast=False)
    assert told == "timeout waiting for: [Widget/default/w status: 'Failed', ConfigMap/default/cfg status: 'NotFound']"
    assert took == 60_000


def test_an_expression_says_when_a_kind_is_healthy() -> None:
    wait = Wait()
    wait.widget({"phase": "Working"})
    expressions = [{"apiVersion": "example.com/v1", "kind": "Widget", "current": "status.phase == 'Done'"}]
    wait.later(2_000, lambda: wait.widget({"phase": "Done"}))
    assert wait.run(WIDGET, healthCheckExprs=expressions) == 5_020


def test_an_expression_that_cannot_be_evaluated_is_unknown_with_its_reason() -> None:
    wait = Wait()
    wait.widget({})
    expressions = [{"apiVersion": "example.com/v1", "kind": "Widget", "current": "status.phase == 'Done'"}]
    told, _ = wait.fails(WIDGET, healthCheckExprs=expressions)
    assert told.startswith(
        "timeout waiting for: [Widget/default/w status: 'Unknown': failed to evaluate the CEL expression"
    )


def test_a_job_with_a_ttl_that_is_gone_has_done_its_work() -> None:
    assert Wait().run(JOB, may_vanish=[JOB]) < 1_000
    told, _ = Wait().fails(JOB)
    assert told == "timeout waiting for: [Job/default/once status: 'NotFound']"


def test_a_wait_that_can_be_interrupted_is() -> None:
    wait = Wait()
    news: list[str] = []
    wait.later(12_000, lambda: news.append("GitRepository/a/b"))
    with pytest.raises(HealthCheckCanceled, match="GitRepository/a/b"):
        wait.run(CONFIG, interrupted=lambda: news[0] if news else "")
    assert wait.ground.clock.now_ms <= 12_200


def test_what_is_wanted() -> None:
    checks = HealthChecks(Ground().store, Ground().clock)
    applied = Applied()
    for key, action in ((CONFIG, "created"), (WIDGET, "skipped"), (JOB, "unchanged")):
        applied.changes[key] = Change(key, action, {}, "")  # type: ignore[arg-type]
    assert checks.wanted({"wait": True, "healthChecks": [{"kind": "X", "name": "x"}]}, applied) == [CONFIG, JOB]
    listed = checks.wanted({"healthChecks": [{"kind": "Deployment", "name": "x", "namespace": "y"}]}, applied)
    assert listed == [Key(Kind("Deployment", "apps"), "y", "x")], "apps/v1 is what is meant where nothing is said"
    assert checks.wanted({}, applied) == []


def test_bad_expressions_stall() -> None:
    with pytest.raises(Stalled) as stalled:
        HealthChecks(Ground().store, Ground().clock).check_expressions(
            {"healthCheckExprs": [{"apiVersion": "v1", "kind": "ConfigMap", "current": "]"}]}
        )
    assert stalled.value.message.startswith("Reconciliation failed terminally due to configuration error: ")


def test_waiting_until_things_are_gone() -> None:
    wait = Wait()
    checks = HealthChecks(wait.ground.store, wait.ground.clock)
    assert wait.ground.play(checks.wait_gone([CONFIG], 10_000))
    wait.ground.put({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cfg", "namespace": "default"}})
    assert not wait.ground.play(checks.wait_gone([CONFIG], 10_000))
    wait.later(3_000, lambda: wait.ground.store.delete(CONFIG))
    before = wait.ground.clock.now_ms
    assert wait.ground.play(checks.wait_gone([CONFIG], 10_000))
    assert wait.ground.clock.now_ms - before == 4_000, "it looks every two seconds"
