"""What a goal, or a step that waits, can ask of a world. Each answers: does it hold now, what is seen instead, and which event may change the answer.

Values may name what happened before: `${bad.tag}` is the tag that the step called `bad` brought, `${start.production.backend}`
the tag that stood in Git for that Deployment at time zero. They are filled in when the question is asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from fluxsim.formats import jsonpath
from fluxsim.formats.imagetag import split
from fluxsim.formats.tree import Json, get
from fluxsim.kernel.log import Event
from fluxsim.kube.meta import Key, condition
from fluxsim.world.lookup import deployment_key, git_image, kind_named, running_images
from fluxsim.world.world import World


class Unknown(Exception):
    """A value names something that has not happened yet; the question cannot hold."""


class Names(Protocol):
    """Fills in `${…}`."""

    def filled(self, text: str) -> str:
        """Return the text with its names replaced; raise Unknown where one stands for nothing yet."""
        ...


class Answer(BaseModel):
    """Whether it holds, and what is seen, in words."""

    model_config = ConfigDict(frozen=True)

    holds: bool
    seen: str


class Predicate(BaseModel):
    """A question about the world as it is now."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    def told(self, names: Names) -> str:
        """Return the question as a sentence for people."""
        raise NotImplementedError(type(self).__name__)

    def ask(self, world: World, names: Names) -> Answer:
        raise NotImplementedError(type(self).__name__)

    def touched_by(self, event: Event) -> bool:
        """Return whether the event may change the answer."""
        raise NotImplementedError(type(self).__name__)


class ImageIs(Predicate):
    """A Deployment's image has this tag: in Git (what the head of the branch renders), running (every ready pod), or both."""

    namespace: str
    deployment: str
    container: str = ""
    tag: str = ""
    reference: str = ""
    where: Literal["git", "running", "both"] = "both"

    def told(self, names: Names) -> str:
        places = {"git": "Git says", "running": "pods run", "both": "Git says and pods run"}[self.where]
        return f"{places} {_shown(self.tag or self.reference, names)} for {self.namespace}/{self.deployment}"

    def ask(self, world: World, names: Names) -> Answer:
        wanted = names.filled(self.tag or self.reference)
        seen: list[str] = []
        holds = True
        if self.where != "running":
            line = git_image(world, self.namespace, self.deployment, self.container)
            holds = holds and line is not None and self._matches(line, wanted)
            seen.append(f"Git {_tag(line)}")
        if self.where != "git":
            images = running_images(world, self.namespace, self.deployment, self.container)
            holds = holds and bool(images) and all(self._matches(image, wanted) for image in images)
            seen.append(f"running {', '.join(_tag(image) for image in images) or 'nothing'}")
        return Answer(holds=holds, seen=", ".join(seen))

    def _matches(self, image: str, wanted: str) -> bool:
        return image == wanted if self.reference else split(image).tag == wanted

    def touched_by(self, event: Event) -> bool:
        if event.kind == "commit.pushed":
            return self.where != "running" and event.data["repository"] == "gitops"
        if self.where == "git" or event.data.get("namespace") != self.namespace:
            return False
        return event.kind in ("pod.ready", "pod.running", "pod.deleted", "pod.failed") or (
            event.kind.startswith("api.") and event.data["kind"] == "Pod"
        )


