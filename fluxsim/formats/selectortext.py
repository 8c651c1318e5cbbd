"""Label selectors in the text form of `kubectl -l`: `app=web,env in (staging, production),!canary`.

Source: k8s.io/apimachinery (2026-07) pkg/labels/selector.go, pkg/api/validate/content.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from fluxsim.formats.gotext import quoted

_SYMBOLS = frozenset("=!(),><")
_BLANKS = frozenset(" \t\r\n")
_OPERATORS = frozenset((")", ",", "!", "==", "=", ">", "in", "<", "!=", "notin", "("))
_BINARY = "in, notin, =, ==, !=, gt, lt"
_WORD, _END = "word", "end"

_NAME = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]", re.ASCII)
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*", re.ASCII)
_CHARACTERS = (
    "consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
)
_NAME_TOLD = (
    f"must {_CHARACTERS} (e.g. 'MyName',  or 'my.name',  or '123-abc', "
    "regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
_VALUE_TOLD = (
    f"a valid label must be an empty string or {_CHARACTERS} (e.g. 'MyValue',  or 'my_value',  or '12345', "
    "regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
_SUBDOMAIN_TOLD = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end "
    "with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII)
_LENGTH_MAX = 63
_PREFIX_LENGTH_MAX = 253


class InvalidSelectorText(ValueError):
    """The text is no selector; the message is Kubernetes'."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition; `operator` is as written, or `exists` or `!`."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        value = labels.get(self.key)
        match self.operator:
            case "in" | "=" | "==":
                return value in self.values
            case "notin" | "!=":
                return value not in self.values
            case "exists":
                return value is not None
            case "!":
                return value is None
            case _:
                return self._compares(value)

    def _compares(self, value: str | None) -> bool:
        if value is None or _INTEGER.fullmatch(value) is None:
            return False
        bound = int(self.values[0])
        return int(value) > bound if self.operator == ">" else int(value) < bound


@dataclass(frozen=True, slots=True)
class SelectorText:
    """A selector as read: all its requirements must match, one without any matches everything."""

    requirements: tuple[Requirement, ...]

    def matches(self, labels: Mapping[str, str]) -> bool:
        return all(requirement.matches(labels) for requirement in self.requirements)


def parsed(text: str) -> SelectorText:
    """Read a selector. Raises InvalidSelectorText."""
    return SelectorText(tuple(_Parser(list(_tokens(text))).requirements()))


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """Yield (kind, text); the kind of an operator is the operator."""
    at = 0
    while at < len(text):
        if text[at] in _BLANKS:
            at += 1
            continue
        end = at
        if text[at] not in _SYMBOLS:
            while end < len(text) and text[end] not in _SYMBOLS and text[end] not in _BLANKS:
                end += 1
            word = text[at:end]
            yield (word if word in _OPERATORS else _WORD, word)
        else:
            end = at + (2 if text[at : at + 2] in _OPERATORS else 1)
            yield (text[at:end], text[at:end])
        at = end
    yield (_END, "")


