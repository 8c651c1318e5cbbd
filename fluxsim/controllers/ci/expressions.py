"""The expressions of GitHub Actions inside `${{ … }}`: contexts, comparisons, && || !, and a few functions.

Source of behaviour: GitHub's documentation of workflow expressions: `&&` and `||` give an operand, text compares
without regard to case, an unknown name is empty.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from fluxsim.formats.tree import Json

_HOLE = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_TOKEN = re.compile(
    r"\s*(?:(?P<op>&&|\|\||==|!=|!|\(|\)|,)|'(?P<text>(?:[^']|'')*)'|(?P<number>-?\d+)|(?P<name>[A-Za-z_][\w.-]*))"
)


DEPTH_MAX = 50
"""So many parentheses inside each other, and no more, a workflow of a person has."""


class ExpressionError(ValueError):
    """An expression that cannot be read."""


def filled(text: str, context: Mapping[str, Json]) -> str:
    """Return the text with every `${{ … }}` replaced by its value."""
    return _HOLE.sub(lambda hole: _text(evaluated(hole.group(1), context)), text)


def evaluated(expression: str, context: Mapping[str, Json]) -> Json:
    """Return the value of an expression; ExpressionError where it cannot be read."""
    parser = _Parser(expression, context)
    value = parser.either()
    if parser.kind != "end":
        raise ExpressionError(f"unexpected '{parser.value}' in '{expression.strip()}'")
    return value


class _Parser:
    def __init__(self, expression: str, context: Mapping[str, Json]) -> None:
        self._source = expression
        self._context = context
        self._at = 0
        self._depth = 0
        self.kind = ""
        self.value = ""
        self._next()

    def either(self) -> Json:
        left = self._both()
        while self._take("||"):
            right = self._both()
            left = left if _truthy(left) else right
        return left

    def _both(self) -> Json:
        left = self._compared()
        while self._take("&&"):
            right = self._compared()
            left = right if _truthy(left) else left
        return left

    def _compared(self) -> Json:
        left = self._negated()
        for operator in ("==", "!="):
            if self._take(operator):
                same = _text(left).lower() == _text(self._negated()).lower()
                return same if operator == "==" else not same
        return left

    def _negated(self) -> Json:
        negations = 0
        while self._take("!"):
            negations += 1
        value = self._atom()
        return value if not negations else _truthy(value) == (negations % 2 == 0)

    def _atom(self) -> Json:
        if self._take("("):
            self._depth += 1
            if self._depth > DEPTH_MAX:
                raise ExpressionError(f"nested too deeply: '{self._source.strip()[:40]}…'")
            value = self.either()
            self._need(")")
            self._depth -= 1
            return value
        kind, value = self.kind, self.value
        self._next()
        match kind:
            case "text":
                return value.replace("''", "'")
            case "number":
                return int(value)
            case "name":
                return self._call(value) if self._take("(") else self._looked_up(value)
            case _:
                raise ExpressionError(f"expected a value in '{self._source.strip()}', found '{value or 'the end'}'")

    def _looked_up(self, name: str) -> Json:
        if name in ("true", "false"):
            return name == "true"
        value: Json = self._context
        for part in name.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        return "" if value is None else value

    def _call(self, name: str) -> Json:
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise ExpressionError(f"nested too deeply: '{self._source.strip()[:40]}…'")
        arguments: list[Json] = []
        while not self._take(")"):
            arguments.append(self.either())
            if not self._take(","):
                self._need(")")
                break
        self._depth -= 1
        texts = [_text(argument) for argument in arguments]
        match name.lower():
            case "startswith" if len(texts) == 2:
                return texts[0].lower().startswith(texts[1].lower())
            case "endswith" if len(texts) == 2:
                return texts[0].lower().endswith(texts[1].lower())
            case "contains" if len(texts) == 2:
                return texts[1].lower() in texts[0].lower()
            case "format" if texts:
                return self._formatted(texts[0], texts[1:])
            case _:
                raise ExpressionError(
                    f"unknown function '{name}' with {len(texts)} arguments in '{self._source.strip()}'"
                )

    def _formatted(self, pattern: str, values: list[str]) -> str:
        missing = [number for number in re.findall(r"\{(\d+)\}", pattern) if int(number) >= len(values)]
        if missing:
            raise ExpressionError(f"format '{pattern}' has no argument {missing[0]} in '{self._source.strip()}'")
        return re.sub(r"\{(\d+)\}", lambda hole: values[int(hole.group(1))], pattern)

    def _take(self, operator: str) -> bool:
        if self.kind == "op" and self.value == operator:
            self._next()
            return True
        return False

    def _need(self, operator: str) -> None:
        if not self._take(operator):
            raise ExpressionError(f"expected '{operator}' in '{self._source.strip()}'")

    def _next(self) -> None:
        if not self._source[self._at :].strip():
            self.kind, self.value = "end", ""
            return
        found = _TOKEN.match(self._source, self._at)
        if found is None:
            raise ExpressionError(f"cannot read '{self._source[self._at :].strip()}'")
        self._at = found.end()
        self.kind = str(found.lastgroup)
        self.value = found.group(self.kind)


def _truthy(value: Json) -> bool:
    return bool(value)


def _text(value: Json) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
