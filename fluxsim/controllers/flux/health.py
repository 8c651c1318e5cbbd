"""Health checks of a Kustomization: which objects must become healthy, and the wait for them.

Source: kustomize-controller v1.9.4 checkHealth; fluxcd/pkg ssa v0.76.1 manager_wait.go. Polls every 5 s.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from fluxsim.controllers.flux.applier import Applied
from fluxsim.controllers.flux.idleruns import FIRST_POLL_MS
from fluxsim.formats import celexpr, healthwait, kstatus
from fluxsim.formats.tree import Json
from fluxsim.kernel.steps import Steps
from fluxsim.kernel.units import SECOND, Millis
from fluxsim.kube.clock import Clock
from fluxsim.kube.meta import Key, Kind, group_of
from fluxsim.kube.outcome import Stalled
from fluxsim.kube.store import Store

POLL_MS: Millis = 5 * SECOND
GONE_POLL_MS: Millis = 2 * SECOND
INTERRUPT_MS: Millis = 100
"""How soon a wait notices that it is to end, where it can be ended."""


class HealthCheckFailed(Exception):
    """Objects failed, or did not become healthy in time; the text names them as Flux does."""


class HealthCheckCanceled(Exception):
    """Something asks for another run meanwhile; the text says what, `GitRepository/flux-system/flux-system`."""


class HealthChecks:
    """Waits for objects by kstatus, or by the CEL expressions of spec.healthCheckExprs."""

    def __init__(self, store: Store, clock: Clock, *, fail_fast: bool = True) -> None:
        self._store = store
        self._clock = clock
        self._fail_fast = fail_fast

    def check_expressions(self, spec: Json) -> None:
        """Stalled where an expression of spec.healthCheckExprs does not compile."""
        try:
            celexpr.health_checks(spec.get("healthCheckExprs") or ())
        except celexpr.InvalidExpression as error:
            text = f"Reconciliation failed terminally due to configuration error: {error}"
            raise Stalled("InvalidCELExpression", text) from error

    def wanted(self, spec: Json, applied: Applied) -> list[Key]:
        """Return what must be healthy: all that was applied with `wait`, else what healthChecks lists."""
        if spec.get("wait"):
            return [change.key for change in applied.changes.values() if change.action != "skipped"]
        return self.listed(spec)

    def listed(self, spec: Json) -> list[Key]:
        """Return what spec.healthChecks names."""
        return [
            Key(
                Kind(check["kind"], group_of(check.get("apiVersion") or "apps/v1")),
                check.get("namespace") or "",
                check["name"],
            )
            for check in spec.get("healthChecks") or ()
        ]

    def wait(
        self,
        wanted: Sequence[Key],
        spec: Json,
        timeout_ms: Millis,
        *,
        may_vanish: Collection[Key] = (),
        interrupted: Callable[[], str] | None = None,
    ) -> Steps[None]:
        """Poll until all are Current; HealthCheckFailed at the first Failed or when the time is over.

        `may_vanish` are Jobs that are applied with a TTL: one that is gone has done its work. `interrupted` is asked
        all the time, and raises HealthCheckCanceled when it names something.
        """
        deadline = self._clock.now_ms + timeout_ms
        expressions = celexpr.health_checks(spec.get("healthCheckExprs") or ())
        names = {healthwait.object_name(key.kind.name, key.namespace, key.name): key for key in wanted}
        vanishing = [name for name, key in names.items() if key in may_vanish]
        yield FIRST_POLL_MS
        while True:
            statuses = {name: self._status(key, expressions) for name, key in names.items()}
            left = deadline - self._clock.now_ms
            verdict = healthwait.waited(statuses, fail_fast=self._fail_fast, timed_out=left <= 0, may_vanish=vanishing)
            if verdict.over:
                if verdict.error is not None:
                    raise HealthCheckFailed(verdict.error)
                return
            yield from self._pause(min(POLL_MS, left), interrupted)

    def _pause(self, span_ms: Millis, interrupted: Callable[[], str] | None) -> Steps[None]:
        if interrupted is None:
            yield span_ms
            return
        end = self._clock.now_ms + span_ms
        while self._clock.now_ms < end:
            yield min(INTERRUPT_MS, end - self._clock.now_ms)
            by = interrupted()
            if by:
                raise HealthCheckCanceled(by)

    def wait_gone(self, keys: Sequence[Key], timeout_ms: Millis) -> Steps[bool]:
        """Poll until none of the objects is left; return whether that came about before the time was over."""
        deadline = self._clock.now_ms + timeout_ms
        while any(self._store.get(key) is not None for key in keys):
            if self._clock.now_ms >= deadline:
                return False
            yield GONE_POLL_MS
        return True

    def _status(self, key: Key, expressions: celexpr.HealthChecks) -> kstatus.Status:
        obj = self._store.get(key)
        if obj is None:
            return kstatus.NOT_FOUND
        return healthwait.health_of(obj, expressions, now_ms=self._clock.epoch_ms + self._clock.now_ms)
