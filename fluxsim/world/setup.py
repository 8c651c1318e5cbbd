"""How a world begins, parsed once and shared by all worlds that begin so: repository, root, services, images, epoch.

Everything here is frozen; the seed is not part of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from fluxsim.controllers.flux.gates import DEFAULT, Gates
from fluxsim.controllers.latencies import Latencies
from fluxsim.formats.imagetag import split
from fluxsim.formats.tree import Json, Map, get
from fluxsim.kernel.errors import Fault, InputError
from fluxsim.kernel.units import HOUR, SECOND, Millis, unix_millis
from fluxsim.systems import gitimport
from fluxsim.systems.gitserver import Author, GitRepository
from fluxsim.systems.imagename import InvalidName, parse_reference
from fluxsim.world import example
from fluxsim.world.closure import Closure, closure_of, refusal
from fluxsim.world.roots import Root, chosen

EXAMPLE_EPOCH = "2026-03-02T09:00:00Z"
ENVIRONMENTS = ("develop", "staging", "production")
STAMPED = re.compile(r"^(?P<environment>[a-z]+)-v(?P<version>\d+\.\d+\.\d+)-(?P<sha>[0-9a-f]+)-(?P<time>\d{10})$")
"""A tag of the lab's shape, ENV-vX.Y.Z-SHA-UNIXTIME."""


@dataclass(frozen=True, slots=True)
class Seeded:
    """An image that the registry holds at time zero, under a tag, a digest, or both.

    `source` is the tag whose digest it shares, if it has one.
    """

    image: str
    tag: str
    digest: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Service:
    """A service whose repository and CI are simulated: it pushes to `image`."""

    name: str
    image: str
    repository: GitRepository


@dataclass(frozen=True, slots=True)
class Setup:
    """The start of a world."""

    name: str
    repository: GitRepository
    branch: str
    root: Root
    services: tuple[Service, ...]
    images: tuple[Seeded, ...]
    epoch_ms: Millis
    closure: Closure
    ours: bool
    latencies: Latencies = field(default_factory=Latencies)
    gates: Gates = DEFAULT

    @property
    def url(self) -> str:
        return str(self.root.git_repository["spec"]["url"])

    def with_latencies(self, latencies: Latencies) -> Setup:
        return replace(self, latencies=latencies)


def of_example(edits: Mapping[str, bytes | None] = {}, workflows: Mapping[str, str] = {}) -> Setup:
    """Return the start of the bundled example; `edits` are changed files of the GitOps repository, `workflows` service → shipped variant."""
    return _of_example(tuple(sorted(edits.items(), key=lambda item: item[0])), tuple(sorted(workflows.items())))


@cache
def _of_example(edits: tuple[tuple[str, bytes | None], ...], workflows: tuple[tuple[str, str], ...]) -> Setup:
    repository = example.gitops(dict(edits))
    services = tuple(
        Service(name, example.IMAGE.format(name), example.service(name, dict(workflows).get(name, "promote")))
        for name in example.SERVICES
    )
    return of_repository("example", repository, services=services, epoch_ms=unix_millis(EXAMPLE_EPOCH), ours=True)


def of_repo(place: str, path: str = "") -> Setup:
    """Return the start from a directory, bare repository or bundle; InputError where it cannot be one."""
    target = Path(place)
    if not target.exists():
        raise InputError(Fault(place, "no such file or directory", "give a directory, a bare repository or a bundle"))
    return _of_repo(place, path, _stamp(target))


def _stamp(target: Path) -> tuple[tuple[str, int], ...]:
    """Return what changes with every commit: when the refs of a repository, or a bundle, were written."""
    if target.is_file():
        return ((str(target), target.stat().st_mtime_ns),)
    home = target / ".git" if (target / ".git").exists() else target
    files = [home / "HEAD", home / "packed-refs", *sorted((home / "refs").rglob("*"))] if home.is_dir() else [home]
    return tuple((str(file), file.stat().st_mtime_ns) for file in files if file.is_file())


