"""Functions of regular expressions, in Go's syntax and linear time.

Source: Masterminds/sprig v3.3.0 regex.go; Go 1.26 regexp/regexp.go.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import re2

from fluxsim.formats.gosyntax import InvalidRegex, parse
from fluxsim.formats.gotemplate.errors import FunctionFault
from fluxsim.formats.gotemplate.values import Function, GoSlice
from fluxsim.formats.gotext import quoted

_REFERENCE = re.compile(r"\$(?:\$|\{(\w+)\}|(\w+))")
_META = re.compile(r"[\\.+*?()|\[\]{}^$]")


class _Regex:
    def __init__(self, pattern: str) -> None:
        parsed = parse(pattern)
        self.pattern = pattern
        self.names = parsed.names
        self._re2: Any = re2.compile(parsed.re2_pattern)

    def search(self, text: str, start: int = 0) -> Any:
        return self._re2.search(text, start)

    def spans(self, text: str, most: int) -> Iterator[tuple[int, int]]:
        """The places of successive matches; an empty match right behind another one does not count."""
        at, before, found = 0, -1, 0
        while at <= len(text) and found != most:
            match = self.search(text, at)
            if match is None:
                return
            start, end = match.span()
            counts = True
            if end == at:
                counts = start != before
                at += 1
            else:
                at = end
            before = end
            if counts:
                found += 1
                yield start, end


@lru_cache(maxsize=128)
def _compiled(pattern: str) -> _Regex:
    return _Regex(pattern)


def _regex(pattern: str) -> _Regex:
    try:
        return _compiled(pattern)
    except InvalidRegex as error:
        raise FunctionFault(str(error)) from error


def _must_compile(pattern: str) -> _Regex:
    """Go's MustCompile: the panic's text says where the pattern came from."""
    try:
        return _compiled(pattern)
    except InvalidRegex as error:
        shown = f"`{pattern}`" if "`" not in pattern and pattern.isprintable() else quoted(pattern)
        raise FunctionFault(f"regexp: Compile({shown}): {error}") from error


def _matches(regex: _Regex, text: str) -> bool:
    return regex.search(text) is not None


def _match_or_false(pattern: str, text: str) -> bool:
    try:
        return _matches(_regex(pattern), text)
    except FunctionFault:
        return False


def _find(regex: _Regex, text: str) -> str:
    match = regex.search(text)
    return "" if match is None else str(match.group())


def _find_all(regex: _Regex, text: str, most: int) -> GoSlice:
    return GoSlice(text[start:end] for start, end in regex.spans(text, most))


def _replaced(regex: _Regex, text: str, written: Callable[[Any], str]) -> str:
    parts: list[str] = []
    at, last = 0, 0
    while at <= len(text):
        match = regex.search(text, at)
        if match is None:
            break
        start, end = match.span()
        parts.append(text[last:start])
        if end > last or start == 0:
            parts.append(written(match))
        last = end
        at = max(at + 1, end)
    return "".join([*parts, text[last:]])


def _replace_all(regex: _Regex, text: str, template: str) -> str:
    def expanded(match: Any) -> str:
        def reference(found: re.Match[str]) -> str:
            name = found.group(1) or found.group(2)
            return "$" if name is None else _group(regex, match, name)

        return _REFERENCE.sub(reference, template)

    return _replaced(regex, text, expanded)


def _group(regex: _Regex, match: Any, name: str) -> str:
    """The text of `$1` or `$name`; nothing for a group that is not there."""
    if name.isascii() and name.isdigit():
        index = int(name) if len(name) < 6 else len(regex.names)
        return str(match.group(index) or "") if index < len(regex.names) else ""
    for index, known in enumerate(regex.names):
        if known == name and match.group(index) is not None:
            return str(match.group(index))
    return ""


def _replace_all_literal(regex: _Regex, text: str, replacement: str) -> str:
    return _replaced(regex, text, lambda _match: replacement)


def _split(regex: _Regex, text: str, most: int) -> GoSlice:
    if most == 0:
        return GoSlice()
    if regex.pattern and not text:
        return GoSlice([""])
    parts: list[str] = []
    begin, end = 0, 0
    for start, stop in regex.spans(text, most):
        if most > 0 and len(parts) == most - 1:
            break
        end = start
        if stop != 0:
            parts.append(text[begin:end])
        begin = stop
    if end != len(text):
        parts.append(text[begin:])
    return GoSlice(parts)


def _pair(name: str, call: Callable[..., Any], *parameters: str) -> dict[str, Function]:
    """The function that panics at a bad pattern and the one that returns an error."""
    types = ("string", *parameters)
    return {
        name: Function(lambda pattern, *rest: call(_must_compile(pattern), *rest), types),
        f"mustR{name[1:]}": Function(lambda pattern, *rest: call(_regex(pattern), *rest), types),
    }


FUNCTIONS: dict[str, Function] = {
    "regexMatch": Function(_match_or_false, ("string", "string")),
    "mustRegexMatch": Function(lambda pattern, text: _matches(_regex(pattern), text), ("string", "string")),
    **_pair("regexFind", _find, "string"),
    **_pair("regexFindAll", _find_all, "string", "int"),
    **_pair("regexReplaceAll", _replace_all, "string", "string"),
    **_pair("regexReplaceAllLiteral", _replace_all_literal, "string", "string"),
    **_pair("regexSplit", _split, "string", "int"),
    "regexQuoteMeta": Function(lambda text: _META.sub(r"\\\g<0>", text), ("string",)),
}
