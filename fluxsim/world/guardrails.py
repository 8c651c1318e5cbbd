"""Guardrails of a GitOps repository, decided before anything is promoted: no run, no guess, a place and a witness.

policy accepts another environment   a tag that the policy of an environment would elect and that is not its own
policies share a tag                 two environments could elect the same tag
mutable tag                          production renders an image by a tag that moves
marker without policy                a marker names a policy that nothing defines
marker of another environment        a line in one environment follows the policy of another
marker of another image              the policy elects tags of another image than the line names
build fails                          a Kustomization that cannot be built
refused by the API server            an object of Flux in a version that is not served, or that breaks its schema
dependencies in a circle             Kustomizations that wait for each other, so that none is ever applied
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fluxsim.formats import proofs
from fluxsim.formats.documents import load_manifests
from fluxsim.formats.gobrackets import InvalidRegex
from fluxsim.formats.imagetag import split
from fluxsim.formats.markers import Marker, find_markers
from fluxsim.formats.tree import Json, Map, get
from fluxsim.kernel.errors import InputError
from fluxsim.kube.meta import IMAGE_POLICY, IMAGE_REPOSITORY, KUSTOMIZATION, kind_of
from fluxsim.observe.invariants import ENVIRONMENTS, MUTABLE_TAGS, PRODUCTION
from fluxsim.systems.gitserver import Files
from fluxsim.world.closure import Built, Closure, closure_of, refusal
from fluxsim.world.roots import Root


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A guardrail that is missing. `witness` is a tag that shows it, where there is one."""

    file: str
    line: int
    column: int
    rule: str
    text: str
    witness: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.text}" + (
            f"; for example {self.witness}" if self.witness else ""
        )


@dataclass(frozen=True, slots=True)
class _Policy:
    """An ImagePolicy as it is applied, the environment it is for, and where it stands."""

    obj: Map
    environment: str
    file: str

    @property
    def name(self) -> str:
        return f"{self.obj['metadata'].get('namespace', '')}:{self.obj['metadata']['name']}"

    @property
    def pattern(self) -> str:
        return str(get(self.obj, "spec", "filterTags", "pattern", default=None) or "")

    @property
    def repository(self) -> tuple[str, str]:
        reference: Json = get(self.obj, "spec", "imageRepositoryRef", default=None) or {}
        return (reference.get("namespace") or self.obj["metadata"].get("namespace", ""), str(reference.get("name", "")))


BROKEN = frozenset({"build fails", "dependencies in a circle"})
"""Rules whose breach keeps a part of the repository from ever being applied."""


def findings(files: Files, root: Root, closure: Closure | None = None) -> list[Finding]:
    """Return every missing guardrail of a checkout, in order of file and line."""
    closure = closure or closure_of(files, root)
    policies = list(_policies(closure))
    found = [
        *_failed_builds(files, closure, root),
        *_circles(files, closure, root),
        *_refused(files, closure),
        *_foreign_tags(files, policies),
        *_shared_tags(files, policies),
        *_mutable_tags(files, closure),
        *_markers(files, closure, policies),
    ]
    return sorted(set(found))


# -- policies


def _policies(closure: Closure) -> Iterator[_Policy]:
    for built in closure.builds:
        for number, obj in enumerate(built.objects):
            if kind_of(obj) == IMAGE_POLICY and not refusal(obj):
                yield _Policy(obj, _environment(obj), _source(built, number))


def _environment(obj: Map) -> str:
    """Return the environment that an object is for: its namespace, or a part of its name or namespace; nothing if it is for none."""
    namespace, name = obj["metadata"].get("namespace", ""), obj["metadata"]["name"]
    if namespace in ENVIRONMENTS:
        return str(namespace)
    words = f"{namespace}-{name}".split("-")
    return next((environment for environment in ENVIRONMENTS if environment in words), "")


def _foreign_tags(files: Files, policies: Sequence[_Policy]) -> Iterator[Finding]:
    for policy in policies:
        if not policy.environment:
            continue
        try:
            witness = proofs.accepts_outside(policy.pattern, f"{policy.environment}-")
        except (proofs.Undecided, InvalidRegex):
            continue  # an invalid pattern stalls the policy: Flux says so itself
        if witness is not None:
            text = f"the {policy.environment} policy {policy.name} accepts a tag that is not {policy.environment}-*"
            yield _at(files, policy.file, policy, "policy accepts another environment", text, witness)


def _shared_tags(files: Files, policies: Sequence[_Policy]) -> Iterator[Finding]:
    for number, one in enumerate(policies):
        for other in policies[number + 1 :]:
            if (
                one.repository != other.repository
                or one.environment == other.environment
                or not (one.environment and other.environment)
            ):
                continue
            try:
                witness = proofs.accepted_by_both(one.pattern, other.pattern)
            except (proofs.Undecided, InvalidRegex):
                continue
            if witness is not None:
                text = f"policies {one.name} and {other.name} can elect the same tag"
                yield _at(files, other.file, other, "policies share a tag", text, witness)


def _at(files: Files, file: str, policy: _Policy, rule: str, text: str, witness: str) -> Finding:
    line, column = _place(files, file, policy.obj["metadata"]["name"], "ImagePolicy", ("spec", "filterTags", "pattern"))
    return Finding(file, line, column, rule, text, witness)


# -- what production renders


