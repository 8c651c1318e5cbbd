"""What the tests of ImageUpdateAutomations share: one policy, one automation, a file with a marker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fluxsim.formats.tree import merged, thaw
from fluxsim.world.world import World
from tests.worlds import Tree, file, obj, passing, patch, status, world_of

IMAGE = "registry.test/helloworld"
NAME = "ImageUpdateAutomation/flux-system/update"
POLICY = "ImagePolicy/flux-system/p"
REPOSITORY = "ImageRepository/flux-system/helloworld"
FILE = "deploy.yaml"
TAGS = ("1.0.0", "1.0.1", "1.1.0", "2.0.0")


def marked(tag: str, policy: str = "p", name: str = "web") -> str:
    """Return a manifest whose image follows a policy."""
    marker = f'{{"$imagepolicy": "flux-system:{policy}"}}'
    return f"""\
apiVersion: v1
kind: Pod
metadata:
  name: {name}
  namespace: develop
spec:
  containers:
    - name: hello
      image: {IMAGE}:{tag} # {marker}
"""


def repository(interval: str = "10m", **spec: Any) -> Tree:
    return _image_object("ImageRepository", "helloworld", {"image": IMAGE, "interval": interval} | spec)


def policy(range_: str = "1.0.x", name: str = "p", **spec: Any) -> Tree:
    given = {"imageRepositoryRef": {"name": "helloworld"}, "policy": {"semver": {"range": range_}}}
    return _image_object("ImagePolicy", name, given | spec)


def automation(change: Mapping[str, Any] | None = None, *, interval: str = "30m", name: str = "update") -> Tree:
    """Return an automation that checks out and pushes main; `change` is merged into its spec (None: removed)."""
    spec: Any = {
        "interval": interval,
        "sourceRef": {"kind": "GitRepository", "name": "flux-system"},
        "git": {
            "checkout": {"ref": {"branch": "main"}},
            "commit": {"author": {"name": "fluxcdbot", "email": "bot@example.com"}},
        },
        "update": {"strategy": "Setters"},
    }
    return _image_object("ImageUpdateAutomation", name, thaw(merged(spec, change or {})))


def _image_object(kind: str, name: str, spec: Tree) -> Tree:
    return {
        "apiVersion": "image.toolkit.fluxcd.io/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "flux-system"},
        "spec": spec,
    }


def world_with(
    files: Mapping[str, str] | None = None,
    *,
    change: Mapping[str, Any] | None = None,
    range_: str = "1.0.x",
    interval: str = "30m",
    tags: tuple[str, ...] = TAGS,
    apply: tuple[Tree, ...] = (),
    **world: Any,
) -> World:
    """Return a world a minute old: scanned, elected, and the automation has run."""
    given = {FILE: marked("1.0.0")} if files is None else dict(files)
    objects = [repository(), policy(range_), *apply, automation(change, interval=interval)]
    found = world_of(given, images=[(IMAGE, tag) for tag in tags], apply=objects, **world)
    passing(found, "1m")
    return found


def image(world: World, path: str = FILE, branch: str = "main") -> str:
    """Return the tag in a manifest at the head."""
    return file(world, path, branch).partition(f"{IMAGE}:")[2].split()[0]


def elects(world: World, range_: str, policy_name: str = POLICY) -> None:
    """Let the policy elect another tag."""
    patch(world, policy_name, {"spec": {"policy": {"semver": {"range": range_}}}})


def elected(world: World) -> str:
    return str(status(world, POLICY, "latestRef", "tag"))


def bot_commits(world: World) -> list[Tree]:
    """Return the pushes of the automation, oldest first."""
    return [dict(event.data) for event in world.commits("gitops") if event.data["author"]["name"] == "fluxcdbot"]


def suspended(world: World, name: str, *, value: bool) -> None:
    patch(world, name, {"spec": {"suspend": value or None}})


def generation(world: World, name: str) -> int:
    return int(obj(world, name)["metadata"]["generation"])
