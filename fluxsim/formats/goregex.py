"""Go's regexp package for patterns that people write: linear time, Go's errors, Go's templates.

Patterns are read by formats.gosyntax and run by RE2. The matcher below RE2's public Python class is called directly
here, and only here, since that is three times as fast; where a version of the library has no such thing, the public
way takes its place.
Source: Go 1.26 regexp (FindStringSubmatchIndex, MatchString, ExpandString).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import re2

from fluxsim.formats.gosyntax import InvalidRegex, Parsed, parse

__all__ = ["InvalidRegex", "Regex", "compiled"]

MEMORY_MAX = 256 << 20
"""What RE2 may take for one pattern; its default refuses patterns that Go accepts."""

Span: TypeAlias = tuple[int, int]
Part: TypeAlias = str | tuple[int, ...]
"""A piece of a template: text, or the numbers of the groups of which the first that took part is meant."""


class Find(Protocol):
    """Finds the leftmost match: the spans (in bytes) of it and of its groups, (-1, -1) where there is none."""

    def __call__(self, text: bytes) -> Sequence[Span]: ...


@dataclass(frozen=True, slots=True, eq=False)
class Regex:
    """A compiled pattern."""

    pattern: str
    names: tuple[str, ...]
    find: Find

    def matches(self, text: str) -> bool:
        """Tell whether the pattern matches anywhere in the text (Go's MatchString)."""
        return self.find(_octets(text))[0][0] >= 0

    def expander(self, template: str) -> Callable[[str], str | None]:
        """Return a function that gives the leftmost match of a text in the template's form, None where there is none.

        `$name` takes the longest run of letters, digits and underscores; `${name}` ends where it says; `$$` is a
        dollar; a group that does not exist or took no part is empty; what is malformed stays as it is.
        """
        parts = _template_parts(template, self.names)
        find = self.find
        if len(parts) == 1 and isinstance(parts[0], tuple) and len(parts[0]) == 1:
            only = parts[0][0]

            def one_group(text: str) -> str | None:
                octets = _octets(text)
                spans = find(octets)
                if spans[0][0] < 0:
                    return None
                start, end = spans[only]
                return _text(octets[start:end]) if start >= 0 else ""

            return one_group

        def expanded(text: str) -> str | None:
            octets = _octets(text)
            spans = find(octets)
            if spans[0][0] < 0:
                return None
            return "".join(part if isinstance(part, str) else _taken(octets, spans, part) for part in parts)

        return expanded


@functools.lru_cache(maxsize=1024)
def compiled(pattern: str) -> Regex:
    """Return the compiled pattern. Raises InvalidRegex with Go's text."""
    parsed = parse(pattern)
    return Regex(pattern, parsed.names, _finder(pattern, parsed))


def _finder(pattern: str, parsed: Parsed) -> Find:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MEMORY_MAX
    try:
        public: Any = re2.compile(parsed.re2_pattern.encode(), options)
    except re2.error as error:
        raise InvalidRegex("regexp/syntax: internal error", pattern) from error
    raw: Any = getattr(getattr(public, "_regexp", None), "Match", None)
    anchor: Any = getattr(getattr(re2, "_Anchor", None), "UNANCHORED", None)
    if raw is None or anchor is None:
        return functools.partial(_publicly, public)

    def directly(text: bytes) -> Sequence[Span]:
        found: Sequence[Span] = raw(anchor, text, 0, len(text))
        return found

    return directly


def _publicly(public: Any, text: bytes) -> Sequence[Span]:
    found = public.search(text)
    if found is None:
        return [(-1, -1)] * (public.groups + 1)
    return [found.span(group) for group in range(public.groups + 1)]


def _taken(octets: bytes, spans: Sequence[Span], groups: tuple[int, ...]) -> str:
    for group in groups:
        start, end = spans[group]
        if start >= 0:
            return _text(octets[start:end])
    return ""


def _template_parts(template: str, names: Sequence[str]) -> tuple[Part, ...]:
    parts: list[Part] = []
    while template:
        before, dollar, rest = template.partition("$")
        parts.append(before)
        if not dollar:
            break
        if rest.startswith("$"):
            parts.append("$")
            template = rest[1:]
            continue
        name, rest_behind = _name_of(rest)
        if name:
            parts.append(_groups_of(name, names))
            template = rest_behind
        else:
            parts.append("$")
            template = rest
    return _joined(parts)


def _name_of(text: str) -> tuple[str, str]:
    """Return the name at the start of what follows a dollar and what stands behind it; no name where it is malformed."""
    braced = text.startswith("{")
    start = end = 1 if braced else 0
    while end < len(text) and (text[end] == "_" or text[end].isalpha() or text[end].isdecimal()):
        end += 1
    if end == start or (braced and text[end : end + 1] != "}"):
        return "", text
    return text[start:end], text[end + 1 if braced else end :]


def _groups_of(name: str, names: Sequence[str]) -> tuple[int, ...]:
    is_number = name.isascii() and name.isdigit() and len(name) <= 9 and not (name[0] == "0" and len(name) > 1)
    if is_number:
        return (int(name),) if int(name) < len(names) else ()
    return tuple(group for group, known in enumerate(names) if known == name)


def _joined(parts: Sequence[Part]) -> tuple[Part, ...]:
    joined: list[Part] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        elif part != "":
            joined.append(part)
    return tuple(joined)


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _text(octets: bytes) -> str:
    return octets.decode("utf-8", "surrogateescape")
