"""Small worlds for tests: a GitOps repository out of a dict of files, and what one asks of a world.

    world = world_of({"apps/web.yaml": "..."}, apply=[kustomization("apps", path="./apps")])
    at(world, "2m")
    ready(world, "Kustomization/flux-system/apps")   -> ("True", "ReconciliationSucceeded", "Applied revision: ...")

Without a root of its own the repository gets one, flux-system, which applies nothing but itself.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import yaml

from fluxsim.controllers.flux.gates import DEFAULT, Gates
from fluxsim.controllers.latencies import Latencies
from fluxsim.formats.durations import parse_millis
from fluxsim.formats.gitcommit import Author
from fluxsim.formats.tree import get, thaw
from fluxsim.kernel.log import Event
from fluxsim.kernel.units import Millis, unix_millis
from fluxsim.kube.lookup import kind_named
from fluxsim.kube.meta import Key, Kind, condition
from fluxsim.systems.gitserver import GitRepository
from fluxsim.world import actions
from fluxsim.world.setup import Seeded, Setup, of_repository
from fluxsim.world.world import World

URL = "ssh://git@git.test/platform/fleet.git"
EPOCH = "2026-03-02T09:00:00Z"
PERSON = Author("Ada", "ada@example.com")
ROOT = f"""\
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata:
  name: flux-system
  namespace: flux-system
spec:
  interval: 1m
  url: {URL}
  ref:
    branch: main
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: flux-system
  namespace: flux-system
spec:
  interval: 10m
  path: ./clusters/test
  prune: true
  sourceRef:
    kind: GitRepository
    name: flux-system
"""
ROOT_FILE = "clusters/test/flux-system.yaml"
NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {}\n"

Tree = dict[str, Any]


# -- making


def setup_of(
    files: Mapping[str, str | bytes | None],
    *,
    images: Sequence[tuple[str, str]] = (),
    message: str = "Set up\n",
    ours: bool = False,
    gates: Gates = DEFAULT,
) -> Setup:
    """Return the start of a world whose GitOps repository holds the files; texts are dedented."""
    repository = GitRepository(URL, default_branch="main")
    given = {path: encoded(text) for path, text in files.items()}
    has_root = any(b"\nkind: GitRepository\n" in (data or b"") for data in given.values())
    if not has_root:
        given[ROOT_FILE] = ROOT.encode()
    when_s = unix_millis(EPOCH) // 1000 - 3600
    repository.commit("main", given, author=PERSON, when_s=when_s, message=message)
    seeded = tuple(Seeded(image, tag) for image, tag in images)
    path = "" if has_root else "clusters/test"
    start = of_repository("test", repository, path=path, images=seeded, epoch_ms=unix_millis(EPOCH), ours=ours)
    return replace(start, gates=gates)


def world_of(
    files: Mapping[str, str | bytes | None],
    *,
    images: Sequence[tuple[str, str]] = (),
    apply: Iterable[Tree | str] = (),
    seed: int | str = 1,
    lean: bool = True,
    assume_secrets: bool = True,
    message: str = "Set up\n",
    gates: Gates = DEFAULT,
    latencies: Latencies | None = None,
) -> World:
    """Return a world at time zero in which the objects of `apply` exist."""
    start = setup_of(files, images=images, message=message, gates=gates)
    start = start.with_latencies(latencies) if latencies is not None else start
    world = World(start, seed=seed, lean=lean, assume_secrets=assume_secrets)
    for manifest in apply:
        create(world, manifest)
    return world


def encoded(text: str | bytes | None) -> bytes | None:
    return textwrap.dedent(text).encode() if isinstance(text, str) else text


def create(world: World, manifest: Tree | str) -> None:
    """Bring an object, or the documents of a text, into the cluster; their namespaces with them."""
    for obj in list(yaml.safe_load_all(textwrap.dedent(manifest))) if isinstance(manifest, str) else [manifest]:
        namespace = obj["metadata"].get("namespace")
        if namespace and world.store.get(Key(Kind("Namespace"), "", namespace)) is None:
            create(world, NAMESPACE.format(namespace))
        outcome = world.do(actions.Apply(manifest=obj, manager="test", force=True))
        assert not outcome.error, outcome.error


def kustomization(name: str = "apps", *, namespace: str = "flux-system", **spec: Any) -> Tree:
    """Return a Kustomization of the root's GitRepository; what is not said is a common choice."""
    given = {
        "interval": "10m",
        "path": f"./{name}",
        "prune": True,
        "sourceRef": {"kind": "GitRepository", "name": "flux-system"},
    }
    return {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {"name": name, "namespace": namespace},
        "spec": given | spec,
    }


def config_map(name: str, namespace: str = "develop", **data: str) -> str:
    """Return a ConfigMap as text."""
    metadata = {"name": name, "namespace": namespace} if namespace else {"name": name}
    return yaml.safe_dump({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})


