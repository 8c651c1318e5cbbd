"""A journal: what was done to a world and when. Replayed under its seed it gives the same log, byte for byte.

As a file: `seed`, `epoch`, `repo`, `end_ms`, the digest of the log, and `entries` with `at_ms` and `action`.
"""

from __future__ import annotations

from typing import Any

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
    start: dict[str, Any] = Field(default_factory=dict)
    """How the world differed before time zero, as a scenario writes it under `start`."""
    end_ms: Millis = 0
    digest: str = ""
    """Of the log that it was recorded with; empty where nobody noted it."""
    entries: tuple[Entry, ...] = ()


def dumped(journal: Journal) -> str:
    """Return the journal as YAML."""
    data = journal.model_dump(mode="json", exclude_defaults=True, exclude={"entries"})
    data["entries"] = [
        {
            "at_ms": entry.at_ms,
            "action": {"do": entry.action.do} | entry.action.model_dump(mode="json", exclude_defaults=True),
        }
        for entry in journal.entries
    ]
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=120)
