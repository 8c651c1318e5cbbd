"""One Git repository on a host: objects, refs, and who may move them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fluxsim.formats import githistory
from fluxsim.formats.gitcommit import Author, Commit, Signer, Tag, cleaned
from fluxsim.formats.gitmerge import MergeConflict, reverted_tree
from fluxsim.formats.gitnames import BadName, check_branch, split_steps
from fluxsim.formats.gitobjects import Files, MissingObject, Objects
from fluxsim.formats.gittree import EMPTY, Change, Difference, Sha, differences, tree_with
from fluxsim.formats.tree import Json
from fluxsim.kernel.changes import Changes
from fluxsim.systems.giterrors import GitError, NothingToCommit, Refused, RevertFailed
from fluxsim.systems.gitrevert import conflict_text, revert_message
from fluxsim.systems.gitrules import Access, Fault, Rules

HEADS: Final = "refs/heads/"
TAGS: Final = "refs/tags/"


class AnyHead:
    """The expectation of someone who does not care where a branch stands."""


ANY_HEAD: Final = AnyHead()


@dataclass(frozen=True, slots=True)
class Pushed:
    """A ref that moved. `old` and `new` are ids, empty where the ref was not or is no more."""

    repository: GitRepository
    ref: str
    old: str
    new: str
    actor: str
    forced: bool
    note: Json = None
    """What the pusher has to say about the commit, passed through as it is."""

    @property
    def branch(self) -> str:
        return self.ref.removeprefix(HEADS)


class GitRepository:
    """Refs over objects. Ids are those of Git; nothing here knows the time but through `when_s`.

    Actors are names of people and bots, credentials names of keys and tokens; access hangs on the credential where there
    is one and on the actor else, and a branch protection lets either pass.
    """

    def __init__(self, url: str, *, default_branch: str = "main", objects: Objects | None = None) -> None:
        self.url = url
        self.default_branch = default_branch
        self.objects = objects if objects is not None else Objects()
        self.rules = Rules()
        self.fault: Fault | None = None
        self.listeners: Sequence[Callable[[Pushed], None]] = []
        self.serial = 0
        """Grows with whatever a client could notice: refs, rules, faults."""
        self.changes = Changes()
        """Grows along; the server's own once the repository is there."""
        self._refs: dict[str, Sha] = {}

    def copy(self) -> GitRepository:
        """Return a repository with the same history, without rules, faults and listeners: what comes later stays apart."""
        fresh = GitRepository(self.url, default_branch=self.default_branch, objects=self.objects.fork())
        fresh._refs = dict(self._refs)
        return fresh

    # -- refs

    def refs(self) -> dict[str, str]:
        """Return the ids of all refs by full name, sorted as a host advertises them."""
        return {name: self._refs[name].hex() for name in sorted(self._refs)}

    def branches(self) -> dict[str, str]:
        return {name.removeprefix(HEADS): sha for name, sha in self.refs().items() if name.startswith(HEADS)}

    def ref(self, name: str) -> str:
        """Return the id that a full ref name stands for, empty where there is no such ref."""
        sha = self._refs.get(name)
        return sha.hex() if sha is not None else ""

    def head(self, branch: str = "") -> str:
        """Return the commit id of a branch (the default one if none is named), empty where there is no such branch."""
        return self.ref(HEADS + (branch or self.default_branch))

    def resolve(self, name: str, branch: str = "") -> str:
        """Return the commit id that a person means: `HEAD~2` (of `branch`), a branch, a tag, a ref, an id or its beginning.

        GitError where nothing, or more than one thing, is meant.
        """
        try:
            base, steps = split_steps(name)
        except BadName as error:
            raise GitError(str(error)) from error
        commit = self._named(base, branch)
        for kind, count in steps:
            for _ in range(count if kind == "~" else 1):
                parent = 0 if kind == "~" else count - 1
                if count and parent >= len(commit.parents):
                    raise GitError(f"fatal: bad revision '{name}'")
                commit = self.objects.commit(commit.parents[parent]) if count else commit
        return commit.id

    # -- reading

    def commit_of(self, commit: str) -> Commit:
        try:
            return self.objects.commit(bytes.fromhex(commit))
        except ValueError as error:
            raise MissingObject(commit) from error

    def files(self, commit: str) -> Files:
        """Return the files of a commit as a checkout shows them; none for the empty id."""
        return Files(self.objects, self.commit_of(commit).tree if commit else EMPTY.sha)

    def log(self, start: str, path: str = "", *, author: str = "") -> Iterator[Commit]:
        """Yield commits from `start` back, newest first; those only that changed `path`, those only by an author's name or address."""
        for commit in githistory.log(self.objects, bytes.fromhex(start), path):
            if not author or author in (commit.author.name, commit.author.email):
                yield commit

    def between(self, old: str, new: str) -> list[Commit]:
        """Return what `new` has and `old` has not, newest first; everything for an empty `old`."""
        if not old:
            return list(githistory.log(self.objects, bytes.fromhex(new)))
        return githistory.between(self.objects, bytes.fromhex(old), bytes.fromhex(new))

    def is_ancestor(self, old: str, new: str) -> bool:
        return githistory.is_ancestor(self.objects, bytes.fromhex(old), bytes.fromhex(new))

    def merge_base(self, left: str, right: str) -> str:
        base = githistory.merge_base(self.objects, bytes.fromhex(left), bytes.fromhex(right))
        return base.hex() if base is not None else ""

    def last_change(self, commit: str, path: str, line: int | None = None) -> Commit | None:
        """Return the commit that made a path, or a line of it (from 1), what it is at `commit`."""
        return githistory.last_change(self.objects, bytes.fromhex(commit), path, line)

    def changed(self, old: str, new: str) -> list[Difference]:
        """Return the paths that two commits do not agree on, in Git's order; the empty id is an empty tree."""
        before = self.commit_of(old).tree if old else None
        after = self.commit_of(new).tree if new else None
        return list(differences(self.objects, before, after))

    def paths(self, commit: str) -> list[str]:
        """Return the paths that a commit changed from its first parent."""
        parents = self.commit_of(commit).parents
        return [difference.path for difference in self.changed(parents[0].hex() if parents else "", commit)]

    # -- writing

    def commit(
        self,
        branch: str,
        changes: Mapping[str, Change],
        *,
        author: Author,
        when_s: int,
        message: str,
        actor: str = "",
        credential: str = "",
        expected_head: str | AnyHead = ANY_HEAD,
        note: Json = None,
    ) -> str:
        """Commit on a branch's head and push it, as a person does; return the id.

        A branch that is not there begins at the default branch, or from nothing in an empty repository.
        Raises NothingToCommit, gittree.InvalidPath, and Refused: `fetch first` where the branch is not at `expected_head`.
        """
        ref = self._branch_ref(branch)
        actor = actor or author.name
        self.check_push(ref, actor, credential)
        head = self._refs.get(ref)
        if not isinstance(expected_head, AnyHead) and (head.hex() if head is not None else "") != expected_head:
            raise Refused("fetch first", self.url, ref)
        start = head if head is not None else self._refs.get(HEADS + self.default_branch)
        root = self.objects.commit(start).tree if start is not None else EMPTY.sha
        tree = tree_with(self.objects, root, changes)
        if tree == root:
            raise NothingToCommit
        parents = (start,) if start is not None else ()
        commit = Commit.of(tree, parents, author=author, when_s=when_s, message=cleaned(message))
        self.objects.add_commit(commit)
        self._move(ref, head, commit.sha, actor, note=note)
        return commit.id

    def add_commit(
        self,
        parent: str,
        changes: Mapping[str, Change],
        *,
        author: Author,
        when_s: int,
        message: str,
        signer: Signer | None = None,
    ) -> str:
        """Make a commit on another one and return its id; no ref moves, the message stays as it is, nothing may change.

        The parent itself comes back where nothing changes.
        """
        root = self.commit_of(parent).tree if parent else EMPTY.sha
        tree = tree_with(self.objects, root, changes)
        if tree == root and parent:
            return parent
        parents = (bytes.fromhex(parent),) if parent else ()
        commit = Commit.of(tree, parents, author=author, when_s=when_s, message=message, signer=signer)
        self.objects.add_commit(commit)
        return commit.id

    def push(
        self,
        ref: str,
        old: str,
        new: str,
        actor: str,
        *,
        credential: str = "",
        force: bool = False,
        note: Json = None,
    ) -> None:
        """Move a ref from `old` to `new`, ids of objects that are here; an empty id is a ref that is not there.

        Raises Refused: `fetch first` where the ref is not at `old`, `non-fast-forward` where commits would be lost; force
        goes over both, but not over a protection.
        """
        self.check_push(ref, actor, credential)
        current = self._refs.get(ref)
        target = bytes.fromhex(new) if new else None
        if target is not None and (
            target not in self.objects or (ref.startswith(HEADS) and self.objects.peeled(target) is None)
        ):
            raise Refused("missing objects", self.url, ref)
        moved_on = (current.hex() if current is not None else "") != old
        loses = current is not None and (target is None or not self._descends(current, target))
        if not force and moved_on:
            raise Refused("fetch first", self.url, ref)
        if not force and loses and target is not None:
            raise Refused("non-fast-forward", self.url, ref)
        if loses and ref in self.rules.protected:
            raise Refused("protected from force", self.url, ref)
        self._move(ref, current, target, actor, forced=loses and target is not None, note=note)

    def revert(
        self,
        commit: str,
        branch: str,
        *,
        author: Author,
        when_s: int,
        actor: str = "",
        credential: str = "",
        mainline: int = 0,
        note: Json = None,
    ) -> str:
        """Revert a commit on a branch's head as `git revert` does and push it; return the id.

        Raises RevertFailed: on a conflict (the same lines changed again since), for a merge without `mainline`, where the
        head has nothing of it left. A second revert is called `Reapply "…"`, as by git 2.43 and later.
        """
        ref = self._branch_ref(branch)
        actor = actor or author.name
        self.check_push(ref, actor, credential)
        head = self._refs.get(ref)
        if head is None:
            raise GitError(f"error: pathspec '{branch}' did not match any file(s) known to git")
        reverted, onto = self.commit_of(commit), self.objects.commit(head)
        if len(reverted.parents) > 1 and not mainline:
            raise RevertFailed(f"error: commit {commit} is a merge but no -m option was given.\nfatal: revert failed")
        if mainline > max(len(reverted.parents), 1):
            raise RevertFailed(f"error: commit {commit} does not have parent {mainline}\nfatal: revert failed")
        try:
            tree = reverted_tree(self.objects, reverted, onto, mainline)
        except MergeConflict as conflict:
            text, paths = conflict_text(reverted, conflict.conflicts), tuple(one.path for one in conflict.conflicts)
            raise RevertFailed(text, paths) from conflict
        if tree == onto.tree:
            raise RevertFailed(f"On branch {branch}\nnothing to commit, working tree clean")
        message = revert_message(reverted, mainline)
        made = Commit.of(tree, (head,), author=author, when_s=when_s, message=message)
        self.objects.add_commit(made)
        self._move(ref, head, made.sha, actor, note=note)
        return made.id

    def add_tag(
        self, name: str, commit: str, *, tagger: Author | None = None, when_s: int = 0, message: str = ""
    ) -> str:
        """Return the id to push to `refs/tags/NAME`: the commit itself, or with a message an annotated tag of it."""
        if tagger is None or not message:
            return commit
        tag = Tag.of(name, bytes.fromhex(commit), tagger=tagger, when_s=when_s, message=message)
        self.objects.add_tag(tag)
        return tag.id

    # -- rules and faults

    def grant(self, who: str, access: Access) -> None:
        """Say what a credential or an actor may do."""
        self._changing()
        self.rules.access[who] = access

    def protect(self, branch: str, allow: Sequence[str] = ()) -> None:
        """Refuse pushes to a branch by all but some, and forced ones by everyone."""
        self._changing()
        self.rules.protected[HEADS + branch] = tuple(allow)

    def unprotect(self, branch: str) -> None:
        self._changing()
        self.rules.protected.pop(HEADS + branch, None)

    def fail(self, fault: Fault | None) -> None:
        """Let every read and push fail from now on; None heals."""
        self._changing()
        self.fault = fault

    def check_read(self, actor: str = "", credential: str = "") -> None:
        """Raise Refused where reading is not possible."""
        self._check_reach("", actor, credential)

    def check_push(self, ref: str, actor: str, credential: str = "") -> None:
        """Raise Refused where the ref cannot be pushed to, whatever the commit."""
        if self._check_reach(ref, actor, credential) == "read-only":
            raise Refused("read-only", self.url, ref)
        allowed = self.rules.protected.get(ref)
        if allowed is not None and actor not in allowed and credential not in allowed:
            raise Refused("protected", self.url, ref)

    def _changing(self) -> None:
        """Say that something changes now, before it does."""
        self.serial += 1
        self.changes.coming()

    def set_refs(self, refs: Mapping[str, str]) -> None:
        """Replace all refs at once, as an import does: no rule is asked, nobody is told."""
        self._changing()
        self._refs = {name: bytes.fromhex(sha) for name, sha in refs.items()}

    def _check_reach(self, ref: str, actor: str, credential: str) -> Access:
        if self.fault == "outage":
            raise Refused("outage", self.url, ref)
        access = self.rules.access.get(credential or actor, "read-write")
        if self.fault == "auth" or access == "none":
            raise Refused("unknown credential", self.url, ref)
        return access

    def _move(
        self, ref: str, old: Sha | None, new: Sha | None, actor: str, *, forced: bool = False, note: Json = None
    ) -> None:
        self._changing()
        if new is None:
            self._refs.pop(ref, None)
        else:
            self._refs[ref] = new
        if self.listeners:
            pushed = Pushed(
                self,
                ref,
                old.hex() if old is not None else "",
                new.hex() if new is not None else "",
                actor,
                forced,
                note,
            )
            for listener in self.listeners:
                listener(pushed)

    def _branch_ref(self, branch: str) -> str:
        ref = HEADS + branch
        if ref not in self._refs:
            try:
                check_branch(branch)
            except BadName as error:
                raise GitError(str(error)) from error
        return ref

    def _descends(self, old: Sha, new: Sha) -> bool:
        before, after = self.objects.peeled(old), self.objects.peeled(new)
        return before is not None and after is not None and githistory.is_ancestor(self.objects, before.sha, after.sha)

    def _named(self, name: str, branch: str) -> Commit:
        ref = HEADS + (branch or self.default_branch) if name in ("HEAD", "@", "") else name
        for candidate in (ref, f"refs/{ref}", TAGS + ref, HEADS + ref):
            if candidate in self._refs:
                commit = self.objects.peeled(self._refs[candidate])
                if commit is not None:
                    return commit
        digits = name.lower()
        if 4 <= len(digits) <= 40 and all(digit in "0123456789abcdef" for digit in digits):
            found = [
                commit for sha in self.objects.starting_with(digits) if (commit := self.objects.peeled(sha)) is not None
            ]
            if len(found) == 1:
                return found[0]
            if found:
                raise GitError(f"error: short object ID {name} is ambiguous")
        raise GitError(f"fatal: bad revision '{name}'")
