"""A Git repository as a Flux controller reaches it: by URL and credential, with the texts of its client library.

Source: fluxcd/pkg git v0.52.0 gogit/clone.go and gogit/client.go over go-git v5.19; image-automation-controller v1.2.1
internal/source/source.go (CommitAndPush).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fluxsim.formats import semver
from fluxsim.formats.gitcommit import Author, Commit, Signer
from fluxsim.formats.gitobjects import Files
from fluxsim.formats.gittree import Change
from fluxsim.formats.revision import absolute_reference, revision
from fluxsim.formats.tree import Json
from fluxsim.systems.giterrors import GitError, Refused, RepositoryNotFound
from fluxsim.systems.gitrepository import HEADS, TAGS, GitRepository

DEFAULT_BRANCH = "master"
"""What Flux checks out where nothing is said."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a ref of a spec stands for at the moment of asking."""

    revision: str
    """`main@sha1:…`, as status.artifact.revision has it."""
    reference: str
    """`refs/heads/main`, empty for a bare commit."""
    commit: str
    tree: str
    subject: str
    files: Files = field(compare=False)


@dataclass(frozen=True, slots=True)
class Checkout:
    """A clone with its work tree on the branch to push."""

    head: Head
    """What was checked out; the observed revision is its."""
    parent: str
    """The commit that the work tree is at: the head of the push branch where the host has that branch already."""
    files: Files
    shallow: bool = True

    @property
    def revision(self) -> str:
        return self.head.revision


