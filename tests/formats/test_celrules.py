from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fluxsim.formats.celexpr import ExpressionFailed, compiled
from fluxsim.formats.celrules import InvalidRule, RuleFailed, holds
from fluxsim.formats.crdschema import definitions
from fluxsim.formats.tree import Json

OBJECT = {"name": "web", "n": 3, "list": ["a", "b"], "on": True, "inner": {"x": "1.2"}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("has(self.name) && !has(self.gone)", True),
        ("has(self.inner.x)", True),
        ("has(self.gone.x)", False),
        ("self.n >= 3 && self.n != 4", True),
        ("self.name == 'we' || self.on", True),
        ("size(self.list) == 2 && self.name.size() == 3", True),
        ("self.list.all(item, item.matches('^[a-z]$'))", True),
        ('self.list.exists(item, item == "c")', False),
        ("self.inner.x.matches('^[0-9]\\\\.[0-9]$')", True),
        ("(self.on)", True),
        ("self.gone == 1 || true", True),
        ("self.gone == 1 && false", False),
        ("!(self.n > 2 && self.n < 4)", False),
    ],
)
def test_a_rule_is_true_or_false(text: str, expected: bool) -> None:
    assert holds(text, OBJECT) is expected


@pytest.mark.parametrize("text", ["self.gone", "self.name", "self.n < 'a'", "size(self.n) > 1", "self.name.x == 1"])
def test_a_rule_may_have_no_answer(text: str) -> None:
    with pytest.raises(RuleFailed):
        holds(text, OBJECT)


@pytest.mark.parametrize("text", ["", "self.", "self.n +", "has(self.n", "self.n.map(x, x)", "self.n # 1", "self.n 3"])
def test_what_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises(InvalidRule):
        holds(text, OBJECT)


def rules(schema: Json) -> Iterator[str]:
    for entry in schema.get("x-kubernetes-validations", ()):
        yield entry["rule"]
    for below in [*schema.get("properties", {}).values(), *(schema[key] for key in ("items",) if key in schema)]:
        yield from rules(below)


ALL_RULES = sorted({text for found in definitions().values() for text in rules(found.schema)})
WORDS = st.sampled_from(
    ["aws", "azure", "generic", "ldap", "github", "Always", "HelmRepository", "RetryOnFailure", "a.b"]
)
KEYS = ["provider", "sts", "secretRef", "serviceAccountName", "type", "interval", "chart", "chartRef", "name"]
VALUES = st.one_of(WORDS, st.dictionaries(st.sampled_from(["provider", "kind", "secretRef"]), WORDS))


@settings(max_examples=40)
@given(
    st.dictionaries(st.sampled_from([*KEYS, "digestReflectionPolicy", "sourceRef", "verify", "pathPattern"]), VALUES)
)
def test_the_rules_of_flux_mean_the_same_to_a_whole_cel(self_: dict[str, Any]) -> None:
    for text in ALL_RULES:
        try:
            expected = compiled(text).boolean({"self": self_})
        except ExpressionFailed:
            with pytest.raises(RuleFailed):
                holds(text, self_)
        else:
            assert holds(text, self_) is expected, text
