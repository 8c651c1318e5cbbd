"""dependsOn: how it is written on the command line, and in which order objects follow from it.

Source: fluxcd/pkg runtime v0.110.1 dependency/sort.go; fluxcd/pkg apis/meta v1.30.1 dependencies.go.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from fluxsim.formats.tree import Json, get


class Reference(NamedTuple):
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class CircularDependency(ValueError):
    """Objects wait for each other; the message names the circle."""


def dependency_order(objects: Sequence[Mapping[str, Json]]) -> list[Reference]:
    """Return the objects so that each comes behind what it depends on, else in the order given.

    A dependency that is not among the objects has its place in the result too. Raises CircularDependency.
    """
    edges: dict[Reference, list[Reference]] = {}
    vertices: list[Reference] = []
    for entry in objects:
        vertex = Reference(get(entry, "metadata", "namespace", default=""), get(entry, "metadata", "name", default=""))
        vertices.append(vertex)
        edges.setdefault(vertex, []).extend(depends_on(entry))
    done: dict[Reference, None] = {}
    for vertex in vertices:
        if vertex not in done:
            _visit(vertex, edges, done)
    return list(done)


def depends_on(entry: Mapping[str, Json]) -> list[Reference]:
    """Return what an object's spec.dependsOn names; without a namespace it is the object's own."""
    own = get(entry, "metadata", "namespace", default="")
    return [
        Reference(reference.get("namespace") or own, reference.get("name", ""))
        for reference in get(entry, "spec", "dependsOn") or []
    ]


def parsed_dependencies(texts: Sequence[str]) -> list[dict[str, str]]:
    """Return spec.dependsOn for texts like `namespace/name@readyExpr`, namespace and expression optional."""
    found: list[dict[str, str]] = []
    for text in texts:
        where, _, expression = text.partition("@")
        namespace, slash, name = where.partition("/")
        entry = {"name": name if slash else where}
        if slash and namespace:
            entry["namespace"] = namespace
        if expression:
            entry["readyExpr"] = expression
        found.append(entry)
    return found


def _visit(start: Reference, edges: Mapping[Reference, list[Reference]], done: dict[Reference, None]) -> None:
    """Depth first without recursion: a chain may be longer than Python's stack."""
    path: dict[Reference, Iterator[Reference]] = {start: iter(edges.get(start, ()))}
    while path:
        vertex = next(reversed(path))
        following = next(path[vertex], None)
        if following is None:
            done[vertex] = None
            del path[vertex]
        elif following in path:
            circle = " -> ".join(str(reference) for reference in [*path, following])
            raise CircularDependency(f"circular dependency detected: {circle}")
        elif following not in done:
            path[following] = iter(edges.get(following, ()))
