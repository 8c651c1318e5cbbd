"""Health checks of a Kustomization: which objects must become healthy, and the wait for them.

Source: kustomize-controller v1.9.4 checkHealth; fluxcd/pkg ssa v0.76.1 manager_wait.go. Polls every 5 s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fluxsim.controllers.flux.applier import Applied
from fluxsim.formats import celexpr, healthwait, kstatus
from fluxsim.formats.fluxinventory import InventoryId
from fluxsim.formats.tree import Json, get
from fluxsim.kernel.steps import Steps
from fluxsim.kernel.units import SECOND, Millis
from fluxsim.kube.clock import Clock
from fluxsim.kube.meta import Key, Kind, group_of
from fluxsim.kube.outcome import Stalled
from fluxsim.kube.store import Store

POLL_MS: Millis = 5 * SECOND
FIRST_POLL_MS: Millis = 20
GONE_POLL_MS: Millis = 2 * SECOND


class HealthCheckFailed(Exception):
    """Objects failed, or did not become healthy in time; the text names them as Flux does."""


class HealthChecks:
    """Waits for objects by kstatus, or by the CEL expressions of spec.healthCheckExprs."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def check_expressions(self, spec: Json) -> None:
        """Stalled where an expression of spec.healthCheckExprs does not compile."""
        try:
            celexpr.health_checks(spec.get("healthCheckExprs") or ())
        except celexpr.InvalidExpression as error:
            text = f"Reconciliation failed terminally due to configuration error: {error}"
            raise Stalled("InvalidCELExpression", text) from error

    def wanted(self, key: Key, spec: Json, applied: Applied) -> list[Key]:
        """Return what must be healthy: all that was applied with `wait`, else what healthChecks lists."""
        if spec.get("wait"):
            return [
                change.key for change in applied.changes.values() if change.action != "skipped" and change.key != key
            ]
        return [
            Key(
                Kind(check["kind"], group_of(check.get("apiVersion") or "apps/v1")),
                check.get("namespace") or "",
                check["name"],
            )
            for check in spec.get("healthChecks") or ()
        ]

    def wait(self, wanted: Sequence[Key], spec: Json, timeout_ms: Millis) -> Steps[None]:
        """Poll until all are Current; HealthCheckFailed at the first Failed or when the time is over."""
        deadline = self._clock.now_ms + timeout_ms
        expressions = celexpr.health_checks(spec.get("healthCheckExprs") or ())
        yield FIRST_POLL_MS
        while True:
            statuses: dict[str, kstatus.Status | None] = {}
            may_vanish: list[str] = []
            for key in wanted:
                name = healthwait.object_name(key.kind.name, key.namespace, key.name)
                obj = self._store.get(key)
                statuses[name] = self._status(key, obj, expressions)
                if key.kind == Kind("Job", "batch") and (
                    obj is None or get(obj, "spec", "ttlSecondsAfterFinished") is not None
                ):
                    may_vanish.append(name)
            left = deadline - self._clock.now_ms
            verdict = healthwait.waited(statuses, timed_out=left <= 0, may_vanish=may_vanish)
            if verdict.over:
                if verdict.error is not None:
                    raise HealthCheckFailed(verdict.error)
                return
            yield min(POLL_MS, left)

    def wait_gone(self, entries: Sequence[Mapping[str, str]], timeout_ms: Millis) -> Steps[None]:
        """Poll until none of the inventory is left, or the time is over."""
        deadline = self._clock.now_ms + timeout_ms
        keys = [_key(entry["id"]) for entry in entries]
        while any(self._store.get(key) is not None for key in keys) and self._clock.now_ms < deadline:
            yield GONE_POLL_MS

    def _status(self, key: Key, obj: Json, expressions: celexpr.HealthChecks) -> kstatus.Status:
        if obj is None:
            return kstatus.NOT_FOUND
        check = expressions.of(key.kind.group, key.kind.name)
        if check is not None:
            try:
                return check.status_of(obj)
            except celexpr.ExpressionFailed as error:
                return kstatus.Status("Unknown", str(error))
        try:
            return kstatus.status_of(obj, now_ms=self._clock.epoch_ms + self._clock.now_ms)
        except kstatus.StatusError as error:
            return kstatus.Status("Unknown", str(error))


def _key(inventory_id: str) -> Key:
    parsed = InventoryId.parse(inventory_id)
    return Key(Kind(parsed.kind, parsed.group), parsed.namespace, parsed.name)
