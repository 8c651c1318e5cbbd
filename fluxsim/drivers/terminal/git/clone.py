"""The clone that a person works in. While nothing in it is unpushed it is always up to date, as if `git pull` came before each command.

A revert stays in the clone until it is pushed; the push is the action that the world sees.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from fluxsim.systems.gitserver import GitRepository, Refused
from fluxsim.world import actions
from fluxsim.world.acting import person
from fluxsim.world.world import World, copied


@dataclass(slots=True)
class Clone:
    """A clone of one repository; `unpushed` are the commits that were reverted here, oldest first."""

    world: World
    name: str
    origin: GitRepository
    branch: str
    author: str
    unpushed: list[str] = field(default_factory=list[str])
    _local: GitRepository | None = None
    _base: str = ""

    @property
    def repository(self) -> GitRepository:
        """The clone as Git sees it: with the reverts that are not pushed."""
        return self._local if self._local is not None else self.origin

    @property
    def head(self) -> str:
        return self.repository.head(self.branch)

    def revert(self, commit: str) -> str:
        """Revert a commit in the clone and return the new one's id; systems.giterrors.RevertFailed as git gives up."""
        if self._local is None:
            self._base = self.origin.head(self.branch)
            self._local = copied(self.origin)
            self._local.listeners = []
        made = self._local.revert(commit, self.branch, author=person(self.author), when_s=self.world.clock.unix_s)
        self.unpushed.append(commit)
        return made

    def push(self) -> str:
        """Push what is unpushed and return what the host did not take, in git's words; empty where all went through."""
        ref = f"refs/heads/{self.branch}"
        if self.origin.head(self.branch) != self._base:
            return Refused("fetch first", self.origin.url, ref).printed
        for commit in self.unpushed:
            action = actions.Revert(by=self.author, repository=self.name, branch=self.branch, commit=commit)
            outcome = self.world.do(action)
            if outcome.error:
                return outcome.error
        self.forget()
        return ""

    def rebase(self) -> None:
        """Do the unpushed reverts again on what the origin has now."""
        again = list(self.unpushed)
        self.forget()
        for commit in again:
            self.revert(commit)

    def forget(self) -> None:
        """Drop what is unpushed."""
        self._local = None
        self.unpushed.clear()
