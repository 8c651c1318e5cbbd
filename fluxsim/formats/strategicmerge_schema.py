"""How a strategic merge patch treats each field of a kind: patch strategies and merge keys of Kubernetes' Go structs.

The fields and their types are those of listtypes; what the patch needs beyond them is here.
Source: Kubernetes 1.37, k8s.io/api */types.go and apimachinery meta/v1/types.go (tags patchStrategy, patchMergeKey);
apimachinery util/strategicpatch/meta.go for looking up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import NamedTuple

from fluxsim.formats import listtypes
from fluxsim.formats.listtypes import Type
from fluxsim.formats.strategicmerge_values import StrategicMergeError

_CONDITIONS = {"conditions": "merge type"}
_CONTAINER = {
    "env": "merge name",
    "ports": "merge containerPort",
    "volumeDevices": "merge devicePath",
    "volumeMounts": "merge mountPath",
}

STRATEGIES: Mapping[str, Mapping[str, str]] = {
    "Container": _CONTAINER,
    "ContainerStatus": {"allocatedResourcesStatus": "merge name", "volumeMounts": "merge mountPath"},
    "DaemonSetStatus": _CONDITIONS,
    "DeploymentSpec": {"strategy": "retainKeys"},
    "DeploymentStatus": _CONDITIONS,
    "EphemeralContainer": _CONTAINER,
    "JobSchedulingConfiguration": {"resourceClaims": "merge name"},
    "JobStatus": _CONDITIONS,
    "MutatingWebhook": {"matchConditions": "merge name"},
    "MutatingWebhookConfiguration": {"webhooks": "merge name"},
    "NamespaceStatus": _CONDITIONS,
    "NodeAllocatableResourceClaimStatus": {"mapping": "merge name", "overhead": "merge name"},
    "NodeSpec": {"podCIDRs": "merge"},
    "NodeStatus": {"addresses": "merge type", "conditions": "merge type"},
    "ObjectMeta": {"finalizers": "merge", "ownerReferences": "merge uid"},
    "PersistentVolumeClaimStatus": _CONDITIONS,
    "PodDisruptionBudgetSpec": {"selector": "replace"},
    "PodDisruptionBudgetStatus": _CONDITIONS,
    "PodSpec": {
        "containers": "merge name",
        "ephemeralContainers": "merge name",
        "evictionResponders": "merge name",
        "hostAliases": "merge ip",
        "imagePullSecrets": "merge name",
        "initContainers": "merge name",
        "resourceClaims": "merge,retainKeys name",
        "schedulingGates": "merge name",
        "topologySpreadConstraints": "merge topologyKey",
        "volumes": "merge,retainKeys name",
    },
    "PodStatus": {
        "conditions": "merge type",
        "hostIPs": "merge ip",
        "nodeAllocatableResourceClaimStatuses": "merge resourceClaimName",
        "podIPs": "merge ip",
        "resourceClaimStatuses": "merge,retainKeys name",
    },
    "PodVolumeHealth": {"healthConditions": "merge status"},
    "ReplicaSetStatus": _CONDITIONS,
    "ReplicationControllerStatus": _CONDITIONS,
    "ServiceAccount": {"secrets": "merge name"},
    "ServiceSpec": {"ports": "merge port"},
    "ServiceStatus": _CONDITIONS,
    "StatefulSetStatus": _CONDITIONS,
    "ValidatingAdmissionPolicySpec": {"matchConditions": "merge name", "variables": "merge name"},
    "ValidatingWebhook": {"matchConditions": "merge name"},
    "ValidatingWebhookConfiguration": {"webhooks": "merge name"},
    "VolumeHealthStatus": {"healthConditions": "merge status"},
    "autoscaling.v2.HorizontalPodAutoscalerStatus": _CONDITIONS,
}
"""Patch strategies and merge key by type (as listtypes names it) and field. The key is one field even where
server-side apply tells elements apart by two (ports of the same number and another protocol count as the same)."""

_KINDS_OF_SCALARS = {"string": "string", "numeric": "int32", "boolean": "bool", "bytes": "slice"}
_STRUCTS = {"quantity": "Quantity", "intstr": "IntOrString", "time": "Time", "duration": "Duration"}


class Schema:
    """A Go type as far as patches look at it: its kind, its name, and the fields if it is a struct.

    `fields` is called when they are first needed, so that types can hold themselves.
    """

    __slots__ = ("_fields", "_make", "element", "kind", "name", "pointer")

    def __init__(
        self,
        kind: str,
        name: str = "",
        *,
        element: Schema | None = None,
        pointer: bool = False,
        fields: Callable[[], Mapping[str, Field]] = dict,
    ) -> None:
        self.kind = kind
        self.name = name
        self.element = element
        self.pointer = pointer
        self._make = fields
        self._fields: Mapping[str, Field] | None = None

    @property
    def fields(self) -> Mapping[str, Field]:
        if self._fields is None:
            self._fields = self._make()
        return self._fields

    def field(self, name: str) -> Field:
        """Return how a field is patched that holds a map.

        Raises StrategicMergeError for a field that the type does not have, or a type without fields.
        """
        if self.kind != "struct":
            raise StrategicMergeError(f"merging an object in json but data type is not struct, instead is: {self.kind}")
        found = self.fields.get(name)
        if found is None:
            # JSON's names are matched without case where no field has exactly this one.
            folded = name.lower()
            found = next((field for known, field in self.fields.items() if known.lower() == folded), None)
        if found is None:
            raise StrategicMergeError(f'unable to find api field in struct {self.name} for the json field "{name}"')
        return found

    def list_field(self, name: str) -> Field:
        """Return how a field is patched that holds a list; its schema is that of the elements.

        Raises StrategicMergeError as `field` does, and for a field that is no list.
        """
        found = self.field(name)
        if found.schema.element is not None and found.schema.kind == "slice":
            return found._replace(schema=found.schema.element)
        if found.schema.pointer:
            return found
        kind = "ptr" if self.pointer else self.kind
        raise StrategicMergeError(f"expected slice or array type, but got: {kind}")


class Field(NamedTuple):
    """A field: its type, `merge`, `replace` or nothing, whether its keys are retained by name, and its merge key."""

    schema: Schema
    strategy: str = ""
    retain_keys: bool = False
    merge_key: str = ""

    @classmethod
    def worded(cls, schema: Schema, words: str = "") -> Field:
        """Read `merge,retainKeys name`: the strategies, then the merge key if there is one."""
        strategies, _, key = words.partition(" ")
        names = strategies.split(",")
        strategy = next((name for name in names if name != "retainKeys"), "")
        return cls(schema, strategy, "retainKeys" in names, key)


@cache
def built_in(api_version: str, kind: str) -> Schema | None:
    """Return the schema of a kind of Kubernetes' own; None for others, which have no strategic merge patch."""
    found = listtypes.native_type(api_version, kind)
    return None if found is None else _schema(found, pointer=False)


def _schema(type_: Type, *, pointer: bool) -> Schema:
    if type_.form == "scalar":
        if type_.scalar in _STRUCTS:
            return Schema("struct", _STRUCTS[type_.scalar], pointer=pointer)
        return Schema(_KINDS_OF_SCALARS[type_.scalar], pointer=pointer)
    if type_.form == "any":
        return Schema("struct", "RawExtension", pointer=pointer)
    if type_.form == "list":
        assert type_.element is not None, "a list type has elements"
        return Schema("slice", element=_schema(type_.element, pointer=False))
    if type_.name:
        return _struct(type_, pointer=pointer)
    return Schema("map")


@cache
def _struct(type_: Type, *, pointer: bool) -> Schema:
    words = STRATEGIES.get(type_.name, {})

    def fields() -> Mapping[str, Field]:
        return {
            name: Field.worded(_schema(field.type, pointer=not field.written), words.get(name, ""))
            for name, field in type_.fields.items()
        }

    return Schema("struct", type_.name.rpartition(".")[2], pointer=pointer, fields=fields)
