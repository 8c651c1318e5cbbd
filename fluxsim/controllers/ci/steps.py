"""What the steps of a workflow do: a small fixed set of actions, in the shape of GitHub's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from fluxsim.controllers.ci.workflow import Workflow
from fluxsim.formats.ociimage import Build
from fluxsim.formats.tree import Json
from fluxsim.kernel.log import Log
from fluxsim.kernel.units import Millis
from fluxsim.kube.clock import Clock
from fluxsim.systems.gitserver import Author, GitRepository
from fluxsim.systems.registry import Registry

BOT = Author("github-actions[bot]", "41898282+github-actions[bot]@users.noreply.github.com")
APP = "app.yaml"
_STAMPED = r"^{family}-(?P<rest>v(?P<version>\d+\.\d+\.\d+)-(?P<sha>[0-9a-f]{{7,40}})-(?P<time>\d+))$"
BEHAVIOUR = re.compile(rb"^behaviour:\s*(\w+)", re.MULTILINE)


class Pen(Protocol):
    """Pushes images and tells of it."""

    def push(self, image: str, tags: list[str], build: Build, facts: dict[str, Json], actor: str) -> str: ...
    def retag(self, image: str, source: str, tags: list[str], facts: dict[str, Json], actor: str) -> str: ...


class StepFailed(Exception):
    """A step exits with an error; the text is what its log shows last."""


@dataclass(slots=True)
class Run:
    """One run of a workflow. `steps` are (name, conclusion, log)."""

    number: int
    service: str
    workflow: Workflow
    branch: str
    commit: str
    inputs: Mapping[str, str]
    actor: str
    conclusion: str = ""
    due_ms: Millis = 0
    steps: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    outputs: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    checked_out: str = ""
    started: int = -1
    """The event of its start."""


@dataclass(frozen=True, slots=True)
class Service:
    name: str
    image: str
    repository: GitRepository


class Given(dict[str, str]):
    """What stands under `with:`. A step that needs more says so as GitHub's actions do."""

    def __missing__(self, name: str) -> str:
        raise StepFailed(f"Input required and not supplied: {name}")


