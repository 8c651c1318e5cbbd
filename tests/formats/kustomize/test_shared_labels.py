"""A label that one layer put into several places changes in all of them, as in kustomize v5.8.1."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from fluxsim.formats.kustomize import DictTree, build
from fluxsim.formats.tree import thaw

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: app}
spec: {template: {spec: {containers: [{name: a, image: b}]}}}
"""
SELECTING = {"labels": [{"pairs": {"env": "base"}, "includeSelectors": True}]}
PATCH = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: app, %s: {env: prod}}\n"


def built(base: Any, top: Any, manifest: str = DEPLOYMENT) -> Any:
    files = {
        "base/d.yaml": manifest,
        "base/kustomization.yaml": yaml.safe_dump({"resources": ["d.yaml"], **base}),
        "top/kustomization.yaml": yaml.safe_dump({"resources": ["../base"], **top}),
    }
    [made] = build(DictTree(files), "top").resources
    return thaw(made)


@pytest.mark.parametrize("top", [{"labels": [{"pairs": {"env": "prod"}}]}, {"patches": [{"patch": PATCH % "labels"}]}])
def test_an_overlay_that_changes_the_label_changes_the_selector(top: Any) -> None:
    made = built(SELECTING, top)
    assert made["metadata"]["labels"] == {"env": "prod"}
    assert made["spec"]["selector"]["matchLabels"] == {"env": "prod"}
    assert made["spec"]["template"]["metadata"]["labels"] == {"env": "prod"}


def test_a_place_that_had_the_label_before_stays_by_itself() -> None:
    manifest = DEPLOYMENT.replace("{name: app}", "{name: app, labels: {env: own}}", 1)
    made = built(SELECTING, {"labels": [{"pairs": {"env": "prod"}}]}, manifest)
    assert made["metadata"]["labels"] == {"env": "prod"}
    assert made["spec"]["selector"]["matchLabels"] == {"env": "base"}


def test_a_json_patch_changes_one_place_and_parts_the_others() -> None:
    patch = '[{"op": "replace", "path": "/metadata/labels/env", "value": "prod"}]'
    made = built(SELECTING, {"patches": [{"patch": patch, "target": {"kind": "Deployment"}}]})
    assert made["metadata"]["labels"] == {"env": "prod"}
    assert made["spec"]["selector"]["matchLabels"] == {"env": "base"}


def test_annotations_are_shared_too_and_a_prefix_does_not_part_them() -> None:
    top: dict[str, Any] = {"patches": [{"patch": PATCH % "annotations", "target": {"kind": "Deployment"}}]}
    made = built({"commonAnnotations": {"env": "base"}}, top)
    assert made["spec"]["template"]["metadata"]["annotations"] == {"env": "prod"}
    source = {"kind": "Deployment", "fieldPath": "spec.template.spec.containers.0.image"}
    targets = [{"select": {"kind": "Deployment"}, "fieldPaths": ["metadata.annotations.env"]}]
    top = {"namePrefix": "x-", "replacements": [{"source": source, "targets": targets}]}
    made = built({"commonAnnotations": {"env": "base"}}, top)
    assert made["metadata"]["annotations"] == {"env": "b"}
    assert made["spec"]["template"]["metadata"]["annotations"] == {"env": "b"}
