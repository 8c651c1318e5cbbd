"""A person's change to a file that meanwhile is not the same: merged by lines, and where both wrote, the person's lines."""

from __future__ import annotations

from fluxsim.formats.textmerge import Hunk, hunks, lines_of, merged


def carried(base: bytes, ours: bytes, theirs: bytes) -> bytes:
    """Return ours with the change from base to theirs made to it; where ours changed the same lines, theirs stands.

    This is `git merge -X theirs` at the grain of lines.
    """
    clean = merged(base, ours, theirs)
    if clean is not None:
        return clean
    if b"\0" in base or b"\0" in ours or b"\0" in theirs:
        return theirs
    old, left, right = lines_of(base), lines_of(ours), lines_of(theirs)
    wanted = hunks(old, right)
    kept = [hunk for hunk in hunks(old, left) if not any(_touch(hunk, other) for other in wanted)]
    result: list[bytes] = []
    done = 0
    for start, end, lines in sorted(
        [(hunk.old_start, hunk.old_end, left[hunk.new_start : hunk.new_end]) for hunk in kept]
        + [(hunk.old_start, hunk.old_end, right[hunk.new_start : hunk.new_end]) for hunk in wanted],
        key=lambda one: one[:2],
    ):
        result += old[done:start] + lines
        done = end
    return b"".join(result + old[done:])


def _touch(one: Hunk, other: Hunk) -> bool:
    return one.old_start <= other.old_end and other.old_start <= one.old_end
