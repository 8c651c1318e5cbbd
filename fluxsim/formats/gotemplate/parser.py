"""Parses a template: text to one tree of nodes for each template that it defines.

Source: Go 1.26 text/template/parse/parse.go.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from fluxsim.formats.gotemplate.lexer import Token
from fluxsim.formats.gotemplate.nodes import (
    Action,
    Bool,
    Boundary,
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
    NumberFault,
    Pipe,
    Statement,
    String,
    Text,
    Variable,
    number,
)
from fluxsim.formats.gotemplate.tokens import Tokens
from fluxsim.formats.gotext import quoted

PARENTHESES_MAX = 50
"""How deep parentheses may be nested. Go allows 10000; nothing that a person writes comes near either."""
BLOCKS_MAX = 50
"""How deep if, with and range may be nested; Go has no limit."""

_OPERANDS = frozenset(
    (
        "bool",
        "char-constant",
        "complex",
        "dot",
        "field",
        "identifier",
        "number",
        "nil",
        "raw-string",
        "string",
        "variable",
        "left-paren",
    )
)


@dataclass(frozen=True, slots=True)
class Tree:
    """One template by its name; its nodes' places are indexes into the text of the whole."""

    name: str
    nodes: list[Statement]

    def is_empty(self) -> bool:
        return all(isinstance(node, Text) and not node.value.strip() for node in self.nodes)


def parse(name: str, text: str, functions: Container[str]) -> dict[str, Tree]:
    """Return the trees by name, the main one under `name`; raises ParseFault."""
    parser = _Parser(name, text, functions)
    parser.main()
    return parser.trees


