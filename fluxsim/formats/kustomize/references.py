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


class _Candidate:
    """An object that may be referred to, with what does not change any more."""

    __slots__ = ("identity", "kinds", "names", "namespace", "resource")

    def __init__(self, resource: Resource) -> None:
        self.resource = resource
        self.identity = resource.identity
        self.namespace = self.identity.effective_namespace
        self.names = frozenset(name for _, name, _ in resource.previous)
        group, version, _ = self.identity.gvk
        self.kinds = [Gvk(group, version, kind) for kind, _, _ in resource.previous]

    def was(self, gvk: Gvk) -> bool:
        return any(kind.selected_by(gvk) for kind in self.kinds)

    def grouped_in(self, *, at_first: bool) -> str | None:
        """Return the namespace that the object had at first, or has; None for one that has none."""
        namespace = self.resource.original.effective_namespace if at_first else self.namespace
        return None if namespace == NO_NAMESPACE else namespace


def fix_references(objects: Collection, references: NameReferences) -> None:
    """Bring the references of all objects up to date. Raises KustomizeError."""
    candidates = [_Candidate(resource) for resource in objects]
    for referrer in candidates:
        group, version, kind = referrer.identity.gvk
        if referrer.kinds:
            kind = referrer.kinds[0].kind
        rules = references.of(Gvk(group, version, kind))
        if rules:
            reachable = _reachable(referrer, candidates)
            for target, spec in rules:
                _Reference(referrer, target, spec, reachable).fix()


def _reachable(referrer: _Candidate, candidates: list[_Candidate]) -> list[_Candidate]:
    """Return the objects that the referrer may name at all."""
    if referrer.identity.cluster_scoped:
        return candidates
    namespaces = _bound_namespaces(referrer)
    own = referrer.namespace
    return [
        candidate
        for candidate in candidates
        if candidate.namespace == own or candidate.identity.cluster_scoped or candidate.identity.namespace in namespaces
    ]


def _bound_namespaces(referrer: _Candidate) -> frozenset[str]:
    """Return the namespaces of the ServiceAccounts that a RoleBinding names."""
    subjects = referrer.resource.tree.get("subjects")
    if referrer.identity.gvk.kind != "RoleBinding" or not isinstance(subjects, list):
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

    def __init__(self, referrer: _Candidate, target: Gvk, spec: FieldSpec, candidates: list[_Candidate]) -> None:
        self.referrer = referrer
        self.target = target
        self.spec = spec
        self.candidates = candidates

    def fix(self) -> None:
        try:
            set_field(self.referrer.resource, self.spec, self._put)
        except KustomizeError as error:
            field = self.spec.path
            raise error.within(f"updating name reference in '{field}' field of '{self.referrer.identity}'") from error

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
        referral = self._referral(name, self.candidates, lambda candidate: (candidate.identity.name,))
        return value if referral is None or referral.identity.name == name else referral.identity.name

    def _put_map(self, entries: dict[str, Json]) -> None:
        """Fix a map with `name` and perhaps `namespace`: both follow."""
        if "name" not in entries:
            raise WalkError("path config error; no 'name' field in node")
        name = text_of(entries["name"])
        referral = self._referral(
            name,
            self._of_namespace(entries),
            lambda candidate: (candidate.identity.name, candidate.identity.namespace),
        )
        if referral is None or (referral.identity.name == name and not referral.identity.namespace):
            return
        entries["name"] = referral.identity.name
        if referral.identity.namespace:
            entries["namespace"] = referral.identity.namespace

    def _of_namespace(self, entries: dict[str, Json]) -> list[_Candidate]:
        if "namespace" not in entries:
            return self.candidates
        namespace = text_of(entries["namespace"])
        for at_first in (True, False):
            found = [candidate for candidate in self.candidates if candidate.grouped_in(at_first=at_first) == namespace]
            if found:
                return found
        return []

    def _referral(
        self, name: str, candidates: list[_Candidate], facts: Callable[[_Candidate], tuple[str, ...]]
    ) -> _Candidate | None:
        """Return the object that the name means; candidates with the same `facts` are as good as one."""
        found = [
            candidate
            for candidate in candidates
            if name in candidate.names
            and candidate.was(self.target)
            and self._fits_role(candidate)
            and self._near(candidate)
        ]
        if len(found) == 1:
            return found[0]
        for lenient in (True, False):
            if lenient or len(found) > 1:
                found = [candidate for candidate in found if self._changed_alike(candidate, lenient=lenient)]
        if not found:
            return None
        if len({facts(candidate) for candidate in found}) == 1:
            return found[0]
        ids = ", ".join(str(candidate.identity) for candidate in found)
        raise WalkError(f"found multiple possible referrals: {ids}\n{self._details(found)}")

    def _changed_alike(self, candidate: _Candidate, *, lenient: bool) -> bool:
        return candidate.resource.same_name_changes(self.referrer.resource, lenient=lenient)

    def _fits_role(self, candidate: _Candidate) -> bool:
        if not self.spec.path.endswith("roleRef/name"):
            return True
        role = self.referrer.resource.tree.get("roleRef")
        if not isinstance(role, dict) or role.get("apiGroup") is None or role.get("kind") is None:
            return True
        return candidate.was(Gvk(text_of(role["apiGroup"]), "", text_of(role["kind"])))

    def _near(self, candidate: _Candidate) -> bool:
        """Return whether the object is in the referrer's namespace, or one that may be named from everywhere."""
        return (
            self.referrer.identity.cluster_scoped
            or candidate.identity.cluster_scoped
            or candidate.identity.gvk.kind == "ServiceAccount"
            or candidate.namespace == self.referrer.namespace
        )

    def _details(self, found: Sequence[_Candidate]) -> str:
        referrer = dump(self.referrer.resource.shown())
        lines = [f"\n**** Too many possible referral targets to referrer:\n{referrer}\n"]
        lines += [f"--- possible referral {at}:\n{dump(c.resource.shown())}\n" for at, c in enumerate(found)]
        return "".join(lines)
