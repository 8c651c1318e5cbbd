"""People's changes to marked fields, and what the bot made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fluxsim.drivers.history_record import Change, Recorded


@dataclass(frozen=True, slots=True)
class Touched:
    """A person's change to a marked field; `undone` is the bot's commit that put back what had stood there."""

    commit: Recorded
    change: Change
    undone: Recorded | None

    @property
    def after_s(self) -> int | None:
        return self.undone.at_s - self.commit.at_s if self.undone is not None else None


def touched(commits: Sequence[Recorded]) -> list[Touched]:
    """Return all such changes, oldest first. What a later person's commit replaced was not undone by the bot."""
    found: list[Touched] = []
    for number, commit in enumerate(commits):
        if not commit.bot:
            found += [Touched(commit, change, _undoing(commits[number + 1 :], change)) for change in commit.changes]
    return found


def _undoing(later: Sequence[Recorded], change: Change) -> Recorded | None:
    """Return the bot's commit if it is the next to write the field, and writes what the person replaced."""
    for commit in later:
        for other in commit.changes:
            if (other.file, other.policy) == (change.file, change.policy):
                return commit if commit.bot and other.new == change.old else None
    return None
