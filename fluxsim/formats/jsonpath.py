"""JSONPath templates as kubectl's `-o jsonpath=` evaluates them, with client-go's error texts.

A template is text with actions in braces: `{.items[*].metadata.name}`, `{range .items[*]}…{end}`,
`{.items[?(@.spec.suspend==true)]}`. Data is a JSON tree, frozen or not, where whole numbers are int.
Map fields come in the order of their sorted keys; in Go their order changes from run to run.

Source: k8s.io/client-go v0.36 util/jsonpath/jsonpath.go, parser.go; third_party/forked/golang/template.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fluxsim.formats import gojson
from fluxsim.formats.gotext import octets, value_text
from fluxsim.formats.jsonpath_parser import (
    Array,
    Field,
    Filter,
    Identifier,
    JSONPathError,
    Literal,
    Node,
    Recursive,
    SyntaxFault,
    Union,
    Wildcard,
    parse,
)

if TYPE_CHECKING:
    from fluxsim.formats.tree import Json

__all__ = ["ExecutionFault", "JSONPathError", "SyntaxFault", "Template", "relaxed"]

STEPS_MAX = 1_000_000
"""How many nodes one execution may visit: ranges without `{end}` repeat what follows them, twice for each range."""


class ExecutionFault(JSONPathError):
    """The template does not fit the data; the message is client-go's.

    `values` is what the failing node hands back beside its error: a filter that only asks whether something
    exists does not look at the error, so `[?(@.list[9])]` lets items with a shorter list pass.
    """

    def __init__(self, message: str, values: Sequence[Json] = ()) -> None:
        super().__init__(message)
        self.values = values


class _Missing:
    """Go's invalid reflect.Value: what a range without results hands to its body."""


_MISSING = _Missing()


class _Int(int):
    """A number written in the template: Go's int, where a number of the data is an int64."""


class _Byte(int):
    """One byte of a string taken apart by a wildcard: Go's uint8."""


class Template:
    """A parsed template; one may be executed many times.

    Raises SyntaxFault when it is made, ExecutionFault when it is executed.
    """

    def __init__(self, text: str) -> None:
        try:
            self._actions = parse(text)
        except RecursionError as error:
            raise SyntaxFault("filters are nested too deeply") from error

    def execute(self, data: Json, *, allow_missing_keys: bool = False, as_json: bool = False) -> str:
        """Return the text; `as_json` writes each action's results as an indented JSON list (jsonpath-as-json)."""
        return "".join(
            _printed(values, as_json=as_json) for values in self.find(data, allow_missing_keys=allow_missing_keys)
        )

    def find(self, data: Json, *, allow_missing_keys: bool = False) -> list[list[Json]]:
        """Return the values that each action and each piece of text yields, ranges unrolled."""
        return _Execution(self._actions, allow_missing_keys=allow_missing_keys).results(data, 0)


_RELAXED = re.compile(r"\{\.?([^{}]+)\}|\.?([^{}]+)")


def relaxed(expression: str) -> str:
    """Return the template of an expression whose braces and first point may be left out, as in custom columns.

    Source: k8s.io/cli-runtime pkg/printers or kubectl pkg/cmd/get/customcolumn.go, RelaxedJSONPathExpression.
    """
    if not expression:
        return expression
    match = _RELAXED.fullmatch(expression)
    if match is None:
        raise SyntaxFault(
            "unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'"
        )
    return f"{{.{match.group(1) or match.group(2)}}}"


