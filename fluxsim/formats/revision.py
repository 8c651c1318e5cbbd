"""How Flux writes the state of a Git repository: `main@sha1:5394cb7f…`.

Source: fluxcd/pkg git v0.52.0 git.go (Commit.String, Commit.AbsoluteReference, Hash).
"""

from __future__ import annotations


def revision(reference: str, commit: str) -> str:
    """Return the revision of a commit found by a full reference such as `refs/heads/main`, or by none at all.

    The two first parts of the reference fall away: `refs/pull/420/head` gives `420/head@sha1:…`.
    """
    parts = reference.split("/", 2)
    return f"{parts[2]}@{commit_digest(commit)}" if len(parts) == 3 else commit_digest(commit)


def absolute_reference(reference: str, commit: str) -> str:
    """Return the revision with the reference in full, as a GitRepository with `ref.name` has it."""
    return f"{reference}@{commit_digest(commit)}" if reference else commit_digest(commit)


def commit_digest(commit: str) -> str:
    """Return `sha1:…`; a hash of any other length has an unknown algorithm, as upstream puts it."""
    if not commit:
        return ""
    return f"sha1:{commit}" if len(commit) == 40 else f"<unknown>:{commit}"
