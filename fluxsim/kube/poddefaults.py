"""Defaults of pods and pod templates. Frozen trees in and out; a tree that leaves nothing out comes back as it is.

Source: kubernetes v1.33 pkg/apis/core/v1/defaults.go, pkg/apis/core/v1/helper/qos/qos.go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fluxsim.formats.imagetag import split
from fluxsim.formats.tree import EMPTY_MAP, Json, Map, Seq, freeze

_POD = {
    "restartPolicy": "Always",
    "dnsPolicy": "ClusterFirst",
    "schedulerName": "default-scheduler",
    "terminationGracePeriodSeconds": 30,
    "securityContext": EMPTY_MAP,
}
_CONTAINER = {
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
    "resources": EMPTY_MAP,
}
_PROBE = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
_SOURCES_WITH_MODE = ("configMap", "secret", "downwardAPI", "projected")
_MODE = 420


def template(tree: Json) -> Json:
    return _changed(tree, "spec", _pod_spec, tree.get("spec") or EMPTY_MAP)


def pod(spec: Json) -> Json:
    """Return a pod's own spec: what a template does not get comes in addition."""
    spec = filled(_pod_spec(spec), {"enableServiceLinks": True})
    for name in ("initContainers", "containers"):
        spec = _each(spec, name, _requests)
    return spec


def quality(spec: Json) -> str:
    """Return the QoS class: Guaranteed where every container's requests are its limits of CPU and memory."""
    rows = [
        (resources.get("requests") or EMPTY_MAP, resources.get("limits") or EMPTY_MAP)
        for name in ("initContainers", "containers")
        for container in spec.get(name) or ()
        if (resources := container.get("resources") or EMPTY_MAP) is not None
    ]
    if not any(requests or limits for requests, limits in rows):
        return "BestEffort"
    full = all(
        requests.get(name) is not None and requests.get(name) == limits.get(name)
        for requests, limits in rows
        for name in ("cpu", "memory")
    )
    return "Guaranteed" if full else "Burstable"


def filled(tree: Json, defaults: Mapping[str, Json]) -> Map:
    """Return the map with the defaults for what it leaves out; the same map where it leaves out nothing."""
    missing = {name: value for name, value in defaults.items() if tree.get(name) is None}
    found: Map = freeze({**tree, **missing}) if missing else tree
    return found


def _pod_spec(spec: Json) -> Json:
    spec = filled(spec, _POD)
    for name in ("initContainers", "containers"):
        spec = _each(spec, name, _container)
    return _each(spec, "volumes", _volume)


def _container(container: Json) -> Json:
    if container.get("imagePullPolicy") is None:
        reference = split(container.get("image") or "")
        latest = reference.tag == "latest" or not (reference.tag or reference.digest)
        container = Map({**container, "imagePullPolicy": "Always" if latest else "IfNotPresent"})
    container = _each(filled(container, _CONTAINER), "ports", lambda port: filled(port, {"protocol": "TCP"}))
    container = _each(container, "env", _variable)
    for name in ("readinessProbe", "livenessProbe", "startupProbe"):
        if container.get(name) is not None:
            container = _changed(container, name, _probe, container[name])
    return container


def _variable(variable: Json) -> Json:
    reference = (variable.get("valueFrom") or EMPTY_MAP).get("fieldRef")
    if reference is None or reference.get("apiVersion") is not None:
        return variable
    source = Map({**variable["valueFrom"], "fieldRef": filled(reference, {"apiVersion": "v1"})})
    return Map({**variable, "valueFrom": source})


def _volume(volume: Json) -> Json:
    for name in _SOURCES_WITH_MODE:
        if volume.get(name) is not None:
            volume = _changed(volume, name, lambda source: filled(source, {"defaultMode": _MODE}), volume[name])
    return volume


def _probe(probe: Json) -> Json:
    probe = filled(probe, _PROBE)
    if probe.get("httpGet") is None:
        return probe
    return _changed(probe, "httpGet", lambda get: filled(get, {"scheme": "HTTP", "path": "/"}), probe["httpGet"])


def _requests(container: Json) -> Json:
    """Limits are requests where no others are written."""
    resources = container.get("resources") or EMPTY_MAP
    limits, requests = resources.get("limits") or EMPTY_MAP, resources.get("requests") or EMPTY_MAP
    if all(name in requests for name in limits):
        return container
    both = Map({**limits, **requests})
    return Map({**container, "resources": Map({**resources, "requests": both})})


def _each(tree: Json, name: str, change: Callable[[Json], Json]) -> Json:
    """Return the map with every item of one of its lists changed; the same map where none changes."""
    items = tree.get(name)
    if not items:
        return tree
    changed = [change(item) for item in items]
    if all(map(lambda one, other: one is other, changed, items)):
        return tree
    return Map({**tree, name: Seq(changed)})


def _changed(tree: Json, name: str, change: Callable[[Json], Json], value: Json) -> Json:
    changed = change(value)
    return tree if tree.get(name) is changed else Map({**tree, name: changed})
