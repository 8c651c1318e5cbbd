"""`replicas`: the replica count of a workload by name.

Source: kustomize api v0.21.1 internal/builtins/ReplicaCountTransformer.go, filters/replicacount.
"""

from __future__ import annotations

from collections.abc import Callable

from fluxsim.formats.kustomize.collection import Collection
from fluxsim.formats.kustomize.errors import KustomizeError
from fluxsim.formats.kustomize.fieldspecs import FieldSpecs, WalkError, set_field, wrong_kind
from fluxsim.formats.kustomize.identity import Gvk, Identity
from fluxsim.formats.kustomize.kustomization import Replica
from fluxsim.formats.kustomize.steps import Step
from fluxsim.formats.tree import Json


def replica_step(entry: Replica, specs: FieldSpecs) -> Step:
    """Return the transformer for an entry."""

    def set_count(value: Json) -> Json:
        if isinstance(value, dict | list):
            raise WalkError(wrong_kind("ScalarNode", value))
        return entry.count

    def named(gvk: Gvk) -> Callable[[Identity], bool]:
        return lambda identity: identity.name == entry.name and identity.gvk.selected_by(gvk)

    def run(objects: Collection) -> None:
        found = False
        for spec in specs.specs:
            for resource in objects.by_any_id(named(spec.gvk)):
                found = True
                if resource.gvk.selected_by(spec.gvk):
                    set_field(resource, spec, set_count, "text")
        if not found:
            kinds = " ".join(str(spec.gvk) for spec in specs.specs)
            raise KustomizeError(
                f"resource with name {entry.name} does not match a config with the following GVK [{kinds}]"
            )

    return Step("ReplicaCountTransformer", run)
