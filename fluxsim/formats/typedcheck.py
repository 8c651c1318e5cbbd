"""Whether a tree fits the types of its kind, told in the words of structured-merge-diff.

Source: kubernetes-sigs/structured-merge-diff v6, typed/validate.go and typed/helpers.go.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fluxsim.formats.fieldset import step_text
from fluxsim.formats.gotext import float_text, quoted, value_text
from fluxsim.formats.listtypes import ANY, Type
from fluxsim.formats.tree import Json
from fluxsim.formats.typedtree import NoKey, form_of, item_step


def problem(value: Json, type_: Type) -> str:
    """Return what is wrong with an applied tree, nothing if it fits; an item that stands there twice is wrong too.

    Several faults are told in the order of the fields, which Go leaves to chance.
    """
    found = list(_problems(value, type_, ""))
    if len(found) < 2:
        return "".join(found)
    return "\n".join(["errors:", *(f"  {text}" for text in found)])


def _problems(value: Json, type_: Type, path: str) -> Iterator[str]:
    form = form_of(type_, value)
    if form == "scalar":
        yield from _scalar_problems(value, type_, path)
    elif form == "list":
        yield from _list_problems(value, type_, path)
    elif isinstance(value, Mapping):
        yield from _map_problems(value, type_, path)
    elif value is not None:
        yield _told(path, f"expected map, got &{{{value_text(value)}}}")


def _told(path: str, text: str) -> str:
    return f"{path}: {text}" if path else text


def _scalar_problems(value: Json, type_: Type, path: str) -> Iterator[str]:
    if value is None or type_.form == "any":
        return
    wanted = type_.merged_as
    if wanted == "string":
        if not isinstance(value, str):
            yield _told(path, f"expected string, got &value.valueUnstructured{{Value:{_go_syntax(value)}}}")
    elif wanted == "boolean":
        if not isinstance(value, bool):
            yield _told(path, f"expected boolean, got &{{{value_text(value)}}}")
    elif wanted == "numeric":
        if isinstance(value, bool) or not isinstance(value, int | float):
            yield _told(path, f"expected numeric (int or float), got {_go_type(value)}")
    elif isinstance(value, Mapping | list):
        yield _told(path, f"expected any scalar, got &{{{value_text(value)}}}")


def _list_problems(value: Json, type_: Type, path: str) -> Iterator[str]:
    if value is None:
        return
    if not isinstance(value, list):
        yield _told(path, f"expected list, got &{{{value_text(value)}}}")
        return
    element = type_.element or ANY
    merges = not type_.atomic and type_.form != "any"
    seen: set[str] = set()
    for index, item in enumerate(value):
        step = f"i:{index}"
        if merges:
            try:
                step = item_step(type_, item)
            except NoKey as error:
                yield _told(path, f"element {index}: {error}")
                return
            if step in seen:
                yield _told(path, f"duplicate entries for key {step_text(step)}")
            seen.add(step)
        yield from _problems(item, element, path + step_text(step))


def _map_problems(value: Mapping[str, Json], type_: Type, path: str) -> Iterator[str]:
    for key in sorted(value):
        field = type_.fields.get(key)
        inner = field.type if field is not None else type_.element
        if inner is None:
            # The library looks no further in this map.
            yield _told(f"{path}.{key}", "field not declared in schema")
            return
        yield from _problems(value[key], inner, f"{path}.{key}")


def _go_type(value: Json) -> str:
    """Write the Go type of a decoded JSON value, as %T does."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, Mapping):
        return "map[string]interface {}"
    if isinstance(value, list):
        return "[]interface {}"
    return "string" if isinstance(value, str) else "int64" if isinstance(value, int) else "float64"


def _go_syntax(value: Json) -> str:
    """Write a decoded JSON value as Go source, as %#v does."""
    if value is None:
        return "interface {}(nil)"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, Mapping):
        return (
            "map[string]interface {}{"
            + ", ".join(f"{quoted(key)}:{_go_syntax(value[key])}" for key in sorted(value))
            + "}"
        )
    if isinstance(value, list):
        return "[]interface {}{" + ", ".join(_go_syntax(item) for item in value) + "}"
    return float_text(value) if isinstance(value, float) else str(value)
