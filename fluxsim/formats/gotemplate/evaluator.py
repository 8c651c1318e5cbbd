"""Evaluates the pipelines of a template: fields, variables, calls, and whether arguments fit their parameters.

Source: Go 1.26 text/template/exec.go. Every error names the node that was looked at last, as Go's do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from fluxsim.formats.gotemplate.errors import ExecutionFault, FunctionFault
from fluxsim.formats.gotemplate.formatting import text_of
from fluxsim.formats.gotemplate.nodes import (
    Bool,
    Chain,
    Command,
    Dot,
    Field,
    Identifier,
    NilLiteral,
    Node,
    Number,
    Pipe,
    Statement,
    String,
    Variable,
)
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
    is_map,
    is_true,
    type_name,
)
from fluxsim.formats.gotext import octets, quoted

_UNSIGNED_TYPES: dict[str, type[SizedInt]] = {"uint32": Uint32, "uint64": Uint64}


class _Absent:
    """Stands for the final argument of a command that has none from the pipeline."""


_ABSENT: Final = _Absent()


class Evaluator:
    """The state that evaluation needs: where it is, for errors, and the variables in sight.

    `overridden` are the names of functions that hide text/template's own.
    """

    def __init__(self, name: str, source: str, functions: Mapping[str, Function], overridden: frozenset[str]) -> None:
        self.main = name
        self.source = source
        self.functions = functions
        self.overridden = overridden
        self.name = name
        self.variables: list[tuple[str, Value]] = []
        self.node: Node | Statement | None = None

    def fault(self, message: str) -> ExecutionFault:
        if self.node is None:
            return ExecutionFault(f"template: {self.name}: {message}")
        before = self.source[: self.node.at]
        column = len(octets(before[before.rfind("\n") + 1 :]))
        place = f"{self.main}:{before.count(chr(10)) + 1}:{column}"
        return ExecutionFault(f"template: {place}: executing {quoted(self.name)} at <{self.node}>: {message}")

    def set_variable(self, name: str, value: Value) -> None:
        self.variables[self.place(name)] = (name, value)

    def place(self, name: str) -> int:
        """Where the innermost variable of the name is kept."""
        for index in range(len(self.variables) - 1, -1, -1):
            if self.variables[index][0] == name:
                return index
        raise self.fault(f"undefined variable: {name}")

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
