"""Go's fmt: Sprint, Sprintln and Sprintf over a template's values.

Source: Go 1.26 fmt/print.go, fmt/format.go. Pointers print as what they point to, so `%p` is not supported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from fluxsim.formats.gotemplate.values import (
    GoSlice,
    SizedInt,
    Struct,
    Value,
    held,
    is_list,
    is_map,
    sort_key,
    type_name,
)
from fluxsim.formats.gotext import float_text, from_octets, octets, quoted, unicode_point

WIDTH_MAX = 1_000_000
"""The largest width and precision that Go takes from a format."""


@dataclass(frozen=True, slots=True)
class _Flags:
    plus: bool = False
    minus: bool = False
    sharp: bool = False
    space: bool = False
    zero: bool = False
    width: int | None = None
    precision: int | None = None
    names: bool = False
    """Field names are written: Go's %+v, where the plus then says nothing about numbers."""


def sprint(values: Sequence[Value]) -> str:
    """Join the values as %v, with a space between two of which neither is a string."""
    parts: list[str] = []
    before_is_string = True
    for index, value in enumerate(values):
        value_is_string = isinstance(value, str)
        if index and not value_is_string and not before_is_string:
            parts.append(" ")
        parts.append(text_of(value))
        before_is_string = value_is_string
    return "".join(parts)


def sprintln(values: Sequence[Value]) -> str:
    """Join the values as %v with spaces, and end the line."""
    return " ".join(text_of(value) for value in values) + "\n"


def text_of(value: Value) -> str:
    """Write one value as %v."""
    return _formatted(value, "v", _Flags(), depth=0)


def sprintf(template: str, values: Sequence[Value]) -> str:
    """Write the values by the template; what does not fit is told in the text, as `%!d(string=a)`."""
    return _Printer(template, values).text()


class _Printer:
    def __init__(self, template: str, values: Sequence[Value]) -> None:
        self.template = template
        self.values = values
        self.at = 0
        self.next = 0
        self.reordered = False
        self.good_index = True
        self.marks = ""

    def text(self) -> str:
        parts: list[str] = []
        while self.at < len(self.template):
            percent = self.template.find("%", self.at)
            if percent < 0:
                percent = len(self.template)
            parts.append(self.template[self.at : percent])
            self.at = percent + 1
            if percent < len(self.template):
                parts.append(self._verb())
        if not self.reordered and self.next < len(self.values):
            parts.append(f"%!(EXTRA {', '.join(_typed(value) for value in self.values[self.next :])})")
        return "".join(parts)

    def _peek(self) -> str:
        return self.template[self.at : self.at + 1]

    def _verb(self) -> str:
        self.good_index, self.reordered, self.marks = True, False, ""
        written = self._written()
        return self.marks + written

    def _written(self) -> str:
        flags = self._flags()
        self._argument_number()
        flags = self._width(flags)
        flags = self._precision(flags)
        self._argument_number()
        verb = self._peek()
        self.at += 1
        if not verb:
            return "%!(NOVERB)"
        if verb == "%":
            return "%"
        if not self.good_index:
            return f"%!{verb}(BADINDEX)"
        if self.next >= len(self.values):
            return f"%!{verb}(MISSING)"
        value = self.values[self.next]
        self.next += 1
        if verb == "v" and flags.plus:
            flags = replace(flags, plus=False, names=True)
        return _formatted(value, verb, flags, depth=0)

    def _flags(self) -> _Flags:
        names = {"+": "plus", "-": "minus", "#": "sharp", " ": "space", "0": "zero"}
        flags = _Flags()
        while self._peek() in names:
            flags = replace(flags, **{names[self._peek()]: True})
            self.at += 1
        return flags

    def _width(self, flags: _Flags) -> _Flags:
        if self._peek() != "*":
            width = self._number()
            return flags if width is None else replace(flags, width=width)
        self.at += 1
        width = self._int_argument()
        if width is None:
            self.marks += "%!(BADWIDTH)"
            return flags
        return replace(flags, width=abs(width), minus=flags.minus or width < 0)

    def _precision(self, flags: _Flags) -> _Flags:
        if self._peek() != "." or self.at + 1 == len(self.template):
            return flags
        self.at += 1
        self._argument_number()
        if self._peek() != "*":
            return replace(flags, precision=self._number() or 0)
        self.at += 1
        precision = self._int_argument()
        if precision is None:
            self.marks += "%!(BADPREC)"
        return flags if precision is None or precision < 0 else replace(flags, precision=precision)

    def _number(self) -> int | None:
        start = self.at
        while "0" <= self._peek() <= "9":
            self.at += 1
        digits = self.template[start : self.at]
        return int(digits) if digits and len(digits) < 8 and int(digits) <= WIDTH_MAX else None

    def _int_argument(self) -> int | None:
        value = self.values[self.next] if self.next < len(self.values) else None
        self.next += self.next < len(self.values)
        if isinstance(value, bool) or not isinstance(value, int) or abs(value) > WIDTH_MAX:
            return None
        return value

    def _argument_number(self) -> None:
        """Read `[2]`: which argument is next."""
        if self._peek() != "[":
            return
        self.reordered = True
        end = self.template.find("]", self.at)
        if end < 0:
            self.good_index = False
            self.at += 1
            return
        digits = self.template[self.at + 1 : end]
        self.at = end + 1
        if digits.isascii() and digits.isdigit() and len(digits) < 8 and 1 <= int(digits) <= len(self.values):
            self.next = int(digits) - 1
        else:
            self.good_index = False