class Remote:
    """A repository seen through a URL and a credential. Each call is one conversation with the host, at one instant."""

    def __init__(self, repository: GitRepository | None, url: str, credential: str = "") -> None:
        self._repository = repository
        self._credential = credential
        self.url = url

    def resolve(self, ref: Mapping[str, Json] | None, *, cloning: bool = False) -> Head | None:
        """Return what `spec.ref` stands for; None for the branch of an empty repository.

        Of several fields commit wins, then name, tag, semver, branch. `cloning` says that nothing was observed before, so
        that the controller clones at once instead of listing the refs first: errors read otherwise. Raises GitError.
        """
        ref = ref or {}
        lists = bool(ref.get("name")) or not (cloning or ref.get("commit") or ref.get("semver"))
        doing = f"unable to list remote for '{self.url}'" if lists else f"unable to clone '{self.url}'"
        repository = self._reach(doing)
        if ref.get("commit"):
            return self._at_commit(repository, ref["commit"], ref.get("branch") or "")
        if ref.get("name"):
            return self._named(repository, ref["name"])
        if ref.get("tag"):
            return self._at(repository, TAGS + ref["tag"])
        if ref.get("semver"):
            return self._at(repository, TAGS + self._newest_tag(repository, ref["semver"]))
        if not repository.refs():
            return None
        return self._at(repository, HEADS + (ref.get("branch") or DEFAULT_BRANCH))

    def checkout(self, ref: Mapping[str, Json] | None, push_branch: str = "", *, shallow: bool = True) -> Checkout:
        """Clone what the ref stands for and switch to the branch to push, which begins there where the host has none. Raises GitError."""
        head = self.resolve(ref, cloning=True)
        if head is None:
            raise GitError("remote repository is empty")
        repository = self._reach("")
        ours = push_branch and head.reference != HEADS + push_branch
        parent = (repository.head(push_branch) if ours else "") or head.commit
        files = head.files if parent == head.commit else repository.files(parent)
        return Checkout(head, parent, files, shallow)

    def push_commit(
        self,
        checkout: Checkout,
        changed: Mapping[str, Change],
        *,
        author: Author,
        message: str,
        when_s: int,
        branch: str,
        force: bool = False,
        signer: Signer | None = None,
        refspec: str = "",
        changes: Json = None,
    ) -> str:
        """Commit files on a checkout, push the branch, then the refspec if there is one; return the commit's id.

        The message is committed as it is. Where the files are what they were nothing is pushed and the checkout's own
        commit comes back. `changes` goes to those who listen for pushes. Raises GitError: when the branch moved on since
        the checkout and force is off, and with all that the host refuses.
        """
        repository = self._reach("")
        commit = repository.add_commit(
            checkout.parent, changed, author=author, when_s=when_s, message=message, signer=signer
        )
        if commit == checkout.parent:
            return commit
        self._push(repository, checkout, HEADS + branch, commit, author, force=force, note=changes)
        if refspec:
            plus, source, target = refspec.startswith("+"), *_sides(refspec.removeprefix("+"))
            local = {HEADS + branch: commit}
            local.setdefault(checkout.head.reference, checkout.head.commit)
            pushed = _matching(local, source, target)
            moving = {ref: sha for ref, sha in pushed.items() if repository.ref(ref) != sha}
            if not moving:
                raise Refused("already up-to-date", self.url)
            for ref, sha in moving.items():
                self._push(repository, checkout, ref, sha, author, force=force or plus, note=changes)
        return commit

    def _push(
        self,
        repository: GitRepository,
        checkout: Checkout,
        ref: str,
        commit: str,
        author: Author,
        *,
        force: bool,
        note: Json,
    ) -> None:
        current = repository.ref(ref)
        try:
            repository.check_push(ref, author.name, self._credential)
            if not force and current and not repository.is_ancestor(current, commit):
                # A shallow clone has no parents to walk to: go-git stumbles before it can tell.
                if checkout.shallow and repository.commit_of(checkout.parent).parents:
                    raise GitError("object not found")
                raise Refused("non-fast-forward", self.url, ref)
            repository.push(ref, current, commit, author.name, credential=self._credential, force=force, note=note)
        except Refused as refused:
            raise Refused(refused.why, self.url, ref) from refused

    def _reach(self, doing: str) -> GitRepository:
        prefix = f"{doing}: " if doing else ""
        if self._repository is None:
            missing = RepositoryNotFound(self.url, self._credential)
            if str(missing) == "repository not found" and "clone" in doing:
                raise GitError(f"unable to clone: {missing}: git repository: '{self.url}'")
            raise GitError(f"{prefix}{missing}")
        try:
            self._repository.check_read(credential=self._credential)
        except Refused as refused:
            raise GitError(f"{prefix}{Refused(refused.why, self.url)}") from refused
        return self._repository

    def _at(self, repository: GitRepository, ref: str) -> Head:
        commit = _commit_at(repository, ref)
        if commit is None:
            if not repository.refs():
                text = "remote repository is empty"
                raise GitError(f"unable to clone: {text}: git repository: '{self.url}'")
            raise GitError(f"unable to clone '{self.url}': couldn't find remote ref \"{ref}\"")
        return self._head(repository, commit, ref, revision(ref, commit.id))

    def _at_commit(self, repository: GitRepository, commit: str, branch: str) -> Head:
        ref = HEADS + branch if branch else ""
        tips = [self._at(repository, ref).commit] if branch else list(repository.refs().values())
        sha = bytes.fromhex(commit) if len(commit) == 40 and _is_hex(commit) else b""
        found = repository.objects.peeled(sha)
        commits = [tip for tip in (repository.objects.peeled(bytes.fromhex(tip)) for tip in tips) if tip is not None]
        if found is None or not any(repository.is_ancestor(found.id, tip.id) for tip in commits):
            raise GitError(f"unable to resolve commit object for '{commit}': object not found")
        return self._head(repository, found, ref, revision(ref, found.id))

    def _named(self, repository: GitRepository, name: str) -> Head:
        if name.startswith("/") or name.endswith("/"):
            raise GitError(f"ref {name} is invalid; Git refs cannot begin or end with a slash '/'")
        commit = _commit_at(repository, name.removesuffix("^{}") if name.startswith(TAGS) else name)
        if commit is None:
            raise GitError(f"unable to resolve ref '{name}' to a specific commit")
        return self._head(repository, commit, name, absolute_reference(name, commit.id))

    def _newest_tag(self, repository: GitRepository, wanted: str) -> str:
        """Return the tag of the greatest version in range; of equal ones the one whose commit is newer."""
        try:
            constraint = semver.parse_constraint(wanted)
        except semver.InvalidConstraint as error:
            raise GitError(f"semver parse error: {error}") from error
        found: list[tuple[semver.Key, int, str]] = []
        for ref, sha in repository.refs().items():
            commit = repository.objects.peeled(bytes.fromhex(sha)) if ref.startswith(TAGS) else None
            try:
                version = semver.parse_tag(ref.removeprefix(TAGS))
            except semver.InvalidVersion:
                continue
            if commit is not None and constraint.allows(version):
                found.append((version.key, commit.committed_s, version.original))
        if not found:
            raise GitError(f"no match found for semver: {wanted}")
        return max(found)[2]

    def _head(self, repository: GitRepository, commit: Commit, ref: str, text: str) -> Head:
        return Head(text, ref, commit.id, commit.tree.hex(), commit.subject, Files(repository.objects, commit.tree))


def _commit_at(repository: GitRepository, ref: str) -> Commit | None:
    sha = repository.ref(ref)
    return repository.objects.peeled(bytes.fromhex(sha)) if sha else None


def _sides(refspec: str) -> tuple[str, str]:
    source, colon, target = refspec.partition(":")
    if not colon:
        raise GitError("malformed refspec, separators are wrong")
    return source, target


def _matching(local: Mapping[str, str], source: str, target: str) -> dict[str, str]:
    """Return what a refspec pushes: target ref to commit. One `*` on each side stands for any name."""
    if "*" not in source:
        return {target: local[source]} if source in local else {}
    before, _, after = source.partition("*")
    return {
        target.replace("*", ref[len(before) : len(ref) - len(after)], 1): sha
        for ref, sha in local.items()
        if ref.startswith(before) and ref.endswith(after) and len(ref) >= len(before) + len(after)
    }


def _is_hex(text: str) -> bool:
    return all(digit in "0123456789abcdef" for digit in text)
