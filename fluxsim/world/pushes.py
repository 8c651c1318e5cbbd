"""Pushes as the log tells them: one event a commit, with what it changed in the manifests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fluxsim.formats.gitcommit import Commit
from fluxsim.formats.tree import Json
from fluxsim.systems.gitserver import GitRepository, Pushed
from fluxsim.world.gitops import image_changes

if TYPE_CHECKING:
    from fluxsim.world.world import World

MESSAGE_MAX = 2_000


class Pushes:
    """Logs every moved branch, and tells CI of it."""

    def __init__(self, world: World) -> None:
        self._world = world

    def pushed(self, pushed: Pushed) -> None:
        if not pushed.ref.startswith("refs/heads/") or not pushed.new:
            return
        repository = pushed.repository
        name = self._world.repository_named(repository.url)
        fresh = repository.between(pushed.old, pushed.new) if pushed.old else [repository.commit_of(pushed.new)]
        for commit in fresh[::-1] or [repository.commit_of(pushed.new)]:
            self._log(name, pushed, commit)
        self._world.ci.pushed(name, pushed)

    def _log(self, name: str, pushed: Pushed, commit: Commit) -> None:
        repository = pushed.repository
        parent = commit.parents[0].hex() if commit.parents else ""
        differences = repository.changed(parent, commit.id)
        note: Json = pushed.note or {}
        data: dict[str, Json] = {
            "repository": name,
            "url": repository.url,
            "branch": pushed.branch,
            "commit": commit.id,
            "parent": parent,
            "author": {"name": commit.author.name, "email": commit.author.email},
            "subject": commit.subject,
            "message": commit.message[:MESSAGE_MAX],
            "paths": [difference.path for difference in differences],
        }
        if name == "gitops":
            data["images"] = image_changes(repository, differences)
        for field in ("changes", "reverts"):
            if note.get(field):
                data[field] = note[field]
        if pushed.forced:
            data["forced"] = True
            data["dropped"] = [_author_of(dropped) for dropped in _dropped(repository, pushed)]
        self._world.log.append("commit.pushed", note.get("by") or pushed.actor, data)


def _dropped(repository: GitRepository, pushed: Pushed) -> list[Commit]:
    return repository.between(pushed.new, pushed.old)


def _author_of(commit: Commit) -> dict[str, str]:
    return {"commit": commit.id, "author": commit.author.name}
