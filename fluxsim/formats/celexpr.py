"""CEL expressions that users write: readyExpr of dependsOn, and healthCheckExprs.

cel-python parses and evaluates. It is loaded with the first expression, since that takes a fifth of a second.
Known differences from cel-go: no optional syntax (`.?`), no sets.* and base64.*; `has(a.b)` is false instead of an
error when the object has no `a`.
Source: fluxcd/pkg runtime v0.110.1 cel/ (expression.go, status_evaluator.go, status_reader.go);
kustomize-controller v1.9.4 internal/controller/kustomization_controller.go (evalReadyExpr).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any

from fluxsim.formats.celcheck import result_type, syntax_problem, unknown_names
from fluxsim.formats.kstatus import Status, Word
from fluxsim.formats.tree import Json, get

_MEMBER_PATH = re.compile(r"[A-Za-z_][A-Za-z_0-9]*(?:\.[A-Za-z_][A-Za-z_0-9]*)*")


class InvalidExpression(ValueError):
    """The expression cannot be compiled: Flux stalls the object and does not retry."""


class ExpressionFailed(ValueError):
    """The expression has no boolean value for these objects: Flux retries."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression. Cheap to evaluate again."""

    text: str
    _program: Any = field(repr=False)

    def boolean(self, variables: Mapping[str, Json]) -> bool:
        """Return the value. Raises ExpressionFailed, also where the value is no boolean."""
        from celpy import celtypes
        from celpy.adapter import json_to_cel
        from celpy.evaluation import CELEvalError

        context = {name: json_to_cel(value) for name, value in variables.items()}
        try:
            value = self._program.evaluate(context)
        except CELEvalError as error:
            raise ExpressionFailed(
                f"failed to evaluate the CEL expression '{self.text}': {_evaluation_problem(error, self.text)}"
            ) from error
        except RecursionError as error:
            raise ExpressionFailed(
                f"failed to evaluate the CEL expression '{self.text}': expression recursion limit exceeded"
            ) from error
        if not isinstance(value, celtypes.BoolType):
            raise ExpressionFailed(f"failed to evaluate CEL expression as boolean: '{self.text}'")
        return bool(value)


def is_ready(expression: str, self: Mapping[str, Json], dependency: Mapping[str, Json]) -> bool:
    """Return what a readyExpr says of a dependency (`dep`) of an object (`self`).

    Raises InvalidExpression, which the controller reports as
    `Reconciliation failed terminally due to configuration error: terminal error: ` and the message;
    and ExpressionFailed.
    """
    try:
        compiled_ = compiled(expression, variables=("self", "dep"))
    except InvalidExpression as error:
        name = get(dependency, "metadata", "name", default="")
        raise InvalidExpression(f"failed to evaluate dependency {name}: {error}") from error
    return compiled_.boolean({"self": self, "dep": dependency})


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """The expressions for one kind."""

    in_progress: Expression | None
    failed: Expression | None
    current: Expression

    def status_of(self, object_: Mapping[str, Json]) -> Status:
        """Return the status: in progress is asked first, then failed, then current. Raises ExpressionFailed."""
        observed = get(object_, "status", "observedGeneration")
        generation = get(object_, "metadata", "generation")
        if isinstance(observed, int) and isinstance(generation, int) and observed != generation:
            return Status("InProgress")
        steps: tuple[tuple[Expression | None, Word], ...] = (
            (self.in_progress, "InProgress"),
            (self.failed, "Failed"),
            (self.current, "Current"),
        )
        for expression, word in steps:
            if expression is not None and expression.boolean(object_):
                return Status(word)
        return Status("InProgress")


@dataclass(frozen=True, slots=True)
class HealthChecks:
    """The health checks of a Kustomization by group and kind; an empty kind stands for the whole group."""

    by_kind: Mapping[tuple[str, str], HealthCheck]

    def of(self, group: str, kind: str) -> HealthCheck | None:
        """Return the check for the kind, or the one for its group, or None."""
        return self.by_kind.get((group, kind)) or self.by_kind.get((group, ""))


