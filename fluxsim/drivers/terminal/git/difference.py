"""What a commit changed, as `git show` and `--stat` write it.

Source: git 2.39 diff.c; hunks come from difflib, which seldom differs from Git's Myers for changes of manifests.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fluxsim.systems.gitserver import GitRepository

CONTEXT = 3
_FUNCTION = re.compile(rb"[A-Za-z_$]")
_HEADING_MAX = 80


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file before and after; None where there was or is none."""

    path: str
    old: bytes | None
    new: bytes | None
    old_id: str
    new_id: str

    def counts(self) -> tuple[int, int]:
        """Return how many lines came and went."""
        lines = list(self._hunk_lines())
        return sum(line[:1] == b"+" for line in lines), sum(line[:1] == b"-" for line in lines)

    def _hunk_lines(self) -> Iterator[bytes]:
        for hunk in _hunks(_lines(self.old), _lines(self.new)):
            yield from hunk[1:]

    def text(self) -> str:
        """Return the file's part of a diff."""
        head = [f"diff --git a/{self.path} b/{self.path}"]
        if self.old is None:
            head += ["new file mode 100644"]
        elif self.new is None:
            head += ["deleted file mode 100644"]
        mode = " 100644" if self.old is not None and self.new is not None else ""
        head.append(f"index {self.old_id[:7]}..{self.new_id[:7]}{mode}")
        hunks = _hunks(_lines(self.old), _lines(self.new))
        if hunks:
            head.append("--- /dev/null" if self.old is None else f"--- a/{self.path}")
            head.append("+++ /dev/null" if self.new is None else f"+++ b/{self.path}")
        body = b"".join(line for hunk in hunks for line in hunk).decode("utf-8", "replace")
        return "".join(f"{line}\n" for line in head) + body


def changes_of(repository: GitRepository, commit: str) -> list[FileChange]:
    """Return what a commit changed from its first parent."""
    parents = repository.commit_of(commit).parents
    parent = parents[0].hex() if parents else ""
    before, after = repository.files(parent), repository.files(commit)
    zeros = "0" * 40
    return [
        FileChange(
            one.path,
            before.read(one.path) if one.old is not None else None,
            after.read(one.path) if one.new is not None else None,
            one.old.sha.hex() if one.old is not None else zeros,
            one.new.sha.hex() if one.new is not None else zeros,
        )
        for one in repository.changed(parent, commit)
    ]


def short_stat(changes: Sequence[FileChange]) -> str:
    """Return ` 1 file changed, 1 insertion(+), 1 deletion(-)`."""
    counts = [change.counts() for change in changes]
    added, removed = sum(one for one, _other in counts), sum(other for _one, other in counts)
    parts = [f" {len(changes)} file{'s' if len(changes) != 1 else ''} changed"]
    if added or not removed:
        parts.append(f"{added} insertion{'s' if added != 1 else ''}(+)")
    if removed or not added:
        parts.append(f"{removed} deletion{'s' if removed != 1 else ''}(-)")
    return ", ".join(parts)


def stat(changes: Sequence[FileChange]) -> str:
    """Return `--stat`: a line a file, and the sum. Few enough changes are drawn one character each."""
    counts = [change.counts() for change in changes]
    width = max((len(change.path) for change in changes), default=0)
    digits = max((len(str(added + removed)) for added, removed in counts), default=1)
    lines = [
        f" {change.path:{width}} | {added + removed:{digits}} {'+' * added}{'-' * removed}".rstrip()
        for change, (added, removed) in zip(changes, counts, strict=True)
    ]
    return "\n".join([*lines, short_stat(changes)]) + "\n"


def _lines(data: bytes | None) -> list[bytes]:
    return data.splitlines(keepends=True) if data else []


def _hunks(old: Sequence[bytes], new: Sequence[bytes]) -> list[list[bytes]]:
    """Return the hunks, each its heading and its lines."""
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    hunks: list[list[bytes]] = []
    for group in matcher.get_grouped_opcodes(CONTEXT):
        if all(operation == "equal" for operation, *_places in group):
            continue
        first, last = group[0], group[-1]
        before = _place(first[1], last[2])
        after = _place(first[3], last[4])
        lines = [f"@@ -{before} +{after} @@".encode() + _heading(old, first[1]) + b"\n"]
        for operation, old_from, old_to, new_from, new_to in group:
            if operation == "equal":
                lines += [_marked(b" ", line) for line in old[old_from:old_to]]
            else:
                lines += [_marked(b"-", line) for line in old[old_from:old_to]]
                lines += [_marked(b"+", line) for line in new[new_from:new_to]]
        hunks.append(lines)
    return hunks


def _marked(mark: bytes, line: bytes) -> bytes:
    return mark + (line if line.endswith(b"\n") else line + b"\n\\ No newline at end of file\n")


def _place(start: int, end: int) -> str:
    length = end - start
    begin = start if length == 0 else start + 1
    return f"{begin}" if length == 1 else f"{begin},{length}"


def _heading(old: Sequence[bytes], start: int) -> bytes:
    """Return the nearest line above that begins with a letter, as git shows the function."""
    for line in reversed(old[:start]):
        if _FUNCTION.match(line):
            return b" " + line.rstrip()[:_HEADING_MAX]
    return b""
