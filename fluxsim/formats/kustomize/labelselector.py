"""Label selectors: `app=web,tier in (front, back),!canary`.

Source: k8s.io/apimachinery v0.36 pkg/labels/selector.go.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TypeAlias

from fluxsim.formats.gotext import quoted
from fluxsim.formats.kustomize.errors import KustomizeError

Labels: TypeAlias = Mapping[str, str]
Test: TypeAlias = Callable[[Labels], bool]

_TOKEN = re.compile(r"\s*(?:(==|!=|[=!(),<>])|([^=!(),<>\s]+))")
_SYMBOLS = frozenset(["==", "!=", "=", "!", "(", ")", ",", "<", ">"])


@lru_cache(maxsize=256)
def matcher(selector: str) -> Test:
    """Return a test of labels; an empty selector takes everything. Raises KustomizeError."""
    tokens = _Tokens(selector)
    tests: list[Test] = []
    while tokens.peek():
        if tokens.peek() in _SYMBOLS and tokens.peek() != "!":
            raise _unparsable(f"found '{tokens.peek()}', expected: !, identifier, or 'end of string'")
        tests.append(_requirement(tokens))
        if tokens.peek() == ",":
            tokens.take()
            if tokens.peek() in _SYMBOLS and tokens.peek() != "!":
                raise _unparsable(f"found '{tokens.peek()}', expected: identifier after ','")
            if not tokens.peek():
                raise _unparsable("found '', expected: identifier after ','")
        elif tokens.peek():
            raise _unparsable(f"found '{tokens.peek()}', expected: ',' or 'end of string'")
    return lambda labels: all(test(labels) for test in tests)


class _Tokens:
    def __init__(self, text: str) -> None:
        self._found = [match[1] or match[2] for match in _TOKEN.finditer(text)]
        self._at = 0

    def peek(self) -> str:
        """Return the next token; "" is the end."""
        return self._found[self._at] if self._at < len(self._found) else ""

    def take(self) -> str:
        """Return the next token and go past it."""
        taken = self.peek()
        self._at += 1
        return taken


def _requirement(tokens: _Tokens) -> Test:
    absent = tokens.peek() == "!"
    if absent:
        tokens.take()
    key = tokens.take()
    if key in _SYMBOLS or not key:
        raise _unparsable(f"found '{key}', expected: identifier")
    if absent:
        return lambda labels: key not in labels
    if tokens.peek() in {"", ","}:
        return lambda labels: key in labels
    operator = tokens.take()
    if operator in {"in", "notin"}:
        values = _values(tokens)
        if operator == "in":
            return lambda labels: key in labels and labels[key] in values
        return lambda labels: key not in labels or labels[key] not in values
    if operator not in {"=", "==", "!=", "<", ">"}:
        raise _unparsable(f"found '{operator}', expected: in, notin, =, ==, !=, gt, lt")
    value = "" if tokens.peek() in {"", ","} else tokens.take()
    if value in _SYMBOLS:
        raise _unparsable(f"found '{value}', expected: identifier")
    if operator == "!=":
        return lambda labels: labels.get(key) != value
    if operator in {"=", "=="}:
        return lambda labels: labels.get(key) == value
    if not re.fullmatch(r"[+-]?[0-9]+", value):
        raise _unparsable(f"for 'Gt', 'Lt' operators, the value must be an integer: {quoted(value)}")
    limit, greater = int(value), operator == ">"
    return lambda labels: _compared(labels.get(key, ""), limit, greater=greater)


def _compared(text: str, limit: int, *, greater: bool) -> bool:
    if not re.fullmatch(r"[+-]?[0-9]+", text):
        return False
    return int(text) > limit if greater else int(text) < limit


def _values(tokens: _Tokens) -> frozenset[str]:
    if tokens.peek() != "(":
        raise _unparsable(f"found '{tokens.peek()}', expected: '('")
    tokens.take()
    values: list[str] = []
    after_comma = True
    while tokens.peek() != ")":
        word = tokens.take()
        if word == ",":
            if after_comma:
                values.append("")
            after_comma = True
        elif word in _SYMBOLS or not word:
            wanted = "',', ')' or identifier" if after_comma else "',' or ')'"
            raise _unparsable(f"found '{word}', expected: {wanted}")
        else:
            values.append(word)
            after_comma = False
    tokens.take()
    return frozenset(values)


def _unparsable(problem: str) -> KustomizeError:
    return KustomizeError(f"unable to parse requirement: {problem}")