def health_checks(expressions: Sequence[Mapping[str, Json]]) -> HealthChecks:
    """Return spec.healthCheckExprs compiled.

    Raises InvalidExpression, which the controller reports as
    `Reconciliation failed terminally due to configuration error: ` and the message.
    """
    found: dict[tuple[str, str], HealthCheck] = {}
    for index, entry in enumerate(expressions):
        group = entry.get("apiVersion", "").rpartition("/")[0]
        kind = entry.get("kind") or ""
        if (group, kind) in found:
            name = f"{kind}.{group}" if group else kind
            raise InvalidExpression(f"duplicate custom health check for GroupKind {name} at healthchecks[{index}]")
        try:
            found[group, kind] = _health_check(entry)
        except InvalidExpression as error:
            raise InvalidExpression(
                f"failed to create custom status evaluator for healthchecks[{index}]: {error}"
            ) from error
    return HealthChecks(found)


def _health_check(entry: Mapping[str, Json]) -> HealthCheck:
    if not entry.get("current"):
        raise InvalidExpression("expression Current not specified")
    parsed: dict[str, Expression] = {}
    for key, name in (("current", "Current"), ("failed", "Failed"), ("inProgress", "InProgress")):
        if entry.get(key):
            try:
                parsed[key] = compiled(entry[key])
            except InvalidExpression as error:
                raise InvalidExpression(f"failed to parse the expression {name}: {error}") from error
    return HealthCheck(parsed.get("inProgress"), parsed.get("failed"), parsed["current"])


@lru_cache(maxsize=256)
def compiled(text: str, *, variables: tuple[str, ...] = ()) -> Expression:
    """Return the expression; with variables also its names and its type are checked. Raises InvalidExpression."""
    environment = _environment()
    from celpy.celparser import CELParseError

    try:
        tree = environment.compile(text)
        program = environment.program(tree, functions=_functions())
        issues = unknown_names(tree, text, variables) if variables else []
        kind = result_type(tree, variables) if variables else "bool"
    except CELParseError as error:
        told = syntax_problem(text, error.line or 0, error.column or 0)
        raise InvalidExpression(f"failed to parse the CEL expression '{text}': {told}") from error
    except RecursionError as error:
        told = "ERROR: <input>:-1:0: expression recursion limit exceeded: 250"
        raise InvalidExpression(f"failed to parse the CEL expression '{text}': {told}") from error
    if issues:
        told = "\n".join(issues)
        raise InvalidExpression(f"failed to parse the CEL expression '{text}': {told}")
    if kind != "bool":
        raise InvalidExpression(f"CEL expression output type mismatch: expected bool, got {kind}")
    return Expression(text, program)


@cache
def _environment() -> Any:
    """Load the library, which raises the recursion limit of the whole process: that is taken back."""
    limit = sys.getrecursionlimit()
    import celpy

    environment = celpy.Environment()
    sys.setrecursionlimit(limit)
    return environment


def _evaluation_problem(error: Exception, text: str) -> str:
    """cel-python's error in cel-go's words."""
    first = str(error.args[0]) if error.args else ""
    if first.startswith("no such member in mapping: "):
        return f"no such key: {first.removeprefix('no such member in mapping: ').strip(chr(39))}"
    if first == "no such key" and len(error.args) > 2:
        return f"no such key: {error.args[2][0]}"
    if first.startswith("undeclared reference to "):
        name = first.split("'")[1]
        return f"no such attribute(s): {_longest_path(text, name)}"
    if first.startswith("invalid_argument") and "list index" in str(error.args):
        return "index out of bounds"
    if first.startswith("modulus or divide by zero"):
        return "division by zero"
    return "no such overload"


def _longest_path(text: str, name: str) -> str:
    """The first member path in the text that starts with the name: `status.conditions` of `status.conditions.all(`."""
    for match in _MEMBER_PATH.finditer(text):
        parts = match.group().split(".")
        if parts[0] == name:
            called = text[match.end() : match.end() + 1] == "("
            return ".".join(parts[:-1] if called and len(parts) > 1 else parts)
    return name


