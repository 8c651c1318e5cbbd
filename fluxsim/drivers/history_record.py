"""What really happened in a GitOps repository: the line of commits that Flux saw, and which of them its own bot wrote.

Only Git is read. Commits come at their committer times; a commit that reached the branch with a merge comes with the merge.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from fluxsim.formats.durations import InvalidDuration, parse_millis
from fluxsim.formats.gitcommit import Commit
from fluxsim.formats.gittree import Difference
from fluxsim.formats.imagetag import split
from fluxsim.formats.tree import Json, Map, get
from fluxsim.kernel.errors import Fault, InputError
from fluxsim.kernel.units import MINUTE, Millis
from fluxsim.kube.meta import FLUX_IMAGE, group_of
from fluxsim.systems.gitserver import Files, GitRepository
from fluxsim.world.gitops import image_changes
from fluxsim.world.roots import flux_objects
from fluxsim.world.setup import Setup


@dataclass(frozen=True, slots=True)
class Change:
    """A marked field that a commit set: the tag before and after. `policy` is the marker's `namespace:name`."""

    file: str
    policy: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """A commit as it came to the branch. `parent` is where the branch stood before, empty at the very first."""

    id: str
    parent: str
    at_s: int
    author: str
    email: str
    message: str
    bot: bool
    changes: tuple[Change, ...] = ()

    @property
    def subject(self) -> str:
        return self.message.strip().partition("\n")[0]


@dataclass(frozen=True, slots=True)
class Automation:
    """An ImageUpdateAutomation: where it writes, and how often it looks at Git."""

    namespace: str
    name: str
    path: str
    interval_ms: Millis

    def writes(self, namespace: str, file: str) -> bool:
        """Tell whether it sets the fields of a namespace's policies in a file."""
        return namespace == self.namespace and (not self.path or file == self.path or file.startswith(f"{self.path}/"))


@dataclass(frozen=True)
class Record:
    """The history of one branch, oldest first."""

    setup: Setup
    """The repository as it is at its end."""
    commits: tuple[Recorded, ...]
    images: Mapping[str, str] = field(default_factory=dict[str, str])
    """Policy, `namespace:name`, to the image that it elects tags of."""
    scans: Mapping[str, str] = field(default_factory=dict[str, str])
    """Image to the ImageRepository that scans it, `namespace/name`."""
    scan_ms: Mapping[str, Millis] = field(default_factory=dict[str, Millis])
    """Image to the interval of its scans."""
    automations: tuple[Automation, ...] = ()

    @property
    def repository(self) -> GitRepository:
        return self.setup.repository

    def scan_ms_of(self, policy: str) -> Millis:
        """Return the interval at which the tags of a policy are looked for."""
        return self.scan_ms.get(self.images.get(policy, ""), MINUTE)

    def automation_ms_of(self, change: Change) -> Millis:
        """Return the longest interval of the automations that write a marked field."""
        namespace = change.policy.partition(":")[0]
        return max((one.interval_ms for one in self.automations if one.writes(namespace, change.file)), default=MINUTE)

    @cached_property
    def bots(self) -> list[Recorded]:
        return [commit for commit in self.commits if commit.bot]

    def differences(self, commit: Recorded) -> list[Difference]:
        """Return what a commit changed on the branch."""
        return self.repository.changed(commit.parent, commit.id)

    def seeing(self, objects: Sequence[Map]) -> Record:
        """Return the record with what manifests of another time say of its images; what is known already stays."""
        repositories = _of_kind(objects, "ImageRepository")
        known = {(one.namespace, one.name) for one in self.automations}
        automations = [_automation(obj) for obj in _of_kind(objects, "ImageUpdateAutomation")]
        return replace(
            self,
            images=_images(objects) | dict(self.images),
            scans={obj["spec"]["image"]: _name(obj, "/") for obj in repositories} | dict(self.scans),
            scan_ms={obj["spec"]["image"]: _interval_ms(obj) for obj in repositories} | dict(self.scan_ms),
            automations=(*self.automations, *(one for one in automations if (one.namespace, one.name) not in known)),
        )

    def before(self, at_s: int) -> Recorded | None:
        """Return the last commit before a time."""
        return next((commit for commit in reversed(self.commits) if commit.at_s < at_s), None)


