"""The bundled example: the lab's GitOps repository and its two service repositories, as Git repositories with a fixed history."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

from fluxsim.kernel.units import unix_millis
from fluxsim.systems.gitserver import Author, GitRepository

SERVICES = ("backend", "frontend")
IMAGE = "registry.lab.local/acme/{}"
GITOPS_URL = "ssh://git@git.lab.local/acme/gitops.git"
SERVICE_URL = "https://git.lab.local/acme/{}.git"
PLATFORM = Author("Mara Lindqvist", "mara@acme.example")
DEVELOPER = Author("Jonas Okafor", "jonas@acme.example")

_GITOPS_WRITTEN = "2026-03-01T16:00:00Z"
_SERVICE_WRITTEN = {"backend": "2026-02-27T10:12:00Z", "frontend": "2026-02-27T13:41:00Z"}
_DEVELOP_MINUTES = 95


def gitops(edits: Mapping[str, bytes | None]) -> GitRepository:
    """Return the GitOps repository; `edits` are a second commit that a person made before time zero."""
    repository = GitRepository(GITOPS_URL, default_branch="main")
    files = _files(resources.files("fluxsim.example").joinpath("gitops"))
    repository.commit("main", files, author=PLATFORM, when_s=_seconds(_GITOPS_WRITTEN), message="Set up the lab")
    if edits:
        repository.commit(
            "main", edits, author=PLATFORM, when_s=_seconds(_GITOPS_WRITTEN) + 1800, message="Adjust the lab"
        )
    return repository


def service(name: str, variant: str, *, image: str = "", author: Author = DEVELOPER) -> GitRepository:
    """Return a service repository with `main` and `develop`; `variant` names its promote-production.yml.

    For a service of a repository that is not the example, `image` is what its workflows push.
    """
    template = name if name in SERVICES else SERVICES[0]
    files = _files(resources.files("fluxsim.example").joinpath("services").joinpath(template))
    files[PROMOTE] = workflow(variant, IMAGE.format(name))
    if image:
        files = {path: data.replace(IMAGE.format(template).encode(), image.encode()) for path, data in files.items()}
        files[PROMOTE] = workflow(variant, image)
    repository = GitRepository(SERVICE_URL.format(name), default_branch="main")
    when_s = _seconds(_SERVICE_WRITTEN[template])
    first = repository.commit("main", files, author=author, when_s=when_s, message=f"Serve requests from {name}")
    repository.push("refs/heads/develop", "", first, author.name)
    change = {"app.yaml": files["app.yaml"] + b"log: json\n"}
    repository.commit("develop", change, author=author, when_s=when_s + _DEVELOP_MINUTES * 60, message="Log as JSON")
    return repository


PROMOTE = ".github/workflows/promote-production.yml"


def workflow(variant: str, image: str) -> bytes:
    """Return a shipped variant of promote-production.yml for an image."""
    text = (
        resources.files("fluxsim.example").joinpath("workflows").joinpath(f"{variant}.yml").read_text(encoding="utf-8")
    )
    return text.replace(IMAGE.format("SERVICE"), image).encode()


def start_tag(environment: str, name: str) -> str:
    """Return the tag that stands in the example's manifests: of the service's first commit, for develop of its second."""
    repository = service(name, "promote")
    branch = "develop" if environment == "develop" else "main"
    commit = repository.commit_of(repository.head(branch))
    return f"{environment}-v1.4.0-{commit.id[:7]}-{commit.committed_s + 107}"


@cache
def _seconds(text: str) -> int:
    return unix_millis(text) // 1000


def _files(root: Traversable, prefix: str = "") -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for entry in sorted(root.iterdir(), key=lambda one: one.name):
        if entry.name == "__pycache__":
            continue
        if entry.is_dir():
            found |= _files(entry, f"{prefix}{entry.name}/")
        else:
            found[f"{prefix}{entry.name}"] = entry.read_bytes()
    return found
