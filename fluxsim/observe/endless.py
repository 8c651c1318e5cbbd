"""Nothing goes round in circles: automations that commit by themselves without end, Kustomizations that undo each other."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import ClassVar

from fluxsim.kernel.log import Event
from fluxsim.observe.invariant import AUTOMATION, Noted

COMMITS_MAX = 6
"""How often a line may be written after the last thing that anyone did: builds on their way make three."""
TURNS_MIN = 6
"""How many times in turn two Kustomizations write one object before it is called a fight."""


@dataclass(slots=True)
class NothingReconcilesForEver(Noted):
    """No automation commits to one line again and again while nobody does anything, and no two Kustomizations change one object in turn."""

    reads: ClassVar[tuple[str, ...]] = (
        "action.taken",
        "fault.started",
        "fault.healed",
        "controller.restarted",
        "commit.pushed",
        "kustomization.applied",
    )
    name: str = "nothing reconciles for ever"
    commits: dict[tuple[str, str, str], list[Event]] = field(default_factory=lambda: defaultdict(list))
    turns: dict[str, list[Event]] = field(default_factory=lambda: defaultdict(list))

    def observe(self, event: Event) -> None:
        if event.kind == "kustomization.applied":
            for change in event.data["changes"]:
                name, _space, action = change.rpartition(" ")
                if action == "configured":
                    self._applied(name, event)
        elif event.kind != "commit.pushed":
            self.commits.clear()
        elif event.actor == AUTOMATION:
            self._committed(event)

    def _committed(self, event: Event) -> None:
        data = event.data
        for file, policy in dict.fromkeys((one["file"], one.get("policy") or "") for one in data.get("images", ())):
            where = (f"{data['url']} {data['branch']}", file, policy)
            history = self.commits[where]
            history.append(event)
            if len(history) > COMMITS_MAX:
                who, minutes = data["author"]["name"], (event.at_ms - history[0].at_ms) // 60_000
                text = f"{who} wrote {file} on {data['branch']} {len(history)} times in {minutes} minutes, and nobody did anything"
                self.note(self.name, where, event, text, history[0])

    def _applied(self, name: str, event: Event) -> None:
        history = self.turns[name]
        if history and history[-1].data["key"] == event.data["key"]:
            return
        history.append(event)
        if len(history) >= TURNS_MIN:
            owners = " and ".join(sorted({old.data["key"] for old in history}))
            self.note(self.name, name, event, f"{name} is changed in turn by {owners}, without end", history[-2])
