"""status.history of a Kustomization: which builds were applied, how often and with what result.

Source: fluxcd/pkg apis/meta v1.30.1 history.go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fluxsim.formats.tree import Json, Map, Seq

ENTRIES_MAX = 5


def with_run(
    history: Sequence[Mapping[str, Json]],
    *,
    digest: str,
    status: str,
    at: str,
    duration: str,
    metadata: Json,
    times: int = 1,
) -> Seq:
    """Return the history with one more run in front, newest first, at most ENTRIES_MAX long; `times` equal ones count each.

    A run with the digest and the status of an entry counts on that entry; both must be equal.
    `at` is RFC 3339, `duration` as Go writes it, `metadata` holds `revision`.
    """
    same = next(
        (entry for entry in history if (entry["digest"], entry["lastReconciledStatus"]) == (digest, status)), None
    )
    newest = Map(
        {
            "digest": digest,
            "firstReconciled": at if same is None else same["firstReconciled"],
            "lastReconciled": at,
            "lastReconciledDuration": duration,
            "lastReconciledStatus": status,
            "metadata": Map(metadata),
            "totalReconciliations": times if same is None else same["totalReconciliations"] + times,
        }
    )
    return Seq([newest, *(entry for entry in history if entry is not same)][:ENTRIES_MAX])
