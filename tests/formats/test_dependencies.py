from __future__ import annotations

from typing import Any

import pytest

from fluxsim.formats.dependencies import CircularDependency, dependency_order, depends_on, parsed_dependencies


def kustomization(name: str, *after: str, namespace: str = "flux-system") -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"dependsOn": parsed_dependencies(after)},
    }


def ordered(*objects: dict[str, Any]) -> str:
    return " ".join(reference.name for reference in dependency_order(objects))


def test_without_dependencies_the_order_stays() -> None:
    assert ordered(kustomization("b"), kustomization("a")) == "b a"


def test_what_others_need_comes_first_even_if_it_is_not_given() -> None:
    assert ordered(kustomization("c", "b", "a"), kustomization("b", "a")) == "a b c"


def test_a_circle_is_told_from_where_it_was_entered() -> None:
    with pytest.raises(CircularDependency) as refused:
        dependency_order([kustomization("a", "b"), kustomization("b", "c"), kustomization("c", "b")])
    assert str(refused.value) == (
        "circular dependency detected: flux-system/a -> flux-system/b -> flux-system/c -> flux-system/b"
    )


def test_a_long_chain_does_not_exhaust_the_stack() -> None:
    chain = [kustomization(str(number), str(number + 1)) for number in range(5000)]
    assert dependency_order(chain)[0].name == "5000"


def test_a_dependency_lives_in_the_own_namespace_unless_it_says_otherwise() -> None:
    found = depends_on(kustomization("app", "db", "infra/dns", namespace="apps"))
    assert [str(reference) for reference in found] == ["apps/db", "infra/dns"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("db", {"name": "db"}),
        ("infra/db", {"name": "db", "namespace": "infra"}),
        ("/db", {"name": "db"}),
        ("db@dep.status.ok == '/'", {"name": "db", "readyExpr": "dep.status.ok == '/'"}),
        ("infra/db@true", {"name": "db", "namespace": "infra", "readyExpr": "true"}),
    ],
)
def test_a_dependency_is_written_with_namespace_and_expression(text: str, expected: dict[str, str]) -> None:
    assert parsed_dependencies([text]) == [expected]