def recorded(setup: Setup) -> Record:
    """Return the history of the setup's branch; InputError where no automation ever committed to it."""
    repository, branch = setup.repository, setup.branch
    names = _bot_names(repository.files(repository.head(branch)))
    line = mainline(repository, branch, names)
    commits: list[Recorded] = []
    parent, at_s = "", 0
    for commit in line:
        at_s = max(at_s, commit.committed_s)
        author = commit.author
        bot = bool({author.name, author.email} & names)
        changes = tuple(_changes(repository, parent, commit.id))
        commits.append(Recorded(commit.id, parent, at_s, author.name, author.email, commit.message, bot, changes))
        parent = commit.id
    if not any(commit.bot for commit in commits):
        told = f"no commit by {' or '.join(sorted(names)) or 'an image automation'} on branch '{branch}'"
        raise InputError(Fault(setup.name, told, "a history without a bot has nothing to compare with"))
    return Record(setup, tuple(commits)).seeing(setup.closure.objects)


def mainline(repository: GitRepository, branch: str, bots: set[str]) -> list[Commit]:
    """Return the commits that were the head of the branch at some time, oldest first, as far as a history can tell.

    Of a merge's sides the one with the bot's commits is the branch, since the bot pushes there and nowhere else. Where
    neither has any, a merge made by `git pull` (its subject says so) came from the second parent, another from the first.
    """
    line: list[Commit] = []
    commit = repository.commit_of(repository.head(branch))
    while True:
        line.append(commit)
        if not commit.parents:
            return line[::-1]
        commit = repository.commit_of(_mainline_parent(repository, commit, bots).hex())


def _mainline_parent(repository: GitRepository, commit: Commit, bots: set[str]) -> bytes:
    first, *others = commit.parents
    for other in others:
        mine = repository.between(other.hex(), first.hex())
        theirs = repository.between(first.hex(), other.hex())
        if any(_by(one, bots) for one in theirs) or (
            not any(_by(one, bots) for one in mine)
            and commit.subject.startswith("Merge branch '")
            and " of " in commit.subject
        ):
            return other
    return first


def _by(commit: Commit, names: set[str]) -> bool:
    return commit.author.name in names or commit.author.email in names


def _bot_names(files: Files) -> set[str]:
    """Return the names and addresses under which the automations of a checkout commit."""
    found: set[str] = set()
    for _file, obj in flux_objects(files):
        if obj["kind"] == "ImageUpdateAutomation":
            author: Json = get(obj, "spec", "git", "commit", "author", default=None) or {}
            found |= {str(author[key]) for key in ("name", "email") if author.get(key)}
    return found


def _changes(repository: GitRepository, parent: str, commit: str) -> Iterator[Change]:
    if parent:
        for row in image_changes(repository, repository.changed(parent, commit)):
            if row["policy"]:
                yield Change(row["file"], row["policy"], tag_in(row["old"]), tag_in(row["new"]))


def tag_in(value: str) -> str:
    """Return the tag of a marked field's value: the tag of a whole reference, or the value where it is a tag alone."""
    return split(value).tag or value


def _automation(obj: Map) -> Automation:
    path = posixpath.normpath("/" + str(get(obj, "spec", "update", "path", default=None) or "")).strip("/")
    return Automation(obj["metadata"].get("namespace", ""), obj["metadata"]["name"], path, _interval_ms(obj))


def _images(objects: Sequence[Map]) -> dict[str, str]:
    images = {_name(obj, "/"): str(obj["spec"]["image"]) for obj in _of_kind(objects, "ImageRepository")}
    found: dict[str, str] = {}
    for obj in _of_kind(objects, "ImagePolicy"):
        reference = obj["spec"]["imageRepositoryRef"]
        namespace = reference.get("namespace") or obj["metadata"].get("namespace", "")
        image = images.get(f"{namespace}/{reference['name']}")
        if image is not None:
            found[_name(obj, ":")] = image
    return found


def _of_kind(objects: Sequence[Map], kind: str) -> list[Map]:
    return [obj for obj in objects if obj["kind"] == kind and group_of(obj["apiVersion"]) == FLUX_IMAGE]


def _name(obj: Map, separator: str) -> str:
    return f"{obj['metadata'].get('namespace', '')}{separator}{obj['metadata']['name']}"


def _interval_ms(obj: Map) -> Millis:
    try:
        return parse_millis(obj["spec"]["interval"])
    except (InvalidDuration, KeyError):
        return MINUTE
