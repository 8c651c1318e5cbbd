"""Counterfactuals: the same journal, under the same seed, with one thing changed, replayed to see whether the invariant holds.

A change counts only if everything that people did is done as before: a story in which nothing gets released breaks nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from fluxsim.drivers.machine import Finding
from fluxsim.drivers.openings import Openings
from fluxsim.drivers.shrinking import broken_in
from fluxsim.drivers.trial import Trial, replayed
from fluxsim.formats.imagetag import split
from fluxsim.kernel.log import Event
from fluxsim.kernel.units import MINUTE, SECOND, Millis, clock_text
from fluxsim.kube.meta import IMAGE_UPDATE_AUTOMATION
from fluxsim.world.actions import Suspend
from fluxsim.world.journal import Entry
from fluxsim.world.setup import Setup
from fluxsim.world.wording import told

BEFORE_MS: Millis = 10 * SECOND
"""How long before an action its cure is done."""
LATER_MS = (10 * MINUTE, 30 * MINUTE)
TRIES_MAX = 60
TOLD_MAX = 3


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a journal, in words."""

    text: str
    entries: tuple[Entry, ...]
    moved: int = -1
    """The entry that was put in, -1 where none was."""


def would_hold_if(setup: Setup, finding: Finding, broken: Trial, *, until_s: float = float("inf")) -> list[str]:
    """Return the changes, in words, under which the invariant holds; the nearest to the end first, few of them."""
    found: list[str] = []
    if not finding.entries:
        return found
    for tries, change in enumerate(_changes(finding, broken)):
        if len(found) == TOLD_MAX or tries == TRIES_MAX or time.monotonic() >= until_s:
            break
        late_ms = max(0, change.entries[-1].at_ms - finding.entries[-1].at_ms)
        trial = replayed(setup, finding.seed, change.entries, finding.end_ms + late_ms)
        trial.settle()
        if broken_in(trial, finding.violation.invariant) is None and _done_alike(trial, broken, change.moved):
            found.append(change.text)
    return found


def _done_alike(trial: Trial, broken: Trial, moved: int) -> bool:
    """Return whether the actions that both have were done, or refused, alike."""
    errors = [error for index, error in enumerate(trial.errors) if index != moved]
    return [bool(error) for error in errors] == [bool(error) for error in broken.errors] and (
        moved < 0 or not trial.errors[moved]
    )


def _changes(finding: Finding, broken: Trial) -> Iterator[Change]:
    """Yield changes: an automation suspended before an action, a policy pinned before it, an action done later."""
    event = broken.world.log.events[finding.violation.events[-1]]
    later = [_later(finding, index, later_ms) for index in _backwards(finding) for later_ms in LATER_MS]
    if event.kind.startswith("pod."):
        yield from later  # it ran too early: the nearest cure is patience
    writer, namespaces = _writer(broken, event), _namespaces(event)
    automations = [
        key for key in broken.world.store.keys(IMAGE_UPDATE_AUTOMATION) if not namespaces or key.namespace in namespaces
    ]
    automations.sort(key=lambda key: str(key) != writer)
    for index in _backwards(finding):
        for key in automations:
            action = Suspend(kind=key.kind.name, name=key.name, namespace=key.namespace)
            yield _inserted(finding, index, Entry(at_ms=_before(finding, index), action=action))
        yield from _pins(finding, broken, index, event)
    if not event.kind.startswith("pod."):
        yield from later


def _backwards(finding: Finding) -> Iterator[int]:
    return reversed(range(len(finding.entries)))


def _pins(finding: Finding, broken: Trial, index: int, event: Event) -> Iterator[Change]:
    """Yield the policy of a line that the bot wrote pinned to the value that it took away."""
    if event.kind != "commit.pushed":
        return
    openings = Openings(broken)
    for change in event.data.get("images", ()):
        for file in openings.policy_files():
            tag = split(change["old"]).tag or change["old"]
            if file.policy == change.get("policy") and tag in openings.pinnable(file):
                yield _inserted(finding, index, Entry(at_ms=_before(finding, index), action=openings.pin(file, tag)))


def _inserted(finding: Finding, index: int, entry: Entry) -> Change:
    entries = (*finding.entries[:index], entry, *finding.entries[index:])
    return Change(f"{told(entry.action)} at {clock_text(entry.at_ms)}, before {_words(finding, index)}", entries, index)


def _later(finding: Finding, index: int, later_ms: Millis) -> Change:
    """Return the journal with an action and all that follow done later."""
    moved = [entry.model_copy(update={"at_ms": entry.at_ms + later_ms}) for entry in finding.entries[index:]]
    return Change(f"{_words(finding, index)} {later_ms // MINUTE} minutes later", (*finding.entries[:index], *moved))


def _words(finding: Finding, index: int) -> str:
    entry = finding.entries[index]
    return f"'{told(entry.action)}' ({clock_text(entry.at_ms)})"


def _before(finding: Finding, index: int) -> Millis:
    earliest_ms = finding.entries[index - 1].at_ms if index else 0
    return max(earliest_ms, finding.entries[index].at_ms - BEFORE_MS)


def _namespaces(event: Event) -> set[str]:
    """Return the namespaces that an event is about, none where that is not known."""
    if event.kind == "commit.pushed":
        return {change["policy"].partition(":")[0] for change in event.data.get("images", ()) if change.get("policy")}
    namespace = event.data.get("namespace")
    return {namespace} if namespace else set()


def _writer(trial: Trial, event: Event) -> str:
    """Return the key of the object whose run made an event."""
    run = next((trial.world.log.events[seq] for seq in event.because), None)
    return str(run.data["key"]) if run is not None and run.kind == "reconcile.started" else ""
