"""What the real bot wrote and what the simulated one wrote, side by side, with the figures that say how alike they are."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from fluxsim.drivers.history import Replayed
from fluxsim.drivers.history_inputs import ordinary
from fluxsim.drivers.history_record import Change, Recorded
from fluxsim.drivers.history_undone import Touched, touched

RECALL_MIN = PRECISION_MIN = 0.9
NEAR_S = 60


@dataclass(frozen=True, slots=True)
class Pair:
    """A tag in a file: the first commit of each bot that wrote it there, None where it never did."""

    change: Change
    real: Recorded | None
    simulated: Recorded | None
    tolerance_s: int
    stamp_s: int | None
    """When the tag's build began; None where its name does not tell, or its push is assumed."""

    @property
    def apart_s(self) -> int | None:
        """Return how much later the simulated commit came."""
        if self.real is None or self.simulated is None:
            return None
        return self.simulated.at_s - self.real.at_s

    @property
    def matched(self) -> bool:
        return self.apart_s is not None and abs(self.apart_s) <= self.tolerance_s

    @property
    def at_s(self) -> int:
        first = self.real or self.simulated
        assert first is not None, f"a pair of nothing: {self.change}"
        return first.at_s


@dataclass(frozen=True, slots=True)
class Spread:
    """Some seconds: how many figures, the least, the middle one, the one that nine of ten do not exceed, the most."""

    count: int
    least: float
    median: float
    ninth: float
    most: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Spread:
        if not seconds:
            return cls(0, 0, 0, 0, 0)
        ranked = sorted(seconds)
        return cls(
            len(ranked), ranked[0], statistics.median(ranked), ranked[(9 * len(ranked) + 9) // 10 - 1], ranked[-1]
        )


@dataclass(frozen=True, slots=True)
class Errors:
    """How far predicted commit times lie from the real ones, over the same commits."""

    count: int
    mean_s: float
    median_s: float
    near: float
    """The share within a minute."""

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Errors:
        if not seconds:
            return cls(0, 0, 0, 0)
        near = sum(one <= NEAR_S for one in seconds) / len(seconds)
        return cls(len(seconds), statistics.mean(seconds), statistics.median(seconds), near)


@dataclass(frozen=True, slots=True)
class Fate:
    """A person's change to a marked field: what the real bot made of it, and the simulated one."""

    real: Touched
    simulated: Touched | None

    @property
    def agreed(self) -> bool:
        return self.simulated is not None and (self.real.undone is None) == (self.simulated.undone is None)


class Comparison:
    """Real and simulated commits of one window."""

    def __init__(self, replayed: Replayed) -> None:
        self.replayed = replayed
        self.plan = replayed.plan
        self._ordinary = {
            (change.file, change.new)
            for _commit, change, _delay in ordinary(self.plan.bots, replayed.plan.estimates.delay_s)
        }

    @cached_property
    def pairs(self) -> list[Pair]:
        """All (file, tag) of either side, in the order of their commits; those of both beyond the window are left out."""
        real = self._firsts(self.plan.record.bots, self.plan.window.from_s)
        simulated = self._firsts(self.replayed.bots, self.plan.epoch_s)
        stamps = {(tag.image, tag.tag): tag.stamp_s for tag in self.plan.tags}
        images = self.plan.record.images
        found: list[Pair] = []
        for key, (change, _commit) in {**simulated, **real}.items():
            pair = Pair(
                change,
                real[key][1] if key in real else None,
                simulated[key][1] if key in simulated else None,
                self.plan.tolerance_s(change),
                stamps.get((images.get(change.policy, ""), change.new)),
            )
            if self._inside(pair.real) or self._inside(pair.simulated):
                found.append(pair)
        return sorted(found, key=lambda pair: (pair.at_s, pair.change.file))

    @property
    def recall(self) -> float:
        """Return the share of the real bot's (file, tag) that the simulated one wrote in time."""
        return _share(pair.matched for pair in self.pairs if self._inside(pair.real))

    @property
    def precision(self) -> float:
        """Return the share of the simulated bot's (file, tag) that the real one wrote in time."""
        return _share(pair.matched for pair in self.pairs if self._inside(pair.simulated))

    @property
    def latencies(self) -> tuple[Spread, Spread]:
        """Return the delays from a tag's time to its commit, (real, simulated), of tags that tell their time."""
        timed = [(pair, pair.stamp_s) for pair in self.timed()]
        return (
            Spread.of([pair.real.at_s - stamp for pair, stamp in timed if pair.real is not None and stamp is not None]),
            Spread.of(
                [
                    pair.simulated.at_s - stamp
                    for pair, stamp in timed
                    if pair.simulated is not None and stamp is not None
                ]
            ),
        )

    def timed(self, *, usual: bool = False) -> list[Pair]:
        """Return the pairs of which both times and the tag's are known; the `usual` ones waited for no person's commit."""
        return [
            pair
            for pair in self.pairs
            if pair.apart_s is not None
            and pair.stamp_s is not None
            and (not usual or (pair.change.file, pair.change.new) in self._ordinary)
        ]

    def errors(self, *, usual: bool = False) -> tuple[Errors, Errors]:
        """Return the errors of the commit times, (fluxsim, baseline); the baseline says: tag time plus the median delay."""
        pairs = self.timed(usual=usual)
        delay_s = self.plan.estimates.delay_s
        return (
            Errors.of([abs(pair.apart_s or 0) for pair in pairs]),
            Errors.of([abs((pair.stamp_s or 0) + delay_s - pair.real.at_s) for pair in pairs if pair.real is not None]),
        )

    @cached_property
    def fates(self) -> list[Fate]:
        """What became of people's changes to marked fields."""
        origins = self.replayed.origins
        mine = {
            (origins.get(one.commit.id, ""), one.change.file, one.change.policy): one
            for one in touched(self.replayed.commits)
        }
        inside = [one for one in touched(self.plan.record.commits) if self.plan.window.holds(one.commit)]
        return [Fate(one, mine.get((one.commit.id, one.change.file, one.change.policy))) for one in inside]

    @property
    def verdicts(self) -> list[tuple[str, bool]]:
        """What a replay should reach, and whether this one did."""
        ours, baseline = self.errors()
        found = [
            (f"recall {self.recall:.2f}, at least {RECALL_MIN}", self.recall >= RECALL_MIN),
            (f"precision {self.precision:.2f}, at least {PRECISION_MIN}", self.precision >= PRECISION_MIN),
        ]
        if ours.count:
            told = f"mean error of commit times {ours.mean_s:.1f} s, the baseline's {baseline.mean_s:.1f} s"
            found.append((told, ours.mean_s < baseline.mean_s))
        return found

    def _firsts(self, commits: Sequence[Recorded], from_s: int) -> dict[tuple[str, str], tuple[Change, Recorded]]:
        found: dict[tuple[str, str], tuple[Change, Recorded]] = {}
        for commit in commits:
            if from_s <= commit.at_s <= self.plan.end_s:
                for change in commit.changes:
                    found.setdefault((change.file, change.new), (change, commit))
        return found

    def _inside(self, commit: Recorded | None) -> bool:
        return commit is not None and commit.at_s <= self.plan.window.to_s


def undone_own(commits: Sequence[Recorded]) -> list[tuple[Recorded, Change, Recorded]]:
    """Return where a bot put back what its own last commit had replaced: (commit, change, the commit that it undid)."""
    found: list[tuple[Recorded, Change, Recorded]] = []
    last: dict[tuple[str, str], tuple[Recorded, Change]] = {}
    for commit in commits:
        for change in commit.changes:
            place = (change.file, change.policy)
            before = last.get(place)
            if before is not None and commit.bot and before[0].bot and before[1].old == change.new:
                found.append((commit, change, before[0]))
            last[place] = (commit, change)
    return found


def _share(hits: Iterable[bool]) -> float:
    found = list(hits)
    return sum(found) / len(found) if found else 1.0
