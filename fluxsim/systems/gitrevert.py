"""What `git revert` writes and prints (git 2.39; the title of a second revert as from git 2.43)."""

from __future__ import annotations

from collections.abc import Sequence

from fluxsim.formats.gitcommit import Commit, cleaned
from fluxsim.formats.gitmerge import Conflict


def revert_message(commit: Commit, mainline: int) -> str:
    subject = commit.message.lstrip("\n").partition("\n")[0]
    if subject.startswith('Revert "') and not subject.startswith('Revert "Revert "'):
        title = f'Reapply "{subject.removeprefix("Revert ").removeprefix(chr(34))}'
    else:
        title = f'Revert "{subject}"'
    if mainline and len(commit.parents) > 1:
        what = f"{commit.id}, reversing\nchanges made to {commit.parents[mainline - 1].hex()}."
    else:
        what = f"{commit.id}."
    return cleaned(f"{title}\n\nThis reverts commit {what}")


def conflict_text(commit: Commit, conflicts: Sequence[Conflict]) -> str:
    """Return what `git revert` prints of conflicts (git 2.39)."""
    subject = commit.message.lstrip("\n").partition("\n")[0]
    parent = f"parent of {commit.id[:7]} ({subject})"
    lines: list[str] = []
    for path, kind, deleted_by_us in conflicts:
        if kind == "modify/delete":
            gone, kept = ("HEAD", parent) if deleted_by_us else (parent, "HEAD")
            text = f"{path} deleted in {gone} and modified in {kept}.  Version {kept} of {path} left in tree."
            lines.append(f"CONFLICT (modify/delete): {text}")
        elif kind in ("content", "add/add"):
            lines += [f"Auto-merging {path}", f"CONFLICT ({kind}): Merge conflict in {path}"]
        else:
            lines.append(f"CONFLICT ({kind}): {path}")
    lines += [f"error: could not revert {commit.id[:7]}... {subject}", *_REVERT_HINTS]
    return "\n".join(lines)


_REVERT_HINTS = (
    "hint: After resolving the conflicts, mark them with",
    'hint: "git add/rm <pathspec>", then run',
    'hint: "git revert --continue".',
    'hint: You can instead skip this commit with "git revert --skip".',
    'hint: To abort and get back to the state before "git revert",',
    'hint: run "git revert --abort".',
)
