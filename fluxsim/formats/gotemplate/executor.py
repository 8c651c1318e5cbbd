"""Runs a parsed template over its data.

Source: Go 1.26 text/template/exec.go. Every error names the node that was looked at last, as Go's do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from fluxsim.formats.gotemplate.errors import ExecutionFault, FunctionFault
from fluxsim.formats.gotemplate.formatting import text_of
from fluxsim.formats.gotemplate.nodes import (
    Action,
    Bool,
    Branch,
    Chain,
    Command,
    Dot,
    Field,
    Identifier,
    Include,
    Leave,
    NilLiteral,
    Node,
    Number,
    Pipe,
    Statement,
    String,
    Text,
    Variable,
)
from fluxsim.formats.gotemplate.parser import Tree
from fluxsim.formats.gotemplate.values import (
    INTERFACE,
    LIST,
    MAP,
    REFLECT_VALUE,
    Function,
    GoMap,
    Int64,
    SizedInt,
    Struct,
    Uint32,
    Uint64,
    Value,
    element_of,
    held,
    is_list,
    is_map,
    is_true,
    sort_key,
    type_name,
)
from fluxsim.formats.gotext import octets, quoted

DEPTH_MAX = 50
"""How deep templates may include one another. Go stops at 100000, which only endless recursion reaches."""
STEPS_MAX = 1_000_000
"""How many nodes one execution may walk."""

_UNSIGNED_TYPES: dict[str, type[SizedInt]] = {"uint32": Uint32, "uint64": Uint64}


class _Absent:
    """Stands for the final argument of a command that has none from the pipeline."""


_ABSENT: Final = _Absent()


class _Left(Exception):
    """A break or continue on its way to its range."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class Executor:
    """One execution; `output` is what has been written so far."""

    def __init__(
        self,
        name: str,
        source: str,
        trees: Mapping[str, Tree],
        functions: Mapping[str, Function],
        overridden: frozenset[str],
    ) -> None:
        self.main = name
        self.source = source
        self.trees = trees
        self.functions = functions
        self.overridden = overridden
        self.output: list[str] = []
        self.name = name
        self.variables: list[tuple[str, Value]] = []
        self.node: Node | Statement | None = None
        self.depth = 0
        self.steps = 0

    def run(self, data: Value) -> str:
        self.variables = [("$", data)]
        self.walk(data, self.trees[self.main].nodes)
        return "".join(self.output)

    def fault(self, message: str) -> ExecutionFault:
        if self.node is None:
            return ExecutionFault(f"template: {self.name}: {message}")
        before = self.source[: self.node.at]
        column = len(octets(before[before.rfind("\n") + 1 :]))
        place = f"{self.main}:{before.count(chr(10)) + 1}:{column}"
        return ExecutionFault(f"template: {place}: executing {quoted(self.name)} at <{self.node}>: {message}")

    # Statements.

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

    def set_variable(self, name: str, value: Value) -> None:
        self.variables[self.place(name)] = (name, value)

    def place(self, name: str) -> int:
        """Where the innermost variable of the name is kept."""
        for index in range(len(self.variables) - 1, -1, -1):
            if self.variables[index][0] == name:
                return index
        raise self.fault(f"undefined variable: {name}")

    # Pipelines and commands.

    def pipeline(self, dot: Value, pipe: Pipe) -> Value:
        self.node = pipe
        value: Value = _ABSENT
        for command in pipe.commands:
            value = held(self.command(dot, command, value))
        for variable in pipe.declared:
            if pipe.assigns:
                self.set_variable(variable.names[0], value)
            else:
                self.variables.append((variable.names[0], value))
        return value

    def command(self, dot: Value, command: Command, final: Value) -> Value:
        first = command.arguments[0]
        match first:
            case Field():
                return self.field_node(dot, first, command.arguments, final)
            case Chain():
                return self.chain(dot, first, command.arguments, final)
            case Identifier():
                return self.function(dot, first, command, command.arguments, final)
            case Pipe():
                self.refuse_arguments(command.arguments, final)
                return self.pipeline(dot, first)
            case Variable():
                return self.variable(dot, first, command.arguments, final)
            case _:
                self.node = first
                self.refuse_arguments(command.arguments, final)
                if isinstance(first, NilLiteral):
                    raise self.fault("nil is not a command")
                return dot if isinstance(first, Dot) else self.constant(first)

    def refuse_arguments(self, arguments: Sequence[Node], final: Value) -> None:
        if len(arguments) > 1 or final is not _ABSENT:
            raise self.fault(f"can't give argument to non-function {arguments[0]}")

    def constant(self, node: Node) -> Value:
        """The value of a literal where no type is asked for: the way it is written decides."""
        self.node = node
        match node:
            case Bool(value=value) | String(value=value):
                return value
            case Number():
                is_hex = node.text[:2] in ("0x", "0X") and not any(letter in node.text for letter in "pP")
                if (
                    node.real is not None
                    and not is_hex
                    and not node.text.startswith("'")
                    and any(letter in node.text for letter in ".eEpP")
                ):
                    return node.real
                if node.integer is None:
                    raise self.fault(f"{node.text} overflows int")
                return node.integer
            case _:
                raise self.fault(f"can't evaluate command {quoted(str(node))}")

    def field_node(self, dot: Value, node: Field, arguments: Sequence[Node], final: Value) -> Value:
        self.node = node
        return self.fields(dot, dot, node, node.names, arguments, final)

    def chain(self, dot: Value, node: Chain, arguments: Sequence[Node], final: Value) -> Value:
        self.node = node
        if isinstance(node.node, NilLiteral):
            raise self.fault(f"indirection through explicit nil in {node}")
        receiver = self.argument(dot, None, node.node)
        return self.fields(dot, receiver, node, node.names, arguments, final)

    def variable(self, dot: Value, node: Variable, arguments: Sequence[Node], final: Value) -> Value:
        self.node = node
        value = self.variables[self.place(node.names[0])][1]
        if len(node.names) == 1:
            self.refuse_arguments(arguments, final)
            return value
        return self.fields(dot, value, node, node.names[1:], arguments, final)

    def fields(
        self, dot: Value, receiver: Value, node: Node, names: Sequence[str], arguments: Sequence[Node], final: Value
    ) -> Value:
        for name in names[:-1]:
            receiver = self.field(dot, name, node, (), _ABSENT, receiver)
        return self.field(dot, names[-1], node, arguments, final, receiver)

    def field(
        self, dot: Value, name: str, node: Node, arguments: Sequence[Node], final: Value, receiver: Value
    ) -> Value:
        if receiver is None:
            return None
        static_type = type_name(receiver)
        receiver = held(receiver)
        if receiver is None:
            raise self.fault(f"nil pointer evaluating {INTERFACE}.{name}")
        has_arguments = len(arguments) > 1 or final is not _ABSENT
        if isinstance(receiver, Struct):
            if name in receiver.methods:
                return self.call(dot, receiver.methods[name], node, name, arguments, final)
            try:
                value = receiver.field(name)
            except KeyError:
                raise self.cannot_evaluate(name, static_type) from None
            if has_arguments:
                raise self.fault(f"{name} has arguments but cannot be invoked as function")
            return value
        if not is_map(receiver) or (isinstance(receiver, GoMap) and receiver.key != "string"):
            raise self.cannot_evaluate(name, static_type)
        if has_arguments:
            raise self.fault(f"{name} is not a method but has arguments")
        return element_of(receiver, receiver[name]) if name in receiver else None

    def cannot_evaluate(self, name: str, static_type: str) -> ExecutionFault:
        return self.fault(f"can't evaluate field {name} in type {static_type}")

    # Functions.

    def function(self, dot: Value, node: Identifier, command: Node, arguments: Sequence[Node], final: Value) -> Value:
        self.node = node
        return self.call(dot, self.functions[node.name], command, node.name, arguments, final)

    def call(
        self, dot: Value, function: Function, node: Node, name: str, arguments: Sequence[Node], final: Value
    ) -> Value:
        arguments = arguments[1:]
        count = len(arguments) + (final is not _ABSENT)
        fixed = len(function.parameters) - function.variadic
        if function.variadic:
            if count < fixed:
                raise self.fault(f"wrong number of args for {name}: want at least {fixed} got {len(arguments)}")
        elif count != fixed:
            raise self.fault(f"wrong number of args for {name}: want {fixed} got {count}")
        if name in ("and", "or") and name not in self.overridden:
            return self.short_circuit(dot, name, arguments, final)
        values = [self.argument(dot, function.parameter(index), argument) for index, argument in enumerate(arguments)]
        if final is not _ABSENT:
            values.append(self.validated(final, function.parameter(len(values))))
        try:
            if name == "call" and name not in self.overridden:
                raise _not_callable(values[0], str(arguments[0]) if arguments else text_of(final))
            return function.call(*values)
        except FunctionFault as error:
            self.node = node
            raise self.fault(f"error calling {name}: {error}") from error

    def short_circuit(self, dot: Value, name: str, arguments: Sequence[Node], final: Value) -> Value:
        value: Value = None
        for argument in arguments:
            value = self.argument(dot, REFLECT_VALUE, argument)
            if is_true(held(value)) == (name == "or"):
                return value
        return value if final is _ABSENT else final

    def argument(self, dot: Value, wanted: str | None, node: Node) -> Value:
        """Evaluate an argument and check it against the parameter's type; None asks for no type."""
        self.node = node
        match node:
            case Dot():
                return self.validated(dot, wanted)
            case NilLiteral():
                if wanted is not None and not _can_be_nil(wanted):
                    raise self.fault(f"cannot assign nil to {wanted}")
                return _zero(wanted)
            case Field():
                return self.validated(self.field_node(dot, node, (node,), _ABSENT), wanted)
            case Variable():
                return self.validated(self.variable(dot, node, (), _ABSENT), wanted)
            case Pipe():
                return self.validated(self.pipeline(dot, node), wanted)
            case Identifier():
                return self.validated(self.function(dot, node, node, (), _ABSENT), wanted)
            case Chain():
                return self.validated(self.chain(dot, node, (), _ABSENT), wanted)
            case _:
                return self.literal(wanted, node)

    def literal(self, wanted: str | None, node: Node) -> Value:
        self.node = node
        match wanted:
            case None | "interface {}" | "reflect.Value":
                return self.constant(node)
            case "bool":
                if isinstance(node, Bool):
                    return node.value
                raise self.fault(f"expected bool; found {node}")
            case "float64":
                if isinstance(node, Number) and node.real is not None:
                    return float(node.real)
                raise self.fault(f"expected float; found {node}")
            case "int" | "int64":
                if isinstance(node, Number) and node.integer is not None:
                    return Int64(node.integer) if wanted == "int64" else node.integer
                raise self.fault(f"expected integer; found {node}")
            case "uint32" | "uint64":
                if isinstance(node, Number) and node.unsigned is not None:
                    return _UNSIGNED_TYPES[wanted].wrapped(node.unsigned)
                raise self.fault(f"expected unsigned integer; found {node}")
            case "string" | "sprig.HashAlgorithm":
                if isinstance(node, String):
                    return node.value
                raise self.fault(f"expected string; found {node}")
            case _:
                raise self.fault(f"can't handle {node} for arg of type {wanted}")

    def validated(self, value: Value, wanted: str | None) -> Value:
        """Return the value if a parameter of the type takes it."""
        if value is None:
            if wanted is None or _can_be_nil(wanted):
                return _zero(wanted)
            raise self.fault(f"invalid value; expected {wanted}")
        if wanted in (None, REFLECT_VALUE):
            return value
        inner = held(value)
        if wanted == INTERFACE:
            return inner
        if inner is None or type_name(inner) != wanted:
            got = type_name(value) if inner is None else type_name(inner)
            raise self.fault(f"wrong type for value; expected {wanted}; got {got}")
        return inner


def _can_be_nil(wanted: str) -> bool:
    return wanted in (INTERFACE, REFLECT_VALUE) or wanted.startswith(("map[", "[]", "*"))


def _zero(wanted: str | None) -> Value:
    if wanted == MAP:
        return {}
    return [] if wanted == LIST else None


def _not_callable(value: Value, name: str) -> FunctionFault:
    if held(value) is None:
        return FunctionFault("call of nil")
    return FunctionFault(f"non-function {name} of type {type_name(value)}")