def _typed(value: Value) -> str:
    return "<nil>" if held(value) is None else f"{type_name(value)}={text_of(value)}"


def _bad(value: Value, verb: str, flags: _Flags) -> str:
    """What a verb gives that is not for the value: its name, the type and the value with the flags of the verb."""
    if held(value) is None:
        return f"%!{verb}(<nil>)"
    return f"%!{verb}({type_name(value)}={_formatted(value, 'v', replace(flags, sharp=False), depth=0)})"


def _formatted(value: Value, verb: str, flags: _Flags, *, depth: int) -> str:
    if verb == "T" and depth == 0:
        return _padded(type_name(value), flags)
    value = held(value)
    if value is None:
        if verb == "v" or depth:
            return _padded("interface {}(nil)" if flags.sharp and verb == "v" and depth else "<nil>", flags)
        return _bad(value, verb, flags)
    if isinstance(value, Struct):
        return _struct(value, verb, flags, depth=depth)
    if isinstance(value, bool):
        return _padded("true" if value else "false", flags, zero=True) if verb in "tv" else _bad(value, verb, flags)
    if isinstance(value, int):
        return _integer(value, verb, flags)
    if isinstance(value, float):
        return _float(value, verb, flags)
    if isinstance(value, str):
        return _string(value, verb, flags)
    if is_map(value):
        return _map(value, verb, flags, depth=depth)
    assert is_list(value), value
    return _list(value, verb, flags, depth=depth)


def _padded(text: str, flags: _Flags, *, zero: bool = False) -> str:
    if flags.width is None:
        return text
    missing = flags.width - len(text)
    if missing <= 0:
        return text
    if flags.minus:
        return text + " " * missing
    return ("0" if zero and flags.zero else " ") * missing + text


def _string(value: str, verb: str, flags: _Flags) -> str:
    if verb == "v" and flags.sharp:
        return _padded(quoted(value), flags, zero=True)
    cut = value if flags.precision is None else value[: flags.precision]
    if verb in "vs":
        return _padded(cut, flags, zero=True)
    if verb == "q":
        if flags.sharp and "`" not in cut and all(character == "\t" or character.isprintable() for character in cut):
            return _padded(f"`{cut}`", flags, zero=True)
        return _padded(quoted(cut, ascii_only=flags.plus), flags, zero=True)
    if verb in "xX":
        return _padded(_hex(octets(value), verb, flags), flags, zero=True)
    return _bad(value, verb, flags)


def _hex(data: bytes, verb: str, flags: _Flags) -> str:
    if flags.precision is not None:
        data = data[: flags.precision]
    prefix = "0x" if flags.sharp else ""
    text = (" " + prefix).join(f"{byte:02x}" for byte in data) if flags.space else data.hex()
    text = prefix + text if text else text
    return text.upper() if verb == "X" else text


_BASES = {"b": 2, "o": 8, "O": 8, "x": 16, "X": 16}


