from __future__ import annotations

import pytest

from fluxsim.formats.kustomize.variables import expanded
from fluxsim.formats.tree import Json
from tests.formats.kustomize.overlay import DEPLOYMENT, failure, objects, result

VALUES: dict[str, Json] = {"NAME": "x", "PORT": 80}
USER = DEPLOYMENT.replace("        envFrom:", "        args: [--at=$(AT), $(PORT)]\n        envFrom:")
VARS = """\
vars:
- {name: AT, objref: {apiVersion: v1, kind: Service, name: shop}}
- {name: PORT, objref: {apiVersion: v1, kind: Service, name: shop}, fieldref: {fieldPath: 'spec.ports[0].port'}}
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a $(NAME) b", "a x b"),
        ("$(PORT)", 80),
        ("$(PORT)/", "80/"),
        ("$$(NAME)", "$(NAME)"),
        ("$(NONE)", "$(NONE)"),
        ("$(NAME", "$(NAME"),
        ("$", "$"),
        ("$x $(NAME)$(NAME)", "$x xx"),
    ],
)
def test_references_in_a_text_are_replaced(text: str, expected: Json) -> None:
    assert expanded(text, lambda name: VALUES.get(name, f"$({name})")) == expected


def test_a_var_takes_the_final_value_of_its_field() -> None:
    made = objects(f"resources: [x.yaml, service.yaml]\nnamePrefix: my-\n{VARS}", {"x.yaml": USER})
    assert made[0]["spec"]["template"]["spec"]["containers"][0]["args"] == ["--at=my-shop", 80]


def test_a_var_that_nobody_uses_is_told() -> None:
    built = result(f"resources: [deployment.yaml, service.yaml]\n{VARS}")
    assert built.warnings[-1] == "well-defined vars that were never replaced: AT,PORT"


def test_a_var_without_object_fails() -> None:
    assert failure(f"resources: [deployment.yaml]\n{VARS}") == (
        "var '{AT Service.v1.[noGrp] {metadata.name}}' cannot be mapped to a field in the set of known resources"
    )


def test_a_var_without_field_fails() -> None:
    text = failure("resources: [service.yaml]\n" + VARS.replace("[0]", "[7]"))
    assert (
        text
        == "field specified in var '{PORT Service.v1.[noGrp] {spec.ports[7].port}}' not found in corresponding resource"
    )


def test_a_name_can_be_taken_only_once() -> None:
    files: dict[str, str | bytes] = {
        "base/kustomization.yaml": "resources: [s.yaml]\n" + VARS,
        "base/s.yaml": "kind: A\nmetadata: {name: a}",
    }
    assert "var 'AT' already encountered" in failure(f"resources: [base]\n{VARS}", files)
