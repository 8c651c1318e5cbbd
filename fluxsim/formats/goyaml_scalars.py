"""What a plain or tagged YAML scalar means to Go: text in, JSON value out.

Source: go-yaml v2.4 and v3.0 resolve.go (`resolve`, `parseTimestamp`), and the way back through encoding/json that
kustomize and sigs.k8s.io/yaml take, which turns whole floats into integers and timestamps into RFC 3339 strings.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

from fluxsim.formats.gojson import number_text
from fluxsim.formats.tree import Json

Dialect: TypeAlias = Literal["resource", "yaml1.1"]
"""resource: kyaml on go-yaml v3, manifests in a kustomize build. yaml1.1: sigs.k8s.io/yaml on go-yaml v2."""

LONG_TAG = "tag:yaml.org,2002:"

_NULLS = ("", "~", "null", "Null", "NULL")
_WORDS: dict[str, Json] = {
    **dict.fromkeys(_NULLS),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
_WORDS_1_1: dict[str, Json] = {
    **_WORDS,
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "off", "Off", "OFF"), False),
}
WORDS: Mapping[Dialect, Mapping[str, Json]] = {"resource": _WORDS, "yaml1.1": _WORDS_1_1}

_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))", re.ASCII)
_TIMESTAMP = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"(?:[Tt]([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,]([0-9]+))?(?:Z|([+-])([0-9]{2}):([0-9]{2}))"
    r"| ([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,]([0-9]+))?)?"
)
_INT64_MIN, _INT64_MAX, _UINT64_MAX = -(2**63), 2**63 - 1, 2**64 - 1
_EXACT_MAX = 2.0**53
_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class ScalarError(ValueError):
    """A tag that the text does not fit, in go-yaml's words without `yaml: `."""


def plain(text: str, dialect: Dialect) -> Json:
    """Return what an unquoted, untagged scalar means; NaN and the infinities come back as floats."""
    words = WORDS[dialect]
    if text in words:
        return words[text]
    if text[0] in "+-.0123456789":
        return NUMBERS[dialect](text)
    return text


def tagged(tag: str, text: str, dialect: Dialect, *, quoted: bool) -> Json:
    """Return what a scalar with an explicit tag means. A tag that Go has no type for leaves the text."""
    short = "!!" + tag[len(LONG_TAG) :] if tag.startswith(LONG_TAG) else tag
    if short == "!":
        return text if quoted or dialect == "yaml1.1" else plain(text, dialect)
    if short == "!!binary":
        try:
            return base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True).decode("utf-8", "replace")
        except ValueError as error:
            raise ScalarError("!!binary value contains invalid base64 data") from error
    kind = _tag_of(text, dialect, times=short == "!!timestamp")
    if short in {"!!int", "!!bool", "!!null", "!!float", "!!timestamp"} and short != kind:
        if short == "!!float" and kind == "!!int":
            return plain(text, dialect)
        raise ScalarError(f"cannot decode {kind} `{text}` as a {short}")
    return plain(text, dialect) if short == kind else text


def _tag_of(text: str, dialect: Dialect, *, times: bool) -> str:
    value = plain(text, dialect)
    if value is None:
        return "!!null"
    if isinstance(value, bool):
        return "!!bool"
    if timestamp(text) is not None:
        return "!!timestamp" if times else "!!str"
    if isinstance(value, str):
        return "!!str"
    bare = text.replace("_", "")
    return "!!int" if isinstance(value, int) and _INTEGER.fullmatch(bare) and _integer(bare) is not None else "!!float"


def number_1_1(text: str) -> Json:
    """Return the number that the text is, or the text. A date stays text: v2 gives it to an interface as a string."""
    if text[4:5] == "-" and timestamp(text) is not None:
        return text
    return _number(text)


def number_or_time(text: str) -> Json:
    """Return the number that the text is, a date in RFC 3339 form, or the text."""
    if text[4:5] == "-":
        stamp = timestamp(text)
        if stamp is not None:
            return stamp
    return _number(text)


NUMBERS: Mapping[Dialect, Callable[[str], Json]] = {"resource": number_or_time, "yaml1.1": number_1_1}


def _number(text: str) -> Json:
    if text[0] == ".":
        return _float(text) if _FLOAT.fullmatch(text) else text
    bare = text.replace("_", "")
    integer = _integer(bare)
    if integer is not None:
        return integer
    value = _float(bare) if _FLOAT.fullmatch(bare) else bare
    return text if isinstance(value, str) else value


def _integer(text: str) -> int | None:
    """Read strconv.ParseInt(text, 0, 64), then ParseUint."""
    match = _INTEGER.fullmatch(text)
    if match is None:
        return None
    sign, hexadecimal, binary, octal, decimal = match.groups()
    if decimal:
        if len(decimal) > 20:
            return None
        size = int(decimal)
    elif hexadecimal:
        size = int(hexadecimal, 16)
    elif binary:
        size = int(binary, 2)
    else:
        size = int(octal, 8)
    value = -size if sign == "-" else size
    return value if _INT64_MIN <= value <= _INT64_MAX or (not sign and value <= _UINT64_MAX) else None


def _float(text: str) -> Json:
    value = float(text)
    if math.isinf(value):
        return text
    if not value.is_integer():
        return value
    if abs(value) < _EXACT_MAX:
        return int(value)
    written = number_text(value)
    whole = _integer(written)
    return value if whole is None else whole


def timestamp(text: str) -> str | None:
    """Return the RFC 3339 form of a date or time in one of the shapes that go-yaml knows."""
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        return None
    year, month, day = int(match[1]), int(match[2]), int(match[3])
    hour, minute, second = (int(match[at] or match[at + 7] or 0) for at in (4, 5, 6))
    if not 1 <= month <= 12 or not 1 <= day <= _days(year, month) or hour > 23 or minute > 59 or second > 59:
        return None
    fraction = (match[7] or match[14] or "")[:9].rstrip("0")
    zone = "Z"
    if match[8]:
        if int(match[9]) > 24 or int(match[10]) > 59:
            return None
        if int(match[9]) or int(match[10]):
            zone = f"{match[8]}{match[9]}:{match[10]}"
    dot = "." if fraction else ""
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{dot}{fraction}{zone}"


def _days(year: int, month: int) -> int:
    # Year 0 exists in Go, and is a leap year: datetime begins with year 1.
    return 29 if month == 2 and (year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)) else _DAYS[month - 1]
