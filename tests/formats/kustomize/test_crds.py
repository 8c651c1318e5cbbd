from __future__ import annotations

from tests.formats.kustomize.overlay import failure, objects

TYPES = """\
com.example.v1.Custom:
  Schema:
    properties:
      kind: {type: string}
      apiVersion: {type: string}
      metadata: {type: object}
      spec: {$ref: com.example.v1.CustomSpec}
com.example.v1.CustomSpec:
  Schema:
    properties:
      settings:
        x-kubernetes-object-ref-api-version: v1
        x-kubernetes-object-ref-kind: ConfigMap
      notes: {x-kubernetes-annotation: ""}
"""
CUSTOM = (
    "apiVersion: example.com/v1\nkind: Custom\nmetadata: {name: c}\nspec: {settings: {name: settings}, notes: {}}\n"
)


def test_definitions_say_where_names_and_annotations_are() -> None:
    made = objects(
        "resources: [x.yaml, settings.yaml]\ncrds: [types.yaml]\nnamePrefix: my-\ncommonAnnotations: {a: b}",
        {"x.yaml": CUSTOM, "types.yaml": TYPES},
    )
    assert made[0]["spec"] == {"settings": {"name": "my-settings"}, "notes": {"a": "b"}}


def test_a_definition_that_refers_to_itself_is_refused() -> None:
    looped = TYPES + "      more: {$ref: com.example.v1.CustomSpec}\n"
    text = failure("resources: [settings.yaml]\ncrds: [types.yaml]", {"types.yaml": looped})
    assert text == "loading CRDs [types.yaml]: definition 'com.example.v1.CustomSpec' refers to itself"


def test_a_file_that_cannot_be_read_is_named() -> None:
    text = failure("resources: [settings.yaml]\ncrds: [types.yaml]", {"types.yaml": "a: ["})
    assert "unable to parse open API definition from 'types.yaml'" in text
