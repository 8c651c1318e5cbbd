"""Status conditions as Flux's controllers keep them: set, removed, ordered and summed up into Ready.

All functions take a list of conditions and return a new frozen one; `now` is the RFC 3339 text of the moment.
Source: fluxcd/pkg runtime v0.110.1 conditions (setter.go, getter.go, merge.go); source-controller v1.9.1
internal/controller/gitrepository_controller.go and internal/reconcile/summarize.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from fluxsim.formats.tree import Json, Map, Seq

Conditions: TypeAlias = Sequence[Mapping[str, Json]]

MESSAGE_BYTES_MAX = 32768
_CUT = b"..."
_FIRST = {"Stalled": 0, "Reconciling": 1, "Ready": 2}


def with_condition(
    conditions: Conditions, kind: str, status: str, reason: str, message: str, *, generation: int, now: str
) -> Seq:
    """Return the conditions with the one of type `kind` set and all in Flux's order.

    Unlike the API conventions, a new reason or message also moves lastTransitionTime; a new generation alone does not.
    """
    message = _cut(message)
    old = condition(conditions, kind)
    same = old is not None and (old.get("status"), old.get("reason"), old.get("message")) == (status, reason, message)
    since = old["lastTransitionTime"] if same and old is not None and "lastTransitionTime" in old else now
    new = Map(
        {
            "lastTransitionTime": since,
            "message": message,
            **({"observedGeneration": generation} if generation else {}),
            "reason": reason,
            "status": status,
            "type": kind,
        }
    )
    rest = [entry for entry in conditions if entry.get("type") != kind]
    return Seq(sorted([*rest, new], key=_order))


def without_condition(conditions: Conditions, kind: str) -> Seq:
    """Return the conditions but the one of type `kind`; the order stays."""
    return Seq(entry for entry in conditions if entry.get("type") != kind)


def reconciling(conditions: Conditions, reason: str, message: str, *, generation: int, now: str) -> Seq:
    """Return the conditions with Reconciling=True, which ends Stalled."""
    rest = without_condition(conditions, "Stalled")
    return with_condition(rest, "Reconciling", "True", reason, message, generation=generation, now=now)


def stalled(conditions: Conditions, reason: str, message: str, *, generation: int, now: str) -> Seq:
    """Return the conditions with Stalled=True, which ends Reconciling."""
    rest = without_condition(conditions, "Reconciling")
    return with_condition(rest, "Stalled", "True", reason, message, generation=generation, now=now)


def condition(conditions: Conditions, kind: str) -> Mapping[str, Json] | None:
    """Return the condition of that type, the first if there are two."""
    return next((entry for entry in conditions if entry.get("type") == kind), None)


def status_of(conditions: Conditions, kind: str) -> str | None:
    """Return "True", "False" or "Unknown", or None where there is no such condition."""
    found = condition(conditions, kind)
    return None if found is None else found.get("status")


def is_true(conditions: Conditions, kind: str) -> bool:
    return status_of(conditions, kind) == "True"


def is_ready(conditions: Conditions) -> bool:
    """Return whether Ready is True and nothing is Stalled or Reconciling, as `flux` and the controllers ask it."""
    return (
        is_true(conditions, "Ready") and not is_true(conditions, "Stalled") and not is_true(conditions, "Reconciling")
    )


@dataclass(frozen=True, slots=True)
class Summary:
    """What the status of an object with many conditions comes from."""

    status: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class SummaryRules:
    """Which conditions make up Ready, most important first.

    `negative` ones say that something is wrong when True. A `both_ways` one that is False always speaks for Ready.
    """

    conditions: tuple[str, ...]
    negative: frozenset[str]
    both_ways: tuple[str, ...] = ()


GIT_REPOSITORY = SummaryRules(
    conditions=(
        "StorageOperationFailed",
        "FetchFailed",
        "IncludeUnavailable",
        "ArtifactOutdated",
        "ArtifactInStorage",
        "SourceVerified",
        "Stalled",
        "Reconciling",
    ),
    negative=frozenset(
        ("StorageOperationFailed", "FetchFailed", "IncludeUnavailable", "ArtifactOutdated", "Stalled", "Reconciling")
    ),
    both_ways=("SourceVerified",),
)


def summary(conditions: Conditions, rules: SummaryRules) -> Summary | None:
    """Return what Ready should say, or None where no condition of the rules is set.

    What is wrong comes before what is well, the unknown comes last; within the same, the order of the rules decides.
    """
    in_scope = [entry for entry in conditions if entry.get("type") in rules.conditions]
    if not in_scope:
        return None
    most = min(_priority(entry, rules) for entry in in_scope)
    group = [entry for entry in in_scope if _priority(entry, rules) == most]
    speaker = min(group, key=lambda entry: rules.conditions.index(entry["type"]))
    status = speaker["status"]
    if status in ("True", "False") and speaker["type"] in rules.negative:
        status = "False" if status == "True" else "True"
    elif status not in ("True", "False"):
        status = "Unknown"
    return Summary(status, speaker.get("reason", ""), speaker.get("message", ""))


def with_ready(conditions: Conditions, rules: SummaryRules, *, generation: int, now: str) -> Seq:
    """Return the conditions with Ready set from the others at the end of a run."""
    found = summary(conditions, rules)
    for kind in rules.both_ways:
        failed = condition(conditions, kind)
        if failed is not None and failed.get("status") == "False":
            found = Summary("False", failed.get("reason", ""), failed.get("message", ""))
            break
    if found is None:
        return Seq(conditions)
    return with_condition(
        conditions, "Ready", found.status, found.reason, found.message, generation=generation, now=now
    )


def _priority(entry: Mapping[str, Json], rules: SummaryRules) -> int:
    negative = entry.get("type") in rules.negative
    match entry.get("status"):
        case "True":
            return 0 if negative else 2
        case "False":
            return 3 if negative else 1
        case "Unknown":
            return 4
        case _:
            return 99


def _order(entry: Mapping[str, Json]) -> tuple[int, int, str]:
    kind = entry.get("type", "")
    if kind in _FIRST:
        return (_FIRST[kind], 0, "")
    return (len(_FIRST), -entry.get("observedGeneration", 0), kind)


def _cut(message: str) -> str:
    """Cut by bytes; the halves of a character at the cut become U+FFFD each, as Go's JSON writes them."""
    if len(message) * 4 <= MESSAGE_BYTES_MAX:
        return message
    data = message.encode("utf-8", "surrogateescape")
    if len(data) <= MESSAGE_BYTES_MAX:
        return message
    kept = data[: MESSAGE_BYTES_MAX - len(_CUT)] + _CUT
    return re.sub("[\udc80-\udcff]", "\ufffd", kept.decode("utf-8", "surrogateescape"))
