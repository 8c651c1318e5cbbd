"""Bash-like substitution of `${…}` in text, as Flux does it after a build.

Only `${…}` is read; `$NAME` is text and `$$` is an escaped dollar. All of `:=`, `=`, `:-`, `:?` and `:+` mean
"this default if the variable is unset or empty". Lengths and offsets count bytes of UTF-8, so a cut may leave bytes
that are no character: they stand in the result as surrogates (errors="surrogateescape").
Source: fluxcd/pkg envsubst v1.7.0 (parse/, funcs.go, template.go).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from fluxsim.formats.gotext import quoted
from fluxsim.formats.shellpattern import trim_longest, trim_shortest

NESTING_MAX = 100
"""How deep defaults may hold defaults; Flux has no limit, its goroutine stack is."""

_TEXT = re.compile(r"[^$\0]+")
_NUMBER = re.compile(r"[+-]?[0-9]+")
_INT64 = range(-(1 << 63), 1 << 63)
_END = ""


class EnvsubstError(ValueError):
    """The template cannot be parsed, or strict mode misses a variable; the message is Flux's."""


def substituted(template: str, variables: Mapping[str, str], *, strict: bool) -> str:
    """Return the template with its variables replaced; values are not expanded again.

    `strict` refuses a variable that is unset, unless its operator gives a default.
    Raises EnvsubstError.
    """
    if "$" not in template:
        return template
    return "".join(_evaluated(part, variables, strict=strict) for part in _Parser(template).parts())


@dataclass(frozen=True, slots=True)
class _Substitution:
    """`${name operator arguments}`; the operator of a bare `${name}` is empty."""

    name: str
    operator: str = ""
    arguments: tuple[_Part, ...] = ()


_Part: TypeAlias = "str | _Substitution"


class _Parser:
    """Reads a template; NUL counts as the end of it, as upstream's scanner has it."""

    def __init__(self, template: str) -> None:
        end = template.find("\0")
        self.text = template if end < 0 else template[:end]
        self.at = 0
        self.depth = 0

    def parts(self) -> list[_Part]:
        parts: list[_Part] = []
        while self.at < len(self.text):
            if self.text.startswith("${", self.at):
                self.at += 2
                parts.append(self._substitution())
            elif self.text.startswith("$$", self.at):
                self.at += 2
                parts.append("$")
            elif match := _TEXT.match(self.text, self.at):
                self.at = match.end()
                parts.append(match.group())
            else:
                self.at += 1
                parts.append("$")
        return parts

    def _peek(self) -> str:
        return self.text[self.at] if self.at < len(self.text) else _END

    def _substitution(self) -> _Substitution:
        """Read from behind `${` to behind the closing brace."""
        self.depth += 1
        if self.depth > NESTING_MAX:
            raise EnvsubstError(f"substitutions are nested more than {NESTING_MAX} deep")
        found = self._length() if self._peek() == "#" else self._named()
        self.depth -= 1
        return found

    def _length(self) -> _Substitution:
        self.at += 1
        name = self._name()
        if not name:
            raise EnvsubstError("bad substitution")
        self._close("bad substitution")
        return _Substitution(name, "#")

    def _named(self) -> _Substitution:
        name = self._name()
        if not name:
            raise EnvsubstError("unable to parse variable name")
        match self._peek():
            case ":":
                return self._default_or_part(name)
            case "=":
                return self._default(name, 1)
            case "," | "^":
                return self._operator_only(name)
            case "/":
                return self._replace(name)
            case "#" | "%":
                return self._trim(name)
            case _:
                self._close("missing closing brace")
                return _Substitution(name)

    def _default_or_part(self, name: str) -> _Substitution:
        after = self.text[self.at + 1 : self.at + 2]
        if after and after in "=-?+":
            return self._default(name, 2)
        if after == _END or ord(after) > 0x7F:
            # Upstream steps back over the colon by the width of what follows it, and then finds no colon.
            raise EnvsubstError("bad substitution")
        return self._substring(name)

    def _default(self, name: str, width: int) -> _Substitution:
        operator = self._take(width)
        arguments: list[_Part] = []
        while self._peek() != "}":
            arguments.append(self._argument(lambda character: character != "}"))
        self.at += 1
        return _Substitution(name, operator, tuple(arguments))

    def _substring(self, name: str) -> _Substitution:
        operator = self._take(1)
        offset = self._argument(lambda character: character not in ":}")
        match self._peek():
            case "}":
                self.at += 1
                return _Substitution(name, operator, (offset,))
            case ":":
                self._take_while(lambda character: character == ":")
            case _:
                raise EnvsubstError("bad substitution")
        length = self._argument(lambda character: character != "}")
        self._close("bad substitution")
        return _Substitution(name, operator, (offset, length))

    def _operator_only(self, name: str) -> _Substitution:
        operator = self._take_while(lambda character: character in ",^", 2)
        self._close("bad substitution")
        return _Substitution(name, operator)

    def _trim(self, name: str) -> _Substitution:
        sign = self._peek()
        operator = self._take_while(lambda character: character == sign, 2)
        pattern = self._argument(lambda character: character != "}")
        self._close("bad substitution")
        return _Substitution(name, operator, (pattern,))

    def _replace(self, name: str) -> _Substitution:
        operator = self._take(1)
        if self._peek() in ("/", "#", "%"):
            operator += self._take(1)
        old = self._argument(lambda character: character != "/", escapes=True)
        if self._peek() != "/":
            raise EnvsubstError("bad substitution")
        self._take_while(lambda character: character == "/")
        if self._peek() == "}":
            self.at += 1
            return _Substitution(name, operator, (old,))
        new = self._argument(lambda character: character != "}", escapes=True)
        self._close("bad substitution")
        return _Substitution(name, operator, (old, new))

    def _argument(self, accept: Callable[[str], bool], *, escapes: bool = False) -> _Part:
        """Read a nested substitution, or text up to one or up to what is not accepted."""
        if self.text.startswith("${", self.at):
            self.at += 2
            return self._substitution()
        pieces: list[str] = []
        while self.at < len(self.text) and not self.text.startswith("${", self.at):
            if escapes and self.text.startswith(("$$", "\\/", "\\\\"), self.at):
                pieces.append(self.text[self.at + 1])
                self.at += 2
            elif accept(self.text[self.at]):
                pieces.append(self.text[self.at])
                self.at += 1
            else:
                break
        if not pieces:
            raise EnvsubstError("unable to parse substitution within function")
        return "".join(pieces)

    def _name(self) -> str:
        return self._take_while(_names_a_variable)

    def _take(self, count: int) -> str:
        self.at += count
        return self.text[self.at - count : self.at]

    def _take_while(self, accept: Callable[[str], bool], most: int | None = None) -> str:
        start = self.at
        end = len(self.text) if most is None else min(len(self.text), start + most)
        while self.at < end and accept(self.text[self.at]):
            self.at += 1
        return self.text[start : self.at]

    def _close(self, message: str) -> None:
        if self._peek() != "}":
            raise EnvsubstError(message)
        self.at += 1