class ImagesMatchPolicies(Predicate):
    """Every Deployment that an ImagePolicy elects for runs what is elected, in Git and in the cluster."""

    namespaces: tuple[str, ...] = ()
    count: int = 0

    def told(self, names: Names) -> str:
        return f"{self.count or 'all'} images match their policies in Git and in the cluster"

    def ask(self, world: World, names: Names) -> Answer:
        rows = world.image_lines()
        rows = [row for row in rows if row.policy and (not self.namespaces or row.namespace in self.namespaces)]
        wrong: list[str] = []
        for row in rows:
            elected = world.elected(row.policy)
            running = running_images(world, row.namespace, row.deployment, row.container)
            if (
                elected is None
                or split(row.image).tag != elected
                or {split(image).tag for image in running} != {elected}
            ):
                wrong.append(
                    f"{row.namespace}/{row.deployment} (elected {elected}, Git {_tag(row.image)}, running {', '.join(map(_tag, running)) or 'nothing'})"
                )
        if self.count and len(rows) != self.count:
            return Answer(holds=False, seen=f"{len(rows)} images with a policy")
        return Answer(holds=bool(rows) and not wrong, seen="; ".join(wrong) or f"{len(rows)} match")

    def touched_by(self, event: Event) -> bool:
        return event.kind in ("commit.pushed", "pod.ready", "pod.deleted", "tag.elected") or (
            event.kind.startswith("api.") and event.data["kind"] == "Pod"
        )


class DigestIs(Predicate):
    """A tag points at a digest: the same as another tag's, or another one."""

    image: str
    tag: str
    same_as: str = Field(default="", alias="same as")
    differs_from: str = Field(default="", alias="differs from")

    def told(self, names: Names) -> str:
        word = "the same digest as" if self.same_as else "another digest than"
        return f"{_shown(self.tag, names)} has {word} {_shown(self.same_as or self.differs_from, names)}"

    def ask(self, world: World, names: Names) -> Answer:
        one = world.registry.resolve(self.image, names.filled(self.tag))
        other = world.registry.resolve(self.image, names.filled(self.same_as or self.differs_from))
        both = bool(one and other)
        holds = both and (one == other) == bool(self.same_as)
        return Answer(holds=holds, seen=f"{_short(one)} and {_short(other)}")

    def touched_by(self, event: Event) -> bool:
        return event.kind in ("tag.pushed", "tag.deleted") and event.data["image"] == self.image


class TagExists(Predicate):
    """The registry has a tag, or has it not."""

    image: str
    tag: str
    exists: bool = True

    def told(self, names: Names) -> str:
        return f"the registry has {'' if self.exists else 'no '}{self.image}:{_shown(self.tag, names)}"

    def ask(self, world: World, names: Names) -> Answer:
        found = bool(world.registry.resolve(self.image, names.filled(self.tag)))
        return Answer(holds=found == self.exists, seen="it is there" if found else "it is not there")

    def touched_by(self, event: Event) -> bool:
        return event.kind in ("tag.pushed", "tag.deleted") and event.data["image"] == self.image


class ReleaseRecorded(Predicate):
    """A promotion recorded a release."""

    service: str
    tag: str = ""
    version: str = ""

    def told(self, names: Names) -> str:
        return f"a release of {self.service} is recorded" + (f" with tag {_shown(self.tag, names)}" if self.tag else "")

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


class ConditionIs(Predicate):
    """An object's condition has this status, reason, or words in its message."""

    kind: str
    namespace: str = "flux-system"
    name: str
    type: str = "Ready"
    status: Literal["True", "False", "Unknown", ""] = ""
    reason: str = ""
    message: str = ""

    def told(self, names: Names) -> str:
        wanted = " ".join(part for part in (self.status, self.reason, _shown(self.message, names)) if part)
        return f"{self.kind}/{self.namespace}/{self.name} is {self.type}: {wanted}"

    def ask(self, world: World, names: Names) -> Answer:
        obj = world.store.get(_key(self.kind, self.namespace, self.name))
        found = condition(obj, self.type) if obj is not None else None
        if found is None:
            return Answer(holds=False, seen="no such object" if obj is None else f"no condition {self.type}")
        holds = (
            (not self.status or found["status"] == self.status)
            and (not self.reason or found["reason"] == self.reason)
            and names.filled(self.message) in found["message"]
        )
        return Answer(holds=holds, seen=f"{found['status']} {found['reason']}: {found['message']}")

    def touched_by(self, event: Event) -> bool:
        return _about(event, self.kind, self.namespace, self.name)


