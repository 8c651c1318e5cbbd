"""CI: runs the workflows of the service repositories. A push builds, a dispatch promotes; what a step does takes time.

The structure is that of GitHub Actions; pushes that a workflow makes itself start no other, as with GITHUB_TOKEN.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from fluxsim.controllers.ci.expressions import ExpressionError, evaluated, filled
from fluxsim.controllers.ci.steps import APP, BEHAVIOUR, BOT, Given, Pen, Run, Service, StepActions, StepFailed
from fluxsim.controllers.ci.workflow import BadWorkflow, Step, Workflow, parse
from fluxsim.controllers.latencies import Latencies
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

WORKFLOWS = ".github/workflows"
RUN = Kind("WorkflowRun", "ci")


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
        self._log = log
        self._clock = clock
        self._schedule = schedule
        self._chance = chance
        self._takes = latencies
        self._services: dict[str, Service] = {}
        self._busy: dict[tuple[str, str], Run | None] = {}
        """Concurrency groups in use, each with the run that waits for it."""
        self.runs: list[Run] = []
        self._actions = StepActions(registry, pen, log, clock)

    @property
    def releases(self) -> list[dict[str, Json]]:
        """The releases that workflows recorded, oldest first."""
        return self._actions.releases

    def add(self, name: str, image: str, repository: GitRepository) -> None:
        self._services[name] = Service(name, image, repository)

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
            APP: BEHAVIOUR.sub(f"behaviour: {app}".encode(), files.read(APP) or b"behaviour: ok\n"),
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

    def _workflows(self, service: Service, commit: str) -> Iterator[tuple[str, Workflow | BadWorkflow]]:
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
        self, service: Service, workflow: Workflow, branch: str, commit: str, inputs: Mapping[str, str], actor: str
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

    def _queue(self, service: Service, run: Run) -> None:
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

    def _begin(self, service: Service, run: Run, group: tuple[str, str] | None) -> None:
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

    def _next(self, service: Service, group: tuple[str, str]) -> None:
        waiting = self._busy.pop(group)
        if waiting is not None:
            self._busy[group] = None
            self._begin(service, waiting, group)

    def _steps(self, service: Service, run: Run) -> Steps[None]:
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

    def _step(self, service: Service, run: Run, step: Step, name: str, stream: Stream) -> Steps[str]:
        context = self._context(run)
        given = Given({key: filled(value, context) for key, value in step.with_.items()})
        building = step.action == "docker/build-push-action"
        yield (self._takes.ci_build if building else self._takes.ci_step).draw(stream)
        log, outputs = self._actions.perform(step.action, service, run, given)
        run.outputs[name] = outputs
        return log


def _failed_to_start(service: str, path: str, why: str) -> dict[str, Json]:
    name = path.rpartition("/")[2].removesuffix(".yml")
    return {
        "service": service,
        "workflow": name,
        "run": 0,
        "conclusion": "startup_failure",
        "steps": [{"name": path, "conclusion": "failure", "log": why}],
    }
