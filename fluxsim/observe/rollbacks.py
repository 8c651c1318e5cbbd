"""What people did in Git stays: their commits on the branch, and the values that they brought back."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeAlias

from fluxsim.formats import semver
from fluxsim.formats.imagetag import split
from fluxsim.kernel.log import Event
from fluxsim.observe.invariant import AUTOMATION, Noted

Line: TypeAlias = tuple[str, str, str, str]
"""Repository and branch, file, policy: where an automation writes a value."""

_STAMP = re.compile(r"(\d{8,})$")


@dataclass(slots=True)
class NoPersonsCommitIsLost(Noted):
    """A commit of a person that stood on a branch stays reachable from it: no forced push takes it away."""

    reads: ClassVar[tuple[str, ...]] = ("commit.pushed",)
    name: str = "no commit of a person is lost"
    bots: set[str] = field(default_factory=lambda: {"fluxcdbot", "fluxbot"})
    by_bots: set[str] = field(default_factory=set[str])

    def observe(self, event: Event) -> None:
        data = event.data
        if event.actor == AUTOMATION:
            self.bots.add(data["author"]["name"])
            self.by_bots.add(data["commit"])
        lost = [
            row
            for row in data.get("dropped", ())
            if row["commit"] not in self.by_bots and row["author"] not in self.bots and "[bot]" not in row["author"]
        ]
        if lost:
            told = ", ".join(f"{row['commit'][:7]} by {row['author']}" for row in lost)
            self.note(self.name, event.seq, event, f"a forced push to {data['branch']} dropped {told}")


@dataclass(slots=True)
class RollbackHolds(Noted):
    """What a person rolled back stays rolled back: no bot brings the same value back to the same line.

    A rollback is a person's revert, a person's commit that brings back a value which the line had before or which is
    older than what it has, or a person's forced push over a bot's commit. Moving a line forward by hand is none.
    It has ended well once a bot writes another value: then the policy has moved on.
    """

    reads: ClassVar[tuple[str, ...]] = ("commit.pushed",)
    name: str = "a rollback holds"
    undone: dict[Line, dict[str, Event]] = field(default_factory=dict[Line, dict[str, Event]])
    seen: dict[Line, set[str]] = field(default_factory=dict[Line, set[str]])
    written: dict[str, Event] = field(default_factory=dict[str, Event])
    """The commits that changed marked lines, for when a forced push takes one away."""

    def observe(self, event: Event) -> None:
        if event.data["repository"] != "gitops":
            return
        if event.data.get("forced"):
            self._forced(event)
        elif event.data.get("images"):
            self.written[event.data["commit"]] = event
            by_bot = event.actor == AUTOMATION
            for line, change in _lines(event):
                if by_bot:
                    self._by_bot(event, line, change)
                else:
                    self._by_person(event, line, change)
                self.seen.setdefault(line, {change["old"]}).add(change["new"])

    def standing(self, policy: str) -> set[str]:
        """Return the tags of a policy that were rolled back and must not come back."""
        return {
            split(value).tag or value for line, undone in self.undone.items() if line[3] == policy for value in undone
        }

    def _by_bot(self, event: Event, line: Line, change: Any) -> None:
        undone = self.undone.pop(line, {})
        before = undone.get(change["new"])
        if before is not None:
            text = (
                f"{event.data['author']['name']} brought {_short(change['new'])} back to {change['file']}; "
                f"{before.data['author']['name']} had rolled it back with {before.data['commit'][:7]}"
            )
            self.note(self.name, event.seq, event, text, before)

    def _by_person(self, event: Event, line: Line, change: Any) -> None:
        undone = self.undone.setdefault(line, {})
        undone.pop(change["new"], None)
        back = event.data.get("reverts") or change["new"] in self.seen.get(line, ())
        if change["old"] and (back or older(change["new"], change["old"])):
            undone[change["old"]] = event

    def _forced(self, event: Event) -> None:
        """A person's forced push undoes what the commits it drops had written; a bot's own branch is its own affair."""
        if event.actor == AUTOMATION:
            return
        for row in event.data.get("dropped", ()):
            dropped = self.written.get(row["commit"])
            if dropped is not None and dropped.actor == AUTOMATION:
                for line, change in _lines(dropped):
                    self.undone.setdefault(line, {})[change["new"]] = event


def older(one: str, other: str) -> bool:
    """Return whether an image or tag is surely the older one of two: by the time at its end, or as a version."""
    tags = [split(value).tag or value for value in (one, other)]
    stamps = [_STAMP.search(tag) for tag in tags]
    if stamps[0] is not None and stamps[1] is not None:
        return int(stamps[0].group(1)) < int(stamps[1].group(1))
    try:
        return semver.compare(semver.parse_version(tags[0]), semver.parse_version(tags[1])) < 0
    except semver.InvalidVersion:
        return False


def _lines(event: Event) -> Iterable[tuple[Line, Any]]:
    """Yield the marked lines that a commit changed."""
    for change in event.data.get("images", ()):
        if change.get("policy"):
            yield (event.data["url"], event.data["branch"], change["file"], change["policy"]), change


def _short(value: str) -> str:
    return split(value).tag or value