class _Parser(Tokens):
    def __init__(self, name: str, text: str, functions: Container[str]) -> None:
        super().__init__(name, text)
        self.functions = functions
        self.trees: dict[str, Tree] = {}
        self.variables = ["$"]
        self.ranges = 0
        self.blocks = 0
        self.parentheses = 0

    def main(self) -> None:
        nodes: list[Statement] = []
        while self.peek().kind != "eof":
            if self.peek().kind == "left":
                left = self.next()
                word = self.next_word()
                if word.kind == "define":
                    self.define()
                    continue
                self.back(word)
                self.back(left)
            node = self.statement()
            if isinstance(node, Boundary):
                raise self.fault(f"unexpected {node}")
            nodes.append(node)
        self.add(Tree(self.name, nodes))

    def add(self, tree: Tree) -> None:
        known = self.trees.get(tree.name)
        if known is None or known.is_empty():
            self.trees[tree.name] = tree
        elif not tree.is_empty():
            raise self.fault(f"template: multiple definition of template {quoted(tree.name)}")

    def define(self) -> None:
        context = "define clause"
        name = self.unquoted(self.expect(("string", "raw-string"), context))
        self.expect(("right",), context)
        self.definition(name, context)

    def definition(self, name: str, context: str) -> None:
        """Parse the body of a define or block; the variables outside of it are unknown in it."""
        outside = self.variables, self.ranges, self.action_line
        self.variables, self.ranges, self.action_line = ["$"], 0, 0
        nodes, end = self.items()
        if end.kind != "end":
            raise self.fault(f"unexpected {end} in {context}")
        self.add(Tree(name, nodes))
        self.variables, self.ranges, self.action_line = outside

    def items(self) -> tuple[list[Statement], Boundary]:
        nodes: list[Statement] = []
        while self.peek_word().kind != "eof":
            node = self.statement()
            if isinstance(node, Boundary):
                return nodes, node
            nodes.append(node)
        raise self.fault("unexpected EOF")

    def statement(self) -> Statement | Boundary:
        token = self.next_word()
        if token.kind == "text":
            return Text(token.at, token.text)
        if token.kind != "left":
            raise self.unexpected(token, "input")
        self.action_line = token.line
        try:
            return self.action()
        finally:
            self.action_line = 0

    def action(self) -> Statement | Boundary:
        token = self.next_word()
        match token.kind:
            case "block":
                return self.block()
            case "break" | "continue":
                return self.leave(token)
            case "else":
                return self.otherwise()
            case "end":
                return Boundary("end", self.expect(("right",), "end").at)
            case "if" | "with" | "range":
                return self.branch(token.kind)
            case "template":
                return self.include()
            case _:
                self.back(token)
                return Action(token.at, self.pipeline("command", "right"))

    def leave(self, token: Token) -> Leave:
        following = self.next_word()
        if following.kind != "right":
            raise self.unexpected(following, f"{{{{{token.kind}}}}}")
        if self.ranges == 0:
            raise self.fault(f"{{{{{token.kind}}}}} outside {{{{range}}}}")
        return Leave(token.kind, token.at)

    def otherwise(self) -> Boundary:
        following = self.peek_word()
        if following.kind not in ("if", "with"):
            self.expect(("right",), "else")
        return Boundary("else", following.at)

    def branch(self, kind: str) -> Branch:
        known = len(self.variables)
        self.blocks += 1
        if self.blocks > BLOCKS_MAX:
            raise self.fault(f"more than {BLOCKS_MAX} nested blocks")
        pipe = self.pipeline(kind, "right")
        self.ranges += kind == "range"
        body, boundary = self.items()
        self.ranges -= kind == "range"
        otherwise: list[Statement] | None = None
        if boundary.kind == "else":
            if kind in ("if", "with") and self.peek().kind == kind:
                # {{else if}}: one {{end}} closes both.
                self.next()
                otherwise = [self.branch(kind)]
            else:
                otherwise, end = self.items()
                if end.kind != "end":
                    raise self.fault(f"expected end; found {end}")
        self.blocks -= 1
        del self.variables[known:]
        return Branch(kind, pipe.at, pipe, body, otherwise)

    def block(self) -> Include:
        context = "block clause"
        token = self.next_word()
        name = self.template_name(token, context)
        pipe = self.pipeline(context, "right")
        self.definition(name, context)
        return Include(token.at, name, pipe)

    def include(self) -> Include:
        context = "template clause"
        token = self.next_word()
        name = self.template_name(token, context)
        following = self.next_word()
        if following.kind == "right":
            return Include(token.at, name, None)
        self.back(following)
        return Include(token.at, name, self.pipeline(context, "right"))

    def template_name(self, token: Token, context: str) -> str:
        if token.kind not in ("string", "raw-string"):
            raise self.unexpected(token, context)
        return self.unquoted(token)

    def pipeline(self, context: str, end: str) -> Pipe:
        pipe = Pipe(self.peek_word().at)
        while self.declaration(pipe, context):
            pass
        while True:
            token = self.next_word()
            if token.kind == end:
                self.check(pipe, context)
                return pipe
            if token.kind not in _OPERANDS:
                raise self.unexpected(token, context)
            self.back(token)
            pipe.commands.append(self.command())

    def declaration(self, pipe: Pipe, context: str) -> bool:
        """Read `$x :=`, `$x =` or `$x,` if it stands here; tell whether another variable must follow."""
        variable = self.peek_word()
        if variable.kind != "variable":
            return False
        self.next()
        after = self.next()
        word = after if after.kind != "space" else self.next_word()
        if word.kind in ("assign", "declare"):
            pipe.assigns = word.kind == "assign"
            self.declare(pipe, variable)
            return False
        if word.kind == "character" and word.text == ",":
            self.declare(pipe, variable)
            if context == "range" and len(pipe.declared) < 2:
                if self.peek_word().kind in ("variable", "right", "right-paren"):
                    return True
                raise self.fault("range can only initialize variables")
            raise self.fault(f"too many declarations in {context}")
        self.back(word)
        if after is not word:
            self.back(after)
        self.back(variable)
        return False

    def declare(self, pipe: Pipe, variable: Token) -> None:
        pipe.declared.append(Variable(variable.at, [variable.text]))
        self.variables.append(variable.text)

    def check(self, pipe: Pipe, context: str) -> None:
        if not pipe.commands:
            raise self.fault(f"missing value for {context}")
        for stage, command in enumerate(pipe.commands[1:], start=2):
            if isinstance(command.arguments[0], Bool | Dot | NilLiteral | Number | String):
                raise self.fault(f"non executable command in pipeline stage {stage}")

    def command(self) -> Command:
        command = Command(self.peek_word().at)
        while True:
            self.peek_word()
            operand = self.operand()
            if operand is not None:
                command.arguments.append(operand)
            token = self.next()
            if token.kind == "space":
                continue
            if token.kind in ("right", "right-paren"):
                self.back(token)
            elif token.kind != "pipe":
                raise self.unexpected(token, "operand")
            break
        if not command.arguments:
            raise self.fault("empty command")
        return command

    def operand(self) -> Node | None:
        node = self.term()
        if node is None or self.peek().kind != "field":
            return node
        chain = Chain(self.peek().at, node)
        while self.peek().kind == "field":
            chain.names.append(self.next().text[1:])
        match node:
            case Field():
                return Field(chain.at, node.names + chain.names)
            case Variable():
                return Variable(chain.at, node.names + chain.names)
            case Bool() | String() | Number() | NilLiteral() | Dot():
                raise self.fault(f"unexpected . after term {quoted(str(node))}")
            case _:
                return chain

    def term(self) -> Node | None:
        token = self.next_word()
        match token.kind:
            case "identifier":
                if token.text not in self.functions:
                    raise self.fault(f"function {quoted(token.text)} not defined")
                return Identifier(token.at, token.text)
            case "dot":
                return Dot(token.at)
            case "nil":
                return NilLiteral(token.at)
            case "variable":
                if token.text not in self.variables:
                    raise self.fault(f"undefined variable {quoted(token.text)}")
                return Variable(token.at, [token.text])
            case "field":
                return Field(token.at, [token.text[1:]])
            case "bool":
                return Bool(token.at, token.text == "true")
            case "char-constant" | "complex" | "number":
                return self.number(token)
            case "left-paren":
                return self.parenthesized()
            case "string" | "raw-string":
                return String(token.at, token.text, self.unquoted(token))
            case _:
                self.back(token)
                return None

    def number(self, token: Token) -> Number:
        try:
            return number(token.at, token.text, is_character=token.kind == "char-constant")
        except NumberFault as error:
            raise self.fault(str(error)) from error

    def parenthesized(self) -> Pipe:
        self.parentheses += 1
        if self.parentheses > PARENTHESES_MAX:
            raise self.fault("max expression depth exceeded")
        pipe = self.pipeline("parenthesized pipeline", "right-paren")
        self.parentheses -= 1
        return pipe