def _mutable_tags(files: Files, closure: Closure) -> Iterator[Finding]:
    for built in closure.builds:
        if built.build is None:
            continue
        for (number, path), origin in built.build.kustomized.image_origins.items():
            obj = built.objects[number] if number < len(built.objects) else None
            if obj is None or obj["metadata"].get("namespace") != PRODUCTION:
                continue
            image = get(obj, *path)
            reference = split(image) if isinstance(image, str) else None
            if reference is None or reference.digest or reference.tag not in MUTABLE_TAGS:
                continue
            text = f"{obj['kind']} {PRODUCTION}/{obj['metadata']['name']} renders {image}: a tag that moves"
            line = origin.line((files.read(origin.path) or b"").decode("utf-8", "replace"))
            yield Finding(origin.path, line or 1, 1, "mutable tag", text)


def broken(files: Files, root: Root, closure: Closure) -> list[Finding]:
    """Return what keeps a part of a checkout from ever being applied."""
    return sorted({*_failed_builds(files, closure, root), *_circles(files, closure, root)})


def _failed_builds(files: Files, closure: Closure, root: Root) -> Iterator[Finding]:
    for built in closure.builds:
        if built.error:
            file, line, column = _stands(files, closure, root, built.name, ("spec", "path"))
            text = f"Kustomization {built.name}: {built.error.splitlines()[0]}"
            yield Finding(file, line, column, "build fails", text)


def _refused(files: Files, closure: Closure) -> Iterator[Finding]:
    for built in closure.builds:
        for number, obj in enumerate(built.objects):
            why = refusal(obj)
            if why:
                file, name = _source(built, number), obj["metadata"]["name"]
                line, column = _place(files, file, name, obj["kind"], ("spec",))
                yield Finding(file, line, column, "refused by the API server", f"{obj['kind']} {name}: {why}")


def _circles(files: Files, closure: Closure, root: Root) -> Iterator[Finding]:
    for circle in closure.circles:
        first = circle.partition(" -> ")[0]
        file, line, column = _stands(files, closure, root, first, ("spec", "dependsOn"))
        text = f"Kustomizations wait for each other, and none is ever applied: {circle}"
        yield Finding(file, line, column, "dependencies in a circle", text)


def _stands(files: Files, closure: Closure, root: Root, name: str, path: tuple[str, ...]) -> tuple[str, int, int]:
    """Return file, line and column of a field of a Kustomization, `namespace/name`; the root stands in its own file."""
    for built in closure.builds:
        for number, obj in enumerate(built.objects):
            meta = obj["metadata"]
            if kind_of(obj) == KUSTOMIZATION and f"{meta.get('namespace', 'flux-system')}/{meta['name']}" == name:
                file = _source(built, number)
                return (file, *_place(files, file, meta["name"], "Kustomization", path))
    return (root.file, *_place(files, root.file, name.partition("/")[2], "Kustomization", path))


# -- markers


def _markers(files: Files, closure: Closure, policies: Sequence[_Policy]) -> Iterator[Finding]:
    known = {policy.name: policy for policy in policies}
    images = {
        (obj["metadata"].get("namespace", ""), obj["metadata"]["name"]): str(get(obj, "spec", "image", default=""))
        for obj in closure.objects
        if kind_of(obj) == IMAGE_REPOSITORY
    }
    for path in _yaml_paths(files, ""):
        data = files.read(path) or b""
        if b'"$imagepolicy"' not in data:
            continue
        for marker in find_markers(path, data):
            yield from _marker(path, marker, known, images)


def _marker(
    path: str, marker: Marker, known: dict[str, _Policy], images: dict[tuple[str, str], str]
) -> Iterator[Finding]:
    policy = known.get(marker.policy)
    if policy is None:
        text = f"the marker names policy {marker.policy}, which nothing defines"
        yield Finding(path, marker.line, marker.column, "marker without policy", text)
        return
    homes = [environment for environment in ENVIRONMENTS if environment in path.split("/")]
    if policy.environment and homes and policy.environment not in homes:
        text = f"a line of {homes[0]} follows the policy of {policy.environment}, {marker.policy}"
        yield Finding(path, marker.line, marker.column, "marker of another environment", text)
    image = images.get(policy.repository, "")
    name = marker.value if marker.part == "name" else split(marker.value).name if marker.part == "" else ""
    if name and image and name != image:
        text = f"the line names {name}, policy {marker.policy} elects tags of {image}"
        yield Finding(path, marker.line, marker.column, "marker of another image", text)


# -- places


def _source(built: Built, number: int) -> str:
    sources = built.build.kustomized.sources if built.build is not None else ()
    return sources[number] if number < len(sources) else ""


def _place(files: Files, file: str, name: str, kind: str, path: tuple[str, ...]) -> tuple[int, int]:
    """Return where a field of a named object stands in a file; the object's own line where the field is not there."""
    data = files.read(file)
    if data is None:
        return (1, 1)
    try:
        documents = load_manifests(file, data)
    except InputError:
        return (1, 1)
    for document in documents:
        tree: Json = document.tree
        if isinstance(tree, dict) and tree.get("kind") == kind and get(tree, "metadata", "name") == name:
            places = document.places()
            for length in range(len(path), 0, -1):
                place = places.get(path[:length])
                if place is not None:
                    return (place.line, place.column)
            return (document.line, 1)
    return (1, 1)


def _yaml_paths(files: Files, directory: str) -> Iterator[str]:
    for name in files.list(directory):
        path = f"{directory}/{name}" if directory else name
        if files.is_dir(path):
            yield from _yaml_paths(files, path)
        elif name.endswith((".yaml", ".yml")):
            yield path
