from __future__ import annotations

from typing import Any

import pytest

from fluxsim.formats.celexpr import ExpressionFailed, InvalidExpression, compiled, health_checks, is_ready

CLUSTER: dict[str, Any] = {
    "metadata": {"name": "db", "generation": 2, "labels": {"v": "1"}},
    "status": {"observedGeneration": 2, "phase": "Up", "n": 2, "conditions": [{"type": "Ready", "status": "True"}]},
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("status.phase == 'Up'", True),
        ("status.n == 2.0 && status.n < 2.5", True),
        ("status.n == 'two'", False),
        ("status.conditions.exists(c, c.type == 'Ready' && c.status == 'True')", True),
        ("status.conditions.filter(c, c.type == 'Ready').all(c, c.status == 'False')", False),
        ("has(status.missing) || metadata.labels['v'] == '1'", True),
        ("status.phase.lowerAscii().startsWith('u')", True),
        ("'a-b'.split('-') == ['a', 'b'] && ['a', 'b'].join('.') == 'a.b'", True),
    ],
)
def test_an_expression_is_true_or_false(text: str, expected: bool) -> None:
    assert compiled(text).boolean(CLUSTER) is expected


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("status.gone == 1", "failed to evaluate the CEL expression 'status.gone == 1': no such key: gone"),
        ("spec.x == 1", "failed to evaluate the CEL expression 'spec.x == 1': no such attribute(s): spec.x"),
        ("status.n < 'a'", "failed to evaluate the CEL expression 'status.n < 'a'': no such overload"),
        ("1 / 0 == 1", "failed to evaluate the CEL expression '1 / 0 == 1': division by zero"),
        ("status.phase", "failed to evaluate CEL expression as boolean: 'status.phase'"),
    ],
)
def test_an_expression_may_have_no_answer(text: str, problem: str) -> None:
    with pytest.raises(ExpressionFailed) as failed:
        compiled(text).boolean(CLUSTER)
    assert str(failed.value) == problem


@pytest.mark.parametrize(
    ("text", "issue"),
    [
        ("status.", "ERROR: <input>:1:8: Syntax error: no viable alternative at input '.'\n | status.\n | .......^"),
        ("a b", "ERROR: <input>:1:3: Syntax error: extraneous input 'b' expecting <EOF>\n | a b\n | ..^"),
        ("a ~ b", "ERROR: <input>:1:3: Syntax error: token recognition error at: '~'\n | a ~ b\n | ..^"),
    ],
)
def test_bad_syntax_has_a_place(text: str, issue: str) -> None:
    with pytest.raises(InvalidExpression) as refused:
        compiled(text)
    assert str(refused.value) == f"failed to parse the CEL expression '{text}': {issue}"


def test_a_ready_expression_sees_both_objects() -> None:
    assert is_ready("dep.metadata.labels['v'] == self.metadata.labels['v']", CLUSTER, CLUSTER)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("other.x", "ERROR: <input>:1:1: undeclared reference to 'other' (in container '')\n | other.x\n | ^"),
        ("nope(dep)", "ERROR: <input>:1:5: undeclared reference to 'nope' (in container '')\n | nope(dep)\n | ....^"),
    ],
)
def test_a_ready_expression_knows_only_its_names(text: str, problem: str) -> None:
    with pytest.raises(InvalidExpression) as refused:
        is_ready(text, CLUSTER, CLUSTER)
    assert str(refused.value) == (
        f"failed to evaluate dependency db: failed to parse the CEL expression '{text}': {problem}"
    )


@pytest.mark.parametrize(("text", "kind"), [("'yes'", "string"), ("dep.status.n", "dyn"), ("size(dep)", "int")])
def test_a_ready_expression_must_be_boolean(text: str, kind: str) -> None:
    with pytest.raises(InvalidExpression, match=f"output type mismatch: expected bool, got {kind}$"):
        is_ready(text, CLUSTER, CLUSTER)


CHECK = {
    "apiVersion": "db.example.com/v1",
    "kind": "Cluster",
    "inProgress": "status.phase == 'Starting'",
    "failed": "status.phase == 'Down'",
    "current": "status.phase == 'Up'",
}


@pytest.mark.parametrize(
    ("phase", "status"), [("Up", "Current"), ("Down", "Failed"), ("Starting", "InProgress"), ("?", "InProgress")]
)
def test_a_health_check_asks_in_progress_failed_current(phase: str, status: str) -> None:
    check = health_checks([CHECK]).of("db.example.com", "Cluster")
    assert check is not None
    assert check.status_of({"status": {"phase": phase}}).status == status


def test_an_object_that_its_controller_has_not_seen_is_in_progress() -> None:
    check = health_checks([CHECK]).of("db.example.com", "Cluster")
    assert check is not None
    assert check.status_of({"metadata": {"generation": 3}, "status": {"observedGeneration": 2}}).status == "InProgress"


def test_a_check_without_kind_serves_its_group() -> None:
    checks = health_checks([{**CHECK, "kind": ""}])
    assert checks.of("db.example.com", "Backup") is not None
    assert checks.of("other.example.com", "Backup") is None


@pytest.mark.parametrize(
    ("expressions", "problem"),
    [
        (
            [{**CHECK, "current": ""}],
            "failed to create custom status evaluator for healthchecks[0]: expression Current not specified",
        ),
        (
            [CHECK, CHECK],
            "duplicate custom health check for GroupKind Cluster.db.example.com at healthchecks[1]",
        ),
        (
            [{**CHECK, "failed": "a b"}],
            (
                "failed to create custom status evaluator for healthchecks[0]: failed to parse the expression Failed: "
                "failed to parse the CEL expression 'a b': ERROR: <input>:1:3: Syntax error: "
                "extraneous input 'b' expecting <EOF>\n | a b\n | ..^"
            ),
        ),
    ],
)
def test_bad_health_checks_are_refused(expressions: list[dict[str, str]], problem: str) -> None:
    with pytest.raises(InvalidExpression) as refused:
        health_checks(expressions)
    assert str(refused.value) == problem
