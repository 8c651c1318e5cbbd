"""What goes wrong with Git, in the words of git, of go-git v5.19 (the library inside Flux) and of Git hosts.

GitError
├── RepositoryNotFound   no repository at the URL, or none that one may know of
├── Refused              the host lets a read or a push fail: see Why
├── NothingToCommit      the change changes nothing
└── RevertFailed         `git revert` gives up, most often on a conflict
"""

from __future__ import annotations

from typing import Literal, TypeAlias
from urllib.parse import urlsplit

from fluxsim.kernel.errors import FluxsimError

Why: TypeAlias = Literal[
    "fetch first",
    "non-fast-forward",
    "protected",
    "protected from force",
    "read-only",
    "unknown credential",
    "outage",
    "missing objects",
    "already up-to-date",
]
"""fetch first: the branch moved on since the clone. non-fast-forward: the push would drop commits that it knows."""


class GitError(FluxsimError):
    """A Git operation that did not happen; the text is what go-git says."""


class NothingToCommit(GitError):
    def __init__(self) -> None:
        super().__init__("nothing to commit, working tree clean")


class RepositoryNotFound(GitError):
    """There is no repository there. GitHub says the same of one that the credential may not read."""

    def __init__(self, url: str, credential: str = "") -> None:
        self.url = url
        if not _is_http(url):
            text = "repository not found"
        elif credential:
            text = "repository not found: Repository not found."
        else:
            text = "authentication required: Repository not found."
        super().__init__(text)

    @property
    def printed(self) -> str:
        if _is_http(self.url):
            return f"remote: Repository not found.\nfatal: repository '{self.url}/' not found"
        return f"ERROR: Repository not found.\n{_NO_ACCESS}"


class Refused(GitError):
    """A read or a push that the host refuses, or that cannot succeed."""

    def __init__(self, why: Why, url: str, ref: str = "") -> None:
        self.why: Why = why
        self.url = url
        self.ref = ref
        super().__init__(_go_git(why, url, ref))

    @property
    def printed(self) -> str:
        """What `git push` or `git fetch` prints on stderr."""
        return _git(self.why, self.url, self.ref)


class RevertFailed(GitError):
    """`git revert` stopped; the text is what it prints."""

    def __init__(self, text: str, conflicts: tuple[str, ...] = ()) -> None:
        super().__init__(text)
        self.conflicts = conflicts
        """The paths in conflict."""


_NO_ACCESS = (
    "fatal: Could not read from remote repository.\n\n"
    "Please make sure you have the correct access rights\nand the repository exists."
)
_BAD_TOKEN = "Invalid username or token. Password authentication is not supported for Git operations."  # noqa: S105
_NO_WRITE = "Write access to repository not granted."
_READ_ONLY = "ERROR: The key you are authenticating with has been marked as read only."
_FETCH_FIRST = (
    "hint: Updates were rejected because the remote contains work that you do\n"
    "hint: not have locally. This is usually caused by another repository pushing\n"
    "hint: to the same ref. You may want to first integrate the remote changes\n"
    "hint: (e.g., 'git pull ...') before pushing again.\n"
    "hint: See the 'Note about fast-forwards' in 'git push --help' for details."
)
_BEHIND = (
    "hint: Updates were rejected because the tip of your current branch is behind\n"
    "hint: its remote counterpart. Integrate the remote changes (e.g.\n"
    "hint: 'git pull ...') before pushing again.\n"
    "hint: See the 'Note about fast-forwards' in 'git push --help' for details."
)
DOWN_ADDRESS = "192.0.2.1"
"""The address at which nothing answers (RFC 5737)."""


def _go_git(why: Why, url: str, ref: str) -> str:
    http = _is_http(url)
    match why:
        case "fetch first" | "non-fast-forward":
            return f"non-fast-forward update: {ref}"
        case "protected" | "protected from force":
            return f"command error on {ref}: {_declined(url)}"
        case "missing objects":
            return f"command error on {ref}: missing necessary objects"
        case "already up-to-date":
            return why
        case "read-only":
            return f"authorization failed: {_NO_WRITE}" if http else f"unknown error: {_READ_ONLY}"
        case "unknown credential":
            if http:
                return f"authentication required: {_BAD_TOKEN}"
            methods = "attempted methods [none publickey], no supported methods remain"
            return f"ssh: handshake failed: ssh: unable to authenticate, {methods}"
        case "outage":
            service = "git-receive-pack" if ref else "git-upload-pack"
            dial = f"dial tcp {DOWN_ADDRESS}:{_port(url)}: connect: connection refused"
            return f'Get "{url}/info/refs?service={service}": {dial}' if http else dial


def _git(why: Why, url: str, ref: str) -> str:
    http = _is_http(url)
    branch = ref.removeprefix("refs/heads/").removeprefix("refs/tags/")
    failed = f"error: failed to push some refs to '{url}'"
    match why:
        case "fetch first":
            return f"To {url}\n ! [rejected]        {branch} -> {branch} (fetch first)\n{failed}\n{_FETCH_FIRST}"
        case "non-fast-forward":
            return f"To {url}\n ! [rejected]        {branch} -> {branch} (non-fast-forward)\n{failed}\n{_BEHIND}"
        case "protected" | "protected from force":
            said = "\n".join(f"remote: {line}" for line in _protection(why, url, ref))
            return f"{said}\nTo {url}\n ! [remote rejected] {branch} -> {branch} ({_declined(url)})\n{failed}"
        case "missing objects":
            return f"To {url}\n ! [remote rejected] {branch} -> {branch} (missing necessary objects)\n{failed}"
        case "already up-to-date":
            return "Everything up-to-date"
        case "read-only":
            if http:
                return f"remote: {_NO_WRITE}\nfatal: unable to access '{url}/': The requested URL returned error: 403"
            return f"{_READ_ONLY}\n{_NO_ACCESS}"
        case "unknown credential":
            if http:
                return f"remote: {_BAD_TOKEN}\nfatal: Authentication failed for '{url}/'"
            return f"git@{urlsplit(url).hostname}: Permission denied (publickey).\n{_NO_ACCESS}"
        case "outage":
            host = urlsplit(url).hostname
            if http:
                text = f"Failed to connect to {host} port {_port(url)} after 1 ms: Couldn't connect to server"
                return f"fatal: unable to access '{url}/': {text}"
            return f"ssh: connect to host {host} port {_port(url)}: Connection refused\n{_NO_ACCESS}"


def _protection(why: Why, url: str, ref: str) -> list[str]:
    if _is_gitlab(url):
        what = (
            "force push code to a protected branch"
            if why == "protected from force"
            else "push code to protected branches"
        )
        return [f"GitLab: You are not allowed to {what} on this project."]
    what = (
        "Cannot force-push to this branch"
        if why == "protected from force"
        else "Changes must be made through a pull request."
    )
    return [f"error: GH006: Protected branch update failed for {ref}.", f"error: {what}"]


def _declined(url: str) -> str:
    return "pre-receive hook declined" if _is_gitlab(url) else "protected branch hook declined"


def _is_gitlab(url: str) -> bool:
    return "gitlab" in (urlsplit(url).hostname or "")


def _is_http(url: str) -> bool:
    return url.startswith(("http://", "https://"))


def _port(url: str) -> int:
    parts = urlsplit(url)
    try:
        return parts.port or {"http": 80, "https": 443}.get(parts.scheme, 22)
    except ValueError:
        return 22
