"""What a repository comes to, without running it: everything that the root Kustomization leads to, built.

The registry of a world starts with the images found here; the guardrails look here too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fluxsim.formats import fluxbuild
from fluxsim.formats.dependencies import CircularDependency, dependency_order
from fluxsim.formats.tree import Json, Map, get
from fluxsim.kube.admission import admit
from fluxsim.kube.errors import ApiError
from fluxsim.kube.kinds import check_served
from fluxsim.kube.meta import FLUX_KUSTOMIZE, group_of
from fluxsim.systems.gitserver import Files
from fluxsim.world.lookup import images_in
from fluxsim.world.roots import Root

KUSTOMIZATIONS_MAX = 2_000
LOCATION = "/tmp/kustomization"  # noqa: S108  where messages say that the files lie; nothing is written


@dataclass(frozen=True, slots=True)
class Built:
    """A Kustomization and what it builds, or why it does not."""

    kustomization: Map
    objects: tuple[Map, ...]
    error: str = ""
    build: fluxbuild.Build | None = None

    @property
    def name(self) -> str:
        return (
            f"{self.kustomization['metadata'].get('namespace', 'flux-system')}/{self.kustomization['metadata']['name']}"
        )


@dataclass(frozen=True, slots=True)
class Closure:
    """All Kustomizations from the root on, in the order in which they were found."""

    builds: tuple[Built, ...]

    @property
    def objects(self) -> list[Map]:
        return [obj for built in self.builds for obj in built.objects]

    @property
    def circles(self) -> list[str]:
        """The Kustomizations that wait for each other, `a/b -> a/c -> a/b`: nothing of them is ever applied."""
        found: list[str] = []
        waiting = {_reference(built.kustomization): built.kustomization for built in self.builds}
        while True:
            try:
                dependency_order(list(waiting.values()))
            except CircularDependency as error:
                circle = str(error).partition(": ")[2]
                found.append(circle)
                waiting = {name: one for name, one in waiting.items() if name not in circle.split(" -> ")}
            else:
                return found

    @property
    def deployments(self) -> dict[tuple[str, str], str]:
        """The image of each Deployment's first container, by namespace and name."""
        found: dict[tuple[str, str], str] = {}
        for obj, _container, image in images_in(self.objects):
            if obj["kind"] == "Deployment":
                found.setdefault((obj["metadata"].get("namespace", ""), obj["metadata"]["name"]), image)
        return found

    @property
    def images(self) -> list[str]:
        """Every image of every pod template, in order, each once."""
        return list(dict.fromkeys(image for _obj, _container, image in images_in(self.objects)))


def closure_of(files: Files, root: Root) -> Closure:
    """Build the root and whatever Kustomizations of the same source it leads to."""
    waiting: list[Map] = [root.kustomization]
    seen: set[tuple[str, str]] = set()
    builds: list[Built] = []
    found: dict[tuple[str, str, str], Map] = {}
    while waiting and len(builds) < KUSTOMIZATIONS_MAX:
        kustomization = waiting.pop(0)
        name = (str(kustomization["metadata"].get("namespace", "flux-system")), str(kustomization["metadata"]["name"]))
        if name in seen:
            continue
        seen.add(name)
        built = _built(files, kustomization, found)
        builds.append(built)
        for obj in built.objects:
            found[obj["kind"], obj["metadata"].get("namespace", ""), obj["metadata"]["name"]] = obj
            if obj["kind"] == "Kustomization" and group_of(obj["apiVersion"]) == FLUX_KUSTOMIZE and _from_git(obj):
                waiting.append(obj)
    return Closure(tuple(builds))


def _built(files: Files, kustomization: Map, found: Mapping[tuple[str, str, str], Map]) -> Built:
    def lookup(kind: str, namespace: str, name: str) -> Json:
        return found.get((kind, namespace, name))

    refused = refusal(kustomization)
    if refused:
        return Built(kustomization, (), refused)
    try:
        build = fluxbuild.build(files, kustomization, lookup, location=LOCATION)
    except fluxbuild.BuildFailed as error:
        return Built(kustomization, (), str(error))
    return Built(kustomization, build.objects, build=build)


def _reference(kustomization: Map) -> str:
    return f"{kustomization['metadata'].get('namespace', '')}/{kustomization['metadata']['name']}"


def _from_git(obj: Map) -> bool:
    return bool(get(obj, "spec", "sourceRef", "kind") == "GitRepository")


def refusal(obj: Map) -> str:
    """Return why the API server would refuse an object of a Flux kind as it stands; nothing where it would not."""
    try:
        row = check_served(str(obj["kind"]), str(obj["apiVersion"]))
        if row.kind.group.endswith(".toolkit.fluxcd.io"):
            admit(obj, None)
    except ApiError as error:
        return str(error)
    return ""
