"""What a search has reached: rules and states, counted, and the things that must have happened in some run.

An invariant that held in runs in which nothing happened has not been tested. So every search says what its runs reached,
and the test of the machine demands that each of SOMETIMES was.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from fluxsim.drivers.trial import Trial
from fluxsim.formats.imagetag import split
from fluxsim.formats.tree import get
from fluxsim.kernel.log import Event
from fluxsim.kernel.units import Millis
from fluxsim.kube.meta import GIT_REPOSITORY, IMAGE_POLICY, IMAGE_REPOSITORY, IMAGE_UPDATE_AUTOMATION, KUSTOMIZATION
from fluxsim.observe.invariant import AUTOMATION

SOMETIMES = (
    "promoted",
    "rolled back",
    "undone by the bot",
    "conflicted",
    "broke down",
    "healed",
    "suspended",
    "resumed",
    "restarted",
    "pinned",
    "changed by hand",
    "put back by Flux",
    "settled",
)
STATES = ("in step", "pending", "rolling", "failed", "rolled back", "suspended")


@dataclass(slots=True)
class Coverage:
    """Counts over all runs of a search."""

    runs: int = 0
    steps: int = 0
    simulated_ms: Millis = 0
    rules: Counter[str] = field(default_factory=Counter[str])
    states: Counter[str] = field(default_factory=Counter[str])
    """State of an environment's image after a step, `production rolled back`."""
    reached: Counter[str] = field(default_factory=Counter[str])
    """In how many runs each of SOMETIMES happened."""

    def missing(self) -> list[str]:
        """Return what no run reached."""
        return [name for name in SOMETIMES if not self.reached[name]]

    def step(self, rule: str, states: Counter[str]) -> None:
        self.steps += 1
        self.rules[rule] += 1
        self.states.update(states)

    def ended(self, trial: Trial, *, settled: bool) -> None:
        """Count a run that is over."""
        self.runs += 1
        self.simulated_ms += trial.world.now_ms
        found = set(reached(trial))
        if settled:
            found.add("settled")
        self.reached.update(name for name in SOMETIMES if name in found)


def reached(trial: Trial) -> list[str]:
    """Return which of SOMETIMES happened in a run."""
    found: dict[str, None] = {}
    for event in trial.world.log.events:
        for name in _meaning(event):
            found[name] = None
    for entry, error in zip(trial.entries, trial.errors, strict=True):
        if entry.action.do == "revert" and error:
            found["conflicted"] = None
    if trial.put_back:
        found["put back by Flux"] = None
    if trial.caught():
        found["changed by hand"] = None
    if any(violation.invariant == trial.invariants.rollbacks.name for violation in trial.invariants.found()):
        found["undone by the bot"] = None
    return list(found)


def _meaning(event: Event) -> list[str]:
    match event.kind:
        case "tag.pushed" if event.data["reason"] == "promotion":
            return ["promoted"]
        case "commit.pushed" if event.data["repository"] == "gitops" and event.actor != AUTOMATION:
            return ["rolled back"] if event.data.get("reverts") else ["pinned"]
        case "fault.started":
            return ["broke down"]
        case "fault.healed":
            return ["healed"]
        case "controller.restarted":
            return ["restarted"]
        case "event.recorded" if "non-fast-forward" in event.data["message"]:
            return ["conflicted"]
        case "action.taken" if event.data["action"]["do"] in ("suspend", "resume"):
            return [{"suspend": "suspended", "resume": "resumed"}[event.data["action"]["do"]]]
        case _:
            return []


class Watch:
    """Follows what each policy elected, what Git has of it and what runs, to name the state of a trial after a step."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        self._elected: dict[str, tuple[str, str]] = {}
        self._git: dict[str, str] = {}
        self._running: dict[tuple[str, str], str] = {}
        self._failing: dict[tuple[str, str], str] = {}
        self._pods: dict[tuple[str, str], str] = {}
        for event in trial.world.log.events:
            self._observe(event)
        trial.world.log.observers.append(self._observe)

    def states(self) -> Counter[str]:
        """Return the state of every policy's image by environment, each counted once."""
        found: Counter[str] = Counter()
        for policy, (image, elected) in self._elected.items():
            namespace = policy.partition(":")[0]
            found[f"{namespace} {self._state(policy, namespace, image, elected)}"] += 1
        return found

    def _state(self, policy: str, namespace: str, image: str, elected: str) -> str:
        git, running = self._git.get(policy, ""), self._running.get((namespace, image), "")
        if self._trial.invariants.rollbacks.standing(policy):
            return "rolled back"
        if self._asleep(namespace):
            return "suspended"
        if self._failing.get((namespace, image)) == (git or elected):
            return "failed"
        if git and git != elected:
            return "pending"
        return "in step" if running in (git, elected) else "rolling"

    def _asleep(self, namespace: str) -> bool:
        store = self._trial.world.store
        kinds = (IMAGE_UPDATE_AUTOMATION, IMAGE_POLICY)
        near = [key for kind in kinds for key in store.keys(kind, namespace)]
        above = [key for kind in (IMAGE_REPOSITORY, KUSTOMIZATION, GIT_REPOSITORY) for key in store.keys(kind)]
        return any(get(store.need(key), "spec", "suspend") for key in (*near, *above))

    def _observe(self, event: Event) -> None:
        data = event.data
        match event.kind:
            case "tag.elected":
                _kind, namespace, name = data["key"].split("/")
                self._elected[f"{namespace}:{name}"] = (data["image"], data["tag"])
            case "commit.pushed" if data["repository"] == "gitops":
                for change in data.get("images", ()):
                    if change.get("policy"):
                        self._git[change["policy"]] = split(change["new"]).tag or change["new"]
            case "pod.ready":
                reference = split(data["image"])
                self._running[data["namespace"], reference.name] = reference.tag
                self._failing.pop((data["namespace"], reference.name), None)
            case "pod.running":
                self._pods[data["namespace"], data["pod"]] = data["image"]
            case "pod.failed":
                reference = split(data.get("image") or self._pods.get((data["namespace"], data["pod"]), ""))
                self._failing[data["namespace"], reference.name] = reference.tag
            case _:
                pass
