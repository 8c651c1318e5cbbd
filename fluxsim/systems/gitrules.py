"""Who may read and write a repository on a Git host, and how a host fails."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Access: TypeAlias = Literal["read-write", "read-only", "none"]
Fault: TypeAlias = Literal["outage", "auth"]
"""auth: no credential is taken."""


@dataclass(slots=True)
class Rules:
    """Who may do what. Whoever is not named may read and write; branches are open until protected."""

    access: dict[str, Access] = field(default_factory=dict[str, Access])
    protected: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