class _Parser:
    def __init__(self, tokens: Sequence[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0

    def requirements(self) -> Iterator[Requirement]:
        while True:
            kind, text = self._peek()
            if kind == _END:
                return
            if kind not in (_WORD, "!"):
                raise InvalidSelectorText(f"found '{text}', expected: !, identifier, or 'end of string'")
            try:
                yield self._requirement()
            except InvalidSelectorText as error:
                raise InvalidSelectorText(f"unable to parse requirement: {error}") from error
            kind, text = self._next()
            if kind == _END:
                return
            if kind != ",":
                raise InvalidSelectorText(f"found '{text}', expected: ',' or 'end of string'")
            kind, text = self._peek()
            if kind not in (_WORD, "!"):
                raise InvalidSelectorText(f"found '{text}', expected: identifier after ','")

    def _peek(self) -> tuple[str, str]:
        """Return the next token where a value may stand: `in` and `notin` are words there."""
        kind, text = self._tokens[min(self._at, len(self._tokens) - 1)]
        return (_WORD if kind in ("in", "notin") else kind, text)

    def _next(self) -> tuple[str, str]:
        found = self._peek()
        self._at += 1
        return found

    def _requirement(self) -> Requirement:
        kind, key = self._next()
        absent = kind == "!"
        if absent:
            kind, key = self._next()
        if kind != _WORD:
            raise InvalidSelectorText(f"found '{key}', expected: identifier")
        told = _key_problem(key)
        if told:
            raise InvalidSelectorText(f"<nil>: Invalid value: {quoted(key)}: {told}")
        if absent:
            return Requirement(key, "!")
        if self._peek()[0] in (_END, ","):
            return Requirement(key, "exists")
        operator, text = self._tokens[self._at]
        self._at += 1
        if operator not in ("in", "notin", "=", "==", "!=", ">", "<"):
            raise InvalidSelectorText(f"found '{text}', expected: {_BINARY}")
        values = self._listed() if operator in ("in", "notin") else (self._single(),)
        return _checked(Requirement(key, operator, values))

    def _single(self) -> str:
        if self._peek()[0] in (_END, ","):
            return ""
        kind, text = self._next()
        if kind != _WORD:
            raise InvalidSelectorText(f"found '{text}', expected: identifier")
        return text

    def _listed(self) -> tuple[str, ...]:
        kind, text = self._next()
        if kind != "(":
            raise InvalidSelectorText(f"found '{text}' expected: '('")
        kind, text = self._peek()
        if kind == ")":
            self._next()
            return ("",)
        if kind not in (_WORD, ","):
            raise InvalidSelectorText(f"found '{text}', expected: ',', ')' or identifier")
        values = self._words()
        self._next()
        return tuple(sorted(values))

    def _words(self) -> frozenset[str]:
        """Read up to the closing bracket; nothing between two commas is the empty value."""
        values: set[str] = set()
        while True:
            kind, text = self._next()
            after, following = self._peek()
            if kind == _WORD:
                values.add(text)
                if after not in (",", ")"):
                    raise InvalidSelectorText(f"found '{following}', expected: ',' or ')'")
            elif kind != ",":
                raise InvalidSelectorText(f"found '{text}', expected: ',', or identifier")
            elif not values or after in (")", ","):
                values.add("")
            if after == ")":
                return frozenset(values)


def _checked(requirement: Requirement) -> Requirement:
    told: list[str] = []
    for at, value in enumerate(requirement.values):
        if requirement.operator in ("<", ">") and _INTEGER.fullmatch(value) is None:
            wanted = "for 'Gt', 'Lt' operators, the value must be an integer"
            told.append(f"values[{at}]: Invalid value: {quoted(value)}: {wanted}")
    for at, value in enumerate(requirement.values):
        problem = _value_problem(value)
        if problem:
            told.append(f"values[{at}][{requirement.key}]: Invalid value: {quoted(value)}: {problem}")
    if told:
        raise InvalidSelectorText(told[0] if len(told) == 1 else f"[{', '.join(told)}]")
    return requirement


def _key_problem(key: str) -> str:
    parts = key.split("/")
    if len(parts) > 2:
        return (
            f"a valid label key {_NAME_TOLD} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        )
    told = [f"prefix part {problem}" for problem in _prefix_problems(parts[0])] if len(parts) == 2 else []
    name = parts[-1]
    if not name:
        told.append("name part must be non-empty")
    elif len(name.encode()) > _LENGTH_MAX:
        told.append(f"name part must be no more than {_LENGTH_MAX} bytes")
    if _NAME.fullmatch(name) is None:
        told.append(f"name part {_NAME_TOLD}")
    return "; ".join(told)


def _prefix_problems(prefix: str) -> Iterator[str]:
    if not prefix:
        yield "must be non-empty"
        return
    if len(prefix.encode()) > _PREFIX_LENGTH_MAX:
        yield f"must be no more than {_PREFIX_LENGTH_MAX} bytes"
    if _SUBDOMAIN.fullmatch(prefix) is None:
        yield _SUBDOMAIN_TOLD


def _value_problem(value: str) -> str:
    told: list[str] = []
    if len(value.encode()) > _LENGTH_MAX:
        told.append(f"must be no more than {_LENGTH_MAX} bytes")
    if value and _NAME.fullmatch(value) is None:
        told.append(_VALUE_TOLD)
    return "; ".join(told)
