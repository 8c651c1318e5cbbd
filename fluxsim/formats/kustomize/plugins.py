"""Transformers and generators configured by objects: `transformers:`, `validators:` and `generators:`.

Only kustomize's own plugins (apiVersion: builtin) run, as in kubectl and in Flux.
Source: kustomize api v0.21.1 internal/plugins/loader/loader.go, internal/builtins/*.go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

from fluxsim.formats.kustomize.errors import KustomizeError
from fluxsim.formats.kustomize.fields import BOOL, MAP, TEXT, TEXTS, FieldError, ListOf, Struct
from fluxsim.formats.kustomize.fieldspecs import FIELD_SPEC, FieldSpecs
from fluxsim.formats.kustomize.files import Root
from fluxsim.formats.kustomize.generators import generated
from fluxsim.formats.kustomize.images import image_step
from fluxsim.formats.kustomize.kustomization import Generator, Image, ObjectMeta, Patch, Replica
from fluxsim.formats.kustomize.kustomizationfile import (
    CONFIG_MAP,
    IMAGE,
    META,
    PATCH_OPTIONS,
    REPLACEMENT,
    REPLICA,
    SECRET,
    SELECTOR,
)
from fluxsim.formats.kustomize.labels import entries_step
from fluxsim.formats.kustomize.names import add_hashes, affix_step
from fluxsim.formats.kustomize.namespaces import namespace_step
from fluxsim.formats.kustomize.patches import json_step, patch_step, strategic_merge_step
from fluxsim.formats.kustomize.replacements import replacement_step
from fluxsim.formats.kustomize.replicas import replica_step
from fluxsim.formats.kustomize.resource import Resource
from fluxsim.formats.kustomize.steps import Step
from fluxsim.formats.kustomize.valueadd import VALUE_ADD, value_add_step
from fluxsim.formats.openapi import Schemas
from fluxsim.formats.tree import EMPTY_MAP, Json


class Surroundings(NamedTuple):
    """Where a plugin is configured: it reads files beside the kustomization that lists it."""

    root: Root
    file: str
    schemas: Schemas | None


Make: TypeAlias = "Callable[[], list[Resource]]"
"""Makes the objects of a generator."""

_Configure: TypeAlias = Callable[[Mapping[str, Any], Surroundings], list[Step]]
_SPECS = {"fieldSpecs": ListOf(FIELD_SPEC)}


def _settings(**arguments: Any) -> Mapping[str, Any]:
    return arguments


def _struct(fields: Mapping[str, Any]) -> Struct[Mapping[str, Any]]:
    """Plugins read their settings leniently: what they do not know, they ignore."""
    return Struct("", _settings, {**fields, "metadata": META}).lenient()


def _specs(settings: Mapping[str, Any]) -> FieldSpecs:
    return FieldSpecs(settings.get("field_specs", ()))


def _patch(settings: Mapping[str, Any]) -> Patch:
    return Patch(
        path=settings.get("path", ""),
        patch=settings.get("patch", "") or settings.get("json_op", ""),
        target=settings.get("target"),
        options=settings.get("options"),
    )


def _namespace(settings: Mapping[str, Any], _: Surroundings) -> list[Step]:
    subjects: Any = settings.get("set_role_binding_subjects") or "defaultOnly"
    if subjects not in {"defaultOnly", "allServiceAccounts", "none"}:
        raise KustomizeError(
            f'invalid value "{subjects}" for setRoleBindingSubjects: must be one of "defaultOnly", "none" or '
            '"allServiceAccounts"'
        )
    namespace = settings.get("metadata", ObjectMeta()).namespace
    unset_only = settings.get("unset_only", False)
    return [namespace_step(namespace, _specs(settings), unset_only=unset_only, subjects=subjects)]


def _affixes(settings: Mapping[str, Any], *, prefix: bool, suffix: bool) -> list[Step]:
    if "field_specs" not in settings:
        raise KustomizeError("fieldSpecs is not expected to be nil")
    steps: list[Step] = []
    if prefix:
        steps.append(affix_step(_specs(settings), prefix=settings.get("prefix", "")))
    if suffix:
        steps.append(affix_step(_specs(settings), suffix=settings.get("suffix", "")))
    return steps


_TRANSFORMERS: Mapping[str, tuple[Struct[Mapping[str, Any]], _Configure]] = {
    "AnnotationsTransformer": (
        _struct({"annotations": MAP, **_SPECS}),
        lambda s, _: [entries_step("AnnotationsTransformer", s.get("annotations", EMPTY_MAP), _specs(s))],
    ),
    "HashTransformer": (_struct({}), lambda _settings, _around: [Step("HashTransformer", add_hashes)]),
    "ImageTagTransformer": (
        _struct({"imageTag": IMAGE, **_SPECS}),
        lambda s, around: [image_step(s.get("image_tag", Image()), _specs(s), around.file)],
    ),
    "LabelTransformer": (
        _struct({"labels": MAP, **_SPECS}),
        lambda s, _: [entries_step("LabelTransformer", s.get("labels", EMPTY_MAP), _specs(s))],
    ),
    "NamespaceTransformer": (
        _struct({"unsetOnly": BOOL, "setRoleBindingSubjects": TEXT, **_SPECS}),
        _namespace,
    ),
    "PatchJson6902Transformer": (
        _struct({"path": TEXT, "jsonOp": TEXT, "target": SELECTOR}),
        lambda s, around: [json_step(_patch(s), around.root, around.file)],
    ),
    "PatchStrategicMergeTransformer": (
        _struct({"paths": TEXTS, "patches": TEXT}),
        lambda s, around: [
            strategic_merge_step(
                s.get("paths", ()), around.root, around.file, around.schemas, inline=s.get("patches", "")
            )
        ],
    ),
    "PatchTransformer": (
        _struct({"path": TEXT, "patch": TEXT, "target": SELECTOR, "options": PATCH_OPTIONS}),
        lambda s, around: [patch_step(_patch(s), around.root, around.file, around.schemas)],
    ),
    "PrefixSuffixTransformer": (
        _struct({"prefix": TEXT, "suffix": TEXT, **_SPECS}),
        lambda s, _: _affixes(s, prefix=True, suffix=True),
    ),
    "PrefixTransformer": (_struct({"prefix": TEXT, **_SPECS}), lambda s, _: _affixes(s, prefix=True, suffix=False)),
    "SuffixTransformer": (_struct({"suffix": TEXT, **_SPECS}), lambda s, _: _affixes(s, prefix=False, suffix=True)),
    "ReplacementTransformer": (
        _struct({"replacements": ListOf(REPLACEMENT)}),
        lambda s, around: [replacement_step(s.get("replacements", ()), around.root, around.file)],
    ),
    "ReplicaCountTransformer": (
        _struct({"replica": REPLICA, **_SPECS}),
        lambda s, _: [replica_step(s.get("replica", Replica()), _specs(s))],
    ),
    "ValueAddTransformer": (_struct(VALUE_ADD), lambda s, around: [value_add_step(s, around.root)]),
}

_IAM = _struct(
    {
        "cloud": TEXT,
        "kubernetesService": Struct("KubernetesService", _settings, {"name": TEXT, "namespace": TEXT}),
        "serviceAccount": Struct("ServiceAccount", _settings, {"name": TEXT, "projectId": TEXT}),
    }
)


def transformer(resource: Resource, around: Surroundings) -> list[Step]:
    """Return what an object under `transformers` configures. Raises KustomizeError."""
    kind = _builtin(resource)
    if kind not in _TRANSFORMERS:
        problem = f"plugin {resource.original} not a transformer" if kind in _GENERATORS else _unknown(resource)
        raise KustomizeError(problem)
    struct, make = _TRANSFORMERS[kind]
    try:
        return make(struct.read(resource.tree), around)
    except (KustomizeError, FieldError) as error:
        raise _failed(resource, error) from error


def generator(resource: Resource, around: Surroundings) -> Make:
    """Return what an object under `generators` makes, when it is called. Raises KustomizeError."""
    kind = _builtin(resource)
    if kind not in _GENERATORS:
        problem = f"plugin {resource.original} not a generator" if kind in _TRANSFORMERS else _unknown(resource)
        raise KustomizeError(problem)
    try:
        return _GENERATORS[kind](resource, around)
    except (KustomizeError, FieldError) as error:
        raise _failed(resource, error) from error


def _builtin(resource: Resource) -> str:
    if resource.gvk.group or resource.gvk.version != "builtin":
        raise KustomizeError(f"external plugins disabled; unable to load external plugin '{resource.kind}'")
    return resource.kind


def _unknown(resource: Resource) -> str:
    return f"unable to load builtin {resource.gvk}"


def _failed(resource: Resource, error: Exception) -> KustomizeError:
    failure = error if isinstance(error, KustomizeError) else KustomizeError(f"error unmarshaling JSON: {error}")
    return failure.within(f"plugin {resource.original} fails configuration")


def _pairs_generator(kind: str, struct: Struct[Generator]) -> Callable[[Resource, Surroundings], Any]:
    lenient = Struct(struct.go_name, _settings, {**struct.fields, "metadata": META}).lenient()

    def make(resource: Resource, around: Surroundings) -> Make:
        settings = dict(lenient.read(resource.tree))
        meta: ObjectMeta = settings.pop("metadata", ObjectMeta())
        settings["name"] = settings.get("name") or meta.name
        settings["namespace"] = settings.get("namespace") or meta.namespace
        entry = Generator(**settings)
        return lambda: [generated(entry, kind, None, around.root, around.file)]

    return make


def _iam_policy(resource: Resource, around: Surroundings) -> Make:
    settings = _IAM.read(resource.tree)
    service: Mapping[str, str] = settings.get("kubernetes_service", {})
    account: Mapping[str, str] = settings.get("service_account", {})

    def make() -> list[Resource]:
        cloud = settings.get("cloud", "")
        if cloud != "gke":
            raise KustomizeError(f"cloud provider {cloud} not supported yet")
        email = f"{account.get('name', '')}@{account.get('project_id', '')}.iam.gserviceaccount.com"
        metadata: dict[str, Json] = {
            "annotations": {"iam.gke.io/gcp-service-account": email},
            "name": service.get("name", ""),
        }
        if service.get("namespace"):
            metadata["namespace"] = service["namespace"]
        return [Resource({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}, around.file)]

    return make


def _helm(resource: Resource, around: Surroundings) -> Make:
    del resource, around
    raise KustomizeError("must specify --enable-helm")


_GENERATORS: Mapping[str, Callable[[Resource, Surroundings], Make]] = {
    "ConfigMapGenerator": _pairs_generator("ConfigMap", CONFIG_MAP),
    "SecretGenerator": _pairs_generator("Secret", SECRET),
    "IAMPolicyGenerator": _iam_policy,
    "HelmChartInflationGenerator": _helm,
}
