from __future__ import annotations

from typing import Any

import pytest

from tests.formats.kustomize.overlay import failure, objects

THINGS = """\
apiVersion: v1
kind: Source
metadata: {name: source, labels: {role: from}}
text: abc
number: 8080
version: 1.10
parts: a/b/c
list: [{name: one, at: 1}, {name: two, at: 2}]
---
apiVersion: v1
kind: Target
metadata: {name: target, labels: {role: to}}
text: old
number: 1
parts: x/y/z
list: [{name: one, at: 1}, {name: two, at: 2}]
"""


def replaced(source: str, target: str) -> Any:
    entry = f"{{{source}, targets: [{{select: {{kind: Target}}, {target}}}]}}"
    _, made = objects(f"resources: [x.yaml]\nreplacements: [{entry}]", {"x.yaml": THINGS})
    return made


def refused(replacement: str) -> str:
    return failure(f"resources: [x.yaml]\nreplacements: [{replacement}]", {"x.yaml": THINGS})


def source(field: str, extra: str = "") -> str:
    return f"source: {{kind: Source, fieldPath: {field}{extra}}}"


def test_a_field_keeps_its_type() -> None:
    assert replaced(source("number"), "fieldPaths: [text]")["text"] == "8080"
    assert replaced("sourceValue: '7'", "fieldPaths: [number]")["number"] == 7


def test_a_new_field_takes_what_the_text_means() -> None:
    assert replaced("sourceValue: 'true'", "fieldPaths: [made.here], options: {create: true}")["made"] == {"here": True}


def test_the_text_of_the_file_is_copied() -> None:
    assert replaced(source("version"), "fieldPaths: [text]")["text"] == "1.10"


def test_a_text_in_the_place_of_a_number_fails_when_it_is_printed() -> None:
    assert refused("{sourceValue: abc, targets: [{select: {kind: Target}, fieldPaths: [number]}]}") == (
        "map[string]interface {}(nil): yaml: cannot decode !!str `abc` as a !!int"
    )


def test_maps_and_lists_are_copied_whole() -> None:
    made = replaced(source("list"), "fieldPaths: [list, copy], options: {create: true}")
    assert made["copy"] == made["list"] == [{"name": "one", "at": 1}, {"name": "two", "at": 2}]


def test_the_name_is_what_is_copied_by_default() -> None:
    assert replaced("source: {kind: Source}", "fieldPaths: [text]")["text"] == "source"
    assert replaced("source: {kind: Source}", "options: {}")["metadata"]["name"] == "source"


@pytest.mark.parametrize(("index", "expected"), [(-1, "b/x/y/z"), (0, "b/y/z"), (2, "x/y/b"), (9, "x/y/z/b")])
def test_a_piece_is_put_in_its_place(index: int, expected: str) -> None:
    made = replaced(
        source("parts", ", options: {delimiter: /, index: 1}"),
        f"fieldPaths: [parts], options: {{delimiter: /, index: {index}}}",
    )
    assert made["parts"] == expected


def test_elements_are_found_by_a_field_and_by_number_and_all_of_them() -> None:
    for field, expected in (("'list.[name=two].at'", [1, 5]), ("list.0.at", [5, 2]), ("list.*.at", [5, 5])):
        made = replaced("sourceValue: '5'", f"fieldPaths: [{field}]")
        assert [element["at"] for element in made["list"]] == expected


def test_an_element_is_made_when_asked() -> None:
    made = replaced("sourceValue: '5'", "fieldPaths: ['list.[name=three].at', list.3.at], options: {create: true}")
    assert made["list"][2:] == [{"name": "three", "at": 5}, {"at": 5}]


def test_rejected_objects_are_left_out() -> None:
    made = replaced("sourceValue: new", "reject: [{name: tar.*}], fieldPaths: [text]")
    assert made["text"] == "old"
    made = replaced("sourceValue: new", "reject: [{labelSelector: role=to}], fieldPaths: [text]")
    assert made["text"] == "old"


def test_an_object_is_found_by_the_name_it_had() -> None:
    entry = "{source: {kind: Source, name: source, fieldPath: metadata.name}, targets: [{select: {name: target}, fieldPaths: [text]}]}"
    _, made = objects(f"resources: [x.yaml]\nnamePrefix: my-\nreplacements: [{entry}]", {"x.yaml": THINGS})
    assert made["text"] == "my-source"


def test_a_file_holds_one_replacement_or_several() -> None:
    one = "{sourceValue: a, targets: [{select: {kind: Target}, fieldPaths: [text]}]}"
    two = "{sourceValue: '2', targets: [{select: {kind: Target}, fieldPaths: [number]}]}"
    files: dict[str, str | bytes] = {"x.yaml": THINGS, "one.yaml": one, "more.yaml": f"[{one}, {two}]"}
    _, made = objects("resources: [x.yaml]\nreplacements: [{path: one.yaml}, {path: more.yaml}]", files)
    assert (made["text"], made["number"]) == ("a", 2)


@pytest.mark.parametrize(
    ("replacement", "error"),
    [
        ("{targets: []}", "replacements must specify a source and at least one target"),
        ("{sourceValue: a, targets: []}", "replacements must specify a source and at least one target"),
        ("{sourceValue: a, targets: [{}]}", "target must specify resources to select"),
        (
            "{sourceValue: a, source: {kind: Source}, targets: [{select: {}}]}",
            "value and resource selectors are mutually exclusive",
        ),
        (
            "{source: {kind: None}, targets: [{select: {}}]}",
            "nothing selected by None.[noVer].[noGrp]/[noName].[noNs]",
        ),
        (
            "{source: {version: v1}, targets: [{select: {}}]}",
            "multiple matches for selector [noKind].v1.[noGrp]/[noName].[noNs]",
        ),
        (
            "{source: {kind: Source, fieldPath: none}, targets: [{select: {}}]}",
            "fieldPath `none` is missing for replacement source Source.[noVer].[noGrp]/[noName].[noNs]",
        ),
        (
            "{source: {kind: Source, fieldPath: parts, options: {delimiter: /, index: 3}}, targets: [{select: {}}]}",
            "options.index 3 is out of bounds for value a/b/c",
        ),
        (
            "{source: {kind: Source, fieldPath: list, options: {delimiter: /}}, targets: [{select: {}}]}",
            "delimiter option can only be used with scalar nodes",
        ),
        (
            "{sourceValue: a, targets: [{select: {kind: Target}, fieldPaths: [no.where]}]}",
            'unable to find field "no.where" in replacement target',
        ),
        (
            "{sourceValue: a, targets: [{select: {kind: Target}, fieldPaths: [list.7.x], options: {create: true}}]}",
            'unable to find or create field "list.7.x" in replacement target: index 7 specified but only 2 elements found',
        ),
        (
            "{sourceValue: a, targets: [{select: {name: '('}}]}",
            "error creating target selector: error parsing regexp: missing closing ): `^(?:()$`",
        ),
    ],
)
def test_what_cannot_be_replaced_is_told(replacement: str, error: str) -> None:
    assert refused(replacement) == error


def test_a_file_and_an_inline_replacement_are_one_too_many() -> None:
    assert "cannot specify both path and inline replacement" in refused("{path: x, source: {kind: A}}")
