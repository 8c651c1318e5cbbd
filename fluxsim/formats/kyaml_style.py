"""How go-yaml v3 writes a scalar: which style its text allows, and the text in that style.

Lines are never wrapped, and whatever is not printable in the Basic Multilingual Plane is escaped.
Source: go.yaml.in/yaml/v3 v3.0.4, emitterc.go (`yaml_emitter_analyze_scalar`, `yaml_emitter_select_scalar_style`,
`yaml_emitter_write_double_quoted_scalar`).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from fluxsim.formats.kyaml_node import Style
from fluxsim.formats.kyaml_reader import BREAKS


class Allowed(NamedTuple):
    """The styles that a text can be written in; double quotes always can."""

    multiline: bool
    flow_plain: bool
    block_plain: bool
    single: bool
    block: bool


_SIMPLE = Allowed(multiline=False, flow_plain=True, block_plain=True, single=True, block=True)
_WITH_COLON = _SIMPLE._replace(flow_plain=False)
_EMPTY = Allowed(multiline=False, flow_plain=False, block_plain=True, single=True, block=False)

_WORD = re.compile(r"[A-Za-z0-9_./+$(=\\~^;<\xc0-\u1fff][A-Za-z0-9_./+$(=\\~^;<)&*!|>'\"%@`\-\xc0-\u1fff]*")
_WORDS = re.compile(rf"{_WORD.pattern}(?: +{_WORD.pattern})*")
_PATH = re.compile(rf"{_WORD.pattern}(?::{_WORD.pattern})*")
_UNPRINTABLE = re.compile("[^\t\n -~\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd]")
_BREAK = re.compile(f"[{BREAKS}]")
_SPACE_BREAK = re.compile(f" [{BREAKS}]")
_BREAK_SPACE = re.compile(f"[{BREAKS}] ")
_COLON = re.compile(r":(?=[ \t]|\Z)")
_HASH = re.compile(f"(?<=[ \t{BREAKS}])#")
_FLOW = re.compile(r"(?<=.)[,?:\[\]{}]", re.DOTALL)
_FIRST_NEVER = frozenset("#,[]{}&*!|>'\"%@`")
_NEEDS_ESCAPE = re.compile(f'[^ -~\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd]|[{BREAKS}"\\\\]')
_ESCAPES = {
    "\0": "\\0", "\a": "\\a", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\v": "\\v", "\f": "\\f", "\r": "\\r",
    "\x1b": "\\e", '"': '\\"', "\\": "\\\\", "\x85": "\\N", "\xa0": "\\_", "\u2028": "\\L", "\u2029": "\\P",
}  # fmt: skip


def allowed(text: str) -> Allowed:
    """Return the styles that the text can be written in."""
    if not text:
        return _EMPTY
    if text[0] != "." and (_WORDS.fullmatch(text) is not None):
        return _SIMPLE
    if text[0] != "." and _PATH.fullmatch(text) is not None:
        return _WITH_COLON
    first = text[0]
    block_indicators = (
        text.startswith(("---", "..."))
        or first in _FIRST_NEVER
        or (first in "?:-" and (len(text) == 1 or text[1] in " \t"))
        or _COLON.search(text, 1) is not None
        or _HASH.search(text) is not None
    )
    flow_indicators = block_indicators or first in "?:" or _FLOW.search(text) is not None
    special = _UNPRINTABLE.search(text) is not None
    tabs = "\t" in text
    breaks = _BREAK.search(text) is not None
    space_break = breaks and _SPACE_BREAK.search(text) is not None
    break_space = breaks and _BREAK_SPACE.search(text) is not None
    edge = first == " " or text[-1] == " "
    plain = not (edge or breaks or tabs or special)
    return Allowed(
        multiline=breaks,
        flow_plain=plain and not flow_indicators,
        block_plain=plain and not block_indicators,
        single=not (break_space or space_break or tabs or special),
        block=not (text[-1] == " " or space_break or special),
    )


def selected(style: Style, text: str, can: Allowed, *, in_flow: bool, simple_key: bool) -> Style:
    """Return the style that is written where `style` is wanted."""
    if simple_key and can.multiline:
        return "double"
    if style == "plain":
        if not (can.flow_plain if in_flow else can.block_plain) or (not text and (in_flow or simple_key)):
            style = "single"
        else:
            return style
    if style == "single":
        return "single" if can.single else "double"
    if style in {"literal", "folded"} and (not can.block or in_flow or simple_key):
        return "double"
    return style


def double_quoted(text: str) -> str:
    """Return the text in double quotes."""
    if text.startswith("\ufeff"):
        # The original asks whether the whole text begins with a byte order mark, at every character.
        return f'"{"".join(_escaped(character) for character in text)}"'
    if _NEEDS_ESCAPE.search(text) is None:
        return f'"{text}"'
    return f'"{_NEEDS_ESCAPE.sub(lambda found: _escaped(found[0]), text)}"'


def block_hints(text: str, indent: int) -> str:
    """Return what follows `|` or `>`: an indentation hint and what becomes of the last line breaks."""
    hint = str(indent) if text[:1] in {" ", *BREAKS} and text else ""
    if not text or text[-1] not in BREAKS:
        return f"{hint}-"
    return f"{hint}+" if len(text) == 1 or text[-2] in BREAKS else hint


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"
