"""What Flux notices in a CEL expression before it evaluates it: syntax, unknown names, the type of the result.

cel-go's messages come from its ANTLR grammar and its type checker. Those for the usual slips are given here as cel-go
gives them; a slip of another sort has the right place but a plainer text.
Source: google/cel-go v0.26 common/errors.go, checker; fluxcd/pkg runtime v0.110.1 cel/expression.go.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lark import Token, Tree

MACROS = frozenset(("all", "exists", "exists_one", "map", "filter"))

_TYPES = frozenset(("bool", "int", "uint", "double", "string", "bytes", "list", "map", "null_type", "type", "dyn"))

_RETURNED = {
    **dict.fromkeys(("all", "exists", "exists_one", "has", "startsWith", "endsWith", "contains", "matches"), "bool"),
    **dict.fromkeys(("size", "int", "indexOf", "lastIndexOf", "getFullYear", "getMonth", "getDate"), "int"),
    **dict.fromkeys(("getDayOfMonth", "getDayOfWeek", "getDayOfYear", "getHours", "getMinutes"), "int"),
    **dict.fromkeys(("getSeconds", "getMilliseconds"), "int"),
    **dict.fromkeys(("string", "lowerAscii", "upperAscii", "trim", "replace", "substring", "join", "charAt"), "string"),
    "reverse": "string",
    "split": "list(string)",
    "map": "list(dyn)",
    "filter": "list(dyn)",
    "bool": "bool",
    "double": "double",
    "uint": "uint",
    "bytes": "bytes",
    "timestamp": "timestamp",
    "duration": "duration",
    "type": "type",
    "dyn": "dyn",
}

_LITERALS = {
    "INT_LIT": "int",
    "UINT_LIT": "uint",
    "FLOAT_LIT": "double",
    "STRING_LIT": "string",
    "MLSTRING_LIT": "string",
    "BYTES_LIT": "bytes",
    "BOOL_LIT": "bool",
    "NULL_LIT": "null",
}

_OPERANDS = (
    "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"
)


def syntax_problem(text: str, line: int, column: int) -> str:
    """Return cel-go's message for text that does not parse; line and column (from 1) are where a parser gave up."""
    if line <= 0 or column <= 0 or not text.strip():
        return issue(text, 1, 1, f"Syntax error: mismatched input '<EOF>' expecting {_OPERANDS}")
    lines = text.split("\n")
    rest = lines[line - 1][column - 1 :].strip() if line <= len(lines) else ""
    stripped = text.rstrip()
    at_end = line >= len(stripped.split("\n")) and len(rest) <= 2 and stripped.endswith(rest)
    if at_end and rest and rest[0] in ".+-*/%<>=!&|,([{?:":
        end = len(lines[-1]) + 1
        if rest == ".":
            return issue(text, len(lines), end, "Syntax error: no viable alternative at input '.'")
        return issue(text, len(lines), end, f"Syntax error: mismatched input '<EOF>' expecting {_OPERANDS}")
    if not rest:
        return issue(text, line, column, f"Syntax error: mismatched input '<EOF>' expecting {_OPERANDS}")
    if not (rest[0].isalnum() or rest[0] in "_'\"([{}]).,?:+-*/%<>=!&|"):
        return issue(text, line, column, f"Syntax error: token recognition error at: '{rest[0]}'")
    word = rest.split()[0]
    return issue(text, line, column, f"Syntax error: extraneous input '{word}' expecting <EOF>")


def unknown_names(tree: Tree[Token], text: str, variables: Collection[str]) -> list[str]:
    """Return a message for each name that is no variable, no type and not bound by a macro, and for each function
    that does not exist, in the order of the text.
    """
    return [
        issue(text, line, column, f"undeclared reference to '{name}' (in container '')")
        for line, column, name in sorted(set(_unknown(tree, frozenset(variables))))
    ]


def result_type(tree: Tree[Token] | Token, variables: Collection[str]) -> str:
    """Return the type as cel-go writes it; `dyn` for whatever comes out of a variable."""
    from lark import Token

    if isinstance(tree, Token):
        return _LITERALS.get(tree.type, "dyn")
    children = tree.children
    kind = str(tree.data)
    match kind:
        case "expr" if len(children) == 3:
            types = {result_type(child, variables) for child in children[1:]}
            return types.pop() if len(types) == 1 else "dyn"
        case "conditionalor" | "conditionaland" | "relation" if len(children) == 2:
            return "bool"
        case "unary" if len(children) == 2 and _data(children[0]) == "unary_not":
            return "bool"
        case "ident":
            return "map(string, dyn)" if str(children[0]) in variables else "dyn"
        case "ident_arg":
            return _RETURNED.get(str(children[0]), "dyn")
        case "member_dot_arg":
            return _RETURNED.get(str(children[1]), "dyn")
        case "member_dot" | "member_index" | "member_object" | "dot_ident" | "dot_ident_arg":
            return "dyn"
        case "list_lit":
            return "list(dyn)"
        case "map_lit":
            return "map(dyn, dyn)"
        case _:
            return result_type(children[-1], variables) if children else "dyn"


def issue(text: str, line: int, column: int, message: str) -> str:
    """Return a message with the line of the text and a caret below the column, as cel-go prints it."""
    lines = text.split("\n")
    shown = lines[line - 1] if line <= len(lines) else ""
    return f"ERROR: <input>:{line}:{column}: {message}\n | {shown}\n | {'.' * (column - 1)}^"


def _unknown(tree: Tree[Token] | Token, known: frozenset[str]) -> Iterator[tuple[int, int, str]]:
    from lark import Tree

    if not isinstance(tree, Tree):
        return
    children = tree.children
    kind = str(tree.data)
    if kind == "ident":
        name = children[0]
        if not isinstance(name, Tree) and str(name) not in known and str(name) not in _TYPES:
            yield _place(name, str(name), 0)
        return
    if kind in ("ident_arg", "member_dot_arg"):
        name = children[0] if kind == "ident_arg" else children[1]
        if not isinstance(name, Tree) and str(name) not in _RETURNED:
            yield _place(name, str(name), len(str(name)))
    if kind == "member_dot_arg" and str(children[1]) in MACROS and len(children) > 2:
        yield from _unknown(children[0], known)
        arguments = children[2]
        if isinstance(arguments, Tree) and arguments.children:
            bound = known | {_only_name(arguments.children[0])}
            for argument in arguments.children[1:]:
                yield from _unknown(argument, bound)
        return
    for child in children:
        yield from _unknown(child, known)


def _place(token: Token, name: str, offset: int) -> tuple[int, int, str]:
    return (token.line or 1, (token.column or 1) + offset, name)


def _only_name(tree: Tree[Token] | Token) -> str:
    """The name that an argument consists of; a macro's first argument is nothing else."""
    from lark import Token

    while not isinstance(tree, Token):
        if not tree.children:
            return ""
        tree = tree.children[-1]
    return str(tree)


def _data(tree: Tree[Token] | Token) -> str:
    return str(getattr(tree, "data", ""))
