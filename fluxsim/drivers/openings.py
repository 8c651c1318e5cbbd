"""What people can do in a world as it is now: which images, tags, objects and files an action may name.

Every list is in an order that the world gives, so that the same choice means the same thing when a run is repeated.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fluxsim.drivers.trial import Trial
from fluxsim.formats.imagetag import split
from fluxsim.formats.tagfilter import Filter, InvalidFilter
from fluxsim.formats.tagorder import NoLatestTag
from fluxsim.formats.tagpolicy import InvalidPolicy, policy_of
from fluxsim.formats.tree import Json, Map, get
from fluxsim.kube.meta import (
    DEPLOYMENT,
    GIT_REPOSITORY,
    IMAGE_POLICY,
    IMAGE_REPOSITORY,
    IMAGE_UPDATE_AUTOMATION,
    KUSTOMIZATION,
    Key,
)
from fluxsim.world.actions import Commit, Edit, Revert

SUSPENDABLE = (IMAGE_UPDATE_AUTOMATION, IMAGE_POLICY, IMAGE_REPOSITORY, KUSTOMIZATION, GIT_REPOSITORY)
STAGED = re.compile(r"^staging-v[0-9.]+-[0-9a-f]+-(\d+)$")
_GROUP = re.compile(r"\d+")
_STAMP_DIGITS = 9
_NAMED_GROUP = re.compile(r"^\$\{?(\w+)\}?$")


@dataclass(frozen=True, slots=True)
class PolicyFile:
    """An ImagePolicy whose pattern stands in a file of the repository, by itself in its first document."""

    policy: str
    image: str
    path: str
    pattern: str
    extract: str

    def candidate(self, tag: str) -> str | None:
        """Return what the policy compares of a tag, None where it filters the tag out or its pattern is no pattern."""
        try:
            return Filter(self.pattern, self.extract).candidate_of()(tag)
        except InvalidFilter:
            return None


class Openings:
    """Looks at a trial."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        self._world = trial.world
        self._files: tuple[int, list[PolicyFile]] = (0, [])

    # -- images

    @property
    def services(self) -> list[str]:
        return [service.name for service in self._world.setup.services]

    def image_of(self, service: str) -> str:
        return next(one.image for one in self._world.setup.services if one.name == service)

    def tags(self, image: str) -> list[str]:
        """Return the tags that the registry really has, newest first, whatever it lists just now."""
        repository = self._world.registry.find(image)
        return list(reversed(repository.newest_last())) if repository is not None else []

    def staged(self, service: str, *, healthy: bool) -> list[str]:
        """Return the staging tags that can be promoted, newest first; with `healthy` those that staging ran well."""
        image = self.image_of(service)
        found = [tag for tag in self.tags(image) if STAGED.match(tag)]
        if healthy:
            found = [tag for tag in found if self._world.registry.resolve(image, tag) in self._trial.healthy]
        return sorted(found, key=lambda tag: (-_stamp(tag), tag))

    def images(self) -> list[str]:
        """Return the images that policies elect from."""
        repositories = [self._world.store.need(key) for key in self._world.store.keys(IMAGE_REPOSITORY)]
        return list(dict.fromkeys(obj["spec"]["image"] for obj in repositories if self.tags(obj["spec"]["image"])))

    def next_tag(self, image: str) -> str:
        """Return a tag that some policy over the image would elect next; empty where none can be thought of."""
        tags = self.tags(image)
        for key in self._world.store.keys(IMAGE_POLICY):
            policy = self._world.store.need(key)
            if self._image_of_policy(policy) == image:
                found = next_tag(policy["spec"], tags, self._world.clock.unix_s)
                if found:
                    return found
        return ""

    def true_election(self, policy: str) -> str:
        """Return what a policy would elect if the registry listed everything now."""
        namespace, _colon, name = policy.partition(":")
        obj = self._world.store.get(Key(IMAGE_POLICY, namespace, name))
        if obj is None:
            return ""
        try:
            return policy_of(obj["spec"]).latest(sorted(self.tags(self._image_of_policy(obj))))
        except (NoLatestTag, InvalidPolicy):
            return ""

    # -- objects

    def awake(self) -> list[Key]:
        return [key for key in self._suspendable() if not self._suspended(key)]

    def asleep(self) -> list[Key]:
        return [key for key in self._suspendable() if self._suspended(key)]

    def deployments(self) -> list[Key]:
        """Return the Deployments whose image a policy elects, or all where none does."""
        elected = {split(image).name for image in self.images()}
        keys = self._world.store.keys(DEPLOYMENT)
        return [key for key in keys if split(self.running(key)).name in elected] or keys

    def running(self, key: Key) -> str:
        """Return the image of a Deployment's first container."""
        image: str = self._world.store.need(key)["spec"]["template"]["spec"]["containers"][0]["image"]
        return image

    def automations_of(self, file: str) -> list[Key]:
        """Return the automations that write a file."""
        return [
            key
            for key in self._world.store.keys(IMAGE_UPDATE_AUTOMATION)
            if _covers(get(self._world.store.need(key), "spec", "update", "path", default=""), file)
        ]

    def at_work(self, keys: Iterable[Key]) -> bool:
        """Return whether one of the automations is in the middle of a run."""
        running = self._world.cluster.controllers[IMAGE_UPDATE_AUTOMATION].running()
        return any(key in running for key in keys)

    # -- Git

    def written(self) -> list[str]:
        """Return the files that automations wrote, the one written last at the end."""
        return list(self._trial.written)

    def revert_of(self, file: str) -> Revert:
        """Return the revert of the newest commit that an automation made to a file."""
        path = posixpath.dirname(file) if self._world.setup.ours else file
        return Revert(commit="newest", author=self._trial.written[file], path=path)

    def policy_files(self) -> list[PolicyFile]:
        """Return the policies that can be pinned by a change of their pattern in Git."""
        count = len(self._world.store.keys(IMAGE_POLICY))
        if count != self._files[0]:
            self._files = (count, list(self._find_policy_files()))
        return self._files[1]

    def pinnable(self, file: PolicyFile) -> list[str]:
        """Return the tags that a policy can be pinned to: what stands in Git, what is elected, and its older tags."""
        world = self._world
        in_git = [split(row.image).tag for row in world.image_lines() if row.policy == file.policy]
        return list(dict.fromkeys(tag for tag in [*in_git, *self.tags(file.image)] if tag and _pin(file, tag)))

    def pin(self, file: PolicyFile, tag: str) -> Commit:
        """Return the commit that makes a policy elect one tag and nothing else."""
        edit = Edit(path=file.path, set={"spec.filterTags.pattern": f"'{_pin(file, tag)}'"})
        return Commit(message=f"Pin {file.policy.replace(':', '/')} to {tag}", edits=(edit,))

    def unpin(self, file: PolicyFile) -> Commit:
        """Return the commit that takes the policy's file back to what it was at time zero."""
        start = self._world.setup.repository.head(self._world.setup.branch)
        edit = Edit(path=file.path, take=start)
        return Commit(message=f"Let {file.policy.replace(':', '/')} elect again", edits=(edit,))

    # -- below

    def _suspendable(self) -> list[Key]:
        return [key for kind in SUSPENDABLE for key in self._world.store.keys(kind)]

    def _suspended(self, key: Key) -> bool:
        return bool(get(self._world.store.need(key), "spec", "suspend"))

    def _image_of_policy(self, policy: Map) -> str:
        reference = policy["spec"]["imageRepositoryRef"]
        namespace = reference.get("namespace") or policy["metadata"]["namespace"]
        found = self._world.store.get(Key(IMAGE_REPOSITORY, namespace, reference["name"]))
        return found["spec"]["image"] if found is not None else ""

    def _find_policy_files(self) -> Iterable[PolicyFile]:
        files = self._world.head.files
        manifests = {
            path: text
            for path, _entry in files.walk()
            if path.endswith((".yaml", ".yml")) and b"kind: ImagePolicy" in (text := files.read(path) or b"")
        }
        lines = {row.policy: row.file for row in self._world.image_lines() if row.policy}
        for key in self._world.store.keys(IMAGE_POLICY):
            obj = self._world.store.need(key)
            name, image = f"{key.namespace}:{key.name}", self._image_of_policy(obj)
            pattern, extract = (get(obj, "spec", "filterTags", part, default="") for part in ("pattern", "extract"))
            written = f"pattern: '{pattern}'".encode()
            fitting = [
                path
                for path, text in manifests.items()
                if text.count(b"kind: ") == 1 and f"name: {key.name}\n".encode() in text and written in text
            ]
            near = lines.get(name, "")
            fitting.sort(key=lambda path: (-len(posixpath.commonpath([path, near])) if near else 0, path))
            if fitting and pattern and image:
                yield PolicyFile(name, image, fitting[0], pattern, extract)