def _names_a_variable(character: str) -> bool:
    """Go's letters and decimal digits; Python's isalnum also takes ² and Ⅳ."""
    if character.isascii():
        return character.isalnum() or character == "_"
    category = unicodedata.category(character)
    return category[0] == "L" or category == "Nd"


def _evaluated(part: _Part, variables: Mapping[str, str], *, strict: bool) -> str:
    if isinstance(part, str):
        return part
    arguments = [_evaluated(argument, variables, strict=strict) for argument in part.arguments]
    value = variables.get(part.name)
    if value is None:
        if strict and part.operator not in ("=", ":=", ":-", ":?", ":+"):
            raise EnvsubstError(f"variable not set (strict mode): {quoted(part.name)}")
        value = ""
    return _applied(part.operator, value, arguments)


def _applied(operator: str, value: str, arguments: list[str]) -> str:
    match operator, arguments:
        case "#", []:
            return str(len(_bytes(value)))
        case (("," | "^" | ",," | "^^"), _):
            return _cased(operator, value)
        case ":", _:
            return _part_of(value, arguments)
        case (("#" | "##" | "%" | "%%"), [pattern]):
            return _trimmed(operator, value, pattern)
        case (("/" | "//"), [old, *new]):
            return value.replace(old, "".join(new), 1 if operator == "/" else -1)
        case "/#", [old, new]:
            return value.replace(old, new, 1) if value.startswith(old) else value
        case "/%", [old, new]:
            return value.removesuffix(old) + new if value.endswith(old) else value
        case (("/#" | "/%"), _):
            return value  # upstream does nothing when the replacement is missing
        case _:
            return value or "".join(arguments)


def _cased(operator: str, value: str) -> str:
    change = _lower if operator[0] == "," else _upper
    if len(operator) == 1:
        return change(_characters(value[:1])) + value[1:]
    return "".join(change(character) for character in _characters(value))


def _part_of(value: str, arguments: list[str]) -> str:
    """The substring in bytes; what is no number gives the whole value, as in bash."""
    numbers = [int(text) if _NUMBER.fullmatch(text) else None for text in arguments]
    start = numbers[0]
    if start is None or start not in _INT64:
        return value
    data = _bytes(value)
    if start < 0:
        start = max(0, len(data) + start)
    if len(numbers) == 1:
        return _text(data[start:])
    length = numbers[1]
    if length is None or length not in _INT64:
        return value
    end = start + length
    if end >= len(data):
        return _text(data[start:])
    if end < 0 or end < start:
        # Flux panics here; the controller reports the panic as the error of the run.
        bounds = f":{end}" if end < 0 else f"{start}:{end}"
        raise EnvsubstError(f"runtime error: slice bounds out of range [{bounds}]")
    return _text(data[start:end])


def _trimmed(operator: str, value: str, pattern: str) -> str:
    trim = trim_longest if len(operator) == 2 else trim_shortest
    if operator[0] == "#":
        return _text(trim(_bytes(value), _bytes(pattern)))
    backwards, pattern_backwards = _characters(value)[::-1], _characters(pattern)[::-1]
    return _characters(_text(trim(_bytes(backwards), _bytes(pattern_backwards))))[::-1]


def _lower(character: str) -> str:
    return character.lower()[:1]


def _upper(character: str) -> str:
    """Unicode's simple mapping: ß stays ß."""
    return next((text for text in (character.upper(), character.title()) if len(text) == 1), character)


def _characters(text: str) -> str:
    """The text as Go's runes: a byte that is no character becomes U+FFFD."""
    return re.sub("[\udc80-\udcff]", "\ufffd", text)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
