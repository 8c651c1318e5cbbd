from __future__ import annotations

from typing import Any

import pytest

from fluxsim.formats.crdvalidation import marked, problems


def found(value: Any, **schema: Any) -> list[str]:
    whole = marked({"type": "object", "properties": {"x": schema}})
    return [f"{cause.rule} {cause.field}: {cause.message}" for cause in problems({"x": value}, whole)]


@pytest.mark.parametrize(
    ("value", "schema", "expected"),
    [
        (1.0, {"type": "integer"}, []),
        (
            1.5,
            {"type": "integer"},
            ['type x: Invalid value: "number": x in body must be of type integer: "number"'],
        ),
        (True, {"type": "integer"}, ['type x: Invalid value: "boolean": x in body must be of type integer: "boolean"']),
        (
            -1,
            {"type": "integer", "minimum": 0},
            ["minimum x: Invalid value: -1: x in body should be greater than or equal to 0"],
        ),
        (
            [],
            {"type": "array", "minItems": 1},
            ["minItems x: Invalid value: 0: x in body should have at least 1 items"],
        ),
        ([1, 2], {"type": "array", "maxItems": 1}, ["maxItems x: Too many: 2: must have at most 1 items"]),
        (
            [1],
            {"type": "array", "items": {"type": "string"}},
            ['type x[0]: Invalid value: "integer": x[0] in body must be of type string: "integer"'],
        ),
        (
            {"k": []},
            {"type": "object", "additionalProperties": {"type": "string"}},
            ['type x.k: Invalid value: "array": x.k in body must be of type string: "array"'],
        ),
    ],
)
def test_each_rule_has_its_text(value: Any, schema: Any, expected: list[str]) -> None:
    assert found(value, **schema) == expected


def test_rules_are_asked_where_they_stand() -> None:
    rule = {"rule": "self.a < self.b", "message": "a must be below b"}
    item = {"type": "object", "x-kubernetes-validations": [rule]}
    schema = {"type": "array", "items": item}
    assert found([{"a": 1, "b": 2}, {"a": 2, "b": 2}], **schema) == [
        'cel x[1]: Invalid value: "object": a must be below b'
    ]
    assert found([{"a": 1}], **schema) == [
        'cel x[0]: Invalid value: "object": no such key: b evaluating rule: a must be below b'
    ]


def test_a_rule_without_message_is_shown_itself() -> None:
    schema = {"type": "object", "x-kubernetes-validations": [{"rule": "has(self.a)"}]}
    assert found({}, **schema) == ['cel x: Invalid value: "object": failed rule: has(self.a)']
