"""The arithmetic of a rolling update: how many pods of the old and of the new template may be there.

Source: kubernetes v1.28 pkg/controller/deployment/{rolling,sync,progress}.go and util/deployment_util.go
(unchanged in these parts since).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from fluxsim.formats.gotext import quoted
from fluxsim.formats.tree import Json, get

NO_HISTORY_LIMIT = 2147483647
"""A revisionHistoryLimit that stands for none."""


class InvalidIntOrString(ValueError):
    """A maxSurge or maxUnavailable that is neither a number nor a percentage."""


class Replicas(NamedTuple):
    """The counts of one ReplicaSet: wanted (spec) and available (status).

    `desired` and `most` are what it remembers of its Deployment: replicas, and replicas with surge (None: nothing).
    """

    name: str
    wanted: int
    available: int = 0
    desired: int | None = None
    most: int | None = None


class Resize(NamedTuple):
    """A ReplicaSet and the size that it is to get."""

    name: str
    replicas: int


class Bounds(NamedTuple):
    """How far a rollout may leave the wanted number of pods."""

    replicas: int
    surge: int
    unavailable: int
    rolling: bool = True

    @property
    def most(self) -> int:
        return self.replicas + self.surge

    @property
    def least_available(self) -> int:
        """How many available pods make the Deployment available."""
        return self.replicas - self.unavailable

    @property
    def kept_available(self) -> int:
        """How many available pods a rollout leaves: none under Recreate."""
        return self.least_available if self.rolling else 0


def bounds(spec: Json) -> Bounds:
    """Return the bounds of a Deployment's spec (with defaults filled in)."""
    replicas: int = spec.get("replicas", 1)
    if get(spec, "strategy", "type", default="RollingUpdate") != "RollingUpdate":
        return Bounds(replicas, 0, 0, rolling=False)
    rolling = get(spec, "strategy", "rollingUpdate", default=None) or {}
    surge, unavailable = fenceposts(rolling.get("maxSurge", "25%"), rolling.get("maxUnavailable", "25%"), replicas)
    return Bounds(replicas, surge, 0 if replicas == 0 else min(unavailable, replicas))


def fenceposts(max_surge: int | str | None, max_unavailable: int | str | None, replicas: int) -> tuple[int, int]:
    """Return (surge, unavailable): percentages of surge round up, of unavailable down; never both 0."""
    surge = scaled(max_surge, replicas, up=True)
    unavailable = scaled(max_unavailable, replicas, up=False)
    return (surge, 1) if surge == 0 and unavailable == 0 else (surge, unavailable)