class StepActions:
    """Does what a step says. `releases` are the recorded ones, oldest first."""

    def __init__(self, registry: Registry, pen: Pen, log: Log, clock: Clock) -> None:
        self._registry = registry
        self._pen = pen
        self._log = log
        self._clock = clock
        self.releases: list[dict[str, Json]] = []

    def perform(self, action: str, service: Service, run: Run, given: Given) -> tuple[str, dict[str, str]]:
        """Return what the action logs and its outputs. Raises StepFailed."""
        match action:
            case "actions/checkout":
                return self._checkout(service, run, given)
            case "fluxsim/image-tag":
                return self._image_tag(service, run, given)
            case "docker/build-push-action":
                return self._build(service, run, given)
            case "fluxsim/find-tag":
                return self._find_tag(given)
            case "fluxsim/retag":
                return self._retag(service, run, given)
            case "fluxsim/record-release":
                return self._record_release(service, run, given)
            case "fluxsim/bump-version":
                return self._bump_version(service, given)
            case other:
                raise StepFailed(f"unknown action {other}")

    def _checkout(self, service: Service, run: Run, given: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        run.checked_out = service.repository.resolve(given["ref"]) if given.get("ref") else run.commit
        return f"HEAD is now at {run.checked_out[:7]} {service.repository.commit_of(run.checked_out).subject}", {}

    def _image_tag(self, service: Service, run: Run, given: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        """FAMILY-vX.Y.Z-SHA-TIME: the version from a file, the commit, the seconds since 1970."""
        version = self._version(service, run.checked_out or run.commit, given["version-file"])
        sha = (run.checked_out or run.commit)[:7]
        tag = f"{given['family']}-v{version}-{sha}-{self._clock.unix_s}"
        return f"tag {tag}", {"tag": tag, "sha": sha, "version": version}

    def _build(self, service: Service, run: Run, given: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        commit = run.checked_out or run.commit
        image, tags = _images(given["tags"])
        behaviour = BEHAVIOUR.search(service.repository.files(commit).read(APP) or b"")
        app = behaviour.group(1).decode() if behaviour is not None else "ok"
        builder = f"{run.workflow.name} #{run.number}"
        build = Build(service.name, commit, self._clock.unix_s, builder, labels=(("fluxsim.app", app),))
        reason = "build" if run.workflow.on.push is not None else "rebuild"
        version = re.search(r"-v(\d+\.\d+\.\d+)-", tags[0])
        facts = self._facts(run) | {"reason": reason, "commit": commit, "version": version.group(1) if version else ""}
        digest = self._pen.push(image, tags, build, facts, "ci")
        if reason == "build":
            data = facts | {
                "branch": run.branch,
                "workflow": run.workflow.name,
                "conclusion": "success",
                "tag": tags[0],
                "digest": digest,
            }
            self._log.append("build.finished", "ci", data)
        return f"pushed {', '.join(tags)} as {digest}", {"digest": digest}

    def _find_tag(self, given: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        """Find a tag of a family: the named one, which must be well formed and there, or the newest."""
        pattern = re.compile(_STAMPED.format(family=re.escape(given["family"])))
        tags = self._registry.list_tags(given["image"])
        wanted = given.get("tag", "")
        if wanted:
            found = pattern.match(wanted)
            if found is None:
                raise StepFailed(f"'{wanted}' is no {given['family']} tag: expected {given['family']}-vX.Y.Z-SHA-TIME")
            if wanted not in tags:
                raise StepFailed(f"{given['image']}:{wanted} not found in the registry")
        else:
            matches = [match for tag in tags if (match := pattern.match(tag))]
            if not matches:
                raise StepFailed(f"{given['image']} has no {given['family']} tag")
            found = max(matches, key=lambda match: (int(match["time"]), match.group(0)))
        outputs = {"tag": found.group(0), "rest": found["rest"], "version": found["version"], "sha": found["sha"]}
        return f"{given['family']} image is {found.group(0)}", outputs

    def _retag(self, service: Service, run: Run, given: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        image, (source, *_rest) = _images(given["source"])
        _image, tags = _images(given["tags"])
        version = re.search(r"-v(\d+\.\d+\.\d+)-", tags[0])
        facts = self._facts(run) | {"reason": "promotion", "version": version.group(1) if version else ""}
        digest = self._pen.retag(image, source, tags, facts, "ci")
        return f"{', '.join(tags)} = {source} ({digest})", {"digest": digest}

    def _record_release(self, service: Service, run: Run, given: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        release = (
            self._facts(run) | {name: given[name] for name in ("version", "tag", "digest")} | {"commit": run.commit}
        )
        self.releases.append(release)
        self._log.append("release.recorded", "ci", dict(release))
        return f"release {given['version']}: {given['tag']}", {}

    def _bump_version(self, service: Service, given: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        """Commit the next patch version to each branch; the next build carries it."""
        bumped = ""
        for branch in given["branches"].split():
            version = self._version(service, service.repository.head(branch), given["file"])
            parts = [int(part) for part in version.split(".")]
            bumped = f"{parts[0]}.{parts[1]}.{parts[2] + 1}"
            message = f"Bump version to {bumped} [skip ci]"
            service.repository.commit(
                branch, {given["file"]: f"{bumped}\n".encode()}, author=BOT, when_s=self._clock.unix_s, message=message
            )
        return f"version is now {bumped}", {"version": bumped}

    def _version(self, service: Service, commit: str, path: str) -> str:
        text = (service.repository.files(commit).read(path) or b"").decode("utf-8", "replace").strip()
        if not re.fullmatch(r"\d+\.\d+\.\d+", text):
            raise StepFailed(f"{path} holds '{text}', not a version X.Y.Z")
        return text

    def _facts(self, run: Run) -> dict[str, Json]:
        return {"service": run.service, "run": run.number}


def _images(text: str) -> tuple[str, list[str]]:
    """Return (image, tags) of references separated by white space; all must be of one image."""
    references = text.split()
    images = {reference.rpartition(":")[0] for reference in references}
    if len(images) != 1:
        raise StepFailed(f"references of one image expected, found {', '.join(references) or 'none'}")
    return images.pop(), [reference.rpartition(":")[2] for reference in references]
