"""CI alone: a service repository, a registry, and the time that runs take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fluxsim.controllers.ci.runner import Ci
from fluxsim.controllers.latencies import Latencies
from fluxsim.kernel.chance import Chance
from fluxsim.kernel.log import Log
from fluxsim.kernel.schedule import Schedule
from fluxsim.kube.clock import Clock
from fluxsim.systems.gitserver import Author, GitServer, Pushed
from fluxsim.systems.registry import Registry
from fluxsim.world import example
from fluxsim.world.supply import Supply

EPOCH_MS = 1_772_442_000_000
IMAGE = example.IMAGE.format("backend")
DEVELOPER = Author("Ada", "ada@example.com")


class Bench:
    """The backend of the example under a shipped variant of its promotion; time passes with `passing`."""

    def __init__(self, variant: str = "promote", files: Mapping[str, bytes | None] | None = None) -> None:
        self._schedule = Schedule()
        chance, clock = Chance(1), Clock(self._schedule, Chance(1), EPOCH_MS)
        self.log = Log(EPOCH_MS, lambda: self._schedule.now_ms)
        self.clock = clock
        self.registry = Registry()
        self.supply = Supply(self.registry, self.log, clock)
        git = GitServer()
        self.ci = Ci(
            git,
            self.registry,
            self.supply,
            log=self.log,
            clock=clock,
            schedule=self._schedule,
            chance=chance,
            latencies=Latencies(),
        )
        self.repository = git.add(example.service("backend", variant))
        if files:
            self.repository.commit("main", files, author=DEVELOPER, when_s=1, message="Change the workflows")
        self.ci.add("backend", IMAGE, self.repository)
        git.listeners.append(self._pushed)

    def _pushed(self, pushed: Pushed) -> None:
        self.ci.pushed("backend", pushed)

    def passing(self, seconds: int = 600) -> None:
        self._schedule.run_to(self._schedule.now_ms + seconds * 1000)

    def push(self, branch: str = "main", app: str = "ok", message: str = "Change the code") -> str:
        """Push code, let its build end, and return its tag."""
        self.ci.push_code(self.repository, branch, message, app, DEVELOPER)
        self.passing()
        tags = [
            event.data["tag"] for event in self.log.events if event.kind == "tag.pushed" and not event.data["alias"]
        ]
        return str(tags[-1])

    def promote(self, staging_tag: str = "", workflow: str = "promote-production", branch: str = "main") -> Any:
        """Dispatch a promotion, let it end, and return what became of it."""
        inputs = {"staging_tag": staging_tag} if staging_tag else {}
        self.ci.dispatch("backend", workflow, branch, inputs, "ada")
        self.passing()
        return self.finished()[-1]

    def finished(self) -> list[Any]:
        return [event.data for event in self.log.events if event.kind == "workflow.finished"]

    def version(self, branch: str = "main") -> str:
        return (self.repository.files(self.repository.head(branch)).read("VERSION") or b"").decode().strip()

    def tags(self) -> list[str]:
        return [tag for tag in self.registry.list_tags(IMAGE) if tag.count("-") > 1]

    def digest(self, tag: str) -> str:
        return self.registry.head(IMAGE, tag)


def error_of(run: Any) -> str:
    """Return what the step that failed said."""
    [failed] = [step for step in run["steps"] if step["conclusion"] == "failure"]
    return str(failed["log"])
