"""What an ImageRepository scans, when, and what it makes of the tags it finds.

Source: image-reflector-controller v1.2.0 internal/controller/imagerepository_controller.go (shouldScan, filterOutTags,
sortTagsAndGetLatestTags) and internal/database/badger.go.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence

from fluxsim.formats import goregex
from fluxsim.formats.taglist import Changes, TagList, json_items
from fluxsim.formats.tree import Json
from fluxsim.kernel.units import SECOND, Millis, unix_millis

DEFAULT_EXCLUSIONS: tuple[str, ...] = (r"^.*\.sig$",)
LATEST_TAGS = 10
CHANGES_MAX = 1_000
"""From so many changes on, a list is made anew."""

FIRST_SCAN = "first scan"
RECONCILE_REQUESTED = "reconcile requested"
NEW_IMAGE_NAME = "new image name"
UPDATED_EXCLUSIONS = "updated exclusion list"
NO_TAGS = "no tags in database"
INTERVAL = "triggered by interval"


class BadExclusion(ValueError):
    """A pattern of the exclusion list that Go refuses, in Flux's words."""


def exclusions_of(spec: Json) -> Sequence[str]:
    """Return the exclusion list that holds: the default one where none is set."""
    listed: Sequence[str] | None = spec.get("exclusionList")
    return listed or DEFAULT_EXCLUSIONS


def due(
    status: Json,
    *,
    requested_at: str | None,
    canonical_name: str,
    exclusions: Sequence[str],
    database_has_tags: bool,
    interval_ms: Millis,
    now_unix_ms: Millis,
) -> tuple[str | None, Millis]:
    """Return why a scan is due, None where it is not, and the time until the next one."""
    last = status.get("lastScanResult")
    if last is None:
        return FIRST_SCAN, interval_ms
    if requested_at is not None and requested_at != status.get("lastHandledReconcileAt", ""):
        return RECONCILE_REQUESTED, interval_ms
    if canonical_name != status.get("canonicalImageName", ""):
        return NEW_IMAGE_NAME, interval_ms
    if not same_exclusions(exclusions, status.get("observedExclusionList") or ()):
        return UPDATED_EXCLUSIONS, interval_ms
    if not database_has_tags:
        return NO_TAGS, interval_ms
    wait_ms = interval_ms - (now_unix_ms - unix_millis(last["scanTime"]))
    if wait_ms < SECOND:
        return INTERVAL, interval_ms
    return None, wait_ms


def same_exclusions(wanted: Sequence[str], observed: Sequence[str]) -> bool:
    """Tell whether the lists are equally long and each wanted pattern was observed, in whatever order."""
    return len(wanted) == len(observed) and all(pattern in observed for pattern in wanted)


def remaining(tags: Sequence[str], exclusions: Sequence[str]) -> list[str]:
    """Return the tags that no pattern finds itself in, in their order. Raises BadExclusion."""
    patterns = [_compiled(pattern) for pattern in exclusions]
    return [tag for tag in tags if not any(pattern.matches(tag) for pattern in patterns)]


def kept_tags(tags: Sequence[str], exclusions: Sequence[str]) -> TagList:
    """Return the tags that a scan keeps, in the order of the database. Raises BadExclusion."""
    return TagList(remaining(tags, exclusions))


class Scans:
    """What the last scan of each repository kept, so that the next one matches only what is new.

    Where the registry hands out the list of the last time, or a TagList that came out of it, nothing else is looked
    at; other lists are compared as a whole first.
    """

    def __init__(self) -> None:
        self._last: dict[str, tuple[Sequence[str], tuple[str, ...], TagList]] = {}

    def kept_tags(self, repository: str, tags: Sequence[str], exclusions: Sequence[str]) -> TagList:
        """Return what kept_tags does, as a list that knows what changed since the last scan. Raises BadExclusion."""
        exclusions = tuple(exclusions)
        listed, known_exclusions, kept = self._last.get(repository, ((), (), TagList()))
        changes = _changes(listed, tags) if exclusions == known_exclusions else None
        if changes is not None:
            kept = kept.changed(added=remaining(changes.added, exclusions), removed=changes.removed)
        else:
            kept = kept_tags(tags, exclusions)
        self._last[repository] = (tags, exclusions, kept)
        return kept


def _changes(listed: Sequence[str], tags: Sequence[str]) -> Changes | None:
    """Return how the lists differ, in the order of a registry's list; None where they have little in common."""
    if tags is listed:
        return Changes((), ())
    if (
        isinstance(tags, TagList)
        and isinstance(listed, TagList)
        and (changes := tags.changes_since(listed)) is not None
    ):
        return Changes(tuple(sorted(changes.added)), tuple(sorted(changes.removed)))
    before, after = set(listed), set(tags)
    if len(before ^ after) > CHANGES_MAX:
        return None
    return Changes(tuple(tag for tag in tags if tag not in before), tuple(tag for tag in listed if tag not in after))


def latest_tags(kept: Sequence[str]) -> list[str]:
    """Return the tags that status.lastScanResult.latestTags shows, of tags in the order of the database."""
    return list(kept[:LATEST_TAGS])


def revision(kept: Sequence[str]) -> str:
    """Return the checksum of the tags as the Badger database gives it: of the list alone, not of image or digests."""
    if isinstance(kept, TagList):
        return str(kept.adler32())
    return str(zlib.adler32(b"[" + json_items(list(kept)) + b"]"))


def filesystem_revision(kept: Sequence[str]) -> str:
    """Return the checksum as the database of the FluxStorage feature gate gives it."""
    lines = "".join(f"{tag}\n" for tag in kept)
    return f"sha256:{hashlib.sha256(lines.encode('utf-8', 'surrogateescape')).hexdigest()}"


def database_key(namespace: str, name: str, canonical_name: str, *, flux_storage: bool = False) -> str:
    """Return under what name tags are stored: Badger's database keeps one list for each image, FluxStorage for each object."""
    return f"{namespace}/{name}" if flux_storage else canonical_name


def forgets_deleted(*, flux_storage: bool = False) -> bool:
    """Tell whether the tags go with their ImageRepository; with Badger they stay."""
    return flux_storage


def ready_message(count: int, checksum: str) -> str:
    """Return the message of Ready=True."""
    return f"successful scan: found {count} tags with checksum {checksum}"


def trace_message(*, scanned: bool, same_revision: bool, wait: str) -> str:
    """Return what the trace event of an uneventful run says; `wait` is a Go duration."""
    if not scanned:
        return f"no change in repository configuration since last scan, next scan in {wait}"
    return f"{'tags did not change' if same_revision else 'successful scan'}, next scan in {wait}"


def _compiled(pattern: str) -> goregex.Regex:
    try:
        return goregex.compiled(pattern)
    except goregex.InvalidRegex as error:
        raise BadExclusion(f"failed to compile regex {pattern}: {error}") from error
