from __future__ import annotations

import json

from tests.formats.kustomize.overlay import failure, one

CUSTOM = (
    "apiVersion: example.com/v1\nkind: Custom\nmetadata: {name: c}\nspec: {list: [{name: a, v: 1}, {name: b, v: 2}]}\n"
)
PATCH = "patches: [{patch: '{apiVersion: example.com/v1, kind: Custom, metadata: {name: c}, spec: {list: [{name: b, v: 3}]}}'}]\n"
SCHEMA = json.dumps(
    {
        "definitions": {
            "x.Custom": {
                "properties": {"spec": {"properties": {"list": {
                    "type": "array",
                    "items": {"type": "object", "properties": {"name": {"type": "string"}}},
                    "x-kubernetes-patch-merge-key": "name",
                    "x-kubernetes-patch-strategy": "merge",
                }}}},
                "x-kubernetes-group-version-kind": [{"group": "example.com", "version": "v1", "kind": "Custom"}],
            }
        }
    }
)  # fmt: skip


def test_a_list_of_a_custom_resource_is_replaced() -> None:
    made = one(f"resources: [x.yaml]\n{PATCH}", {"x.yaml": CUSTOM})
    assert made["spec"]["list"] == [{"name": "b", "v": 3}]


def test_a_schema_says_how_lists_merge() -> None:
    made = one(f"resources: [x.yaml]\nopenapi: {{path: s.json}}\n{PATCH}", {"x.yaml": CUSTOM, "s.json": SCHEMA})
    assert made["spec"]["list"] == [{"name": "b", "v": 3}, {"name": "a", "v": 1}]


def test_a_version_that_is_not_built_in_is_refused() -> None:
    assert failure("resources: []\nopenapi: {version: v1.20.4}") == "the specified OpenAPI version is not built in"
    assert one(f"resources: [x.yaml]\nopenapi: {{version: v1.21.2}}\n{PATCH}", {"x.yaml": CUSTOM})


def test_a_version_and_a_path_are_one_too_many() -> None:
    assert failure("resources: []\nopenapi: {version: v1.21.2, path: s.json}", {"s.json": SCHEMA}) == (
        "builtin version and custom schema provided, cannot use both"
    )


def test_a_schema_that_cannot_be_read_is_refused() -> None:
    assert failure("resources: []\nopenapi: {path: s.json}", {"s.json": "{"}).startswith("invalid schema file: ")
