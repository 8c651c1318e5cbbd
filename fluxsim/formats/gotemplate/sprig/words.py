"""snakecase, kebabcase and camelcase: words found by case, digits and signs.

Source: huandu/xstrings v1.5.0 convert.go.
"""

from __future__ import annotations

from collections.abc import Callable

from fluxsim.formats.gotemplate.sprig import unicode_rules as rules
from fluxsim.formats.gotemplate.values import Function


def camel_case(text: str) -> str:
    """`http_server` becomes `HttpServer`; connectors at the start stay, doubled ones lose one."""
    start = 0
    while start < len(text) and _connects(text[start]):
        start += 1
    if start == len(text):
        # Of connectors alone the library writes the last one twice.
        return text + text[-1:]
    if start == len(text) - 1:
        return text[:start] + rules.upper(text[start])
    parts = [text[:start]]
    current = rules.upper(text[start])
    for following in text[start + 1 :]:
        before, current = current, following
        if _connects(before) and _connects(current):
            parts.append(before)
        elif _connects(before):
            current = rules.upper(current)
        else:
            parts.append(before)
    return "".join([*parts, current])


def _connects(character: str) -> bool:
    return character in "-_" or rules.is_space(character)


def _is_alphabet(character: str) -> bool:
    """A letter of an alphabet; ideographs and the like end a word."""
    if not rules.is_letter(character):
        return False
    return not 0x2E80 <= ord(character) <= 0x9FFF


def _is_other(character: str) -> bool:
    return not (
        _connects(character) or _is_alphabet(character) or rules.is_number(character) or rules.is_punctuation(character)
    )


def separated(text: str, connector: str) -> str:
    """Lower case with the connector between words: `HTTPServer` becomes `http_server`."""
    return _Separator(text, connector).text()


class _Separator:
    """Walks over the words; a number sticks to the word before it unless lower case letters follow it."""

    def __init__(self, text: str, connector: str) -> None:
        self.rest = text
        self.connector = connector
        self.parts: list[str] = []
        self.kind = ""
        self.word = ""

    def text(self) -> str:
        if not self.rest:
            return ""
        self.next()
        while self.rest:
            if self.kind != "connector":
                self.put(self.kind, self.word)
            before, last = self.kind, self.word
            self.next()
            if before == "number":
                self.put_run()
                self.connect()
            elif before == "connector":
                self.put(before, last)
            elif before != "punctuation":
                self.after_word()
        self.put(self.kind, self.word)
        return "".join(self.parts)

    def after_word(self) -> None:
        if self.kind != "number":
            if self.kind not in ("connector", "punctuation"):
                self.parts.append(self.connector)
            return
        if not self.rest:
            return
        self.after_number(self.word)

    def after_number(self, number: str) -> None:
        """The word behind the number decides: lower case takes it along, anything else leaves it where it is."""
        self.next()
        if self.kind != "lower":
            self.put("number", number)
            if self.kind not in ("connector", "punctuation"):
                self.parts.append(self.connector)
            return
        self.parts.append(self.connector)
        self.put("number", number)
        self.put_run()
        self.connect()

    def connect(self) -> None:
        """Part what was put from a word that follows; signs and connectors part by themselves."""
        if self.kind not in ("", "connector", "punctuation"):
            self.parts.append(self.connector)

    def put_run(self) -> None:
        while self.kind in ("lower", "number"):
            self.put(self.kind, self.word)
            self.next()

    def put(self, kind: str, word: str) -> None:
        if kind not in ("upper", "connector"):
            self.parts.append(word)
            return
        for character in word:
            self.parts.append(self.connector if _connects(character) else rules.lower(character))

    def next(self) -> None:
        """Take the next word; `kind` is empty at the end."""
        if not self.rest:
            self.kind, self.word = "", ""
            return
        first = self.rest[0]
        if _connects(first):
            self.take("connector", self.run(_connects))
        elif rules.is_punctuation(first):
            self.take("punctuation", self.run(rules.is_punctuation))
        elif rules.is_upper(first):
            self.take("upper", self.upper_length())
        elif _is_alphabet(first):
            self.take("lower", self.run(lambda character: _is_alphabet(character) and not rules.is_upper(character)))
        elif rules.is_number(first):
            self.take("number", self.run(rules.is_number))
        else:
            self.take("other", self.run(_is_other))

    def take(self, kind: str, length: int) -> None:
        self.kind, self.word, self.rest = kind, self.rest[:length], self.rest[length:]

    def run(self, belongs: Callable[[str], bool]) -> int:
        length = 1
        while length < len(self.rest) and belongs(self.rest[length]):
            length += 1
        return length

    def upper_length(self) -> int:
        """`HTTPStatus` gives `HTTP`, `Status` gives itself."""
        capitals = self.run(rules.is_upper)
        if capitals > 1:
            return capitals - 1 if capitals < len(self.rest) and _is_alphabet(self.rest[capitals]) else capitals
        return self.run(lambda character: _is_alphabet(character) and not rules.is_upper(character))


FUNCTIONS: dict[str, Function] = {
    "snakecase": Function(lambda text: separated(text, "_"), ("string",)),
    "kebabcase": Function(lambda text: separated(text, "-"), ("string",)),
    "camelcase": Function(camel_case, ("string",)),
}
