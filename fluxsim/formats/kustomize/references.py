"""Name references: a Deployment follows the ConfigMap that got a prefix or a hash.

Runs once, when all names are final. A reference is followed only to an object whose name has changed in the build;
several candidates are told apart by namespace and by the prefixes and suffixes that they went through.
Source: kustomize api v0.21.1 internal/accumulator/namereferencetransformer.go, filters/nameref/nameref.go,
resmap/reswrangler.go (`SubsetThatCouldBeReferencedByResource`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fluxsim.formats.goyaml_write import dump
from fluxsim.formats.kustomize.collection import Collection
from fluxsim.formats.kustomize.config import NameReferences
from fluxsim.formats.kustomize.errors import KustomizeError
from fluxsim.formats.kustomize.fieldspecs import FieldSpec, WalkError, set_field
from fluxsim.formats.kustomize.identity import NO_NAMESPACE, Gvk
from fluxsim.formats.kustomize.resource import Resource
from fluxsim.formats.kustomize.scalars import text_of
from fluxsim.formats.tree import Json


def fix_references(objects: Collection, references: NameReferences) -> None:
    """Bring the references of all objects up to date. Raises KustomizeError."""
    for referrer in objects:
        rules = references.of(Gvk(referrer.gvk.group, referrer.gvk.version, referrer.original.gvk.kind))
        reachable = _reachable(referrer, objects.resources)
        for target, spec in rules:
            _Reference(referrer, target, spec, reachable).fix()


def _reachable(referrer: Resource, resources: Sequence[Resource]) -> list[Resource]:
    """Return the objects that the referrer may name at all."""
    identity = referrer.identity
    if identity.cluster_scoped:
        return list(resources)
    namespaces = _bound_namespaces(referrer)
    own = identity.effective_namespace
    return [
        resource
        for resource in resources
        if resource.identity.cluster_scoped
        or resource.identity.effective_namespace == own
        or resource.namespace in namespaces
    ]


def _bound_namespaces(referrer: Resource) -> frozenset[str]:
    """Return the namespaces of the ServiceAccounts that a RoleBinding names."""
    subjects = referrer.tree.get("subjects")
    if referrer.kind != "RoleBinding" or not isinstance(subjects, list):
        return frozenset()
    found: list[str] = []
    for subject in subjects:
        if isinstance(subject, dict) and "namespace" in subject and subject.get("kind") == "ServiceAccount":
            if not isinstance(subject["namespace"], str):
                raise KustomizeError(f'Invalid Input: namespace is blank for resource "{referrer.identity}"\n')
            found.append(subject["namespace"])
    return frozenset(found)


class _Reference:
    """One field of one object that may hold the name of an object of one kind."""

    __slots__ = ("candidates", "referrer", "spec", "target")

    def __init__(self, referrer: Resource, target: Gvk, spec: FieldSpec, candidates: list[Resource]) -> None:
        self.referrer = referrer
        self.target = target
        self.spec = spec
        self.candidates = candidates

    def fix(self) -> None:
        try:
            set_field(self.referrer.tree, self.spec, self._put, self.referrer.identity)
        except KustomizeError as error:
            field, identity = self.spec.path, self.referrer.identity
            raise error.within(f"updating name reference in '{field}' field of '{identity}'") from error

    def _put(self, value: Json) -> Json:
        if value is None:
            return value
        if isinstance(value, list):
            for at, item in enumerate(value):
                if isinstance(item, list):
                    raise WalkError("is expected to be either a string or a map of string")
                value[at] = self._put(item)
            return value
        if isinstance(value, dict):
            self._put_map(value)
            return value
        name = text_of(value)
        referral = self._referral(name, self.candidates, lambda resource: (resource.name,))
        return value if referral is None or referral.name == name else referral.name

    def _put_map(self, entries: dict[str, Json]) -> None:
        """Fix a map with `name` and perhaps `namespace`: both follow."""
        if "name" not in entries:
            raise WalkError("path config error; no 'name' field in node")
        name = text_of(entries["name"])
        candidates = self._of_namespace(entries)
        referral = self._referral(name, candidates, lambda resource: (resource.name, resource.namespace))
        if referral is None or (referral.name == name and not referral.namespace):
            return
        entries["name"] = referral.name
        if referral.namespace:
            entries["namespace"] = referral.namespace

    def _of_namespace(self, entries: dict[str, Json]) -> list[Resource]:
        if "namespace" not in entries:
            return self.candidates
        namespace = text_of(entries["namespace"])
        for at_first in (True, False):
            found = [resource for resource in self.candidates if _grouped_in(resource, at_first=at_first) == namespace]
            if found:
                return found
        return []

    def _referral(
        self, name: str, candidates: list[Resource], facts: Callable[[Resource], tuple[str, ...]]
    ) -> Resource | None:
        """Return the object that the name means; candidates with the same `facts` are as good as one."""
        found = [
            resource
            for resource in candidates
            if any(previous[1] == name for previous in resource.previous)
            and _was(resource, self.target)
            and self._fits_role(resource)
            and self._near(resource)
        ]
        if len(found) == 1:
            return found[0]
        for lenient in (True, False):
            if lenient or len(found) > 1:
                found = [resource for resource in found if resource.same_name_changes(self.referrer, lenient=lenient)]
        if not found:
            return None
        if len({facts(resource) for resource in found}) == 1:
            return found[0]
        ids = ", ".join(str(resource.identity) for resource in found)
        raise WalkError(f"found multiple possible referrals: {ids}\n{self._details(found)}")

    def _fits_role(self, resource: Resource) -> bool:
        if not self.spec.path.endswith("roleRef/name"):
            return True
        role = self.referrer.tree.get("roleRef")
        if not isinstance(role, dict) or role.get("apiGroup") is None or role.get("kind") is None:
            return True
        return _was(resource, Gvk(text_of(role["apiGroup"]), "", text_of(role["kind"])))

    def _near(self, resource: Resource) -> bool:
        """Return whether the object is in the referrer's namespace, or one that may be named from everywhere."""
        identity = self.referrer.identity
        other = resource.identity
        return (
            identity.cluster_scoped
            or other.cluster_scoped
            or resource.kind == "ServiceAccount"
            or identity.effective_namespace == other.effective_namespace
        )

    def _details(self, found: Sequence[Resource]) -> str:
        lines = [f"\n**** Too many possible referral targets to referrer:\n{dump(self.referrer.shown())}\n"]
        lines += [f"--- possible referral {at}:\n{dump(resource.shown())}\n" for at, resource in enumerate(found)]
        return "".join(lines)


def _was(resource: Resource, gvk: Gvk) -> bool:
    group, version, _ = resource.gvk
    return any(Gvk(group, version, kind).selected_by(gvk) for kind, _, _ in resource.previous)


def _grouped_in(resource: Resource, *, at_first: bool) -> str | None:
    """Return the namespace that the object had at first, or has; None for one that has none."""
    identity = resource.original if at_first else resource.identity
    namespace = identity.effective_namespace
    return None if namespace == NO_NAMESPACE else namespace
