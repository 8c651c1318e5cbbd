"""What a replay puts into its world, and when: tags, people's commits, and what it knows of the clocks of the scans.

The tags are taken from the bot's commits, so a replay measures the machinery between a tag and a commit, not foresight.
What the history does not say is estimated here, and only here:

build      a tag's name has the time at which CI began it; it reached the registry later. That span is the median of the
           real delays from name to commit, less what the simulated machinery takes on average: half a scan interval,
           listing, election, clone and push. One number for all tags.
listing    a scan begins one interval after the former ended, so between two commits that follow scans of the same image
           lies a whole number of (interval + listing). Where enough of such pairs are close together they tell how
           long this registry takes to list its tags; else the usual span stays.
promotion  a promoted tag keeps the name's time of the image that it points to, so its push is not known: the average
           machinery before its commit. It is marked as assumed and left out of all figures of time.
clocks     when a scan happens within its minute is not in a history. Each real commit that followed a scan tells it
           afterwards; the replay then sets that scan's clock for the time to come (`follow`), never for the commit
           that told it.
"""

from __future__ import annotations

import datetime as dt
import re
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from fluxsim.controllers.latencies import Latencies, Span
from fluxsim.drivers.history_record import Change, Record, Recorded
from fluxsim.kernel.units import SECOND, Millis

Why: TypeAlias = Literal["built", "promoted", "unknown", "person"]

STAMP = re.compile(r"(?:^|[-_.])(?P<stamp>\d{10}|20\d{12})$")
"""The time at the end of a tag: seconds since 1970, or YYYYMMDDhhmmss."""
PROMOTED = re.compile(r"(?:production|prod|prd)[-_.]")
"""Families of tags that point at an image of another family and keep its time."""
WAITED_TIMES = 3
"""A delay longer than this many medians was no delay of the machinery: the tag waited for a person's commit."""
PAIR_MAX_S = 3_600
"""Two commits further apart say nothing about a scan's period: whole scans may have been lost between them."""
SCANS_MIN = 5
PAIRS_MIN = 3
LISTING_MAX_S = 2.0


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag that comes to the registry. `stamp_s` is the time in its name where that is the time of its build."""

    image: str
    tag: str
    at_s: float
    why: Why
    stamp_s: int | None = None
    source: str = ""
    """The tag that it points to the same image as, where one is known."""


@dataclass(frozen=True, slots=True)
class Follow:
    """What a real commit taught about the clock of a scan: when its next scans happen."""

    at_s: float
    image: str
    commit: str


@dataclass(frozen=True, slots=True)
class Estimates:
    """What the history does not say, in seconds."""

    delay_s: float
    """The median real delay from a tag's name to its commit."""
    machinery_s: float
    """What of it the simulated machinery takes on average."""
    build_s: float
    listing: Span
    pairs: int
    """How many pairs of commits told the listing; none where the usual span stays."""


def stamp_of(tag: str) -> int | None:
    """Return the seconds since 1970 that stand at the end of a tag."""
    found = STAMP.search(tag)
    if found is None:
        return None
    digits = found["stamp"]
    if len(digits) == 10:
        return int(digits)
    try:
        return int(dt.datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=dt.UTC).timestamp())
    except ValueError:
        return None


def built_at(tag: str) -> int | None:
    """Return when the build of a tag began, as its name says; None for a promoted one, which keeps another's time."""
    return None if PROMOTED.match(tag) else stamp_of(tag)


def estimated(record: Record, bots: Sequence[Recorded], latencies: Latencies) -> Estimates:
    """Return the estimates from the bot's commits of a window."""
    delays = [delay for _commit, _change, delay in ordinary(bots)]
    delay_s = float(statistics.median_low(delays)) if delays else 0.0
    listing, pairs = _listing(record, bots, latencies.list_tags)
    takes = replace(latencies, list_tags=listing)
    scan_s = (
        statistics.mean([record.scan_ms_of(change.policy) for bot in bots for change in bot.changes] or [0]) / SECOND
    )
    spans = (takes.list_tags, takes.evaluate_policy, takes.git_clone, takes.git_push)
    machinery_s = scan_s / 2 + sum(span.low + span.high for span in spans) / 2 / SECOND
    return Estimates(delay_s, machinery_s, max(delay_s - machinery_s, 0.0), listing, pairs)


