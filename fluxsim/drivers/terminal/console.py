"""What a command prints, in the order in which it prints it, and how it ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Result:
    """What a command line came to. `shown` is both streams as a person sees them on one screen."""

    stdout: str
    stderr: str
    exit_code: int
    shown: str


class Failed(Exception):
    """A command ends with an error: the text is the tool's, without its prefix."""

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.exit_code = exit_code


@dataclass(slots=True)
class Console:
    """Where a command writes."""

    parts: list[tuple[Literal["stdout", "stderr"], str]] = field(
        default_factory=list[tuple[Literal["stdout", "stderr"], str]]
    )

    def out(self, text: str) -> None:
        self.parts.append(("stdout", text))

    def err(self, text: str) -> None:
        self.parts.append(("stderr", text))

    def result(self, exit_code: int) -> Result:
        return Result(
            "".join(text for stream, text in self.parts if stream == "stdout"),
            "".join(text for stream, text in self.parts if stream == "stderr"),
            exit_code,
            "".join(text for _stream, text in self.parts),
        )

    # flux writes its progress to stderr, each line with a mark

    def action(self, text: str) -> None:
        self.err(f"► {text}\n")

    def waiting(self, text: str) -> None:
        self.err(f"◎ {text}\n")

    def success(self, text: str) -> None:
        self.err(f"✔ {text}\n")

    def failure(self, text: str) -> None:
        self.err(f"✗ {text}\n")
