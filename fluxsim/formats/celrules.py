"""The part of CEL in which Flux's CRDs state their validation rules, without a CEL library.

`||`, `&&`, `!`, comparisons, member access, `has`, `size`, `all`, `exists`, `matches`, strings, whole numbers, true and
false. The expressions that users write (readyExpr, healthCheckExprs) go through formats.celexpr instead: loading its
library costs more than a whole small world, and every created Flux object is checked here.
Source: cel-spec langdef.md; k8s.io/apiserver pkg/cel.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TypeAlias

from fluxsim.formats.goregex import InvalidRegex, compiled
from fluxsim.formats.tree import Json

Rule: TypeAlias = Callable[[Mapping[str, Json]], Json]
"""Takes the variables, returns the value of the expression."""

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>[0-9]+)|(?P<word>[A-Za-z_][A-Za-z_0-9]*)"""
    r"""|(?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(?P<sign>\|\||&&|[=!<>]=|[!<>().,]))"""
)
_COMPARISONS: dict[str, Callable[[Json, Json], bool]] = {
    "==": lambda left, right: bool(left == right),
    "!=": lambda left, right: bool(left != right),
    "<": lambda left, right: bool(left < right),
    "<=": lambda left, right: bool(left <= right),
    ">": lambda left, right: bool(left > right),
    ">=": lambda left, right: bool(left >= right),
}


class RuleFailed(ValueError):
    """The rule has no answer for this object: a key is missing, or a type does not fit."""


class InvalidRule(ValueError):
    """The text is not in the part of CEL that is understood here."""


@lru_cache(maxsize=256)
def rule(text: str) -> Rule:
    """Return the rule as a function of its variables. Raises InvalidRule; the function raises RuleFailed."""
    parser = _Parser(text)
    found = parser.either()
    if parser.token is not None:
        raise InvalidRule(f"unexpected '{parser.token[1]}' in rule: {text}")
    return found


def holds(text: str, self: Json) -> bool:
    """Return whether the rule is true with the value as `self`. Raises RuleFailed, InvalidRule."""
    return _truth(rule(text)({"self": self}))


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, str]] = []
        at = 0
        while text[at:].strip():
            match = _TOKEN.match(text, at)
            if match is None:
                raise InvalidRule(f"unexpected '{text[at:].strip()[0]}' in rule: {text}")
            kind = match.lastgroup or ""
            self.tokens.append((kind, match[kind]))
            at = match.end()
        self.tokens.reverse()

    @property
    def token(self) -> tuple[str, str] | None:
        return self.tokens[-1] if self.tokens else None

    def either(self) -> Rule:
        found = self._both()
        while self._takes("||"):
            found = _or(found, self._both())
        return found

    def _both(self) -> Rule:
        found = self._comparison()
        while self._takes("&&"):
            found = _and(found, self._comparison())
        return found

    def _comparison(self) -> Rule:
        left = self._not()
        if self.token is None or self.token[1] not in _COMPARISONS or self.token[0] != "sign":
            return left
        compare = _COMPARISONS[self._next()[1]]
        right = self._not()
        return lambda variables: _compared(compare, left(variables), right(variables))

    def _not(self) -> Rule:
        if self._takes("!"):
            inner = self._not()
            return lambda variables: not _truth(inner(variables))
        return self._members(self._primary())

    def _primary(self) -> Rule:
        kind, text = self._next()
        match kind:
            case "number":
                return _constant(int(text))
            case "text":
                return _constant(_unescaped(text[1:-1]))
            case "word" if text in ("true", "false"):
                return _constant(text == "true")
            case "word" if text in ("has", "size") and self._takes("("):
                inner = self.either()
                self._expect(")")
                return _has(inner) if text == "has" else lambda variables: _size(inner(variables))
            case "word":
                return lambda variables: _member(variables, text)
            case _ if text == "(":
                inner = self.either()
                self._expect(")")
                return inner
            case _:
                raise InvalidRule(f"unexpected '{text}' in rule: {self.text}")

    def _members(self, of: Rule) -> Rule:
        while self._takes("."):
            kind, name = self._next()
            if kind != "word":
                raise InvalidRule(f"unexpected '{name}' in rule: {self.text}")
            of = self._call(of, name) if self._takes("(") else _select(of, name)
        return of

    def _call(self, of: Rule, name: str) -> Rule:
        if name == "size":
            self._expect(")")
            return lambda variables: _size(of(variables))
        if name in ("all", "exists"):
            variable = self._next()[1]
            self._expect(",")
            body = self.either()
            self._expect(")")
            return _quantified(of, variable, body, every=name == "all")
        if name == "matches":
            pattern = self.either()
            self._expect(")")
            return lambda variables: _matches(_text(of(variables)), _text(pattern(variables)))
        raise InvalidRule(f"unknown function '{name}' in rule: {self.text}")

    def _next(self) -> tuple[str, str]:
        if not self.tokens:
            raise InvalidRule(f"unexpected end of rule: {self.text}")
        return self.tokens.pop()

    def _takes(self, sign: str) -> bool:
        if self.token != ("sign", sign):
            return False
        self.tokens.pop()
        return True

    def _expect(self, sign: str) -> None:
        if not self._takes(sign):
            raise InvalidRule(f"expected '{sign}' in rule: {self.text}")


