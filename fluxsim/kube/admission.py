"""What the API server fills in and refuses when an object is written.

Flux's kinds go through the schemas of their CRDs; of Kubernetes' own kinds the workloads of a lab are known
(defaults and rules of pkg/apis/{apps,core}/v1 defaults.go and validation.go, v1.33). Everything else is stored as it is.
What was there before and did not change is not looked at again: templates are shared by reference.
"""

from __future__ import annotations

from collections.abc import Callable

from fluxsim.formats import crdschema
from fluxsim.formats.byidentity import ByIdentity
from fluxsim.formats.crdschema import definition
from fluxsim.formats.tree import EMPTY_MAP, Json, Map, evolve, get
from fluxsim.kube import poddefaults, workloadrules
from fluxsim.kube.errors import Invalid
from fluxsim.kube.meta import Kind, kind_of
from fluxsim.kube.poddefaults import filled


def admit(new: Json, old: Json) -> Json:
    """Return the object with its defaults; Invalid where it breaks a rule. `old` is None on creation."""
    kind = kind_of(new)
    rule = _RULES.get(kind)
    if rule is not None:
        return new if old is not None and _same_content(new, old) else rule(new, old)
    if definition(new["apiVersion"], kind.name) is None or (old is not None and _same_content(new, old)):
        return new
    return _admit_flux(new)


_ADMITTED_MAX = 1024
_admitted: ByIdentity[Json] = ByIdentity(_ADMITTED_MAX)
"""What is tried before it is applied, in this world and in others that begin the same."""


def _same_content(new: Json, old: Json) -> bool:
    """Return whether only metadata and status differ: what was admitted once needs no second look."""
    if len(new) != len(old):
        return False
    for name, value in old.items():
        mine = new.get(name)
        if mine is not value and name not in ("metadata", "status") and mine != value:
            return False
    return True


def _admit_flux(new: Json) -> Json:
    if not isinstance(new.get("spec"), dict) and definition(new["apiVersion"], new["kind"]) is not None:
        # the CRDs let an object without a spec through, and its controller then fails on it: see docs/differences.md
        raise Invalid.of(kind_of(new), new["metadata"]["name"], [("spec", "Required value")])
    known = _admitted.find((new,))
    if known is not None:
        return known
    try:
        return _admitted.add(crdschema.admit(new).object, (new,))
    except crdschema.Invalid as error:
        details = [{"field": cause.field, "message": cause.message} for cause in error.causes]
        raise Invalid(str(error), details={"causes": details}) from error


# -- Kubernetes' own kinds

_DEPLOYMENT_DEFAULTS = {"replicas": 1, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600}
_ROLLING_DEFAULTS = {"maxUnavailable": "25%", "maxSurge": "25%"}
_SERVICE_DEFAULTS = {"type": "ClusterIP", "sessionAffinity": "None", "internalTrafficPolicy": "Cluster"}


def _deployment(new: Json, old: Json) -> Json:
    spec = filled(new.get("spec") or EMPTY_MAP, _DEPLOYMENT_DEFAULTS)
    strategy = filled(spec.get("strategy") or EMPTY_MAP, {"type": "RollingUpdate"})
    if strategy["type"] == "RollingUpdate":
        rolling = filled(strategy.get("rollingUpdate") or EMPTY_MAP, _ROLLING_DEFAULTS)
        strategy = _with(strategy, "rollingUpdate", rolling)
    spec = _with_template(_with(spec, "strategy", strategy), old)
    causes = [*workloadrules.of_workload(spec, old), *workloadrules.of_rollout(spec)]
    return _checked(_with(new, "spec", spec), Kind("Deployment", "apps"), old, causes)


def _replica_set(new: Json, old: Json) -> Json:
    spec = _with_template(filled(new.get("spec") or EMPTY_MAP, {"replicas": 1}), old)
    return _checked(_with(new, "spec", spec), Kind("ReplicaSet", "apps"), old, workloadrules.of_workload(spec, old))


def _pod(new: Json, old: Json) -> Json:
    if old is not None and new["spec"].get("containers") is old["spec"].get("containers"):
        return new
    spec = poddefaults.pod(new.get("spec") or EMPTY_MAP)
    causes = [] if old is not None else workloadrules.of_pod(spec, "spec")
    new = _checked(_with(new, "spec", spec), Kind("Pod"), old, causes)
    if old is None:
        new = evolve(new, ("status",), {"phase": "Pending", "qosClass": poddefaults.quality(spec)})
    return new


def _service(new: Json, _old: Json) -> Json:
    spec = filled(new.get("spec") or EMPTY_MAP, _SERVICE_DEFAULTS)
    if spec.get("ports"):
        ports = [filled(port, {"protocol": "TCP", "targetPort": port.get("port")}) for port in spec["ports"]]
        spec = evolve(spec, ("ports",), ports)
    return _with(new, "spec", spec)


def _namespace(new: Json, old: Json) -> Json:
    name = new["metadata"]["name"]
    labels = (get(new, "metadata", "labels", default=None) or EMPTY_MAP) | {"kubernetes.io/metadata.name": name}
    new = evolve(new, ("metadata", "labels"), labels)
    new = _with(new, "spec", filled(new.get("spec") or EMPTY_MAP, {"finalizers": ["kubernetes"]}))
    return new if old is not None else evolve(new, ("status",), {"phase": "Active"})


def _with_template(spec: Json, old: Json) -> Json:
    template = spec.get("template") or EMPTY_MAP
    if old is not None and template is old["spec"]["template"]:
        return spec
    return _with(spec, "template", poddefaults.template(template))


def _checked(new: Json, kind: Kind, old: Json, causes: workloadrules.Causes) -> Json:
    if old is None:
        causes = [*workloadrules.of_name(new["metadata"]["name"]), *causes]
    if causes:
        raise Invalid.of(kind, new["metadata"]["name"], causes)
    return new


def _with(tree: Json, name: str, value: Json) -> Json:
    """Return the map with that value; the same map where it has it already."""
    return tree if tree.get(name) is value else Map({**tree, name: value})


_RULES: dict[Kind, Callable[[Json, Json], Json]] = {
    Kind("Deployment", "apps"): _deployment,
    Kind("ReplicaSet", "apps"): _replica_set,
    Kind("Pod"): _pod,
    Kind("Service"): _service,
    Kind("Namespace"): _namespace,
}