def next_tag(spec: Json, tags: Sequence[str], unix_s: int) -> str:
    """Return a tag made from the elected one that a policy would elect over all others; empty where none is found."""
    try:
        policy = policy_of(spec)
        elected = policy.latest(sorted(tags))
    except (NoLatestTag, InvalidPolicy):
        return ""
    for group in reversed(list(_GROUP.finditer(elected))):
        digits = group.group(0)
        number = unix_s if len(digits) > _STAMP_DIGITS else int(digits) + 1
        candidate = f"{elected[: group.start()]}{number:0{len(digits)}d}{elected[group.end() :]}"
        if candidate not in tags and policy.latest(sorted([*tags, candidate])) == candidate:
            return candidate
    return ""


def _pin(file: PolicyFile, tag: str) -> str:
    """Return the pattern that matches one tag only and still has the group that `extract` names; empty where it cannot."""
    candidate = file.candidate(tag)
    if candidate is None:
        return ""
    if not file.extract:
        return f"^{_quoted(tag)}$"
    name, start = _NAMED_GROUP.match(file.extract), tag.rfind(candidate)
    if name is None or not candidate or start < 0:
        return ""
    end = start + len(candidate)
    return f"^{_quoted(tag[:start])}(?P<{name.group(1)}>{_quoted(candidate)}){_quoted(tag[end:])}$"


def _quoted(text: str) -> str:
    """Return the part of a tag as a pattern: of a tag's characters only the point means something."""
    return text.replace(".", "\\.")


def _covers(path: str, file: str) -> bool:
    directory = posixpath.normpath(path or ".").lstrip("/")
    return directory == "." or file.startswith(f"{directory}/")


def _stamp(tag: str) -> int:
    found = STAGED.match(tag)
    return int(found.group(1)) if found is not None else 0
