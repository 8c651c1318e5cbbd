"""Which changes of which objects wake the image controllers.

Source: image-reflector-controller v1.2.0 (imageRepositoryPredicate), image-automation-controller v1.2.1
(internal/controller/predicate.go and SetupWithManager), fluxcd/pkg runtime v0.110.1 predicates.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias

from fluxsim.formats.tree import Json, get

What: TypeAlias = Literal["create", "update", "delete"]

REQUESTED_AT = "reconcile.fluxcd.io/requestedAt"


def wakes_itself(what: What, old: Json, new: Json) -> bool:
    """Tell whether a change of an object wakes its own controller: a new generation or another request."""
    if what != "update":
        return True
    if get(old, "metadata", "generation") != get(new, "metadata", "generation"):
        return True
    token = _annotations(new).get(REQUESTED_AT)
    return token is not None and token != _annotations(old).get(REQUESTED_AT)


def repository_wakes_policies(what: What, old: Json, new: Json) -> bool:
    """Tell whether a change of an ImageRepository wakes the ImagePolicies that refer to it: another list of tags."""
    if what != "update":
        return True
    revision = get(new, "status", "lastScanResult", "revision")
    return revision is not None and revision != get(old, "status", "lastScanResult", "revision")


def policy_wakes_automations(what: What, old: Json, new: Json) -> bool:
    """Tell whether a change of an ImagePolicy wakes all ImageUpdateAutomations of its namespace: another latestRef."""
    if what != "update":
        return False
    latest = get(new, "status", "latestRef")
    return latest is not None and not same_reference(latest, get(old, "status", "latestRef"))


def source_wakes_automations(what: What, old: Json, new: Json) -> bool:
    """Tell whether a change of a GitRepository wakes the ImageUpdateAutomations that refer to it: another spec."""
    return what == "update" and get(old, "metadata", "generation") != get(new, "metadata", "generation")


def same_reference(one: Json, other: Json) -> bool:
    """Tell whether two image references are equal; a missing field is an empty one."""
    if one is None or other is None:
        return one is other
    return all((one.get(key) or "") == (other.get(key) or "") for key in ("name", "tag", "digest"))


def observed_policies_changed(observed: Mapping[str, Json], current: Mapping[str, Json]) -> bool:
    """Tell whether the policies of an automation elected other images since its last success, or are others."""
    return len(observed) != len(current) or any(
        name not in observed or not same_reference(observed[name], reference) for name, reference in current.items()
    )


def elected_policies(policies: Iterable[Json], namespace: str) -> list[Json]:
    """Return the policies of the namespace that have elected an image; ready, suspended or not.

    Which of them a policySelector takes is a matter of formats.labelselector.
    """
    return [
        policy
        for policy in policies
        if policy["metadata"]["namespace"] == namespace and get(policy, "status", "latestRef") is not None
    ]


def _annotations(obj: Json) -> Mapping[str, str]:
    found: Mapping[str, str] | None = get(obj, "metadata", "annotations")
    return found or {}
