"""The objects of a build in order, and how they are found by id and by selector.

Source: kustomize api v0.21.1 resmap/reswrangler.go, types/selector.go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import TypeAlias

from fluxsim.formats.goregex import InvalidRegex, compiled
from fluxsim.formats.kustomize.errors import KustomizeError
from fluxsim.formats.kustomize.identity import Identity
from fluxsim.formats.kustomize.kustomization import Selector
from fluxsim.formats.kustomize.resource import Resource
from fluxsim.formats.selectortext import InvalidSelectorText, SelectorText, parsed

Pattern: TypeAlias = Callable[[str], bool]


class Collection:
    """Objects with distinct ids."""

    __slots__ = ("resources",)

    def __init__(self, resources: Iterable[Resource] = ()) -> None:
        self.resources = list(resources)

    def __iter__(self) -> Iterator[Resource]:
        return iter(self.resources)

    def append_all(self, resources: Iterable[Resource]) -> None:
        """Add objects. Raises KustomizeError when an id is taken; those before it have been added then."""
        taken = {resource.identity.key for resource in self.resources}
        for resource in resources:
            identity = resource.identity
            key = identity.key
            if key in taken:
                raise KustomizeError(f"may not add resource with an already registered id: {identity}")
            taken.add(key)
            self.resources.append(resource)

    def drop_empty(self) -> None:
        """Leave out objects of which a patch has left nothing."""
        if not all(resource.tree for resource in self.resources):
            self.resources = [resource for resource in self.resources if resource.tree]

    def by_current_id(self, identity: Identity) -> list[Resource]:
        key = identity.key
        return [resource for resource in self.resources if resource.identity.key == key]

    def by_any_id(self, matches: Callable[[Identity], bool]) -> list[Resource]:
        """Return the objects that have, or had, an id that matches."""
        return [
            resource
            for resource in self.resources
            if resource.tree
            and any(matches(identity) for identity in (*resource.previous_identities, resource.identity))
        ]

    def one(self, identity: Identity) -> Resource:
        """Return the one object that has, or had, the id. Raises KustomizeError."""
        key = identity.key
        found = self.by_any_id(lambda other: other.key == key)
        if len(found) == 1:
            return found[0]
        many = "multiple" if found else "no"
        raise KustomizeError(f"{many} matches for Id {identity}; failed to find unique target for patch {identity}")

    def select(self, selector: Selector) -> list[Resource]:
        """Return the objects that a selector means. Raises KustomizeError for one that cannot be read."""
        return [resource for resource in self.resources if selects(selector, resource)]


@lru_cache(maxsize=1024)
def pattern(expression: str) -> Pattern:
    """Return a test for a whole text; an empty expression takes everything. Raises KustomizeError."""
    if not expression:
        return lambda _: True
    if expression.replace("-", "").isalnum() and expression.isascii():
        return expression.__eq__
    try:
        return compiled(f"^(?:{expression})$").matches
    except InvalidRegex as error:
        raise KustomizeError(str(error)) from error


def matches_gvk(selector: Selector, identity: Identity) -> bool:
    gvk = identity.gvk
    return (
        pattern(selector.group)(gvk.group)
        and pattern(selector.version)(gvk.version)
        and pattern(selector.kind)(gvk.kind)
    )


def selects(selector: Selector, resource: Resource) -> bool:
    """Return whether the selector means the object, by its first or its current name and namespace."""
    current, original = resource.identity, resource.original
    namespace, name = pattern(selector.namespace), pattern(selector.name)
    if not namespace(original.effective_namespace) and not namespace(current.effective_namespace):
        return False
    if not name(original.name) and not name(current.name):
        return False
    return matches_gvk(selector, current) and matches_texts(selector, resource)


def matches_texts(selector: Selector, resource: Resource) -> bool:
    """Return whether labels and annotations are as the selector wants them. Raises KustomizeError."""
    if selector.label_selector and not _parsed(selector.label_selector).matches(resource.texts("labels")):
        return False
    if not selector.annotation_selector:
        return True
    return _parsed(selector.annotation_selector).matches(resource.texts("annotations"))


@lru_cache(maxsize=256)
def _parsed(text: str) -> SelectorText:
    try:
        return parsed(text)
    except InvalidSelectorText as error:
        raise KustomizeError(str(error)) from error
