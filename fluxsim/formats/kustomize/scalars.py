"""The text behind a scalar: kustomize copies what stands in the file, not what it means.

A tree holds values, and 1.10 means 1.1. Where a transformer turns a value into text (annotations, replacements,
name references) kustomize takes the source text, so numbers that are not written as Go would write them carry it.
Source: kustomize api v0.21.1, where every value is a yaml.Node; go-yaml v3 resolve.go.
"""

from __future__ import annotations

from typing import Self

from fluxsim.formats.gotext import float_text
from fluxsim.formats.goyaml_scalars import WORDS, plain
from fluxsim.formats.kustomize.errors import LateError
from fluxsim.formats.linkedtext import LinkedText
from fluxsim.formats.tree import Json


class SpelledInt(int):
    """An integer written otherwise than in plain decimal: 0755, 1_000, 1.0."""

    text: str

    def __new__(cls, value: int, text: str) -> Self:
        self = super().__new__(cls, value)
        self.text = text
        return self


class SpelledFloat(float):
    """A fraction not in its shortest form: 1.10, .5."""

    text: str

    def __new__(cls, value: float, text: str) -> Self:
        self = super().__new__(cls, value)
        self.text = text
        return self


class SpelledText(str):
    """A bare date, which means a time stamp: 2024-01-01."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, value: str, text: str) -> Self:
        self = super().__new__(cls, value)
        self.text = text
        return self


class UntypedKey(str):
    """A key whose text means a number, a word or a date: `9` in data made from the literal 9=a. Printing it fails."""

    __slots__ = ()


def bare_key(text: str) -> str:
    """Return a key that a transformer writes: kustomize does not say that it is a string."""
    return text if text[:1].isalpha() and text not in _WORDS else _bare_key(text)


_WORDS = WORDS["resource"]


def _bare_key(text: str) -> str:
    value = plain_value(text)
    return text if isinstance(value, str) and not isinstance(value, SpelledText) else UntypedKey(text)


class Misfit(str):
    """Text that was written over a value of another type: `abc` in place of a number. Printing it fails."""

    __slots__ = ("replaced",)
    replaced: Json

    def __new__(cls, text: str, replaced: Json) -> Self:
        self = super().__new__(cls, text)
        self.replaced = replaced
        return self

    def problem(self) -> str:
        """Return go-yaml's complaint about the text under the tag of what it replaced."""
        return f"yaml: cannot decode {_tag(plain_value(str(self)))} `{self!s}` as a {_tag(self.replaced)}"


def _tag(value: Json) -> str:
    if value is None:
        return "!!null"
    if isinstance(value, bool):
        return "!!bool"
    if isinstance(value, int):
        return "!!int"
    return "!!float" if isinstance(value, float) else "!!str"


def spelled(value: Json, text: str) -> Json:
    """Return the value with its source text attached, where that text says more than the value."""
    if isinstance(value, bool) or value is None or text == canonical(value):
        return value
    if isinstance(value, int):
        return SpelledInt(value, text)
    return SpelledFloat(value, text) if isinstance(value, float) else SpelledText(value, text)


def unspelled(value: Json) -> Json:
    """Return the plain value, as a JSON reader would have it. Raises LateError for a text that does not fit."""
    if isinstance(value, SpelledInt):
        return int(value)
    if isinstance(value, SpelledFloat):
        return float(value)
    if isinstance(value, Misfit):
        raise LateError(f"map[string]interface {{}}(nil): {value.problem()}")
    return str(value) if isinstance(value, SpelledText | LinkedText) else value


def text_of(value: Json) -> str:
    """Return the source text of a scalar; maps, lists and null have none."""
    kind = type(value)
    if kind is str:
        text: str = value
        return text
    if value is None or kind is dict:
        return ""
    if isinstance(value, SpelledInt | SpelledFloat | SpelledText):
        return value.text
    return canonical(value)


def canonical(value: Json) -> str:
    """Return the text that Go writes for a scalar."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return float_text(value)
    return str(value) if isinstance(value, int | str) else ""


def plain_value(text: str) -> Json:
    """Return what the text means where nothing says its type, as in a node that a transformer made."""
    if not text:
        return None
    return spelled(plain(text, "resource"), text)


def retyped(old: Json, text: str) -> Json:
    """Return the text as a value of the type of `old`, which keeps its type when its text is replaced.

    A text that does not fit becomes a Misfit: kustomize only notices when it prints the object.
    """
    if isinstance(old, Misfit):
        old = old.replaced
    elif isinstance(old, str):
        return text
    value = plain_value(text)
    if isinstance(old, float) and isinstance(value, int | float) and not isinstance(value, bool):
        return value
    return value if _tag(old) == _tag(value) else Misfit(text, old)