def scaled(value: int | str | None, total: int, *, up: bool) -> int:
    """Return a number or a percentage of `total`; InvalidIntOrString for any other text."""
    if value is None:
        return 0
    if isinstance(value, int):
        return value
    if not value.endswith("%"):
        raise InvalidIntOrString("invalid value for IntOrString: invalid type: string is not a percentage")
    percent = _whole(value[:-1])
    if percent is None:
        told = f"invalid value {quoted(value)}: strconv.Atoi: parsing {quoted(value[:-1])}: invalid syntax"
        raise InvalidIntOrString(f"invalid value for IntOrString: {told}")
    return -(-percent * total // 100) if up else percent * total // 100


def _whole(text: str) -> int | None:
    """Return a number as Go's Atoi reads it: a sign and ASCII digits."""
    digits = text[1:] if text[:1] in ("+", "-") else text
    return int(text) if digits.isascii() and digits.isdigit() else None


def new_replicas(limits: Bounds, *, new: int, total: int) -> int:
    """Return how many replicas the new ReplicaSet gets: what still fits under the surge, at once for Recreate."""
    if not limits.rolling:
        return limits.replicas
    if total >= limits.most:
        return new
    return new + min(limits.most - total, limits.replicas - new)


def scale_new(limits: Bounds, *, new: int, total: int) -> int:
    """Return the replicas of the new ReplicaSet after one step, `new` where nothing is to be done."""
    if new == limits.replicas:
        return new
    if new > limits.replicas:
        return limits.replicas
    return new_replicas(limits, new=new, total=total)


def scale_old(limits: Bounds, new: Replicas, old: Sequence[Replicas]) -> list[Resize]:
    """Return the steps by which the old ReplicaSets (oldest first) shrink in this pass; one may shrink twice."""
    total_old = sum(one.wanted for one in old)
    if total_old == 0:
        return []
    new_unavailable = new.wanted - new.available
    most_down = total_old + new.wanted - limits.kept_available - new_unavailable
    if most_down <= 0:
        return []
    cleaned = clean_unhealthy(old, most_down)
    sizes = dict(cleaned)
    left = [Replicas(one.name, sizes.get(one.name, one.wanted), one.available) for one in old]
    available = new.available + sum(one.available for one in left)
    return [*cleaned, *scale_down_old(left, available - limits.kept_available)]


def clean_unhealthy(old: Sequence[Replicas], most: int) -> list[Resize]:
    """Return the sizes after dropping replicas that are not available, oldest ReplicaSet first, at most `most`."""
    changed: list[Resize] = []
    for one in old:
        if most <= 0:
            break
        unhealthy = one.wanted - one.available
        if one.wanted == 0 or unhealthy <= 0:
            continue
        drop = min(most, unhealthy)
        changed.append(Resize(one.name, one.wanted - drop))
        most -= drop
    return changed


def scale_down_old(old: Sequence[Replicas], most: int) -> list[Resize]:
    """Return the sizes after dropping at most `most` replicas, oldest ReplicaSet first."""
    changed: list[Resize] = []
    for one in old:
        if most <= 0:
            break
        if one.wanted == 0:
            continue
        drop = min(one.wanted, most)
        changed.append(Resize(one.name, one.wanted - drop))
        most -= drop
    return changed


def scale(limits: Bounds, new: Replicas | None, old: Sequence[Replicas], *, actual: int) -> list[Resize]:
    """Return the sizes after the Deployment was scaled, or while it is paused; `old` is oldest first.

    One ReplicaSet in use takes all; a complete new one leaves nothing to the old ones; else each gets its share.
    `actual` is the Deployment's status.replicas: what a ReplicaSet counts from that remembers nothing.
    """
    every = [*old, new] if new is not None else list(old)
    active = [one for one in every if one.wanted > 0]
    if len(active) <= 1:
        only = active[0] if active else every[-1] if every else None
        return [Resize(only.name, limits.replicas)] if only is not None and only.wanted != limits.replicas else []
    if new is not None and _saturated(limits.replicas, new):
        return [Resize(one.name, 0) for one in active if one is not new]
    return _proportional(limits, active, actual) if limits.rolling else []


def _saturated(replicas: int, new: Replicas) -> bool:
    return new.wanted == replicas and new.desired == replicas and new.available == replicas


def _proportional(limits: Bounds, active: Sequence[Replicas], actual: int) -> list[Resize]:
    """Share what fits or must go in proportion to size: larger first, of equals the newer when growing, else the older."""
    room = (limits.most if limits.replicas > 0 else 0) - sum(one.wanted for one in active)
    if room == 0:
        return [Resize(one.name, one.wanted) for one in active]
    newer_first = list(reversed(active)) if room > 0 else list(active)
    order = sorted(newer_first, key=lambda one: -one.wanted)
    sizes: list[Resize] = []
    left = room
    for one in order:
        share = _share(one, limits, left, actual)
        sizes.append(Resize(one.name, one.wanted + share))
        left -= share
    sizes[0] = Resize(sizes[0].name, max(0, sizes[0].replicas + left))
    return sizes


def _share(one: Replicas, limits: Bounds, left: int, actual: int) -> int:
    if left == 0:
        return 0
    if limits.replicas == 0:
        fraction = -one.wanted
    else:
        most = one.most if one.most is not None else actual
        fraction = _rounded(one.wanted * limits.most, most) - one.wanted
    return min(fraction, left) if left > 0 else max(fraction, left)


def _rounded(numerator: int, denominator: int) -> int:
    """Return the quotient rounded to the nearest, halves up, in whole numbers."""
    return (2 * numerator + denominator) // (2 * denominator) if denominator else 0


def complete(replicas: int, status: Json, generation: int = 0) -> bool:
    """Return whether all wanted replicas are of the new template and available, and none is left over."""
    return bool(
        status.get("updatedReplicas", 0) == replicas
        and status.get("replicas", 0) == replicas
        and status.get("availableReplicas", 0) == replicas
        and status.get("observedGeneration", 0) >= generation
    )


def progressing(old: Json, new: Json) -> bool:
    """Return whether a new status shows progress over the old: more new pods, fewer old ones, more ready or available."""

    def olds(status: Json) -> int:
        return int(status.get("replicas", 0)) - int(status.get("updatedReplicas", 0))

    return bool(
        new.get("updatedReplicas", 0) > old.get("updatedReplicas", 0)
        or olds(new) < olds(old)
        or new.get("readyReplicas", 0) > old.get("readyReplicas", 0)
        or new.get("availableReplicas", 0) > old.get("availableReplicas", 0)
    )


def surplus_history(limit: int, old: Sequence[tuple[str, bool]]) -> list[str]:
    """Return the old ReplicaSets beyond the history limit that may go, lowest revision first; `old` is (name, empty and observed)."""
    if limit == NO_HISTORY_LIMIT:
        return []
    excess = len(old) - limit
    return [name for name, empty in old[: max(0, excess)] if empty]
