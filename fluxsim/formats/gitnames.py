"""Names of branches and commits as people write them."""

from __future__ import annotations


class BadName(ValueError):
    """A name that git does not take, with what it prints."""


def check_branch(branch: str) -> None:
    """Raise BadName where git would not let a branch be named so."""
    parts = branch.split("/")
    bad = (
        not branch
        or branch == "@"
        or branch.startswith("-")
        or branch.endswith(".")
        or ".." in branch
        or "@{" in branch
        or any(character in " ~^:?*[\\\x7f" or character < " " for character in branch)
        or any(not part or part.startswith(".") or part.endswith(".lock") for part in parts)
    )
    if bad:
        raise BadName(f"fatal: '{branch}' is not a valid branch name")


def split_steps(name: str) -> tuple[str, list[tuple[str, int]]]:
    """Split `main~2^2` into `main` and [("~", 2), ("^", 2)]."""
    end = min([at for at in (name.find("~"), name.find("^")) if at >= 0], default=len(name))
    base, rest = name[:end], name[end:]
    steps: list[tuple[str, int]] = []
    while rest:
        digits = 1
        while digits < len(rest) and rest[digits].isdecimal():
            digits += 1
        if rest[0] not in "~^":
            raise BadName(f"fatal: bad revision '{name}'")
        steps.append((rest[0], int(rest[1:digits] or "1")))
        rest = rest[digits:]
    return base, steps