def _constant(value: Json) -> Rule:
    return lambda _: value


def _select(of: Rule, name: str) -> Rule:
    return lambda variables: _member(of(variables), name)


def _member(value: Json, name: str) -> Json:
    if not isinstance(value, Mapping):
        raise RuleFailed("no such overload")
    if name not in value:
        raise RuleFailed(f"no such key: {name}")
    return value[name]


def _has(inner: Rule) -> Rule:
    def present(variables: Mapping[str, Json]) -> bool:
        try:
            inner(variables)
        except RuleFailed:
            return False
        return True

    return present


def _or(left: Rule, right: Rule) -> Rule:
    """A side that fails does not matter when the other is true."""

    def either(variables: Mapping[str, Json]) -> bool:
        try:
            if _truth(left(variables)):
                return True
        except RuleFailed:
            if _truth(right(variables)):
                return True
            raise
        return _truth(right(variables))

    return either


def _and(left: Rule, right: Rule) -> Rule:
    """A side that fails does not matter when the other is false."""

    def both(variables: Mapping[str, Json]) -> bool:
        try:
            if not _truth(left(variables)):
                return False
        except RuleFailed:
            if not _truth(right(variables)):
                return False
            raise
        return _truth(right(variables))

    return both


def _quantified(of: Rule, variable: str, body: Rule, *, every: bool) -> Rule:
    def quantified(variables: Mapping[str, Json]) -> bool:
        failed: RuleFailed | None = None
        for item in of(variables):
            try:
                if _truth(body({**variables, variable: item})) is not every:
                    return not every
            except RuleFailed as error:
                failed = failed or error
        if failed is not None:
            raise failed
        return every

    return quantified


def _compared(compare: Callable[[Json, Json], bool], left: Json, right: Json) -> bool:
    try:
        return compare(left, right)
    except TypeError as error:
        raise RuleFailed("no such overload") from error


def _matches(value: str, pattern: str) -> bool:
    try:
        return compiled(pattern).matches(value)
    except InvalidRegex as error:
        raise RuleFailed(str(error)) from error


def _truth(value: Json) -> bool:
    if not isinstance(value, bool):
        raise RuleFailed("no such overload")
    return value


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise RuleFailed("no such overload")
    return value


def _size(value: Json) -> int:
    if not isinstance(value, str | list | Mapping):
        raise RuleFailed("no such overload")
    return len(value)


def _unescaped(text: str) -> str:
    pieces = text.split("\\\\")
    return "\\".join(piece.replace("\\'", "'").replace('\\"', '"') for piece in pieces)
