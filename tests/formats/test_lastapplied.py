from __future__ import annotations

import json
from typing import Any

import pytest

from fluxsim.formats.lastapplied import ANNOTATION, ANNOTATION_BYTES_MAX, rewritten
from fluxsim.formats.managedfields import ApplyConflict, apply, updated
from fluxsim.formats.tree import Json, evolve, freeze, get

NOW = "2026-03-02T09:00:00Z"


def config_map(data: dict[str, str]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": data}


def client_side(data: dict[str, str], annotation: str | None = None) -> Json:
    text = json.dumps(config_map(data)) if annotation is None else annotation
    obj = config_map(data)
    obj["metadata"]["annotations"] = {ANNOTATION: text}
    return updated(None, obj, manager="kubectl-client-side-apply", now=NOW)


def test_kubectl_may_change_what_it_applied_client_side() -> None:
    live = apply(client_side({"a": "1"}), config_map({"a": "2"}), manager="kubectl", force=False, now=NOW)
    assert live["data"] == {"a": "2"}
    assert get(live, "metadata", "annotations", ANNOTATION) == (
        '{"apiVersion":"v1","data":{"a":"2"},"kind":"ConfigMap","metadata":{"name":"c"}}\n'
    )


def test_others_may_not() -> None:
    with pytest.raises(ApplyConflict):
        apply(client_side({"a": "1"}), config_map({"a": "2"}), manager="helm", force=False, now=NOW)


def test_what_changed_since_conflicts_alone() -> None:
    live = client_side({"a": "1", "b": "1"})
    live = updated(live, evolve(live, ("data", "b"), "9"), manager="someone", now=NOW)
    with pytest.raises(ApplyConflict) as caught:
        apply(live, config_map({"a": "2", "b": "2"}), manager="kubectl", force=False, now=NOW)
    assert caught.value.message == 'Apply failed with 1 conflict: conflict with "someone" using v1: .data.b'


@pytest.mark.parametrize("annotation", ["no json", "[]", '{"apiVersion":"v2"}', '{"apiVersion":"v1","dat":{}}', ""])
def test_an_annotation_that_says_nothing_forgives_nothing(annotation: str) -> None:
    with pytest.raises(ApplyConflict):
        apply(client_side({"a": "1"}, annotation), config_map({"a": "2"}), manager="kubectl", force=False, now=NOW)


def test_an_annotation_that_would_be_too_long_goes() -> None:
    live = client_side({"a": "1"})
    assert ANNOTATION not in rewritten(live, config_map({"a": "x" * ANNOTATION_BYTES_MAX}))["metadata"]["annotations"]
    bare = freeze(config_map({}))
    assert rewritten(bare, config_map({"a": "1"})) is bare
