"""Kubernetes' own kinds as Flux sends them: read into Go's structs and written back.

Unknown fields are lost on the way, empty ones appear or vanish, quantities change their form. An object that the struct
cannot hold, or of a kind that is not Kubernetes' own, stays as it is.
Source: fluxcd/pkg ssa v0.76.1 normalize/normalize.go; k8s.io/apimachinery pkg/runtime/converter.go.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
from collections.abc import Mapping

from fluxsim.formats.listtypes import Field, Type, native_type
from fluxsim.formats.quantity import InvalidQuantity, canonical
from fluxsim.formats.tree import Json, evolve, freeze, get, without


class _DoesNotFit(ValueError):
    """A value that the struct cannot hold."""


def normalised(obj: Json) -> Json:
    """Return the frozen object as Flux applies it: protocols and Secret data filled in, null creation time, no status."""
    type_ = native_type(str(obj.get("apiVersion", "")), str(obj.get("kind", "")))
    if type_ is not None:
        with contextlib.suppress(_DoesNotFit):
            obj = _filled(_converted(obj, type_))
    obj = freeze(obj)
    if isinstance(obj.get("metadata"), Mapping):
        obj = evolve(obj, ("metadata", "creationTimestamp"), None)
    return obj if is_definition(obj) else without(obj, ("status",))


def is_definition(obj: Json) -> bool:
    """Return whether the object is a CustomResourceDefinition."""
    return str(obj.get("kind", "")).lower() == "customresourcedefinition" and str(obj.get("apiVersion", "")).startswith(
        "apiextensions.k8s.io/"
    )


# -- what Flux fills in

_POD_SPECS: dict[str, tuple[str, ...]] = {
    "Pod": ("spec",),
    "Deployment": ("spec", "template", "spec"),
    "StatefulSet": ("spec", "template", "spec"),
    "DaemonSet": ("spec", "template", "spec"),
    "ReplicaSet": ("spec", "template", "spec"),
    "Job": ("spec", "template", "spec"),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}


def _filled(obj: Json) -> Json:
    """Fill in a converted object, which is an ordinary tree of our own."""
    kind = obj["kind"]
    if kind in _POD_SPECS:
        for container in get(obj, *_POD_SPECS[kind], "containers", default=None) or ():
            _with_protocol(container.get("ports"))
    elif kind == "Service":
        _with_protocol(obj["spec"].get("ports"))
    elif kind == "Secret" and obj.get("stringData"):
        plain: Mapping[str, str] = obj.pop("stringData")
        encoded = {
            name: base64.b64encode(text.encode("utf-8", "surrogateescape")).decode() for name, text in plain.items()
        }
        obj["data"] = {**obj.get("data", {}), **encoded}
    return obj


def _with_protocol(ports: list[dict[str, Json]] | None) -> None:
    for port in ports or ():
        if not port.get("protocol"):
            port["protocol"] = "TCP"


# -- into the struct and back


def _converted(value: Json, type_: Type) -> Json:
    """Return the value as an ordinary tree, read and written by Go."""
    if type_.form == "any":
        return value
    if type_.form == "scalar":
        return _scalar(value, type_.scalar)
    if type_.form == "list":
        if not isinstance(value, list):
            raise _DoesNotFit
        assert type_.element is not None, type_.name
        return [_item(item, type_.element) for item in value]
    if not isinstance(value, Mapping):
        raise _DoesNotFit
    if type_.fields:
        return _struct(value, type_)
    element = type_.element
    assert element is not None, type_.name
    return {key: _item(item, element) for key, item in value.items()}


def _item(value: Json, type_: Type) -> Json:
    return _zero(type_) if value is None else _converted(value, type_)


def _struct(value: Mapping[str, Json], type_: Type) -> dict[str, Json]:
    out: dict[str, Json] = {}
    for key, item in value.items():
        field = type_.fields.get(key)
        if field is None or item is None:
            continue
        written = _converted(item, field.type)
        if field.written != "?" or not _is_empty(written):
            out[key] = written
    for key, field in type_.always:
        if key not in out:
            out[key] = _unset(field)
    return out


def _unset(field: Field) -> Json:
    return None if field.written == "~" else _zero(field.type)


def _is_empty(value: Json) -> bool:
    return value is False or value == "" or value == 0 or (isinstance(value, Mapping | list) and not value)


def _zero(type_: Type) -> Json:
    """Return how Go writes a value that was never set."""
    if type_.form == "map" and type_.fields:
        return _struct({}, type_)
    if type_.form != "scalar":
        return None
    zeros: Mapping[str, Json] = {"string": "", "numeric": 0, "boolean": False, "intstr": 0, "quantity": "0"}
    return zeros.get(type_.scalar)


def _scalar(value: Json, kind: str) -> Json:
    if kind == "quantity":
        return _quantity(value)
    if kind == "bytes":
        return _bytes(value)
    if isinstance(value, bool):
        fits = kind == "boolean"
    elif isinstance(value, str):
        fits = kind in {"string", "intstr", "time", "untyped"}
    elif isinstance(value, int):
        fits = kind in {"numeric", "intstr", "untyped"}
    elif isinstance(value, float):
        fits = kind == "untyped" or (kind == "numeric" and value.is_integer())
        value = int(value) if kind == "numeric" and fits else value
    else:
        fits = False
    if not fits:
        raise _DoesNotFit
    return value


def _quantity(value: Json) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise _DoesNotFit
    text = value.strip() if isinstance(value, str) else repr(value)
    try:
        return canonical(text)
    except InvalidQuantity as error:
        raise _DoesNotFit from error


def _bytes(value: Json) -> str:
    """Go reads standard base64 with line ends in it, and writes it without."""
    if not isinstance(value, str):
        raise _DoesNotFit
    try:
        return base64.b64encode(base64.b64decode(value.replace("\n", "").replace("\r", ""), validate=True)).decode()
    except (binascii.Error, ValueError) as error:
        raise _DoesNotFit from error
