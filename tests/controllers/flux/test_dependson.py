"""Why a dependency is not met."""

from __future__ import annotations

from typing import Any

import pytest

from fluxsim.controllers.flux.dependson import unmet
from fluxsim.formats.tree import freeze
from fluxsim.kube.meta import KUSTOMIZATION, Key
from fluxsim.kube.outcome import Stalled

REVISION = "main@sha1:2"
NAME = Key(KUSTOMIZATION, "flux-system", "infra")
OBJECT = freeze(
    {
        "metadata": {"namespace": "apps", "name": "web"},
        "spec": {"sourceRef": {"kind": "GitRepository", "name": "fleet", "namespace": "flux-system"}},
    }
)


def dependency(
    *, ready: str = "True", observed: int = 1, applied: str = REVISION, source: str = "fleet", conditions: bool = True
) -> Any:
    listed = [{"type": "Ready", "status": ready, "reason": "x", "message": "x"}] if conditions else []
    return freeze(
        {
            "metadata": {"namespace": "flux-system", "name": "infra", "generation": 1, "labels": {"tier": "base"}},
            "spec": {"sourceRef": {"kind": "GitRepository", "name": source}},
            "status": {"observedGeneration": observed, "lastAppliedRevision": applied, "conditions": listed},
        }
    )


def asked(found: Any, expression: str = "", *, additive: bool = False) -> str:
    return unmet(OBJECT, NAME, found, REVISION, expression, additive=additive)


def test_a_ready_one_at_the_revision_is_met() -> None:
    assert asked(dependency()) == ""


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (None, 'not found: kustomizations.kustomize.toolkit.fluxcd.io "infra" not found'),
        (dependency(ready="False"), "is not ready"),
        (dependency(ready="Unknown"), "is not ready"),
        (dependency(conditions=False), "is not ready"),
        (dependency(observed=0), "is not ready"),
        (dependency(applied="main@sha1:1"), "revision is not up to date"),
    ],
)
def test_what_is_said_of_one_that_is_not_met(found: Any, why: str) -> None:
    assert asked(found) == f"dependency 'flux-system/infra' {why}"


def test_another_source_has_revisions_of_its_own() -> None:
    assert asked(dependency(applied="v1@sha1:1", source="other")) == ""


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("dep.metadata.labels.tier == 'base'", ""),
        ("self.metadata.name == 'web'", ""),
        (
            "dep.metadata.labels.tier == 'other'",
            "dependency 'flux-system/infra' is not ready according to readyExpr eval",
        ),
    ],
)
def test_an_expression_takes_the_place_of_all_questions(expression: str, why: str) -> None:
    assert asked(dependency(ready="False", applied="old"), expression) == why


def test_an_additive_expression_comes_on_top() -> None:
    assert asked(dependency(ready="False"), "true", additive=True) == "dependency 'flux-system/infra' is not ready"
    assert asked(dependency(), "true", additive=True) == ""
    assert "readyExpr" in asked(dependency(), "false", additive=True)


def test_an_expression_that_cannot_be_evaluated_is_told_as_it_is() -> None:
    told = asked(dependency(), "dep.metadata.nothing == 'x'")
    assert told.startswith("failed to evaluate the CEL expression")


def test_an_expression_that_cannot_be_read_stalls() -> None:
    with pytest.raises(Stalled) as stalled:
        asked(dependency(), "dep.")
    assert stalled.value.reason == "InvalidCELExpression"
    assert stalled.value.message.startswith(
        "Reconciliation failed terminally due to configuration error: terminal error: failed to evaluate dependency infra: "
    )
