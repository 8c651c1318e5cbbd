"""What the API server cannot read into the Go structs of Kubernetes' own kinds. Applies are checked by their own types.

Source: Go 1.25 encoding/json (UnmarshalTypeError), apiserver pkg/endpoints/handlers; whole numbers are taken as int32.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fluxsim.formats.listtypes import Type, native_type
from fluxsim.formats.tree import Json
from fluxsim.kube.errors import BadRequest
from fluxsim.kube.meta import version_of

_GO_TYPES = {"string": "string", "boolean": "bool", "numeric": "int32"}


def check_shape(new: Json, old: Json) -> None:
    """Raise BadRequest where a value is of another type than its field; what is shared with `old` was read before."""
    kind, api_version = str(new["kind"]), str(new["apiVersion"])
    type_ = native_type(api_version, kind)
    if type_ is None:
        return
    told = next(_faults(new, old, type_, kind, ""), "")
    if told:
        raise BadRequest(
            f'{kind} in version "{version_of(api_version)}" cannot be handled as a {kind}: json: cannot unmarshal {told}'
        )


def _faults(value: Json, old: Json, type_: Type, struct: str, path: str) -> Iterator[str]:
    if value is None or value is old or type_.form == "any":
        return
    if type_.form == "scalar":
        if not _fits(value, type_.scalar):
            shown = f"number {value}" if isinstance(value, float) else _word(value)
            yield f"{shown} into Go struct field {struct}.{path} of type {_go_type(type_)}"
    elif type_.form == "list":
        if not isinstance(value, list):
            yield f"{_word(value)} into Go struct field {struct}.{path} of type {_go_type(type_)}"
        elif type_.element is not None:
            before = old if isinstance(old, list) else ()
            for index, item in enumerate(value):
                known = before[index] if index < len(before) else None
                yield from _faults(item, known, type_.element, struct, path)
                if item is None and type_.keys:
                    yield f"null into Go struct field {struct}.{path} of type {_go_type(type_.element)}"
    elif not isinstance(value, Mapping):
        yield f"{_word(value)} into Go struct field {struct}.{path} of type {_go_type(type_)}"
    else:
        yield from _faults_of_map(value, old if isinstance(old, Mapping) else {}, type_, struct, path)


def _faults_of_map(
    value: Mapping[str, Json], old: Mapping[str, Json], type_: Type, struct: str, path: str
) -> Iterator[str]:
    for name, item in value.items():
        field = type_.fields.get(name)
        inner = field.type if field is not None else type_.element
        if inner is not None:
            below = f"{path}.{name}" if path else name
            yield from _faults(item, old.get(name), inner, type_.name or struct, below if field is not None else path)


def _fits(value: Json, scalar: str) -> bool:
    match scalar:
        case "boolean":
            return isinstance(value, bool)
        case "numeric":
            return isinstance(value, int) and not isinstance(value, bool)
        case "intstr":
            return isinstance(value, int | str) and not isinstance(value, bool)
        case "quantity":
            return isinstance(value, int | float | str) and not isinstance(value, bool)
        case _:
            return isinstance(value, str)


def _go_type(type_: Type) -> str:
    if type_.form == "list":
        return f"[]{_go_type(type_.element)}" if type_.element is not None else "[]interface {}"
    if type_.form == "map":
        if type_.name:
            return f"v1.{type_.name}"
        return f"map[string]{_go_type(type_.element)}" if type_.element is not None else "map[string]interface {}"
    return _GO_TYPES.get(type_.scalar, "string")


def _word(value: Json) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    return "string" if isinstance(value, str) else "array" if isinstance(value, list) else "object"