@dataclass(slots=True)
class _Execution:
    """One run over the actions; the counters tell how many ranges are open, as in client-go."""

    actions: Sequence[Node]
    allow_missing_keys: bool
    begun: int = 0
    open: int = 0
    ended: int = 0
    last_end: int = -1
    steps: int = 0

    def results(self, data: Json, start: int) -> list[list[Json]]:
        """Run the actions from `start` to the end of the text or of the innermost range."""
        found: list[list[Json]] = []
        at = start
        while at < len(self.actions):
            values = self._walk([data], self.actions[at])
            if 0 < self.ended <= self.open:
                self.ended -= 1
                self.last_end = at
                break
            if self.begun > 0:
                self.begun -= 1
                self.open += 1
                for value in values:
                    found += self.results(value, at + 1)
                if not values:
                    # The body still runs once, for nothing, so that the position of its end becomes known.
                    self.results(_MISSING, at + 1)
                self.open -= 1
                at = self.last_end + 1 if self.last_end > at else at + 1
                continue
            found.append(values)
            at += 1
        return found

    def _walk(self, values: list[Json], node: Node) -> list[Json]:
        self.steps += 1
        if self.steps > STEPS_MAX:
            raise ExecutionFault(f"the template visits more than {STEPS_MAX} nodes")
        match node:
            case Literal(value, is_text):
                return [value] if is_text else [_Int(value) if type(value) is int else value for _ in values]
            case Field(name):
                return self._field(values, name)
            case Array():
                return _elements(values, node)
            case Filter():
                return self._filtered(values, node)
            case Wildcard():
                return [child for value in values for child in _children(value)]
            case Recursive():
                return self._descendants(values)
            case Union(branches):
                return self._union(values, branches)
            case Identifier(name):
                return self._identifier(values, name)
            case _:
                return self._list(values, node)

    def _list(self, values: list[Json], nodes: Sequence[Node]) -> list[Json]:
        for node in nodes:
            values = self._walk(values, node)
        return values

    def _union(self, values: list[Json], branches: Sequence[Sequence[Node]]) -> list[Json]:
        try:
            return [value for branch in branches for value in self._list(values, branch)]
        except ExecutionFault as error:
            error.values = values
            raise

    def _identifier(self, values: list[Json], name: str) -> list[Json]:
        if name == "range":
            self.begun += 1
            return values
        if name != "end":
            raise ExecutionFault(f"unrecognized identifier {name}", values)
        if self.open == 0:
            raise ExecutionFault("not in range, nothing to end")
        self.ended += 1
        return []

    def _field(self, values: list[Json], name: str) -> list[Json]:
        found = [value[name] for value in values if isinstance(value, Mapping) and name in value]
        if values and not found and not self.allow_missing_keys:
            raise ExecutionFault(f"{name} is not found")
        return found

    def _descendants(self, values: list[Json]) -> list[Json]:
        found: list[Json] = []
        for value in values:
            children = _children(value)
            if children:
                found.append(value)
                found += self._descendants(children)
        return found

    def _filtered(self, values: list[Json], node: Filter) -> list[Json]:
        found: list[Json] = []
        for value in values:
            if not isinstance(value, list | tuple):
                shown = "<invalid reflect.Value>" if value is _MISSING else value_text(value)
                raise ExecutionFault(f"{shown} is not array or slice and cannot be filtered", values)
            for item in value:
                try:
                    sides = self._sides(item, node)
                except ExecutionFault as error:
                    error.values = values
                    raise
                if sides is not None and (node.operator == "exists" or _compared(*sides, node.operator, found)):
                    found.append(item)
        return found

    def _sides(self, item: Json, node: Filter) -> tuple[Json, Json] | None:
        """The two values to compare; None when the item does not pass for want of one."""
        if node.operator == "exists":
            try:
                lefts = self._list([item], node.left)
            except ExecutionFault as error:
                lefts = list(error.values)
            return (True, True) if lefts else None
        lefts = self._list([item], node.left)
        rights = self._list([item], node.right) if len(lefts) == 1 else []
        if len(lefts) > 1 or len(rights) > 1:
            raise ExecutionFault("can only compare one element at a time")
        return (lefts[0], rights[0]) if rights else None


def _children(value: Json) -> list[Json]:
    if isinstance(value, Mapping):
        return [value[key] for key in sorted(value, key=octets)]
    if isinstance(value, list | tuple):
        return list(value)
    if isinstance(value, str):
        return [_Byte(byte) for byte in octets(value)]
    return []


def _elements(values: list[Json], node: Array) -> list[Json]:
    found: list[Json] = []
    for value in values:
        if value is None:
            continue
        if not isinstance(value, list | tuple):
            raise ExecutionFault(f"{_type_name(value)} is not array or slice", values)
        size = len(value)
        start = node.start or 0
        start = start + size if start < 0 else start
        end = size if node.end is None else node.end
        if end < 0 or (end == 0 and node.end_is_derived):
            end += size
        if start == end:
            # Nothing is asked of this list; client-go then does not look at the lists after it either.
            return found
        if not 0 <= start < size:
            raise ExecutionFault(f"array index out of bounds: index {start}, length {size}", values)
        if not 0 <= end <= size:
            raise ExecutionFault(f"array index out of bounds: index {end - 1}, length {size}", values)
        if start > end:
            raise ExecutionFault(f"starting index {start} is greater than ending index {end}", values)
        if node.step is not None and node.step <= 0:
            raise ExecutionFault("step must be > 0", values)
        found += value[start : end : node.step or 1]
    return found


def _type_name(value: Json) -> str:
    names = ((_Missing, "invalid"), (bool, "bool"), (_Int, "int"), (_Byte, "uint8"), (int, "int64"), (float, "float64"))
    for kind, name in names:
        if isinstance(value, kind):
            return name
    return "string" if isinstance(value, str) else "map[string]interface {}"


def _compared(left: Json, right: Json, operator: str, passed: Sequence[Json]) -> bool:
    """Go's template comparison: only bools, ints, floats and strings, and both of one of these kinds."""
    if operator not in ("<", ">", "==", "!=", "<=", ">="):
        raise ExecutionFault(f"unrecognized filter operator {operator}", passed)
    kinds = _kind(left), _kind(right)
    if None in kinds:
        raise ExecutionFault("invalid type for comparison", passed)
    if kinds[0] != kinds[1]:
        raise ExecutionFault("incompatible types for comparison", passed)
    if operator in ("==", "!="):
        return bool((left == right) == (operator == "=="))
    if kinds[0] == "bool":
        raise ExecutionFault("invalid type for comparison", passed)
    if kinds[0] == "string":
        left, right = octets(left), octets(right)
    less, equal = left < right, left == right
    return bool({"<": less, "<=": less or equal, ">": not (less or equal), ">=": not less}[operator])


def _kind(value: Json) -> str | None:
    for types, name in ((bool, "bool"), (_Byte, "uint"), (int, "int"), (float, "float"), (str, "string")):
        if isinstance(value, types):
            return name
    return None


def _printed(values: list[Json], *, as_json: bool) -> str:
    if as_json:
        return gojson.indented([None if value is _MISSING else value for value in values], "    ") + "\n"
    return " ".join(_text(value) for value in values)


def _text(value: Json) -> str:
    if value is _MISSING:
        return "<no value>"
    if value is None:
        return "null"
    if isinstance(value, Mapping | list | tuple):
        return gojson.compact(value)
    return value_text(value)