class JsonPathIs(Predicate):
    """kubectl's jsonpath over an object prints this."""

    kind: str
    namespace: str = ""
    name: str
    path: str
    equals: str

    def told(self, names: Names) -> str:
        return f"{self.path} of {self.kind}/{self.namespace}/{self.name} is {_shown(self.equals, names)}"

    def ask(self, world: World, names: Names) -> Answer:
        obj = world.store.get(_key(self.kind, self.namespace, self.name))
        if obj is None:
            return Answer(holds=False, seen="no such object")
        try:
            printed = jsonpath.Template(jsonpath.relaxed(self.path)).execute(obj, allow_missing_keys=True)
        except (jsonpath.SyntaxFault, jsonpath.ExecutionFault) as error:
            return Answer(holds=False, seen=str(error))
        return Answer(holds=printed.strip() == names.filled(self.equals), seen=printed.strip())

    def touched_by(self, event: Event) -> bool:
        return _about(event, self.kind, self.namespace, self.name)


class SuspendedIs(Predicate):
    """A Flux object is suspended in the cluster, or is not."""

    kind: str
    namespace: str = "flux-system"
    name: str
    value: bool = Field(default=True, alias="is")

    def told(self, names: Names) -> str:
        return f"{self.kind}/{self.namespace}/{self.name} is {'' if self.value else 'not '}suspended"

    def ask(self, world: World, names: Names) -> Answer:
        obj = world.store.get(_key(self.kind, self.namespace, self.name))
        found = bool(get(obj, "spec", "suspend")) if obj is not None else None
        return Answer(
            holds=found is self.value, seen={True: "suspended", False: "not suspended", None: "no such object"}[found]
        )

    def touched_by(self, event: Event) -> bool:
        return _about(event, self.kind, self.namespace, self.name)


PREDICATES: dict[str, type[Predicate]] = {
    "image": ImageIs,
    "images match policies": ImagesMatchPolicies,
    "digest": DigestIs,
    "tag": TagExists,
    "release": ReleaseRecorded,
    "commit": CommitPushed,
    "condition": ConditionIs,
    "jsonpath": JsonPathIs,
    "suspended": SuspendedIs,
}


class Asking(BaseModel):
    """The fields by which a goal or a waiting step names its one question."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    image: ImageIs | None = None
    images_match_policies: ImagesMatchPolicies | None = Field(default=None, alias="images match policies")
    digest: DigestIs | None = None
    tag: TagExists | None = None
    release: ReleaseRecorded | None = None
    commit: CommitPushed | None = None
    condition: ConditionIs | None = None
    jsonpath: JsonPathIs | None = None
    suspended: SuspendedIs | None = None

    def asked(self) -> list[Predicate]:
        fields: Iterable[Any] = (getattr(self, name) for name in Asking.model_fields)
        return [value for value in fields if value is not None]

    @property
    def predicate(self) -> Predicate:
        """The question; a model validator has made sure that there is exactly one."""
        return self.asked()[0]


def _key(kind: str, namespace: str, name: str) -> Key:
    found = kind_named(kind)
    return deployment_key(namespace, name) if found is None else Key(found, namespace, name)


def _about(event: Event, kind: str, namespace: str, name: str) -> bool:
    if not event.kind.startswith("api."):
        return False
    key = _key(kind, namespace, name)
    return bool(event.data["key"] == str(key))


def _tag(image: str | None) -> str:
    if image is None:
        return "nothing"
    reference = split(image)
    return reference.tag or reference.digest or reference.name


def _short(digest: str) -> str:
    return digest[:19] or "nothing"


def _shown(text: str, names: Names) -> str:
    try:
        return names.filled(text)
    except Unknown:
        return text


def as_json(predicate: Predicate) -> Json:
    return predicate.model_dump(mode="json", by_alias=True, exclude_defaults=True)
