"""Whether a Kustomization's dependency is ready, and what is said where it is not.

Source: kustomize-controller v1.9.4 internal/controller/kustomization_controller.go checkDependencies.
"""

from __future__ import annotations

from fluxsim.formats import celexpr
from fluxsim.formats.tree import Json, Map, get
from fluxsim.kube.meta import Key, condition, generation_of
from fluxsim.kube.outcome import Stalled


def unmet(
    obj: Map, name: Key, dependency: Json, revision: str, ready_expression: str, *, additive: bool = False
) -> str:
    """Return why the dependency is not met, nothing where it is; Stalled where its expression cannot be read.

    `revision` is that of the artifact which `obj` is about to apply. An expression takes the place of all other
    questions, unless it is `additive`.
    """
    called = f"dependency '{name.namespace}/{name.name}'"
    if dependency is None:
        return f'{called} not found: kustomizations.kustomize.toolkit.fluxcd.io "{name.name}" not found'
    if ready_expression:
        told = _unready_by_expression(called, ready_expression, obj, dependency)
        if told or not additive:
            return told
    if not _is_ready(dependency):
        return f"{called} is not ready"
    if _source(dependency) == _source(obj) and get(dependency, "status", "lastAppliedRevision") != revision:
        return f"{called} revision is not up to date"
    return ""


def _is_ready(dependency: Json) -> bool:
    ready = condition(dependency, "Ready")
    observed = get(dependency, "status", "observedGeneration") == generation_of(dependency)
    return observed and ready is not None and ready["status"] == "True"


def _unready_by_expression(called: str, expression: str, obj: Map, dependency: Json) -> str:
    try:
        ready = celexpr.is_ready(expression, obj, dependency)
    except celexpr.InvalidExpression as error:
        text = f"Reconciliation failed terminally due to configuration error: terminal error: {error}"
        raise Stalled("InvalidCELExpression", text) from error
    except celexpr.ExpressionFailed as error:
        return str(error)
    return "" if ready else f"{called} is not ready according to readyExpr eval"


def _source(obj: Json) -> tuple[str, str, str]:
    reference = obj["spec"]["sourceRef"]
    return (reference["kind"], reference.get("namespace") or obj["metadata"]["namespace"], reference["name"])
