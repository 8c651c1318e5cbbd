"""The tables that the API server makes for `kubectl get`: columns and cells of an object, with and without `-o wide`.

Source: Kubernetes v1.28 pkg/printers/internalversion/printers.go; the columns of Flux's kinds are those of its CRDs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

from fluxsim.drivers.terminal.kubectl.podcolumns import pod_cells
from fluxsim.formats.crdschema import Column, definitions
from fluxsim.formats.durations import MILLISECOND, human_duration
from fluxsim.formats.jsonpath import JSONPathError, Template, relaxed
from fluxsim.formats.tree import Json, get
from fluxsim.kernel.units import Millis, unix_millis

Cell: TypeAlias = str | int
Cells: TypeAlias = Callable[[Json, Millis], Sequence[Cell]]
NONE = "<none>"


@dataclass(frozen=True, slots=True)
class Printer:
    """How a kind is printed, and what `-o wide` adds at the end, or shows instead of it all (`wide`)."""

    columns: tuple[str, ...]
    cells: Cells
    more_columns: tuple[str, ...] = ()
    more: Cells = lambda _obj, _now_ms: ()
    wide: Printer | None = None

    def headings(self, *, wide: bool) -> tuple[str, ...]:
        if wide and self.wide is not None:
            return self.wide.columns
        return (*self.columns, *self.more_columns) if wide else self.columns

    def row(self, obj: Json, now_ms: Millis, *, wide: bool) -> list[Cell]:
        """Return the cells; `now_ms` is milliseconds since 1970."""
        if wide and self.wide is not None:
            return list(self.wide.cells(obj, now_ms))
        return [*self.cells(obj, now_ms), *(self.more(obj, now_ms) if wide else ())]


def printer_for(kind: str, api_version: str = "") -> Printer:
    """Return the printer of a kind; one that the server has no columns for shows NAME and AGE."""
    known = _PRINTERS.get(kind)
    if known is not None:
        return known
    found = definitions().get((api_version, kind))
    return _of_columns(found.columns) if found is not None else _PLAIN


def age(obj: Json, now_ms: Millis) -> str:
    return since(get(obj, "metadata", "creationTimestamp"), now_ms)


def since(timestamp: str | None, now_ms: Millis) -> str:
    """Return how long ago a timestamp was."""
    return human_duration((now_ms - unix_millis(timestamp)) * MILLISECOND) if timestamp else "<unknown>"


def _name(obj: Json) -> str:
    return str(get(obj, "metadata", "name", default=""))


def _number(obj: Json, *path: str) -> int:
    return int(get(obj, *path, default=0) or 0)


# -- kinds


def _deployment(obj: Json, now_ms: Millis) -> Sequence[Cell]:
    ready = f"{_number(obj, 'status', 'readyReplicas')}/{_number(obj, 'spec', 'replicas')}"
    updated, available = _number(obj, "status", "updatedReplicas"), _number(obj, "status", "availableReplicas")
    return (_name(obj), ready, updated, available, age(obj, now_ms))


def _replica_set(obj: Json, now_ms: Millis) -> Sequence[Cell]:
    desired, current = _number(obj, "spec", "replicas"), _number(obj, "status", "replicas")
    return (_name(obj), desired, current, _number(obj, "status", "readyReplicas"), age(obj, now_ms))


def _template(obj: Json, _now_ms: Millis) -> Sequence[Cell]:
    containers = get(obj, "spec", "template", "spec", "containers", default=None) or ()
    names = ",".join(str(one.get("name", "")) for one in containers)
    images = ",".join(str(one.get("image", "")) for one in containers)
    return (names, images, selector_text(get(obj, "spec", "selector")))


def selector_text(selector: Json) -> str:
    """Return a label selector as `metav1.FormatLabelSelector` writes it."""
    pairs = [f"{key}={value}" for key, value in sorted((get(selector, "matchLabels", default=None) or {}).items())]
    for rule in get(selector, "matchExpressions", default=None) or ():
        values = ",".join(sorted(rule.get("values") or ()))
        match rule["operator"]:
            case "In":
                pairs.append(f"{rule['key']} in ({values})")
            case "NotIn":
                pairs.append(f"{rule['key']} notin ({values})")
            case "Exists":
                pairs.append(rule["key"])
            case _:
                pairs.append(f"!{rule['key']}")
    return ",".join(pairs) or NONE


def _event(obj: Json, now_ms: Millis) -> Sequence[Cell]:
    message = str(obj.get("message", "")).strip()
    return (_last_seen(obj, now_ms), obj.get("type", ""), obj.get("reason", ""), _target(obj), message)


def _event_wide(obj: Json, now_ms: Millis) -> Sequence[Cell]:
    last, kind, reason, target, message = _event(obj, now_ms)
    source = get(obj, "source", "component", default="") or obj.get("reportingComponent", "")
    host = get(obj, "source", "host", default="") or obj.get("reportingInstance", "")
    count = get(obj, "series", "count", default=None) or obj.get("count") or 1
    first = _first_seen(obj, now_ms)
    place = get(obj, "involvedObject", "fieldPath", default="")
    where = f"{source}, {host}" if source and host else source
    return (last, kind, reason, target, place, where, message, first, count, _name(obj))


def _target(obj: Json) -> str:
    involved = obj.get("involvedObject") or {}
    kind = str(involved.get("kind", "")).lower()
    return f"{kind}/{involved['name']}" if involved.get("name") else kind


def _first_seen(obj: Json, now_ms: Millis) -> str:
    return since(obj.get("firstTimestamp") or obj.get("eventTime"), now_ms)


def _last_seen(obj: Json, now_ms: Millis) -> str:
    if obj.get("series"):
        return since(obj["series"].get("lastObservedTime"), now_ms)
    return since(obj["lastTimestamp"], now_ms) if obj.get("lastTimestamp") else _first_seen(obj, now_ms)


def _namespace(obj: Json, now_ms: Millis) -> Sequence[Cell]:
    return (_name(obj), get(obj, "status", "phase", default="") or "Active", age(obj, now_ms))


def _config_map(obj: Json, now_ms: Millis) -> Sequence[Cell]:
    return (_name(obj), len(obj.get("data") or ()) + len(obj.get("binaryData") or ()), age(obj, now_ms))


def _secret(obj: Json, now_ms: Millis) -> Sequence[Cell]:
    return (_name(obj), obj.get("type") or "Opaque", len(obj.get("data") or ()), age(obj, now_ms))


def _service(obj: Json, now_ms: Millis) -> Sequence[Cell]:
    spec = obj.get("spec") or {}
    kind = spec.get("type") or "ClusterIP"
    ports = ",".join(
        f"{port['port']}{':' + str(port['nodePort']) if port.get('nodePort') else ''}/{port.get('protocol', 'TCP')}"
        for port in spec.get("ports") or ()
    )
    address = spec.get("clusterIP") or NONE
    outside = "<pending>" if kind == "LoadBalancer" else ",".join(spec.get("externalIPs") or ()) or NONE
    return (_name(obj), kind, address, outside, ports or NONE, age(obj, now_ms))


def _service_wide(obj: Json, _now_ms: Millis) -> Sequence[Cell]:
    return (selector_text({"matchLabels": get(obj, "spec", "selector", default=None)}),)


def _plain(obj: Json, now_ms: Millis) -> Sequence[Cell]:
    return (_name(obj), age(obj, now_ms))


_PLAIN = Printer(("NAME", "AGE"), _plain)
_PRINTERS: Mapping[str, Printer] = {
    "Pod": Printer(
        ("NAME", "READY", "STATUS", "RESTARTS", "AGE"),
        lambda obj, now_ms: (*pod_cells(obj, lambda timestamp: since(timestamp, now_ms)), age(obj, now_ms)),
        ("IP", "NODE", "NOMINATED NODE", "READINESS GATES"),
        lambda obj, _now_ms: _pod_wide(obj),
    ),
    "Deployment": Printer(
        ("NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"),
        _deployment,
        ("CONTAINERS", "IMAGES", "SELECTOR"),
        _template,
    ),
    "ReplicaSet": Printer(
        ("NAME", "DESIRED", "CURRENT", "READY", "AGE"), _replica_set, ("CONTAINERS", "IMAGES", "SELECTOR"), _template
    ),
    "Namespace": Printer(("NAME", "STATUS", "AGE"), _namespace),
    "ConfigMap": Printer(("NAME", "DATA", "AGE"), _config_map),
    "Secret": Printer(("NAME", "TYPE", "DATA", "AGE"), _secret),
    "Service": Printer(
        ("NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE"), _service, ("SELECTOR",), _service_wide
    ),
    "Event": Printer(
        ("LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"),
        _event,
        wide=Printer(
            ("LAST SEEN", "TYPE", "REASON", "OBJECT", "SUBOBJECT", "SOURCE", "MESSAGE", "FIRST SEEN", "COUNT", "NAME"),
            _event_wide,
        ),
    ),
}


def _pod_wide(obj: Json) -> Sequence[Cell]:
    gates = [gate.get("conditionType") for gate in get(obj, "spec", "readinessGates", default=None) or ()]
    true = {
        one.get("type") for one in get(obj, "status", "conditions", default=None) or () if one.get("status") == "True"
    }
    addresses = get(obj, "status", "podIPs", default=None) or ()
    return (
        (addresses[0].get("ip") if addresses else "") or NONE,
        get(obj, "spec", "nodeName", default="") or NONE,
        get(obj, "status", "nominatedNodeName", default="") or NONE,
        f"{sum(gate in true for gate in gates)}/{len(gates)}" if gates else NONE,
    )


# -- custom resources


@cache
def _of_columns(columns: tuple[Column, ...]) -> Printer:
    """Return the printer of a custom resource: NAME, then the columns that its definition asks for."""
    plain = tuple(column for column in columns if column.priority == 0)
    wide = tuple(column for column in columns if column.priority != 0)
    return Printer(
        ("NAME", *(column.name.upper() for column in plain)),
        lambda obj, now_ms: (_name(obj), *(_column(column, obj, now_ms) for column in plain)),
        tuple(column.name.upper() for column in wide),
        lambda obj, now_ms: tuple(_column(column, obj, now_ms) for column in wide),
    )


def _column(column: Column, obj: Json, now_ms: Millis) -> str:
    try:
        text = _path(column.json_path).execute(obj, allow_missing_keys=True)
    except JSONPathError:
        return ""
    if column.type == "date":
        try:
            return since(text, now_ms)
        except ValueError:
            return "<invalid>"
    return text


@cache
def _path(text: str) -> Template:
    return Template(relaxed(text))
