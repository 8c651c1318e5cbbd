from __future__ import annotations

from typing import Any

import pytest

from tests.formats.kustomize.overlay import failure, objects, one


def places(settings: str) -> tuple[Any, Any, Any]:
    made = one(f"resources: [deployment.yaml]\n{settings}")
    return (
        made["metadata"].get("labels"),
        made["spec"]["selector"]["matchLabels"],
        made["spec"]["template"]["metadata"]["labels"],
    )


OWN = {"app": "shop"}
BOTH = {"app": "shop", "tier": "x"}
NEW = {"tier": "x"}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("labels: [{pairs: {tier: x}}]", (NEW, OWN, OWN)),
        ("labels: [{pairs: {tier: x}, includeTemplates: true}]", (NEW, OWN, BOTH)),
        ("labels: [{pairs: {tier: x}, includeSelectors: true}]", (NEW, BOTH, BOTH)),
        ("commonLabels: {tier: x}", (NEW, BOTH, BOTH)),
        ("commonLabels: {}", (None, OWN, OWN)),
    ],
)
def test_labels_reach_templates_and_selectors_when_asked(settings: str, expected: tuple[Any, Any, Any]) -> None:
    assert places(settings) == expected


def test_an_entry_may_bring_places_of_its_own() -> None:
    made = one(
        "resources: [service.yaml]\nlabels: [{pairs: {a: b}, fields: [{path: spec/extra, create: true, kind: Service}]}]"
    )
    assert made["spec"]["extra"] == {"a": "b"}


def test_places_that_contradict_the_built_in_ones_are_refused() -> None:
    text = failure(
        "resources: [service.yaml]\nlabels: [{pairs: {a: b}, includeSelectors: true, fields: [{path: spec/selector, kind: Service, version: v1}]}]"
    )
    assert text == "failed to merge labels: conflicting fieldspecs"


def test_a_selector_is_made_for_a_service_but_not_for_a_job() -> None:
    files: dict[str, str | bytes] = {
        "x.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {}\n---\n"
        "apiVersion: batch/v1\nkind: Job\nmetadata: {name: x}\nspec: {}\n"
    }
    service, job = objects("resources: [x.yaml]\ncommonLabels: {a: b}", files)
    assert service["spec"] == {"selector": {"a": "b"}}
    assert job["spec"] == {"template": {"metadata": {"labels": {"a": "b"}}}}


def test_annotations_reach_pod_templates() -> None:
    made = one("resources: [deployment.yaml]\ncommonAnnotations: {who: me}")
    assert made["metadata"]["annotations"] == made["spec"]["template"]["metadata"]["annotations"] == {"who": "me"}


def test_labels_that_are_no_map_are_refused() -> None:
    text = failure("resources: [x.yaml]\ncommonLabels: {a: b}", {"x.yaml": "kind: A\nmetadata: {name: a, labels: [x]}"})
    assert text.startswith(
        "considering field 'metadata/labels' of object A.[noVer].[noGrp]/a.[noNs]: wrong node kind: "
    )


def test_a_key_that_reads_as_a_number_cannot_be_printed() -> None:
    assert "json: unsupported type" in failure("resources: [deployment.yaml]\ncommonLabels: {'7': b}")
