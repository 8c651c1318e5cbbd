"""What a Git client of Flux finds in a remote: which commit a reference means, and whether a clone can be saved.

Refs are given as `git ls-remote` lists them: full name to hash, an annotated tag once more with `^{}` for its commit.
Source: fluxcd/pkg git v0.52.0: git.go, utils.go, gogit/client.go (clone, SwitchBranch, Commit), gogit/clone.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from fluxsim.formats import semver
from fluxsim.formats.revision import absolute_reference, commit_digest, revision
from fluxsim.formats.tree import Json

DEFAULT_BRANCH = "master"
DEREFERENCED = "^{}"

Kind: TypeAlias = Literal["commit", "name", "tag", "semver", "branch"]


class CloneError(Exception):
    """A clone that fails, in the words of Flux's Git client."""


@dataclass(frozen=True, slots=True)
class Cloned:
    """A commit and the reference it was found by; `is_concrete` where its content was fetched, too."""

    commit: str
    reference: str
    is_concrete: bool = True

    @property
    def revision(self) -> str:
        return revision(self.reference, self.commit)


def wanted(ref: Json) -> tuple[Kind, str]:
    """Return what a GitRepositoryRef is about, by the order in which its fields go before each other."""
    if ref:
        for kind in ("commit", "name", "tag", "semver"):
            if ref.get(kind):
                return kind, ref[kind]
    return "branch", (ref or {}).get("branch") or DEFAULT_BRANCH


def clone(refs: Mapping[str, str], ref: Json, *, last_observed: str = "", url: str = "") -> Cloned:
    """Return the commit that the ref means. Raises CloneError.

    Where that is the revision observed last, the commit is not concrete: nothing was cloned. Clones of a branch or a
    tag compare the short revision, those of a full name the full one, others always fetch.
    """
    kind, value = wanted(ref)
    match kind:
        case "commit":
            return Cloned(value, f"refs/heads/{ref['branch']}" if ref.get("branch") else "")
        case "name":
            return _by_name(refs, value, last_observed)
        case "tag":
            return _found(refs, f"refs/tags/{value}", last_observed, url)
        case "semver":
            return _found(refs, f"refs/tags/{newest_tag(refs, value)}", "", url)
        case "branch":
            return _found(refs, f"refs/heads/{value}", last_observed, url)


def remote_revision(refs: Mapping[str, str], reference: str) -> str:
    """Return `refs/heads/main@sha1:…` of a reference in the remote, of an annotated tag by its commit; nothing where absent."""
    commit = refs.get(f"{reference}{DEREFERENCED}") or refs.get(reference)
    return absolute_reference(reference, commit) if commit else ""


def newest_tag(refs: Mapping[str, str], range_: str) -> str:
    """Return the tag with the highest version in the range; of equal versions the last by name. Raises CloneError."""
    try:
        constraint = semver.parse_constraint(range_)
    except semver.InvalidConstraint as error:
        raise CloneError(f"semver parse error: {error}") from error
    fitting: list[tuple[semver.Key, str]] = []
    for reference in refs:
        tag = reference.removeprefix("refs/tags/").removesuffix(DEREFERENCED)
        if tag == reference:
            continue
        try:
            version = semver.parse_tag(tag)
        except semver.InvalidVersion:
            continue
        if constraint.allows(version):
            fitting.append((version.key, tag))
    if not fitting:
        raise CloneError(f"no match found for semver: {range_}")
    return max(fitting)[1]


def unchanged(last_observed: str, head: str, ref: Json) -> bool:
    """Tell whether the revision observed last is what a remote's head, given as revision or hash, would be observed as.

    Only branches and tags are compared: a full name never equals what was observed of it, which is shortened, and
    other refs are not looked up.
    """
    kind, value = wanted(ref)
    if kind not in ("branch", "tag") or not last_observed or not head:
        return False
    return f"{value}@{commit_digest(hash_of(head))}" == transformed(last_observed)


def transformed(text: str) -> str:
    """Return the revision in today's format; `main/<hash>` and a bare hash are older ones."""
    if not text or ":" in text:
        return text
    pointer, digest = named_pointer(text), commit_digest(hash_of(text))
    return f"{pointer}@{digest}" if pointer else digest


def named_pointer(text: str) -> str:
    """Return the branch, tag or reference that a revision names."""
    pointer, separator, _ = text.rpartition("@")
    if separator:
        return pointer
    pointer = text.rpartition("/")[0]
    return "" if pointer == "HEAD" else pointer


def hash_of(text: str) -> str:
    """Return the hash in a revision."""
    return text.rpartition(":" if ":" in text else "/")[2]


def is_concrete(commit: str, content: bytes | None) -> bool:
    """Tell whether a commit was fetched, or is only known by its hash."""
    return bool(commit) and content is not None


def switched(
    to: str, *, head: str, remote_branches: Mapping[str, str], local_branches: Mapping[str, str], single_branch: bool
) -> str:
    """Return the commit at which a work tree on `head` continues on another branch.

    That is the branch where the clone has it, then the remote's branch, and for a new branch the head itself. A clone
    of a single branch does not know the others of its remote.
    """
    if to in local_branches:
        return local_branches[to]
    return head if single_branch else remote_branches.get(to, head)


def commit_error(changed_files: int) -> str:
    """Return why nothing is committed; nothing where something is."""
    return "" if changed_files else "no staged files"


def _found(refs: Mapping[str, str], reference: str, last_observed: str, url: str) -> Cloned:
    name = reference.split("/", 2)[2]
    head = remote_revision(refs, reference)
    if head and transformed(last_observed) == f"{name}@{commit_digest(hash_of(head))}":
        return Cloned(hash_of(head), reference, is_concrete=False)
    if not head:
        raise CloneError(f"unable to clone '{url}': couldn't find remote ref \"{reference}\"")
    return Cloned(hash_of(head), reference)


def _by_name(refs: Mapping[str, str], name: str, last_observed: str) -> Cloned:
    if name.startswith("/") or name.endswith("/"):
        raise CloneError(f"ref {name} is invalid; Git refs cannot begin or end with a slash '/'")
    head = remote_revision(refs, name)
    if not head:
        raise CloneError(f"unable to resolve ref '{name}' to a specific commit")
    return Cloned(hash_of(head), name, is_concrete=head != transformed(last_observed))