@cache
def _functions() -> dict[str, Callable[..., Any]]:
    """Comparison across types as cel-go has it, and the string functions that Flux adds."""
    from celpy import celtypes

    def text(function: Callable[..., str]) -> Callable[..., Any]:
        return lambda *arguments: celtypes.StringType(function(*(_plain(argument) for argument in arguments)))

    def number(function: Callable[..., int]) -> Callable[..., Any]:
        return lambda *arguments: celtypes.IntType(function(*(_plain(argument) for argument in arguments)))

    def split(value: str, separator: str, limit: int = -1) -> Any:
        parts = value.split(separator) if separator else list(value)
        if 0 <= limit < len(parts):
            parts = [*parts[: limit - 1], separator.join(parts[limit - 1 :])] if limit else []
        return celtypes.ListType([celtypes.StringType(part) for part in parts])

    return {
        "_==_": _passing_errors(lambda left, right: celtypes.BoolType(_equal(left, right))),
        "_!=_": _passing_errors(lambda left, right: celtypes.BoolType(not _equal(left, right))),
        "_<_": _ordering(lambda left, right: left < right),
        "_<=_": _ordering(lambda left, right: left <= right),
        "_>_": _ordering(lambda left, right: left > right),
        "_>=_": _ordering(lambda left, right: left >= right),
        "dyn": lambda value: value,
        "lowerAscii": text(lambda value: value.lower() if value.isascii() else _ascii_only(value, str.lower)),
        "upperAscii": text(lambda value: value.upper() if value.isascii() else _ascii_only(value, str.upper)),
        "trim": text(lambda value: value.strip()),
        "reverse": text(lambda value: value[::-1]),
        "charAt": text(lambda value, at: value[at]),
        "substring": text(lambda value, start, end=None: value[start:end]),
        "replace": text(lambda value, old, new, limit=-1: value.replace(old, new, limit)),
        "join": text(lambda values, separator="": separator.join(str(value) for value in values)),
        "indexOf": number(lambda value, part, start=0: value.find(part, start)),
        "lastIndexOf": number(lambda value, part: value.rfind(part)),
        "split": split,
    }


def _passing_errors(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """An error is a value in cel-python; it stays the error it is."""

    def called(left: Any, right: Any) -> Any:
        return next((value for value in (left, right) if isinstance(value, Exception)), None) or function(left, right)

    return called


def _ordering(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], Any]:
    from celpy import celtypes

    def called(left: Any, right: Any) -> Any:
        numbers = _number(left) is not None and _number(right) is not None
        if not numbers and type(left) is not type(right):
            raise TypeError("no such overload")
        return celtypes.BoolType(compare(_plain(left), _plain(right)))

    return _passing_errors(called)


def _equal(left: Any, right: Any) -> bool:
    """Numbers compare by value, all else only within a type; another type is not equal, and no error."""
    if _number(left) is not None and _number(right) is not None:
        return bool(_number(left) == _number(right))
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(_equal(a, b) for a, b in zip(left, right, strict=True))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_equal(value, right[key]) for key, value in left.items())
    if type(left) is not type(right):
        return False
    return bool(_plain(left) == _plain(right))


def _number(value: Any) -> int | float | None:
    from celpy import celtypes

    if isinstance(value, celtypes.IntType | celtypes.UintType):
        return int(value)
    return float(value) if isinstance(value, celtypes.DoubleType) else None


def _plain(value: Any) -> Any:
    """The Python value below a CEL value, so that comparing does not come back to cel-python's overloads."""
    from celpy import celtypes

    found = _number(value)
    if found is not None:
        return found
    if isinstance(value, celtypes.BoolType):
        return bool(value)
    return str(value) if isinstance(value, celtypes.StringType) else value


def _ascii_only(value: str, change: Callable[[str], str]) -> str:
    return "".join(change(character) if character.isascii() else character for character in value)
