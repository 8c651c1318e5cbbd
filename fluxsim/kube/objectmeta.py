"""What the API server writes into metadata by itself: identity, generation, deletion. Pure functions over frozen objects.

Source: kubernetes v1.33 staging/src/k8s.io/apiserver/pkg/registry/rest/{create,update,delete}.go,
pkg/registry/apps/deployment/strategy.go.
"""

from __future__ import annotations

from fluxsim.formats.tree import EMPTY_MAP, Map, evolve, get
from fluxsim.kube.errors import BadRequest
from fluxsim.kube.kinds import Served
from fluxsim.kube.meta import DEPLOYMENT, Kind

_FIXED = (
    "uid",
    "creationTimestamp",
    "generation",
    "resourceVersion",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
)


def born(row: Served, obj: Map, *, uid: str, now: str) -> Map:
    """Return a new object with its identity."""
    metadata = dict(obj["metadata"])
    for name in _FIXED:
        metadata.pop(name, None)
    if not row.namespaced:
        metadata.pop("namespace", None)
    metadata["uid"] = uid
    metadata["creationTimestamp"] = now
    if row.generation:
        metadata["generation"] = 1
    return Map({**obj, "metadata": Map(metadata)})


def continued(old: Map, new: Map) -> Map:
    """Return the new object with the identity of the old one; BadRequest where it bears another name."""
    before, after = old["metadata"], new["metadata"]
    if before is after:
        return new
    if after.get("name", before["name"]) != before["name"]:
        text = f"the name of the object ({after['name']}) does not match the name on the URL ({before['name']})"
        raise BadRequest(text)
    if all(after.get(name) == before.get(name) for name in _FIXED):
        return new
    metadata = {name: value for name, value in after.items() if name not in _FIXED}
    return Map({**new, "metadata": Map(metadata | {name: before[name] for name in _FIXED if name in before})})


def counted(row: Served, old: Map, new: Map) -> Map:
    """Return the new object, its generation one higher where that counts the change."""
    if not row.generation or not _counts(row.kind, old, new):
        return new
    return with_generation(new, get(old, "metadata", "generation", default=0) + 1)


def _counts(kind: Kind, old: Map, new: Map) -> bool:
    """Everything but metadata and status counts; of a Deployment its annotations too, which its ReplicaSets copy."""
    for name in (*old, *(name for name in new if name not in old)):
        if name not in ("metadata", "status") and old.get(name) != new.get(name):
            return True
    if kind != DEPLOYMENT:
        return False
    before = get(old, "metadata", "annotations", default=None) or EMPTY_MAP
    return bool(before != (get(new, "metadata", "annotations", default=None) or EMPTY_MAP))


def dying(row: Served, obj: Map, *, at: str, grace_s: int) -> Map:
    """Return the object as it waits for its end: `at` is when the grace is over."""
    metadata = obj["metadata"] | {"deletionTimestamp": at, "deletionGracePeriodSeconds": grace_s}
    marked = Map({**obj, "metadata": Map(metadata)})
    return (
        with_generation(marked, metadata["generation"] + 1) if row.generation and "generation" in metadata else marked
    )


def with_generation(obj: Map, generation: int) -> Map:
    found: Map = evolve(obj, ("metadata", "generation"), generation)
    return found


def with_version(obj: Map, version: str) -> Map:
    return Map({**obj, "metadata": Map({**obj["metadata"], "resourceVersion": version})})