def _integer(value: int, verb: str, flags: _Flags) -> str:
    if verb in "vdboOxX":
        if verb == "v" and flags.sharp and isinstance(value, SizedInt) and not value.signed:
            return _number(value, "x", replace(flags, sharp=True))
        return _number(value, "d" if verb == "v" else verb, flags)
    if verb in "cqU":
        character = chr(value) if 0 <= value <= 0x10FFFF and not 0xD800 <= value <= 0xDFFF else "\ufffd"
        if verb == "c":
            return _padded(character, flags, zero=True)
        if verb == "q":
            return _padded(quoted(character, "'", ascii_only=flags.plus), flags, zero=True)
        return _padded(unicode_point(character) if flags.sharp else f"U+{value:04X}", flags)
    return _bad(value, verb, flags)


def _number(value: int, verb: str, flags: _Flags) -> str:
    digits = _digits(abs(value), _BASES.get(verb, 10))
    if verb == "X":
        digits = digits.upper()
    sign = "-" if value < 0 else "+" if flags.plus else " " if flags.space else ""
    if flags.precision is not None:
        if flags.precision == 0 and value == 0:
            return _padded("", replace(flags, zero=False))
        digits = digits.rjust(flags.precision, "0")
    elif flags.zero and not flags.minus and flags.width is not None:
        digits = digits.rjust(flags.width - len(sign), "0")
    if verb == "O":
        digits = f"0o{digits}"
    elif flags.sharp:
        if verb == "o":
            digits = digits if digits.startswith("0") else f"0{digits}"
        else:
            digits = {"b": "0b", "x": "0x", "X": "0X"}.get(verb, "") + digits
    return _padded(sign + digits, replace(flags, zero=False))


def _digits(value: int, base: int) -> str:
    return format(value, {2: "b", 8: "o", 10: "d", 16: "x"}[base])


def _float(value: float, verb: str, flags: _Flags) -> str:
    if verb not in "vgGeEfF":
        return _bad(value, verb, flags)
    form = {"v": "g", "F": "f"}.get(verb, verb)
    default = -1 if form in "gG" else 6
    text = float_text(value, form, default if flags.precision is None else flags.precision)
    if not text.startswith(("-", "+")):
        text = f"+{text}"
    if flags.space and text[0] == "+" and not flags.plus:
        text = f" {text[1:]}"
    infinite = text[1:] in ("Inf", "NaN")
    # An infinity always shows its sign.
    shown = text if flags.plus or text[0] != "+" or text[1:] == "Inf" else text[1:]
    if flags.zero and not flags.minus and not infinite and flags.width is not None and shown[0] in "+- ":
        return shown[0] + shown[1:].rjust(flags.width - 1, "0")
    return _padded(shown, flags, zero=not infinite)


def _struct(value: Struct, verb: str, flags: _Flags, *, depth: int) -> str:
    if value.text is not None and verb in "vsxXq" and not (verb == "v" and flags.sharp):
        return _string(value.text, verb, flags)
    named = verb == "v" and (flags.names or flags.sharp)
    parts = [
        (f"{name}:" if named else "") + _formatted(item, verb, flags, depth=depth + 1)
        for name, item in value.fields.items()
    ]
    mark = "&" if value.pointer and depth == 0 else ""
    if verb == "v" and flags.sharp:
        return f"{mark}{value.type_name}{{{', '.join(parts)}}}"
    return f"{mark}{{{' '.join(parts)}}}"


def _map(value: Mapping[Value, Value], verb: str, flags: _Flags, *, depth: int) -> str:
    parts = [
        f"{_formatted(key, verb, flags, depth=depth + 1)}:{_formatted(value[key], verb, flags, depth=depth + 1)}"
        for key in sorted(value, key=sort_key)
    ]
    if verb == "v" and flags.sharp:
        return f"{type_name(value)}{{{', '.join(parts)}}}"
    return f"map[{' '.join(parts)}]"


def _list(value: Sequence[Value], verb: str, flags: _Flags, *, depth: int) -> str:
    if isinstance(value, GoSlice) and value.element == "uint8" and verb in "sqxX":
        return _string(from_octets(bytes(value)), verb, flags)
    parts = [_formatted(item, verb, flags, depth=depth + 1) for item in value]
    if verb == "v" and flags.sharp:
        return f"{type_name(value)}{{{', '.join(parts)}}}"
    return f"[{' '.join(parts)}]"