def ordinary(bots: Sequence[Recorded], usual_s: float | None = None) -> list[tuple[Recorded, Change, int]]:
    """Return the first commits of built tags with their delays, less those that waited for something else than the machinery.

    Those took more than some times the usual delay, which is the median of these commits unless it is given.
    """
    firsts = [(commit, change, commit.at_s - stamp) for commit, change, stamp in firsts_of_built(bots)]
    if usual_s is None:
        usual_s = statistics.median_low([delay for _commit, _change, delay in firsts]) if firsts else 0
    return [one for one in firsts if 0 <= one[2] <= WAITED_TIMES * usual_s]


def firsts_of_built(bots: Sequence[Recorded]) -> Iterator[tuple[Recorded, Change, int]]:
    """Yield for each (file, tag) whose tag tells its build time the first commit, the change and that time."""
    seen: set[tuple[str, str]] = set()
    for commit in bots:
        for change in commit.changes:
            stamp = built_at(change.new)
            if (change.file, change.new) not in seen and stamp is not None:
                seen.add((change.file, change.new))
                yield commit, change, stamp


def _listing(record: Record, bots: Sequence[Recorded], usual: Span) -> tuple[Span, int]:
    """Return the median over the pairs: a pair that two writers made is far off, and would pull a mean with it."""
    last: dict[str, int] = {}
    told: list[float] = []
    middle_s = (usual.low + usual.high) / 2 / SECOND
    for commit, change, _delay in ordinary(bots):
        image = record.images.get(change.policy, "")
        gap_s = commit.at_s - last.get(image, 0)
        interval_s = record.scan_ms_of(change.policy) / SECOND
        count = round(gap_s / (interval_s + middle_s))
        if gap_s <= PAIR_MAX_S and count >= SCANS_MIN and 0 <= gap_s / count - interval_s <= LISTING_MAX_S:
            told.append(gap_s / count - interval_s)
        last[image] = commit.at_s
    if len(told) < PAIRS_MIN:
        return usual, 0
    median_ms = round(statistics.median(told) * SECOND)
    half = min((usual.high - usual.low) // 2, median_ms)
    return Span(median_ms - half, median_ms + half), len(told)


def tags_of(record: Record, commits: Sequence[Recorded], estimates: Estimates) -> list[Tag]:
    """Return the tags that the commits of a window name, each once, in the order of their pushes."""
    found: dict[tuple[str, str], Tag] = {}
    for commit in commits:
        for change in commit.changes:
            image = record.images.get(change.policy)
            if image is not None and change.new and (image, change.new) not in found:
                found[image, change.new] = _tag(image, change.new, commit, estimates)
    known = sorted(found.values(), key=lambda tag: (tag.at_s, tag.image, tag.tag))
    return [replace(tag, source=_twin(tag, known)) if tag.why == "promoted" else tag for tag in known]


def _tag(image: str, name: str, commit: Recorded, estimates: Estimates) -> Tag:
    stamp = built_at(name)
    assumed_s = commit.at_s - estimates.machinery_s
    if stamp is not None and commit.bot:
        return Tag(image, name, stamp + estimates.build_s, "built", stamp)
    if not commit.bot:  # whoever names a tag has seen it
        return Tag(image, name, min(assumed_s, (stamp or commit.at_s) + estimates.build_s), "person")
    return Tag(image, name, assumed_s, "promoted" if stamp_of(name) is not None else "unknown")


def _twin(promoted: Tag, known: Sequence[Tag]) -> str:
    """Return the tag of the same image that ends in the same version, commit and time."""
    suffix = promoted.tag.partition("-")[2]
    for tag in known:
        if tag.image == promoted.image and tag.why == "built" and tag.tag.partition("-")[2] == suffix:
            return tag.tag if tag.at_s < promoted.at_s else ""
    return ""


def follows(record: Record, bots: Sequence[Recorded], estimates: Estimates, latencies: Latencies) -> list[Follow]:
    """Return for each commit that followed a scan when the scan after it happens: one period after the scan before it.

    That instant lies after the commit, so nothing of what the commit says is known before it.
    """
    spans = (estimates.listing, latencies.evaluate_policy, latencies.git_clone, latencies.git_push)
    after_scan_s = sum(span.low + span.high for span in spans) / 2 / SECOND
    listing_s = (estimates.listing.low + estimates.listing.high) / 2 / SECOND
    found: list[Follow] = []
    for commit, change, delay in ordinary(bots, estimates.delay_s):
        image = record.images.get(change.policy, "")
        period_s = record.scan_ms_of(change.policy) / SECOND + listing_s
        if image in record.scans and delay < estimates.build_s + 2 * period_s:
            found.append(Follow(commit.at_s - after_scan_s + period_s, image, commit.id))
    return found


def in_millis(at_s: float, epoch_s: int) -> Millis:
    """Return a time as the world counts it."""
    return round((at_s - epoch_s) * SECOND)
