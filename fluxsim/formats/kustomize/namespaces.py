"""`namespace`: every object that can be in a namespace goes into one.

Source: kustomize api v0.21.1 internal/builtins/NamespaceTransformer.go, filters/namespace/namespace.go.
"""

from __future__ import annotations

from collections import Counter
from typing import Literal, TypeAlias

from fluxsim.formats.gojson import compact
from fluxsim.formats.kustomize.collection import Collection
from fluxsim.formats.kustomize.errors import KustomizeError
from fluxsim.formats.kustomize.fieldspecs import FieldSpec, FieldSpecs, Setter, WalkError, set_field, wrong_kind
from fluxsim.formats.kustomize.identity import Gvk
from fluxsim.formats.kustomize.resource import Resource
from fluxsim.formats.kustomize.scalars import text_of
from fluxsim.formats.kustomize.steps import Step
from fluxsim.formats.tree import Json

Subjects: TypeAlias = Literal["defaultOnly", "allServiceAccounts", "none"]
"""Whose namespace is set in the subjects of role bindings: that of the one called default, of all, or of none."""

_METADATA = FieldSpec(Gvk(), "metadata/namespace", create=True)
_BINDINGS = frozenset(["RoleBinding", "ClusterRoleBinding"])


def namespace_step(
    namespace: str, specs: FieldSpecs, *, unset_only: bool = False, subjects: Subjects = "defaultOnly"
) -> Step:
    """Return the transformer. Raises, when it runs, KustomizeError for two objects that would be one."""

    def run(objects: Collection) -> None:
        if not namespace:
            return
        ids = Counter(resource.identity.key for resource in objects)
        for resource in objects:
            before = resource.identity.key
            resource.remember()
            set_namespace(resource, namespace, specs, unset_only=unset_only, subjects=subjects)
            after = resource.identity
            ids[before] -= 1
            ids[after.key] += 1
            if ids[after.key] > 1:
                shown = " ".join(compact(other.shown()) for other in objects.by_current_id(after))
                raise KustomizeError(f"namespace transformation produces ID conflict: [{shown}]")

    return Step("NamespaceTransformer", run)


def set_namespace(
    resource: Resource, namespace: str, specs: FieldSpecs, *, unset_only: bool, subjects: Subjects
) -> None:
    """Put the object, and what the specs name in it, into the namespace. Raises KustomizeError."""

    def put(value: Json) -> Json:
        if isinstance(value, dict | list):
            raise WalkError(wrong_kind("ScalarNode", value))
        return value if unset_only and value else namespace

    identity = resource.identity
    gvk = identity.gvk
    if not identity.cluster_scoped:
        set_field(resource, _METADATA, put, "text")
    if gvk.kind in _BINDINGS:
        _set_subjects(resource.tree.get("subjects"), put, subjects)
    for spec in specs.of(gvk):
        if spec.path == "metadata/namespace" or (spec.path == "metadata/name" and gvk.api_version != "v1"):
            continue
        if gvk.kind in _BINDINGS and spec.gvk.kind in _BINDINGS and spec.path == "subjects/namespace":
            continue
        try:
            set_field(resource, spec, put, "text")
        except KustomizeError as error:
            scalar = "expected ScalarNode but got" in str(error)
            failure = "namespace field specs must target scalar nodes" if scalar else "namespace transformation failed"
            raise error.within(failure) from error


def _set_subjects(entries: Json, put: Setter, subjects: Subjects) -> None:
    if subjects == "none" or entries is None:
        return
    if not isinstance(entries, list):
        text = f"setting namespace on (cluster)role binding subjects: {wrong_kind('SequenceNode', entries)}"
        raise KustomizeError(text)
    for entry in entries:
        if not isinstance(entry, dict):
            continue
        if subjects == "defaultOnly":
            wanted = text_of(entry.get("name")) == "default"
        else:
            wanted = text_of(entry.get("kind")) == "ServiceAccount"
        if wanted:
            entry["namespace"] = put(entry.get("namespace"))
