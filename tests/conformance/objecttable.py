"""An API server for cases: a table of objects, controllers that react as the case says, and a note of each request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

from fluxsim.formats.selectortext import parsed
from fluxsim.formats.tree import Json, freeze, get, merged
from fluxsim.kernel.units import SECOND, Millis, rfc3339, unix_millis
from fluxsim.kube.errors import NotFound
from fluxsim.kube.kinds import served
from fluxsim.kube.meta import EVENT, Key, Kind, key_of, labels_of

NOW_MS = unix_millis("2026-03-02T10:00:00Z")
REQUESTED_AT = "reconcile.fluxcd.io/requestedAt"


class ObjectTable:
    """Answers drivers.terminal.api.Api from a fixture; `requests` is what an HTTP client would have sent."""

    def __init__(self, objects: Sequence[Json], reactions: Sequence[Json]) -> None:
        self.now_ms: Millis = NOW_MS
        self.requests: list[dict[str, Any]] = []
        self._reactions = reactions
        self._objects = {key_of(obj): freeze(obj) for obj in _dated(objects)}

    def get(self, key: Key) -> Json:
        self._note("GET", key.kind, key.namespace, key.name)
        return self._need(key)

    def list(
        self,
        kind: Kind,
        namespace: str = "",
        *,
        name: str = "",
        labels: str = "",
        involved: tuple[str, str] | None = None,
    ) -> Sequence[Json]:
        query: dict[str, str] = {}
        if name:
            query["fieldSelector"] = f"metadata.name={name}"
        if involved is not None:
            fields = [
                f"involvedObject.{field}={value}" for field, value in zip(("kind", "name"), involved, strict=True)
            ]
            query["fieldSelector"] = ",".join(field for field in fields if not field.endswith("="))
        if labels:
            query["labelSelector"] = _selector_query(labels)
        if kind == EVENT:
            query["limit"] = "500"
        self._note("GET", kind, namespace, query=query)
        return self._found(kind, namespace, name, labels, involved)

    def watch(
        self, kind: Kind, namespace: str, *, name: str = "", labels: str = "", timeout_ms: Millis
    ) -> Iterator[Json]:
        query = {"fieldSelector": f"metadata.name={name}"} if name else {}
        self._note("GET", kind, namespace, query=query | {"watch": "true"})
        self.now_ms += timeout_ms
        yield from self._found(kind, namespace, name, labels, None)

    def suspend(self, obj: Json) -> None:
        self._patch(obj, {} if get(obj, "spec", "suspend") else {"spec": {"suspend": True}}, "spec-change")

    def resume(self, obj: Json) -> None:
        self._patch(obj, {"spec": {"suspend": None}} if get(obj, "spec", "suspend") else {}, "spec-change")

    def reconcile(self, obj: Json) -> None:
        self._patch(obj, {"metadata": {"annotations": {REQUESTED_AT: "<now>"}}}, "reconcile-request")

    def wait(self, span_ms: Millis) -> None:
        self.now_ms += span_ms

    def _found(
        self, kind: Kind, namespace: str, name: str, labels: str, involved: tuple[str, str] | None
    ) -> Sequence[Json]:
        selector = parsed(labels) if labels else None
        return [
            obj
            for key, obj in sorted(self._objects.items())
            if key.kind == kind
            and (not namespace or key.namespace == namespace)
            and (not name or key.name == name)
            and (selector is None or selector.matches(labels_of(obj)))
            and (involved is None or _about(obj, involved))
        ]

    def _need(self, key: Key) -> Json:
        if key not in self._objects:
            raise NotFound.of(served(key.kind).resource, key.name)
        return self._objects[key]

    def _patch(self, obj: Json, patch: dict[str, Json], what: str) -> None:
        key = key_of(obj)
        self._note("PATCH", key.kind, key.namespace, key.name, body=patch)
        if "spec" in patch and "generation" in obj["metadata"]:
            patch = patch | {"metadata": {"generation": obj["metadata"]["generation"] + 1}}
        after = merged(obj, patch)
        if not patch:
            return
        for reaction in self._reactions:
            if (reaction["on"], reaction["kind"], reaction["name"]) == (what, key.kind.name, key.name):
                after = merged(after, {"status": _numbered(reaction["status"], after["metadata"].get("generation"))})
                if what == "reconcile-request":
                    after = merged(after, {"status": {"lastHandledReconcileAt": "<now>"}})
        self._objects[key] = after

    def _note(
        self,
        method: str,
        kind: Kind,
        namespace: str,
        name: str = "",
        *,
        query: dict[str, str] | None = None,
        body: Json = None,
    ) -> None:
        row = served(kind)
        root = f"/apis/{kind.group}/{row.versions[0]}" if kind.group else f"/api/{row.versions[0]}"
        where = f"/namespaces/{namespace}" if namespace else ""
        path = f"{root}{where}/{row.plural}{f'/{name}' if name else ''}"
        note: dict[str, Any] = {"method": method, "path": path}
        if query:
            note["query"] = urlencode(sorted(query.items()))
        if body is not None:
            note["body"] = body
        self.requests.append(note)


def _selector_query(labels: str) -> str:
    """Return a label selector as a client sends it: sorted, each requirement in its one form."""
    told: list[str] = []
    for requirement in sorted(parsed(labels).requirements, key=lambda one: one.key):
        key, values = requirement.key, ",".join(sorted(requirement.values))
        match requirement.operator:
            case "exists":
                told.append(key)
            case "!":
                told.append(f"!{key}")
            case "in" | "notin":
                told.append(f"{key} {requirement.operator} ({values})")
            case operator:
                told.append(f"{key}{'=' if operator == '==' else operator}{values}")
    return ",".join(told)


def _about(event: Json, involved: tuple[str, str]) -> bool:
    kind, name = involved
    about = event["involvedObject"]
    return (not kind or about.get("kind") == kind) and (not name or about.get("name") == name)


def _numbered(tree: Json, generation: int | None) -> Json:
    if isinstance(tree, dict):
        return {key: _numbered(value, generation) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_numbered(value, generation) for value in tree]
    return generation if tree == "$generation" else tree


def _dated(tree: Json) -> Json:
    """Return the tree with `$now-45s` as a timestamp."""
    if isinstance(tree, dict):
        return {key: _dated(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_dated(value) for value in tree]
    if isinstance(tree, str) and tree.startswith("$now-"):
        return rfc3339(NOW_MS - int(tree.removeprefix("$now-").removesuffix("s")) * SECOND)
    return tree