# -- doing


def at(world: World, when: str) -> None:
    """Let time pass until `when` after the start, `2m30s`."""
    world.run_to(parse_millis(when))


def passing(world: World, span: str) -> None:
    """Let a span of time pass."""
    world.run_to(world.now_ms + parse_millis(span))


def commit(world: World, files: Mapping[str, str | None], message: str = "Change\n", by: str = "you") -> str:
    """Commit files (None: deleted) to the head of the GitOps repository as a person; return the commit."""
    edits = tuple(
        actions.Edit(path=path, delete=True) if text is None else actions.Edit(path=path, content=textwrap.dedent(text))
        for path, text in files.items()
    )
    outcome = world.do(actions.Commit(by=by, message=message, edits=edits))
    assert not outcome.error, outcome.error
    return outcome.commit


def patch(world: World, name: str, change: Tree, manager: str = "kubectl-edit") -> None:
    """Merge a change into an object, `Kustomization/flux-system/apps`."""
    key = key_named(name)
    world.store.patch(key, change, manager=manager)


def request(world: World, name: str, token: str) -> None:
    """Ask for a reconcile as `flux reconcile` does."""
    patch(world, name, {"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": token}}}, "flux")


# -- asking


def key_named(name: str) -> Key:
    """Return the key that `Kind/namespace/name` or `Kind/name` stands for."""
    kind, *rest = name.split("/")
    found = kind_named(kind)
    assert found is not None, f"no kind {kind}"
    return Key(found, *(["", *rest] if len(rest) == 1 else rest))


def obj(world: World, name: str) -> Any:
    """Return an object as plain data, None where there is none."""
    found = world.store.get(key_named(name))
    return None if found is None else thaw(found)


def status(world: World, name: str, *path: str) -> Any:
    return get(obj(world, name), "status", *path)


def conditions(world: World, name: str) -> dict[str, tuple[str, str, str]]:
    """Return type → (status, reason, message)."""
    found = get(obj(world, name), "status", "conditions", default=None) or []
    return {entry["type"]: (entry["status"], entry["reason"], entry["message"]) for entry in found}


def ready(world: World, name: str) -> tuple[str, str, str] | None:
    found = condition(obj(world, name), "Ready")
    return None if found is None else (found["status"], found["reason"], found["message"])


def told(world: World, name: str, *, since: Millis = 0) -> list[tuple[str, str, str]]:
    """Return the Kubernetes Events about an object that were news, as (type, reason, message)."""
    key = str(key_named(name))
    return [
        (event.data["type"], event.data["reason"], event.data["message"])
        for event in world.log.events
        if event.kind == "event.recorded" and event.data["key"] == key and event.at_ms >= since
    ]


def kubernetes_events(world: World, name: str) -> list[Tree]:
    """Return all Events about an object, quiet ones too."""
    return [thaw(event) for event in world.recorder.about(key_named(name))]


def steps(world: World, name: str, *, since: Millis = 0) -> list[dict[str, tuple[str, str, str]]]:
    """Return the conditions after each write of an object's status, as `conditions` does."""
    key = str(key_named(name))
    return [
        {
            entry["type"]: (entry["status"], entry["reason"], entry["message"])
            for entry in get(event.data["object"], "status", "conditions", default=None) or []
        }
        for event in world.log.events
        if event.kind == "api.modified"
        and event.data["key"] == key
        and event.data.get("subresource") == "status"
        and event.at_ms >= since
    ]


def runs(world: World, name: str, *, since: Millis = 0) -> list[Event]:
    """Return the starts of the runs for an object that had an effect."""
    key = str(key_named(name))
    return [
        event
        for event in world.log.events
        if event.kind == "reconcile.started" and event.data["key"] == key and event.at_ms >= since
    ]


def ends(world: World, name: str) -> list[Tree]:
    """Return what the runs with an effect came to: {took, again?, retry?}."""
    key = str(key_named(name))
    return [
        dict(event.data)
        for event in world.log.events
        if event.kind == "reconcile.finished" and event.data["key"] == key
    ]


def due(world: World, name: str) -> list[tuple[Millis, str]]:
    """Return when an object runs again, as (milliseconds from now, why)."""
    key = key_named(name)
    return [(wakeup.at_ms - world.now_ms, wakeup.why) for wakeup in world.upcoming() if wakeup.key == key]


def head(world: World) -> str:
    """Return the commit at the head of the GitOps repository."""
    return world.gitops.head("main")


def file(world: World, path: str, branch: str = "main") -> str:
    """Return a file of the GitOps repository."""
    data = world.gitops.files(world.gitops.head(branch)).read(path)
    assert data is not None, f"no file {path} on {branch}"
    return data.decode()
