"""A finding as a scenario file: the journal as steps, the broken invariant under `breaks`, and a goal that it loses.

`fluxsim run` plays the file, and shows the invariant broken as declared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from fluxsim.drivers.machine import Finding
from fluxsim.drivers.player import Played, Player
from fluxsim.drivers.scenario import Scenario
from fluxsim.drivers.trial import Trial
from fluxsim.formats.imagetag import split
from fluxsim.kernel.log import Event
from fluxsim.kernel.units import HOUR, MINUTE, SECOND, Millis
from fluxsim.observe.convergence import GIT_REPOSITORY, KUSTOMIZATION
from fluxsim.world.journal import Entry
from fluxsim.world.setup import Setup

UNITS: tuple[tuple[str, Millis], ...] = (("h", HOUR), ("m", MINUTE), ("s", SECOND), ("ms", 1))


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the search looked: the repository as the user named it, empty for the bundled example."""

    repo: str = ""
    path: str = ""


def scenario_of(setup: Setup, finding: Finding, trial: Trial, origin: Origin, cures: Sequence[str]) -> str:
    """Return the scenario as YAML: with the first goal that ends as it says, which the last one always does."""
    data: dict[str, Any] = {}
    for goal in _goals(finding, trial):
        data = _scenario(finding, trial, origin, cures, goal)
        if played(setup, data).passed:
            break
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=120)


def played(setup: Setup, data: Any) -> Played:
    """Play scenario data in a world that starts so."""
    return Player(Scenario.model_validate(data), setup).play()


def brief(span_ms: Millis) -> str:
    """Return a span as people write it: `1h30m`, `45s`, `250ms`."""
    parts: list[str] = []
    for unit, size_ms in UNITS:
        count, span_ms = divmod(span_ms, size_ms)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def _scenario(finding: Finding, trial: Trial, origin: Origin, cures: Sequence[str], goal: Any) -> dict[str, Any]:
    why = f"Found by fluxsim verify: {finding.violation.message}."
    if cures:
        why += f" It would hold if: {cures[0]}."
    data: dict[str, Any] = {"name": f"{finding.violation.invariant}, broken", "why": why, "seed": finding.seed}
    data |= {name: value for name, value in (("repo", origin.repo), ("path", origin.path)) if value}
    data |= {"breaks": _broken_names(trial), "lasts": brief(finding.end_ms), "steps": _steps(finding, trial)}
    return data | {"goals": [goal]}


def _broken_names(trial: Trial) -> list[str]:
    """Return all invariants that the story breaks, by whomever."""
    found = trial.invariants.violations(trial.world.now_ms)
    return list(dict.fromkeys(violation.invariant for violation in found))


def _steps(finding: Finding, trial: Trial) -> list[dict[str, Any]]:
    culprit = _culprit(finding, trial)
    steps: list[dict[str, Any]] = []
    for index, (entry, error) in enumerate(zip(finding.entries, trial.errors, strict=True)):
        step = {"at": brief(entry.at_ms)} | ({"as": "rollback"} if index == culprit else {}) | _action(entry)
        if error:
            step["refused"] = error.splitlines()[0]
        steps.append(step)
    return steps


def _action(entry: Entry) -> dict[str, Any]:
    return {"do": entry.action.do} | entry.action.model_dump(mode="json", exclude_defaults=True)


def _culprit(finding: Finding, trial: Trial) -> int:
    """Return the entry whose commit was undone, -1 where the finding is about something else."""
    if finding.violation.invariant != trial.invariants.rollbacks.name:
        return -1
    undone = trial.world.log.events[finding.violation.events[0]]
    actions = [event.seq for event in trial.world.log.events if event.kind == "action.taken"]
    return next((index for index, seq in enumerate(actions) if seq in undone.because), -1)


# -- goals, the most telling first


def _goals(finding: Finding, trial: Trial) -> Iterator[Any]:
    events = trial.world.log.events
    event = events[finding.violation.events[-1]]
    if _culprit(finding, trial) >= 0:
        yield from _lost(finding, trial, events[finding.violation.events[0]], event)
    if event.kind.startswith("pod.") and event.data.get("deployment"):
        yield _never(event.data["namespace"], event.data["deployment"], event.data["image"])
    if event.kind == "api.modified" and event.data["kind"] == KUSTOMIZATION:
        yield from _behind(trial, event)
    if event.kind == "commit.pushed":
        yield _counted(trial, event)
    yield {
        "name": "the story is played to its end",
        "now": True,
        "jsonpath": {"kind": "Namespace", "name": "kube-system", "path": "{.metadata.name}", "equals": "kube-system"},
    }


def _lost(finding: Finding, trial: Trial, undone: Event, event: Event) -> Iterator[Any]:
    """Yield that the line keeps the value that the rollback brought: a goal that the bot's commit loses."""
    for change in event.data["images"]:
        for row in trial.world.image_lines():
            if row.policy == change.get("policy") and row.file == change["file"]:
                where = {"namespace": row.namespace, "deployment": row.deployment, "where": "git"}
                yield {
                    "name": "the rollback holds",
                    "from": "rollback",
                    "within": "1s",
                    "holds for": brief(max(SECOND, finding.end_ms - undone.at_ms)),
                    "expect": "lost",
                    "image": where | {"tag": split(change["old"]).tag or change["old"]},
                }


def _never(namespace: str, deployment: str, image: str) -> Any:
    asked = {"namespace": namespace, "deployment": deployment, "where": "running", "tag": split(image).tag}
    return {"name": f"{split(image).tag} never runs", "never": True, "expect": "violated", "image": asked}


def _behind(trial: Trial, event: Event) -> Iterator[Any]:
    """Yield that a Kustomization comes to the head of its branch, which it does not."""
    obj = event.data["object"]
    reference = obj["spec"]["sourceRef"]
    for source in trial.world.log.events:
        if (
            source.kind == "api.modified"
            and source.data["kind"] == GIT_REPOSITORY
            and source.data["name"] == reference["name"]
        ):
            branch = (source.data["object"]["spec"].get("ref") or {}).get("branch", "master")
            revision = f"{branch}@sha1:{trial.world.gitops.head(branch)}"
            yield {
                "name": "the cluster gets what Git says",
                "now": True,
                "expect": "missed",
                "jsonpath": {
                    "kind": "Kustomization",
                    "namespace": event.data["namespace"],
                    "name": event.data["name"],
                    "path": "{.status.lastAppliedRevision}",
                    "equals": revision,
                },
            }
            return


def _counted(trial: Trial, event: Event) -> Any:
    """Return how often the author of a commit wrote its files by the end."""
    author, path = event.data["author"]["name"], event.data["paths"][0]
    count = sum(
        one.data["author"]["name"] == author and any(other.startswith(path) for other in one.data["paths"])
        for one in trial.world.commits("gitops")
    )
    name = f"{author} has written {path} {count} times"
    return {"name": name, "now": True, "commit": {"author": author, "path": path, "count": count}}
