"""The Git hosts of a world: repositories by URL."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import lru_cache
from urllib.parse import urlsplit

from fluxsim.formats.gitcommit import Author
from fluxsim.formats.gitmerge import MergeConflict
from fluxsim.formats.gitobjects import Files, MissingObject
from fluxsim.formats.gittree import InvalidPath
from fluxsim.kernel.changes import Changes
from fluxsim.systems.giterrors import GitError, NothingToCommit, Refused, RepositoryNotFound, RevertFailed
from fluxsim.systems.gitremote import Checkout, Head, Remote
from fluxsim.systems.gitrepository import ANY_HEAD, AnyHead, GitRepository, Pushed
from fluxsim.systems.gitrules import Access, Fault

__all__ = [
    "ANY_HEAD",
    "Access",
    "AnyHead",
    "Author",
    "Checkout",
    "Fault",
    "Files",
    "GitError",
    "GitRepository",
    "GitServer",
    "Head",
    "InvalidPath",
    "MergeConflict",
    "MissingObject",
    "NothingToCommit",
    "Pushed",
    "Refused",
    "Remote",
    "RepositoryNotFound",
    "RevertFailed",
    "normal_url",
]


URLS_MAX = 4096
"""So many spellings of URLs are remembered in their normal form."""


class GitServer:
    """All repositories that can be reached, by a URL in any of its spellings."""

    def __init__(self, changes: Changes | None = None) -> None:
        self._changes = changes or Changes()
        self._repositories: dict[str, GitRepository] = {}
        self.listeners: list[Callable[[Pushed], None]] = []
        """Called right after a ref moved, whoever moved it."""

    def create(self, url: str, *, default_branch: str = "main") -> GitRepository:
        """Make an empty repository; what was at the URL before is gone."""
        return self.add(GitRepository(url, default_branch=default_branch))

    def add(self, repository: GitRepository, url: str = "") -> GitRepository:
        """Put a repository at its URL, or at another one as well."""
        self._changes.coming()
        repository.listeners = self.listeners
        repository.changes = self._changes
        self._repositories[normal_url(url or repository.url)] = repository
        return repository

    def find(self, url: str) -> GitRepository | None:
        return self._repositories.get(normal_url(url))

    def need(self, url: str) -> GitRepository:
        """Return the repository; RepositoryNotFound where there is none."""
        repository = self.find(url)
        if repository is None:
            raise RepositoryNotFound(url)
        return repository

    def repositories(self) -> list[GitRepository]:
        """Return all repositories in the order in which they were made."""
        return list(dict.fromkeys(self._repositories.values()))

    def open(self, url: str, credential: str = "") -> Remote:
        """Return the repository as a controller reaches it. Nothing is asked of the host yet, so this never fails."""
        return Remote(self.find(url), url, credential)

    def state(self, url: str) -> Hashable:
        """Return what changes whenever a client of the URL could notice anything: refs, access, faults."""
        repository = self.find(url)
        return repository.serial if repository is not None else None

    def known_subject(self, url: str, commit: str) -> str:
        """Return the subject of a commit, empty where it is not known."""
        repository = self.find(url)
        try:
            return repository.commit_of(commit).subject if repository is not None else ""
        except MissingObject:
            return ""

    def fail(self, fault: Fault, url: str = "") -> None:
        """Let a host fail from now on, for one repository or for all."""
        for repository in self._chosen(url):
            repository.fail(fault)

    def heal(self, url: str = "") -> None:
        for repository in self._chosen(url):
            repository.fail(None)

    def _chosen(self, url: str) -> list[GitRepository]:
        return [self.need(url)] if url else self.repositories()


@lru_cache(URLS_MAX)
def normal_url(url: str) -> str:
    """Return what all spellings of a repository's URL have in common: `github.com/owner/name`.

    Schemes, users, default ports, a final slash and `.git` make no difference; letters do, but for those of the host.
    """
    scheme, separator, _ = url.partition("://")
    if not separator:
        host, colon, path = url.partition(":")
        if not colon or "/" in host:
            return url.rstrip("/").removesuffix(".git")
        return f"{host.rpartition('@')[2].lower()}/{_path(path)}"
    if scheme == "file":
        return url.removeprefix("file://").rstrip("/").removesuffix(".git")
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2].lower()
    name, colon, port = host.partition(":")
    if colon and port == {"http": "80", "https": "443", "ssh": "22", "git": "9418"}.get(scheme):
        host = name
    return f"{host}/{_path(parts.path)}"


def _path(path: str) -> str:
    return path.strip("/").removesuffix(".git")