@cache
def _of_repo(place: str, path: str, _changed: tuple[tuple[str, int], ...]) -> Setup:
    repository, branch = _loaded(Path(place), place, path)
    files = repository.files(repository.head(branch))
    root = chosen(files, path, where=place)
    _check_root(root, repository, where=place)
    closure = closure_of(files, root)
    services = tuple(_foreign_services(closure))
    newest = repository.commit_of(repository.head(branch)).committed_s * SECOND
    stamps = [int(found["time"]) * SECOND for seeded in closure.images if (found := STAMPED.match(split(seeded).tag))]
    epoch_ms = (max([newest, *stamps]) // HOUR + 1) * HOUR
    return of_repository(place, repository, branch=branch, path=path, services=services, epoch_ms=epoch_ms)


def _loaded(target: Path, place: str, path: str) -> tuple[GitRepository, str]:
    """Load a repository on the branch that its own GitRepository names."""
    repository = gitimport.load(target)
    branch = repository.default_branch
    root = chosen(repository.files(repository.head(branch)), path, where=place)
    wanted = str(get(root.git_repository, "spec", "ref", "branch", default=None) or "master")
    if wanted != branch and wanted in repository.branches():
        repository = gitimport.load(target, branch=wanted)
        return repository, wanted
    return repository, branch


def of_repository(
    name: str,
    repository: GitRepository,
    *,
    branch: str = "main",
    path: str = "",
    services: tuple[Service, ...] = (),
    images: tuple[Seeded, ...] = (),
    epoch_ms: Millis,
    ours: bool = False,
) -> Setup:
    """Return the start from a repository in memory; `images` are in the registry beside those that the manifests render."""
    files = repository.files(repository.head(branch))
    root = chosen(files, path, where=name)
    _check_root(root, repository, where=name)
    closure = closure_of(files, root)
    return Setup(
        name=name,
        repository=repository,
        branch=branch,
        root=root,
        services=services,
        images=(*_seeded(closure.images), *images),
        epoch_ms=epoch_ms,
        closure=closure,
        ours=ours,
    )


def _check_root(root: Root, repository: GitRepository, *, where: str) -> None:
    """Raise InputError where the cluster could not even begin: the API server refuses the root, or its branch is not there."""
    faults = [
        Fault(f"{where}:{root.file}", why, "the API server refuses it")
        for obj in (root.git_repository, root.kustomization)
        if (why := refusal(obj))
    ]
    ref: Json = get(root.git_repository, "spec", "ref", default=None) or {}
    branch = str(ref.get("branch") or "master") if not faults else ""
    if branch and not any(ref.get(field) for field in ("tag", "semver", "name", "commit")):
        branches = list(repository.branches())
        if branch not in branches:
            told = (
                f"GitRepository {root.git_repository['metadata']['name']} reads branch '{branch}', which is not there"
            )
            faults.append(Fault(f"{where}:{root.file}", told, f"branches are {', '.join(branches)}"))
    if faults:
        raise InputError(*faults)


def setup_at(
    repository: GitRepository,
    commit: str,
    *,
    branch: str,
    path: str = "",
    epoch_ms: Millis,
    images: Sequence[Seeded] = (),
) -> Setup:
    """Return the start from a repository as it was at a commit, whatever was committed to the branch later."""
    fresh = repository.copy()
    fresh.set_refs({f"refs/heads/{branch}": commit})
    fresh.default_branch = branch
    return of_repository(repository.url, fresh, branch=branch, path=path, images=tuple(images), epoch_ms=epoch_ms)


def _seeded(images: Sequence[str]) -> Iterator[Seeded]:
    """Yield every image that the manifests render; a production tag shares the digest of the staging tag it was promoted from.

    What is no image reference has no image: its pods will say InvalidImageName.
    """
    seen: dict[tuple[str, str], None] = {}
    for image in images:
        try:
            parse_reference(image)
        except InvalidName:
            continue
        reference = split(image)
        found = STAMPED.match(reference.tag)
        source = ""
        if found is not None and found["environment"] == "production":
            source = "staging-" + reference.tag.partition("-")[2]
            if (reference.name, source) not in seen:
                seen[reference.name, source] = None
                yield Seeded(reference.name, source)
        if (reference.name, reference.tag) not in seen or reference.digest:
            seen[reference.name, reference.tag] = None
            yield Seeded(
                reference.name, reference.tag or ("" if reference.digest else "latest"), reference.digest, source
            )


def _foreign_services(closure: Closure) -> Iterator[Service]:
    """Yield a service for every ImageRepository whose image has tags of the lab's shape."""
    stamped = {split(image).name for image in closure.images if STAMPED.match(split(image).tag)}
    seen: set[str] = set()
    for obj in closure.objects:
        image = _scanned_image(obj)
        name = image.rpartition("/")[2]
        if image in stamped and name not in seen:
            seen.add(name)
            yield Service(
                name, image, example.service(name, "promote", image=image, author=Author("dev", "dev@example.com"))
            )


def _scanned_image(obj: Map) -> str:
    return str(get(obj, "spec", "image", default="")) if obj["kind"] == "ImageRepository" else ""
