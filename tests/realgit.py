"""The real git, as the yardstick for ids and texts: isolated from the machine's configuration, with fixed dates and names."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

NAME = "Ada"
EMAIL = "ada@example.com"


def git(directory: Path, *arguments: str, when_s: int = 1_700_000_000, check: bool = True, data: bytes = b"") -> str:
    """Run git and return what it prints on stdout, with the last line feed taken off."""
    return run(directory, *arguments, when_s=when_s, check=check, data=data).stdout.decode().removesuffix("\n")


def run(
    directory: Path, *arguments: str, when_s: int = 1_700_000_000, check: bool = False, data: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    home = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment = home | {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": NAME,
        "GIT_AUTHOR_EMAIL": EMAIL,
        "GIT_COMMITTER_NAME": NAME,
        "GIT_COMMITTER_EMAIL": EMAIL,
        "GIT_AUTHOR_DATE": f"{when_s} +0000",
        "GIT_COMMITTER_DATE": f"{when_s} +0000",
        "LC_ALL": "C",
    }
    command = ["git", "-c", "protocol.file.allow=always", "-c", "safe.directory=*", *arguments]
    done = subprocess.run(command, cwd=directory, env=environment, capture_output=True, input=data, check=False)
    assert not check or done.returncode == 0, f"git {' '.join(arguments)}: {done.stderr.decode()}"
    return done


def new_repository(directory: Path, branch: str = "main") -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    git(directory, "init", "--quiet", "--initial-branch", branch)
    return directory


def commit_files(directory: Path, files: dict[str, str | None], message: str, when_s: int = 1_700_000_000) -> str:
    """Write and delete files, commit, and return the commit's id."""
    for path, text in files.items():
        if text is None:
            (directory / path).unlink()
        else:
            (directory / path).parent.mkdir(parents=True, exist_ok=True)
            (directory / path).write_text(text)
    git(directory, "add", "--all")
    git(directory, "commit", "--quiet", "--message", message, when_s=when_s)
    return git(directory, "rev-parse", "HEAD")
