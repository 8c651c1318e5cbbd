"""A journal: what was done to a world and when. Replayed under its seed it gives the same log, byte for byte.

As a file it is a scenario without goals: `seed`, `epoch`, `repo`, and `steps` with `at` in milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterable

import yaml
from pydantic import BaseModel, ConfigDict, Field

from fluxsim.kernel.units import Millis
from fluxsim.world.actions import AnyAction


class Entry(BaseModel):
    """One action at its time."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    at_ms: Millis = Field(ge=0)
    action: AnyAction


class Journal(BaseModel):
    """All that a world needs to happen again."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int | str = 1
    epoch: str = ""
    """RFC 3339; empty for the epoch that the repository gives."""
    repo: str = ""
    """Empty for the bundled example."""
    path: str = ""
    end_ms: Millis = 0
    entries: tuple[Entry, ...] = ()

    def with_entries(self, entries: Iterable[Entry], end_ms: Millis) -> Journal:
        return self.model_copy(update={"entries": tuple(entries), "end_ms": end_ms})


def dumped(journal: Journal) -> str:
    """Return the journal as YAML."""
    return yaml.safe_dump(
        journal.model_dump(mode="json", exclude_defaults=True), sort_keys=False, allow_unicode=True, width=120
    )
