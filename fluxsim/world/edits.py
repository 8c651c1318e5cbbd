"""The edits of a commit: what each makes of the file at the head of the branch."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from fluxsim.systems.gitserver import GitRepository
from fluxsim.world.actions import Edit


class EditRefused(Exception):
    """An edit does not fit the file as it is."""


def changes_of(edits: Sequence[Edit], repository: GitRepository, branch: str) -> dict[str, bytes | None]:
    """Return new contents by path, None to delete; EditRefused where an edit does not fit."""
    head = repository.head(branch)
    files = repository.files(head) if head else None
    changes: dict[str, bytes | None] = {}
    for edit in edits:
        old = changes[edit.path] if edit.path in changes else files.read(edit.path) if files is not None else None
        if edit.take is not None:
            taken = repository.resolve(edit.take, branch)
            changes[edit.path] = repository.files(taken).read(edit.path)
        else:
            changes[edit.path] = edited(edit, old)
    return changes


def edited(edit: Edit, old: bytes | None) -> bytes | None:
    """Return what the edit makes of a file's bytes."""
    if edit.delete:
        if old is None:
            raise EditRefused(f"fatal: pathspec '{edit.path}' did not match any files")
        return None
    if edit.content is not None:
        return edit.content.encode()
    if old is None:
        raise EditRefused(f"{edit.path}: no such file to edit")
    text = old.decode("utf-8")
    for before, after in (edit.replace or {}).items():
        if text.count(before) != 1:
            raise EditRefused(f"{edit.path}: the text '{before}' stands there {text.count(before)} times, not once")
        text = text.replace(before, after)
    for field, value in (edit.set or {}).items():
        text = with_field(edit.path, text, field, value)
    return text.encode()


def with_field(path: str, text: str, field: str, value: Any) -> str:
    """Return YAML text with a scalar field of its first document set, `spec.suspend`; every other byte stays."""
    lines = text.splitlines(keepends=True)
    *parents, name = field.split(".")
    start, indent = 0, ""
    for parent in parents:
        found = _key_line(lines, start, indent, parent)
        if found is None:
            raise EditRefused(f"{path}: no field '{parent}' on the way to '{field}'")
        start = found + 1
        indent = _indent_below(lines, start, indent)
    written = "true" if value is True else "false" if value is False else str(value)
    at = _key_line(lines, start, indent, name)
    if at is None:
        lines.insert(start, f"{indent}{name}: {written}\n")
    else:
        rest = re.match(
            rf"^({re.escape(indent)}{re.escape(name)}:\s*)(\S+|\"[^\"]*\"|'[^']*')?(\s*(?:#.*)?)$",
            lines[at].rstrip("\n"),
        )
        if rest is None:
            raise EditRefused(f"{path}:{at + 1}: '{name}' is no plain value")
        lines[at] = f"{indent}{name}: {written}{rest.group(3) or ''}\n"
    return "".join(lines)


def _key_line(lines: Sequence[str], start: int, indent: str, name: str) -> int | None:
    for number in range(start, len(lines)):
        line = lines[number]
        if line.startswith("---") and number > start:
            return None
        if line.strip() and not line.lstrip().startswith("#") and not line.startswith(indent) and number >= start:
            return None
        if line.startswith(f"{indent}{name}:"):
            return number
    return None


def _indent_below(lines: Sequence[str], start: int, indent: str) -> str:
    for line in lines[start:]:
        if line.strip() and not line.lstrip().startswith("#"):
            found = line[: len(line) - len(line.lstrip())]
            return found if len(found) > len(indent) else f"{indent}  "
    return f"{indent}  "
