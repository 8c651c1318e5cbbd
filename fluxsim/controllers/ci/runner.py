"""CI: runs the workflows of the service repositories. A push builds, a dispatch promotes; what a step does takes time.

The structure is that of GitHub Actions; pushes that a workflow makes itself start no other, as with GITHUB_TOKEN.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from fluxsim.controllers.ci.expressions import ExpressionError, evaluated, filled
from fluxsim.controllers.ci.workflow import BadWorkflow, Step, Workflow, parse
from fluxsim.controllers.latencies import Latencies
from fluxsim.formats.ociimage import Build
from fluxsim.formats.tree import Json
from fluxsim.kernel.chance import Chance, Stream
from fluxsim.kernel.errors import Fault, InputError, did_you_mean
from fluxsim.kernel.log import Log
from fluxsim.kernel.schedule import Schedule
from fluxsim.kernel.steps import Steps
from fluxsim.kernel.units import Millis
from fluxsim.kube.clock import Clock
from fluxsim.kube.meta import Key, Kind
from fluxsim.systems.gitserver import Author, GitError, GitRepository, GitServer, Pushed
from fluxsim.systems.registry import InvalidName, Registry, RegistryError

BOT = Author("github-actions[bot]", "41898282+github-actions[bot]@users.noreply.github.com")
WORKFLOWS = ".github/workflows"
APP = "app.yaml"
RUN = Kind("WorkflowRun", "ci")
_STAMPED = r"^{family}-(?P<rest>v(?P<version>\d+\.\d+\.\d+)-(?P<sha>[0-9a-f]{{7,40}})-(?P<time>\d+))$"
_BEHAVIOUR = re.compile(rb"^behaviour:\s*(\w+)", re.MULTILINE)


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
class _Service:
    name: str
    image: str
    repository: GitRepository


@dataclass(slots=True)
class _Caused:
    seq: int

    def seqs(self) -> tuple[int, ...]:
        return (self.seq,)


class Ci:
    """The workflows of all services."""

    def __init__(
        self,
        git: GitServer,
        registry: Registry,
        pen: Pen,
        *,
        log: Log,
        clock: Clock,
        schedule: Schedule,
        chance: Chance,
        latencies: Latencies,
    ) -> None:
        self._git = git
        self._registry = registry
        self._pen = pen
        self._log = log
        self._clock = clock
        self._schedule = schedule
        self._chance = chance
        self._takes = latencies
        self._services: dict[str, _Service] = {}
        self._busy: dict[tuple[str, str], Run | None] = {}
        """Concurrency groups in use, each with the run that waits for it."""
        self.runs: list[Run] = []
        self.releases: list[dict[str, Json]] = []

    def add(self, name: str, image: str, repository: GitRepository) -> None:
        self._services[name] = _Service(name, image, repository)

    def repositories(self) -> Iterator[tuple[str, GitRepository]]:
        return ((service.name, service.repository) for service in self._services.values())

    def repository(self, name: str) -> GitRepository:
        return self._services[name].repository

    def service_at(self, url: str) -> str:
        """Return the service whose repository is at the URL, or nothing."""
        repository = self._git.find(url)
        return next((service.name for service in self._services.values() if service.repository is repository), "")

    def running(self) -> list[tuple[Key, Millis, str]]:
        """Return (run, when its present step ends, what it does) for each run in progress."""
        return [
            (Key(RUN, run.service, f"{run.workflow.name}-{run.number}"), run.due_ms, f"run of {run.workflow.name}")
            for run in self.runs
            if not run.conclusion
        ]

    # -- what starts a run

    def push_code(
        self,
        repository: GitRepository,
        branch: str,
        message: str,
        app: str,
        author: Author,
        workflow: bytes | None = None,
    ) -> str:
        """Commit a change of the program to a branch; return the commit."""
        head = repository.head(branch)
        files = repository.files(head)
        count = sum(1 for _ in repository.log(head))
        changes: dict[str, bytes | None] = {
            APP: _BEHAVIOUR.sub(f"behaviour: {app}".encode(), files.read(APP) or b"behaviour: ok\n"),
            "CHANGES": (files.read("CHANGES") or b"") + f"{count}: {message}\n".encode(),
        }
        if workflow is not None:
            changes[f"{WORKFLOWS}/promote-production.yml"] = workflow
        return repository.commit(branch, changes, author=author, when_s=self._clock.unix_s, message=message)

    def pushed(self, name: str, pushed: Pushed) -> None:
        """Start the workflows of a service repository that a push starts; pushes of workflows start none."""
        service = self._services.get(name)
        if service is None or pushed.actor == BOT.name or not pushed.new:
            return
        for path, workflow in self._workflows(service, pushed.new):
            if isinstance(workflow, BadWorkflow):
                self._log.append("workflow.finished", "ci", _failed_to_start(service.name, path, str(workflow)))
            elif workflow.on.push is not None and pushed.branch in workflow.on.push.branches:
                self._start(service, workflow, pushed.branch, pushed.new, {}, pushed.actor)

    def dispatch(self, name: str, workflow: str, branch: str, inputs: Mapping[str, str], actor: str) -> int:
        """Start a workflow by hand; InputError where there is no such workflow or input. Return the run's number."""
        service = self._services[name]
        commit = service.repository.head(branch)
        known = dict(self._workflows(service, commit)) if commit else {}
        wanted = f"{WORKFLOWS}/{workflow.removesuffix('.yml')}.yml"
        found = known.get(wanted)
        if found is None:
            names = [path.rpartition("/")[2].removesuffix(".yml") for path in known]
            raise InputError(
                Fault("", f"no workflow '{workflow}' on {branch} of {name}", did_you_mean(workflow, names))
            )
        if isinstance(found, BadWorkflow):
            raise InputError(Fault("", str(found), ""))
        if found.on.workflow_dispatch is None:
            raise InputError(
                Fault("", f"workflow '{workflow}' has no workflow_dispatch trigger", "it starts by itself")
            )
        declared = found.on.workflow_dispatch.inputs
        for given in inputs:
            if given not in declared:
                raise InputError(
                    Fault("", f"workflow '{workflow}' has no input '{given}'", did_you_mean(given, declared))
                )
        values = {key: inputs.get(key, declared[key].default) for key in declared}
        return self._start(service, found, branch, commit, values, actor).number

    def _workflows(self, service: _Service, commit: str) -> Iterator[tuple[str, Workflow | BadWorkflow]]:
        files = service.repository.files(commit)
        for name in files.list(WORKFLOWS):
            path = f"{WORKFLOWS}/{name}"
            if name.endswith((".yml", ".yaml")):
                try:
                    yield path, parse(path, files.read(path) or b"")
                except BadWorkflow as error:
                    yield path, error

    # -- a run

    def _start(
        self, service: _Service, workflow: Workflow, branch: str, commit: str, inputs: Mapping[str, str], actor: str
    ) -> Run:
        run = Run(
            len(self.runs) + 1, service.name, workflow, branch, commit, inputs, actor, due_ms=self._schedule.now_ms
        )
        self.runs.append(run)
        data: dict[str, Json] = {
            "service": service.name,
            "workflow": workflow.name,
            "run": run.number,
            "branch": branch,
            "commit": commit,
            "inputs": dict(inputs),
        }
        event = self._log.append("build.started" if workflow.on.push is not None else "workflow.started", actor, data)
        run.started = event.seq
        self._queue(service, run)
        return run

    def _queue(self, service: _Service, run: Run) -> None:
        """Begin a run, or let it wait for the one of its concurrency group; one that waited already gives way."""
        group = (service.name, filled(run.workflow.concurrency, self._context(run)))
        if not run.workflow.concurrency:
            self._begin(service, run, None)
        elif group not in self._busy:
            self._busy[group] = None
            self._begin(service, run, group)
        else:
            waiting = self._busy[group]
            if waiting is not None:
                waiting.conclusion = "cancelled"
                self._finished(waiting)
            self._busy[group] = run

    def _begin(self, service: _Service, run: Run, group: tuple[str, str] | None) -> None:
        steps = self._steps(service, run)

        def advance() -> None:
            with self._log.caused_by(_Caused(run.started)):
                try:
                    wait_ms = next(steps)
                except StopIteration:
                    self._finished(run)
                    if group is not None:
                        self._next(service, group)
                    return
            run.due_ms = self._schedule.now_ms + wait_ms
            self._schedule.after(wait_ms, advance)

        self._schedule.after(0, advance)

    def _next(self, service: _Service, group: tuple[str, str]) -> None:
        waiting = self._busy.pop(group)
        if waiting is not None:
            self._busy[group] = None
            self._begin(service, waiting, group)

    def _steps(self, service: _Service, run: Run) -> Steps[None]:
        stream = self._chance.stream(f"ci/{service.name}/{run.number}")
        yield self._takes.ci_queue.draw(stream)
        failed = False
        for job in run.workflow.jobs.values():
            for number, step in enumerate(job.steps):
                name = step.name or step.uses
                if failed:
                    run.steps.append({"name": name, "conclusion": "skipped", "log": ""})
                    continue
                try:
                    if step.condition and not evaluated(
                        step.condition.removeprefix("${{").removesuffix("}}"), self._context(run)
                    ):
                        run.steps.append({"name": name, "conclusion": "skipped", "log": ""})
                        continue
                    log = yield from self._step(service, run, step, step.id or str(number), stream)
                except (StepFailed, ExpressionError, GitError, RegistryError, InvalidName) as error:
                    failed = True
                    run.steps.append({"name": name, "conclusion": "failure", "log": f"##[error]{error}"})
                else:
                    run.steps.append({"name": name, "conclusion": "success", "log": log})
        run.conclusion = "failure" if failed else "success"

    def _finished(self, run: Run) -> None:
        data: dict[str, Json] = {
            "service": run.service,
            "workflow": run.workflow.name,
            "run": run.number,
            "conclusion": run.conclusion,
            "steps": run.steps,
        }
        self._log.append("workflow.finished", "ci", data, because=(run.started,))

    def _context(self, run: Run) -> dict[str, Json]:
        context: dict[str, Json] = {
            "github": {"ref_name": run.branch, "sha": run.commit, "actor": run.actor, "run_number": run.number},
            "inputs": dict(run.inputs),
            "steps": {name: {"outputs": outputs} for name, outputs in run.outputs.items()},
        }
        context["env"] = {name: filled(value, context) for name, value in run.workflow.env.items()}
        return context

    def _step(self, service: _Service, run: Run, step: Step, name: str, stream: Stream) -> Steps[str]:
        context = self._context(run)
        given = _Given({key: filled(value, context) for key, value in step.with_.items()})
        building = step.action == "docker/build-push-action"
        yield (self._takes.ci_build if building else self._takes.ci_step).draw(stream)
        match step.action:
            case "actions/checkout":
                log, outputs = self._checkout(service, run, given)
            case "fluxsim/image-tag":
                log, outputs = self._image_tag(service, run, given)
            case "docker/build-push-action":
                log, outputs = self._build(service, run, given)
            case "fluxsim/find-tag":
                log, outputs = self._find_tag(given)
            case "fluxsim/retag":
                log, outputs = self._retag(service, run, given)
            case "fluxsim/record-release":
                log, outputs = self._record_release(service, run, given)
            case "fluxsim/bump-version":
                log, outputs = self._bump_version(service, given)
            case other:
                raise StepFailed(f"unknown action {other}")
        run.outputs[name] = outputs
        return log

    # -- step actions

    def _checkout(self, service: _Service, run: Run, given: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        run.checked_out = service.repository.resolve(given["ref"]) if given.get("ref") else run.commit
        return f"HEAD is now at {run.checked_out[:7]} {service.repository.commit_of(run.checked_out).subject}", {}

    def _image_tag(self, service: _Service, run: Run, given: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        """FAMILY-vX.Y.Z-SHA-TIME: the version from a file, the commit, the seconds since 1970."""
        version = self._version(service, run.checked_out or run.commit, given["version-file"])
        sha = (run.checked_out or run.commit)[:7]
        tag = f"{given['family']}-v{version}-{sha}-{self._clock.unix_s}"
        return f"tag {tag}", {"tag": tag, "sha": sha, "version": version}

    def _build(self, service: _Service, run: Run, given: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        commit = run.checked_out or run.commit
        image, tags = _images(given["tags"])
        behaviour = _BEHAVIOUR.search(service.repository.files(commit).read(APP) or b"")
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

    def _retag(self, service: _Service, run: Run, given: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        image, (source, *_rest) = _images(given["source"])
        _image, tags = _images(given["tags"])
        version = re.search(r"-v(\d+\.\d+\.\d+)-", tags[0])
        facts = self._facts(run) | {"reason": "promotion", "version": version.group(1) if version else ""}
        digest = self._pen.retag(image, source, tags, facts, "ci")
        return f"{', '.join(tags)} = {source} ({digest})", {"digest": digest}

    def _record_release(self, service: _Service, run: Run, given: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        release = (
            self._facts(run) | {name: given[name] for name in ("version", "tag", "digest")} | {"commit": run.commit}
        )
        self.releases.append(release)
        self._log.append("release.recorded", "ci", dict(release))
        return f"release {given['version']}: {given['tag']}", {}

    def _bump_version(self, service: _Service, given: Mapping[str, str]) -> tuple[str, dict[str, str]]:
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

    def _version(self, service: _Service, commit: str, path: str) -> str:
        text = (service.repository.files(commit).read(path) or b"").decode("utf-8", "replace").strip()
        if not re.fullmatch(r"\d+\.\d+\.\d+", text):
            raise StepFailed(f"{path} holds '{text}', not a version X.Y.Z")
        return text

    def _facts(self, run: Run) -> dict[str, Json]:
        return {"service": run.service, "run": run.number}


class _Given(dict[str, str]):
    """What stands under `with:`. A step that needs more says so as GitHub's actions do."""

    def __missing__(self, name: str) -> str:
        raise StepFailed(f"Input required and not supplied: {name}")


def _images(text: str) -> tuple[str, list[str]]:
    """Return (image, tags) of references separated by white space; all must be of one image."""
    references = text.split()
    images = {reference.rpartition(":")[0] for reference in references}
    if len(images) != 1:
        raise StepFailed(f"references of one image expected, found {', '.join(references) or 'none'}")
    return images.pop(), [reference.rpartition(":")[2] for reference in references]


def _failed_to_start(service: str, path: str, why: str) -> dict[str, Json]:
    name = path.rpartition("/")[2].removesuffix(".yml")
    return {
        "service": service,
        "workflow": name,
        "run": 0,
        "conclusion": "startup_failure",
        "steps": [{"name": path, "conclusion": "failure", "log": why}],
    }
