"""Runs a parsed template over its data: text, branches, loops, templates in templates.

Source: Go 1.26 text/template/exec.go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fluxsim.formats.gotemplate.evaluator import Evaluator
from fluxsim.formats.gotemplate.formatting import text_of
from fluxsim.formats.gotemplate.nodes import Action, Branch, Include, Leave, Pipe, Statement, Text
from fluxsim.formats.gotemplate.parser import Tree
from fluxsim.formats.gotemplate.values import (
    Function,
    Value,
    element_of,
    held,
    is_list,
    is_map,
    is_true,
    sort_key,
)
from fluxsim.formats.gotext import quoted

DEPTH_MAX = 50
"""How deep templates may include one another. Go stops at 100000, which only endless recursion reaches."""
STEPS_MAX = 1_000_000
"""How many nodes one execution may walk."""


class _Left(Exception):
    """A break or continue on its way to its range."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class Executor(Evaluator):
    """One execution; `output` is what has been written so far."""

    def __init__(
        self,
        name: str,
        source: str,
        trees: Mapping[str, Tree],
        functions: Mapping[str, Function],
        overridden: frozenset[str],
    ) -> None:
        super().__init__(name, source, functions, overridden)
        self.trees = trees
        self.output: list[str] = []
        self.depth = 0
        self.steps = 0

    def run(self, data: Value) -> str:
        self.variables = [("$", data)]
        self.walk(data, self.trees[self.main].nodes)
        return "".join(self.output)

    def walk(self, dot: Value, nodes: Sequence[Statement]) -> None:
        for node in nodes:
            self.node = node
            self.steps += 1
            if self.steps > STEPS_MAX:
                raise self.fault(f"the template walks more than {STEPS_MAX} nodes")
            match node:
                case Text(value=text):
                    self.output.append(text)
                case Action():
                    value = self.pipeline(dot, node.pipe)
                    if not node.pipe.declared:
                        self.node = node
                        self.output.append("<no value>" if value is None else text_of(value))
                case Branch(kind="range"):
                    self.range_over(dot, node)
                case Branch():
                    self.branch(dot, node)
                case Include():
                    self.include(dot, node)
                case Leave():
                    raise _Left(node.kind)

    def branch(self, dot: Value, node: Branch) -> None:
        mark = len(self.variables)
        value = self.pipeline(dot, node.pipe)
        if is_true(held(value)):
            self.walk(value if node.kind == "with" else dot, node.body)
        elif node.otherwise is not None:
            self.walk(dot, node.otherwise)
        del self.variables[mark:]

    def range_over(self, dot: Value, node: Branch) -> None:
        outer = len(self.variables)
        value = self.pipeline(dot, node.pipe)
        pairs = self.pairs(value, node)
        inner = len(self.variables)
        for key, element in pairs:
            self.assign_range(node.pipe, key, element)
            try:
                self.walk(element, node.body)
            except _Left as left:
                if left.kind == "break":
                    break
            finally:
                del self.variables[inner:]
        if not pairs and node.otherwise is not None:
            self.walk(dot, node.otherwise)
        del self.variables[outer:]

    def pairs(self, value: Value, node: Branch) -> list[tuple[Value, Value]]:
        items: Any = held(value)
        if items is None:
            return []
        if isinstance(value, int) and not isinstance(value, bool):
            if len(node.pipe.declared) > 1:
                raise self.fault(f"can't use {value} to iterate over more than one variable")
            if value > STEPS_MAX:
                raise self.fault(f"the template walks more than {STEPS_MAX} nodes")
            kind = type(value)
            return [(None, kind(number)) for number in range(value)]
        if is_list(items):
            return [(index, element_of(items, item)) for index, item in enumerate(items)]
        if is_map(items):
            return [(key, element_of(items, items[key])) for key in sorted(items, key=sort_key)]
        raise self.fault(f"range can't iterate over {text_of(value)}")

    def assign_range(self, pipe: Pipe, key: Value, element: Value) -> None:
        """Give the loop's variables their values: the element to the last, the key to the first of two."""
        if not pipe.declared:
            return
        last = pipe.declared[-1].names[0]
        if pipe.assigns:
            if len(pipe.declared) > 1:
                self.set_variable(pipe.declared[0].names[0], key)
            self.set_variable(last, element)
            return
        self.variables[-1] = (last, element)
        if len(pipe.declared) > 1:
            self.variables[-2] = (pipe.declared[0].names[0], key)

    def include(self, dot: Value, node: Include) -> None:
        tree = self.trees.get(node.name)
        if tree is None:
            raise self.fault(f"template {quoted(node.name)} not defined")
        if self.depth == DEPTH_MAX:
            raise self.fault(f"exceeded maximum template depth ({DEPTH_MAX})")
        dot = None if node.pipe is None else self.pipeline(dot, node.pipe)
        outer = self.name, self.variables
        self.name, self.variables = node.name, [("$", dot)]
        self.depth += 1
        self.walk(dot, tree.nodes)
        self.depth -= 1
        self.name, self.variables = outer
