"""Questions about what was brought: tags and digests in the registry, workflows and releases of CI, commits in Git."""

from __future__ import annotations

from pydantic import Field, field_validator

from fluxsim.drivers.question import Answer, Names, Predicate, shown
from fluxsim.formats.goregex import InvalidRegex, compiled
from fluxsim.kernel.log import Event
from fluxsim.world.world import World


class DigestIs(Predicate):
    """A tag points at a digest: the same as another tag's, or another one."""

    image: str
    tag: str
    same_as: str = Field(default="", alias="same as")
    differs_from: str = Field(default="", alias="differs from")

    def told(self, names: Names) -> str:
        word = "the same digest as" if self.same_as else "another digest than"
        return f"{shown(self.tag, names)} has {word} {shown(self.same_as or self.differs_from, names)}"

    def ask(self, world: World, names: Names) -> Answer:
        one = world.registry.resolve(self.image, names.filled(self.tag))
        other = world.registry.resolve(self.image, names.filled(self.same_as or self.differs_from))
        both = bool(one and other)
        holds = both and (one == other) == bool(self.same_as)
        return Answer(holds=holds, seen=f"{_short(one)} and {_short(other)}")

    def touched_by(self, event: Event) -> bool:
        return event.kind in ("tag.pushed", "tag.deleted") and event.data["image"] == self.image


class TagExists(Predicate):
    """The registry has a tag, or has it not. With `matches` the tag is also of that form (Go's regular expressions)."""

    image: str
    tag: str
    exists: bool = True
    matches: str = ""

    @field_validator("matches")
    @classmethod
    def _readable(cls, pattern: str) -> str:
        try:
            compiled(pattern)
        except InvalidRegex as error:
            raise ValueError(str(error)) from error
        return pattern

    def told(self, names: Names) -> str:
        form = f" of the form {self.matches}" if self.matches else ""
        return f"the registry has {'' if self.exists else 'no '}{self.image}:{shown(self.tag, names)}{form}"

    def ask(self, world: World, names: Names) -> Answer:
        tag = names.filled(self.tag)
        found = bool(world.registry.resolve(self.image, tag))
        fits = compiled(self.matches).matches(tag)
        return Answer(holds=found == self.exists and fits, seen=f"{tag} is {'' if found else 'not '}there")

    def touched_by(self, event: Event) -> bool:
        return event.kind in ("tag.pushed", "tag.deleted") and event.data["image"] == self.image


class ReleaseRecorded(Predicate):
    """A promotion recorded a release."""

    service: str
    tag: str = ""
    version: str = ""

    def told(self, names: Names) -> str:
        return f"a release of {self.service} is recorded" + (f" with tag {shown(self.tag, names)}" if self.tag else "")

    def ask(self, world: World, names: Names) -> Answer:
        rows = [row for row in world.releases if row["service"] == self.service]
        wanted = {"tag": self.tag and names.filled(self.tag), "version": self.version and names.filled(self.version)}
        found = [row for row in rows if all(not value or row[name] == value for name, value in wanted.items())]
        return Answer(
            holds=bool(found), seen=", ".join(f"{row['version']} {row['tag']}" for row in rows) or "no release"
        )

    def touched_by(self, event: Event) -> bool:
        return event.kind == "release.recorded"


class CommitPushed(Predicate):
    """Someone pushed a commit: by author, touching a path, with words in its message; `count` of them, or at least one."""

    repository: str = "gitops"
    author: str = ""
    path: str = ""
    message: str = ""
    count: int | None = None

    def told(self, names: Names) -> str:
        what = "a commit" if self.count is None else f"{self.count} commits"
        return (
            f"{self.repository} has {what}"
            + (f" by {self.author}" if self.author else "")
            + (f" under {self.path}" if self.path else "")
        )

    def ask(self, world: World, names: Names) -> Answer:
        message = names.filled(self.message)
        found = [
            event
            for event in world.commits(self.repository)
            if (not self.author or event.data["author"]["name"] == self.author)
            and (not self.path or any(path.startswith(self.path) for path in event.data["paths"]))
            and message in event.data["message"]
        ]
        holds = bool(found) if self.count is None else len(found) == self.count
        return Answer(holds=holds, seen=f"{len(found)} such commits")

    def touched_by(self, event: Event) -> bool:
        return event.kind == "commit.pushed" and event.data["repository"] == self.repository


class WorkflowEnded(Predicate):
    """A run of a workflow ended: with this conclusion, with words in the log of a step; `count` such runs, or at least one."""

    service: str
    workflow: str = "promote-production"
    conclusion: str = ""
    log: str = ""
    count: int | None = None

    def told(self, names: Names) -> str:
        ending = f": {self.conclusion}" if self.conclusion else ""
        words = f", '{shown(self.log, names)}'" if self.log else ""
        return f"workflow {self.workflow} of {self.service} ended{ending}{words}"

    def ask(self, world: World, names: Names) -> Answer:
        log = names.filled(self.log)
        runs = [
            event.data
            for event in world.log.events
            if event.kind == "workflow.finished"
            and (event.data["service"], event.data["workflow"]) == (self.service, self.workflow)
        ]
        found = [
            run
            for run in runs
            if self.conclusion in ("", run["conclusion"]) and any(log in step["log"] for step in run["steps"])
        ]
        last = f"{runs[-1]['conclusion']}, {runs[-1]['steps'][-1]['log'] or 'no log'}" if runs else "no run"
        holds = bool(found) if self.count is None else len(found) == self.count
        return Answer(holds=holds, seen=f"{len(found)} such runs; the last: {last}")

    def touched_by(self, event: Event) -> bool:
        return event.kind == "workflow.finished"


def _short(digest: str) -> str:
    return digest[:19] or "nothing"
