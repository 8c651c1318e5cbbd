"""Kinds that nobody here looks after become ready after a moment, and say that they were stood in for."""

from __future__ import annotations

from typing import Any

import pytest

from fluxsim.formats.kstatus import status_of
from tests.worlds import NAMESPACE, at, obj, passing, patch, ready, world_of


def release(**spec: Any) -> dict[str, Any]:
    metadata = {"name": "chart", "namespace": "develop"}
    return {
        "apiVersion": "helm.toolkit.fluxcd.io/v2",
        "kind": "HelmRelease",
        "metadata": metadata,
        "spec": {
            "interval": "5m",
            "chart": {"spec": {"chart": "x", "sourceRef": {"kind": "HelmRepository", "name": "x"}}},
        }
        | spec,
    }


def test_a_helm_release_becomes_ready_and_is_listed() -> None:
    world = world_of({}, apply=[release()])
    at(world, "4s")
    assert ready(world, "HelmRelease/develop/chart") is None
    at(world, "6s")
    found = ready(world, "HelmRelease/develop/chart")
    assert found is not None
    assert found[0] == "True"
    assert [
        line
        for line in world.assumptions
        if line.startswith("HelmRelease/develop/chart is stood in for: no chart is installed")
    ]


def test_a_new_spec_is_ready_again_after_a_moment() -> None:
    world = world_of({}, apply=[release()])
    at(world, "10s")
    patch(world, "HelmRelease/develop/chart", {"spec": {"interval": "9m"}})
    passing(world, "6s")
    found = obj(world, "HelmRelease/develop/chart")
    assert found["status"]["observedGeneration"] == found["metadata"]["generation"] == 2


def test_a_suspended_one_is_left_alone() -> None:
    world = world_of({}, apply=[release(suspend=True)])
    at(world, "1m")
    assert ready(world, "HelmRelease/develop/chart") is None


@pytest.mark.parametrize(
    ("api_version", "kind", "spec"),
    [
        ("apps/v1", "StatefulSet", {"replicas": 2, "selector": {}, "template": {}}),
        ("apps/v1", "DaemonSet", {"selector": {}, "template": {}}),
        ("batch/v1", "Job", {"template": {}}),
    ],
)
def test_workloads_without_a_controller_count_as_healthy(api_version: str, kind: str, spec: dict[str, Any]) -> None:
    manifest = {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": "x", "namespace": "develop"},
        "spec": spec,
    }
    world = world_of({}, apply=[NAMESPACE.format("develop"), manifest])
    at(world, "10s")
    assert status_of(obj(world, f"{kind}/develop/x"), now_ms=0).status == "Current"
    assert any(line.startswith(f"{kind}/develop/x is stood in for: no pod runs") for line in world.assumptions)
