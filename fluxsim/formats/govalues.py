"""A tree as fmt's %#v prints the maps and slices that Go decoded it into."""

from __future__ import annotations

from collections.abc import Mapping

from fluxsim.formats.gotext import float_text, quoted
from fluxsim.formats.tree import Json


def go_syntax(value: Json, *, generic: bool = False) -> str:
    """Write a value in Go syntax, map keys sorted; `generic` maps have interface keys, as go-yaml v2 makes them."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return float_text(value)
    if isinstance(value, Mapping):
        kind = "map[interface {}]interface {}" if generic else "map[string]interface {}"
        inside = ", ".join(f"{quoted(key)}:{_element(value[key], generic=generic)}" for key in sorted(value))
        return f"{kind}{{{inside}}}"
    if isinstance(value, list | tuple):
        return "[]interface {}{" + ", ".join(_element(item, generic=generic) for item in value) + "}"
    return "<nil>" if value is None else str(value)


def _element(value: Json, *, generic: bool) -> str:
    return "interface {}(nil)" if value is None else go_syntax(value, generic=generic)
