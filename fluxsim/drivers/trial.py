"""A world on trial: whatever is done to it goes into a journal, and the invariants watch.

The rule machine makes such a journal; shrinking and counterfactuals replay it with something left out or put in.
"""

from __future__ import annotations

from collections.abc import Sequence

from fluxsim.kernel.log import Event
from fluxsim.kernel.units import MINUTE, Millis
from fluxsim.observe.invariant import API, APPLIERS, AUTOMATION, STAGING, images_of
from fluxsim.observe.invariants import Invariants, Violation
from fluxsim.world.acting import Outcome
from fluxsim.world.actions import AnyAction, Heal
from fluxsim.world.journal import Entry
from fluxsim.world.setup import Setup
from fluxsim.world.world import World

BASELINE_MS: Millis = 5 * MINUTE
"""When people begin to act: Flux is installed and has applied everything, so that a story begins with a person."""


class Trial:
    """One world, its journal, and what was broken in it."""

    def __init__(self, setup: Setup, seed: int) -> None:
        self.world = World(setup, seed=seed)
        self.invariants = Invariants()
        self.seed = seed
        self.entries: list[Entry] = []
        self.errors: list[str] = []
        """For each entry what it was refused with, empty where it was done."""
        self.faults: dict[tuple[str, str], None] = {}
        self.written: dict[str, str] = {}
        """The files that automations wrote, the one written last at the end, each with the name of its last author."""
        self.healthy: dict[str, None] = {}
        """The digests that were ready in staging."""
        self._images: dict[str, dict[str, str]] = {}
        self.put_back = 0
        """How often Flux took an image back that a person had set past Git."""
        self._drifted: dict[str, None] = {}
        self._past_git: set[tuple[str, str]] = set()
        for event in self.world.log.events:
            self._observe(event)
        self.world.log.observers.append(self._observe)

    # -- what is done

    def do(self, action: AnyAction) -> Outcome:
        """Do it now, and note it."""
        outcome = self.world.do(action)
        self.entries.append(Entry(at_ms=self.world.now_ms, action=action))
        self.errors.append(outcome.error)
        return outcome

    def wait(self, span_ms: Millis) -> None:
        self.world.run_to(self.world.now_ms + span_ms)

    def heal(self) -> None:
        """End every fault, as people would."""
        for what, image in list(self.faults):
            self.do(Heal.model_validate({"what": what, "image": image}))

    def settle(self) -> None:
        """Wait until everything that Git says must have come to the cluster."""
        self.wait(self.invariants.settles_ms() + MINUTE)

    # -- what is seen

    def broken(self) -> list[Violation]:
        """Return what Flux, CI and Git broke so far; what people broke with their own hands, past Git, is left out."""
        return [violation for violation in self.invariants.found() if not self.by_hand(violation)]

    def broken_in_the_end(self) -> list[Violation]:
        """Return the same, with what should have come in time and did not."""
        found = self.invariants.violations(self.world.now_ms)
        return [violation for violation in found if not self.by_hand(violation)]

    def caught(self) -> list[Violation]:
        """Return what people broke with their own hands: that it is noticed shows that the invariants see."""
        return [violation for violation in self.invariants.found() if self.by_hand(violation)]

    def by_hand(self, violation: Violation) -> bool:
        """Return whether a person's command on the cluster is what broke it: the write itself, or a pod of what was written."""
        event = self.world.log.events[violation.events[-1]]
        if event.kind in API:
            return any(self.world.log.events[seq].kind == "action.taken" for seq in event.because)
        return event.kind.startswith("pod.") and (event.data["namespace"], event.data.get("image")) in self._past_git

    def _observe(self, event: Event) -> None:
        self.invariants.observe(event)
        match event.kind:
            case "api.created" | "api.modified":
                if event.data.get("subresource") != "status":
                    self._note_images(event)
            case "fault.started":
                self.faults[event.data["what"], event.data.get("image", "")] = None
            case "fault.healed":
                image = event.data.get("image", "")
                for fault in [one for one in self.faults if one[0] == event.data["what"] and image in ("", one[1])]:
                    del self.faults[fault]
            case "commit.pushed":
                if event.actor == AUTOMATION and event.data["repository"] == "gitops":
                    for change in event.data.get("images", ()):
                        self.written.pop(change["file"], None)
                        self.written[change["file"]] = event.data["author"]["name"]
            case "pod.ready":
                if event.data["namespace"] == STAGING:
                    self.healthy[event.data["digest"]] = None
            case _:
                pass

    def _note_images(self, event: Event) -> None:
        images = images_of(event)
        if not images:
            return
        key = event.data["key"]
        before = self._images.get(key, images)
        self._images[key] = images
        if before == images:
            return
        if event.actor in APPLIERS:
            self.put_back += key in self._drifted
            self._drifted.pop(key, None)
        else:
            self._drifted[key] = None
            for container, image in images.items():
                if before.get(container) != image:
                    self._past_git.add((event.data["namespace"], image))


def replayed(setup: Setup, seed: int, entries: Sequence[Entry], end_ms: Millis) -> Trial:
    """Return a fresh world to which the same was done at the same times, at its end."""
    trial = Trial(setup, seed)
    for entry in entries:
        trial.world.run_to(max(entry.at_ms, trial.world.now_ms))
        trial.do(entry.action)
    trial.world.run_to(max(end_ms, trial.world.now_ms))
    return trial
