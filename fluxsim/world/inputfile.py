"""Files that people write: YAML checked against a model, every fault with its place and a suggestion, all at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from fluxsim.formats.tree import Json
from fluxsim.kernel.errors import Fault, InputError, did_you_mean

M = TypeVar("M", bound=BaseModel)
Path = tuple[str | int, ...]
Places = Mapping[Path, tuple[int, int]]

BYTES_MAX = 1 << 20
NODES_MAX = 20_000
"""A file for people is small. More nodes than this, aliases counted each time, is a mistake or a YAML bomb."""


def read(name: str, data: bytes, model: type[M]) -> M:
    """Return the model that the file holds; InputError with all its faults. `name` is the file as the user called it."""
    file = parse(name, data)
    if not isinstance(file.tree, dict):
        raise InputError(Fault(f"{name}:1:1", f"expected a mapping, found {_kind(file.tree)}", ""))
    try:
        return model.model_validate(file.tree)
    except ValidationError as error:
        raise InputError(*_faults(file, error, model)) from error


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file as plain data, with the place of every key and item (line and column from 1) and every scalar as written."""

    name: str
    tree: Json
    places: Places
    spelt: Mapping[Path, str]


def parse(name: str, data: bytes) -> Parsed:
    """Return what the file holds; InputError where it is no YAML."""
    if len(data) > BYTES_MAX:
        raise InputError(
            Fault(name, f"the file has {len(data)} bytes, more than {BYTES_MAX}", "is this the right file?")
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(Fault(name, f"byte {error.start} is not UTF-8", "save the file as UTF-8")) from error
    try:
        node: yaml.Node | None = yaml.compose(text, yaml.CSafeLoader)
        if node is None:
            raise InputError(Fault(f"{name}:1:1", "the file is empty", ""))
        builder = _Builder(name)
        return Parsed(name, builder.built(node, ()), builder.places, builder.spelt)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark is not None else name
        raise InputError(Fault(where, f"not YAML: {error.problem or error.context}", "")) from error
    except yaml.YAMLError as error:
        raise InputError(Fault(name, f"not YAML: {' '.join(str(error).split())}", "")) from error
    except RecursionError as error:
        raise InputError(Fault(name, "nested too deeply", "")) from error


class _Builder:
    """Turns YAML nodes into plain data, and notes where each stands. Numbers stay as YAML 1.2 reads them; the rest is text."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.places: dict[Path, tuple[int, int]] = {(): (1, 1)}
        self.spelt: dict[Path, str] = {}
        self._nodes = 0

    def built(self, node: yaml.Node, path: Path) -> Json:
        self._nodes += 1
        if self._nodes > NODES_MAX:
            raise InputError(
                Fault(
                    self._name,
                    f"more than {NODES_MAX} values, aliases counted each time",
                    "a YAML bomb, or not a file for fluxsim",
                )
            )
        if path not in self.places:
            self.places[path] = (node.start_mark.line + 1, node.start_mark.column + 1)
        if isinstance(node, yaml.MappingNode):
            return dict(self._entries(node, path))
        if isinstance(node, yaml.SequenceNode):
            return [self.built(item, (*path, index)) for index, item in enumerate(node.value)]
        self.spelt[path] = str(node.value)
        return _scalar(node)

    def _entries(self, node: yaml.MappingNode, path: Path) -> Iterator[tuple[str, Json]]:
        seen: set[str] = set()
        for key_node, value_node in node.value:
            line, column = key_node.start_mark.line + 1, key_node.start_mark.column + 1
            where = f"{self._name}:{line}:{column}"
            if not isinstance(key_node, yaml.ScalarNode):
                raise InputError(Fault(where, "a key must be text", ""))
            key = str(key_node.value)
            if key in seen:
                raise InputError(Fault(where, f"key '{key}' stands twice", "remove one"))
            seen.add(key)
            self.places[(*path, key)] = (line, column)
            yield key, self.built(value_node, (*path, key))


def _scalar(node: yaml.Node) -> Json:
    """Return a scalar: only what is surely meant as null, bool or number is one, so `yes` and dates stay text."""
    text = str(node.value)
    if getattr(node, "style", None):
        return text
    match text:
        case "" | "~" | "null":
            return None
        case "true":
            return True
        case "false":
            return False
        case _:
            pass
    digits = text.removeprefix("-")
    if digits.isdigit() and (digits == "0" or not digits.startswith("0")):
        return int(text)
    whole, dot, part = digits.partition(".")
    if dot and whole.isdigit() and part.isdigit():
        return float(text)
    return text


def _faults(file: Parsed, error: ValidationError, model: type[BaseModel]) -> list[Fault]:
    faults = [_fault(file, detail, model) for detail in error.errors(include_url=False)]
    unique = {(fault.where, fault.what): fault for fault in faults}
    return sorted(unique.values(), key=lambda fault: _line_of(fault.where))


def _line_of(where: str) -> tuple[int, int]:
    parts = where.rsplit(":", 2)
    return (int(parts[1]), int(parts[2])) if len(parts) == 3 and parts[1].isdigit() and parts[2].isdigit() else (0, 0)


def _fault(file: Parsed, detail: ErrorDetails, model: type[BaseModel]) -> Fault:
    path, owner = _resolved(detail["loc"], file.tree, model)
    line, column = file.places.get(path) or file.places.get(path[:-1], (1, 1))
    where = f"{file.name}:{line}:{column}"
    last = str(detail["loc"][-1]) if detail["loc"] else ""
    match detail["type"]:
        case "extra_forbidden":
            return Fault(where, f"unknown field '{last}'", did_you_mean(last, _fields(owner)))
        case "missing":
            return Fault(where, f"field '{last}' is missing", "")
        case "union_tag_invalid":
            context: dict[str, Any] = detail.get("ctx") or {}
            tag = str(context.get("tag", ""))
            known = [word.strip().strip("'") for word in str(context.get("expected_tags", "")).split(",")]
            return Fault(where, f"unknown action '{tag}'", did_you_mean(tag, known))
        case "string_type":
            given = file.spelt.get(path)
            if given is None:
                return Fault(where, f"'{last}' must be text, found {_kind(detail['input'])}", "")
            found = f"{_kind(detail['input'])} {given}".rstrip()
            return Fault(where, f"'{last}' must be text, found {found}", f'write it in quotes: "{given}"')
        case _:
            text = detail["msg"].removeprefix("Value error, ")
            return Fault(where, f"'{last}': {text[:1].lower()}{text[1:]}" if last else text, "")


def _resolved(loc: tuple[int | str, ...], tree: Json, model: type[BaseModel]) -> tuple[Path, Any]:
    """Return (the path in the data, the model that the last field belongs to); pydantic's loc also names union members."""
    path: list[str | int] = []
    owner: Any = model
    kind: Any = model
    for step in loc:
        if isinstance(tree, dict) and isinstance(step, str) and step not in tree:
            inner = _member(kind, step) or _field_of(kind, step)
            if inner is not None:
                kind = owner = inner
                continue
        models = list(_members(kind))
        if isinstance(step, str) and models:
            owner = models[0]
            kind = _field_type(owner, step)
        path.append(step)
        if isinstance(tree, dict):
            tree = tree.get(step)
        elif isinstance(tree, list) and isinstance(step, int) and step < len(tree):
            tree = tree[step]
    return tuple(path), owner


def _members(kind: Any) -> Iterator[type[BaseModel]]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
    for argument in get_args(kind):
        yield from _members(argument)


def _member(kind: Any, step: str) -> type[BaseModel] | None:
    """Return the union member that pydantic's loc names, by its discriminator value or its class."""
    for member in _members(kind):
        if member.__name__ == step:
            return member
        tag = member.model_fields.get("do")
        if tag is not None and step in (tag.default, *get_args(tag.annotation)):
            return member
    return None


def _field_type(model: Any, name: str) -> Any:
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return None
    for field_name, field in model.model_fields.items():
        if name in (field_name, field.alias):
            return field.annotation
    return None


def _field_of(kind: Any, name: str) -> Any:
    """Return the type of a field of whichever model the type speaks of, or None."""
    return next((found for member in _members(kind) if (found := _field_type(member, name)) is not None), None)


def _fields(owner: Any) -> list[str]:
    return [field.alias or name for member in _members(owner) for name, field in member.model_fields.items()]


def _kind(value: Json) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "the truth value"
        case int() | float():
            return "the number"
        case str():
            return "text"
        case list():
            return "a list"
        case _:
            return "a mapping"
