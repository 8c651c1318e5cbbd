from __future__ import annotations

from typing import Any

import pytest

from fluxsim.formats import scanrules
from fluxsim.formats.taglist import TagList
from fluxsim.kernel.units import MINUTE, SECOND, Millis, unix_millis

SCANNED = "2026-03-02T09:00:00Z"
SCANNED_MS = unix_millis(SCANNED)


def due(
    *, after_ms: Millis = 10 * SECOND, status: dict[str, Any] | None = None, **given: Any
) -> tuple[str | None, Millis]:
    found = {
        "lastScanResult": {"scanTime": SCANNED},
        "canonicalImageName": "ghcr.io/org/app",
        "observedExclusionList": ["^.*\\.sig$"],
    } | (status or {})
    asked: dict[str, Any] = {
        "requested_at": None,
        "canonical_name": "ghcr.io/org/app",
        "exclusions": scanrules.DEFAULT_EXCLUSIONS,
        "database_has_tags": True,
        "interval_ms": MINUTE,
        "now_unix_ms": SCANNED_MS + after_ms,
    }
    return scanrules.due(found, **(asked | given))


def test_nothing_is_due_before_the_interval_ends() -> None:
    assert due() == (None, 50 * SECOND)
    assert due(after_ms=59 * SECOND) == (None, SECOND)


def test_the_last_second_counts_as_due() -> None:
    assert due(after_ms=59 * SECOND + 1) == (scanrules.INTERVAL, MINUTE)
    assert due(after_ms=61 * SECOND) == (scanrules.INTERVAL, MINUTE)


def test_the_first_reason_is_named() -> None:
    every: dict[str, Any] = {
        "requested_at": "now",
        "canonical_name": "other",
        "exclusions": ["x"],
        "database_has_tags": False,
    }
    names = [
        due(after_ms=0, status={"lastScanResult": None}, **every)[0],
        due(after_ms=0, **every)[0],
        due(after_ms=0, **(every | {"requested_at": None}))[0],
        due(exclusions=["x"], database_has_tags=False)[0],
        due(database_has_tags=False)[0],
    ]
    assert names == [
        "first scan",
        "reconcile requested",
        "new image name",
        "updated exclusion list",
        "no tags in database",
    ]


def test_a_handled_request_is_no_request() -> None:
    assert due(requested_at="t1", status={"lastHandledReconcileAt": "t1"})[0] is None
    assert due(requested_at="")[0] is None
    assert due(requested_at="t2", status={"lastHandledReconcileAt": "t1"})[0] == scanrules.RECONCILE_REQUESTED


def test_exclusions_in_another_order_are_the_same() -> None:
    assert scanrules.same_exclusions(["a", "b"], ["b", "a"])
    assert not scanrules.same_exclusions(["a"], ["a", "a"])
    assert scanrules.same_exclusions(["a", "a"], ["a", "b"])


def test_an_empty_exclusion_list_is_the_default_one() -> None:
    assert scanrules.exclusions_of({}) == scanrules.exclusions_of({"exclusionList": []}) == scanrules.DEFAULT_EXCLUSIONS
    assert scanrules.exclusions_of({"exclusionList": ["x"]}) == ["x"]


def test_excluded_tags_are_not_kept_and_the_rest_is_sorted() -> None:
    kept = scanrules.kept_tags(["1.0", "sha.sig", "v2", "10.0"], scanrules.DEFAULT_EXCLUSIONS)
    assert kept == ["v2", "10.0", "1.0"]
    assert scanrules.kept_tags(["a"], [""]) == []


def test_a_bad_exclusion_fails_the_scan_even_without_tags() -> None:
    with pytest.raises(scanrules.BadExclusion) as failed:
        scanrules.kept_tags([], ["[a"])
    assert str(failed.value) == "failed to compile regex [a: error parsing regexp: missing closing ]: `[a`"


def test_the_next_scan_looks_only_at_what_is_new() -> None:
    scans, listed = scanrules.Scans(), TagList(["b", "a.sig", "a"])
    first = scans.kept_tags("image", listed, scanrules.DEFAULT_EXCLUSIONS)
    assert scans.kept_tags("image", listed, scanrules.DEFAULT_EXCLUSIONS) is first
    more = listed.changed(added=["c", "c.sig"], removed=["b"])
    second = scans.kept_tags("image", more, scanrules.DEFAULT_EXCLUSIONS)
    assert second == ["c", "a"]
    changes = second.changes_since(first)
    assert changes is not None
    assert changes.added == ("c",)
    assert scans.kept_tags("image", more, ["^c"]) == ["a.sig", "a"]
    assert scans.kept_tags("other", more, ["^c$"]) == ["c.sig", "a.sig", "a"]
    assert scans.kept_tags("image", ["x"], ["^c"]) == ["x"]


def test_lists_of_other_kinds_are_compared() -> None:
    scans, many = scanrules.Scans(), [f"t{number:05d}" for number in range(3_000)]
    first = scans.kept_tags("image", many, ["0$"])
    second = scans.kept_tags("image", [*many[1:], "new", "new0"], ["0$"])
    assert second == scanrules.kept_tags([*many, "new"], ["0$"])
    assert second.changes_since(first) is not None
    assert scans.kept_tags("image", many[::3], ["0$"]) == scanrules.kept_tags(many[::3], ["0$"])


def test_the_checksum_is_of_the_list_alone() -> None:
    tags = [f"v{number}" for number in range(3_000)]
    kept = scanrules.kept_tags(tags, ())
    assert scanrules.revision(kept) == scanrules.revision(list(kept))
    assert scanrules.revision([]) == scanrules.revision(TagList()) == "18153657"
    assert scanrules.revision(["a"]) != scanrules.revision(["b"])
    assert scanrules.revision(kept.changed(added=["w"])) == scanrules.revision(["w", *kept])


def test_the_checksum_escapes_as_go_does() -> None:
    assert scanrules.revision(TagList(["<"])) == scanrules.revision(["<"])
    assert scanrules.revision(["<"]) != scanrules.revision(["\\u003d"])


def test_ten_tags_are_shown() -> None:
    assert scanrules.latest_tags(TagList(f"{number:02d}" for number in range(12))) == [
        f"{number:02d}" for number in range(11, 1, -1)
    ]


def test_says_what_was_found_and_when_it_looks_again() -> None:
    assert scanrules.ready_message(2, "7") == "successful scan: found 2 tags with checksum 7"
    assert (
        scanrules.trace_message(scanned=True, same_revision=True, wait="5m0s")
        == "tags did not change, next scan in 5m0s"
    )
    assert scanrules.trace_message(scanned=True, same_revision=False, wait="1s") == "successful scan, next scan in 1s"
    assert scanrules.trace_message(scanned=False, same_revision=True, wait="1s").startswith("no change in repository")


def test_one_database_is_shared_by_image_the_other_is_not() -> None:
    assert scanrules.database_key("ns", "n", "image") == "image"
    assert scanrules.database_key("ns", "n", "image", flux_storage=True) == "ns/n"
    assert scanrules.forgets_deleted(flux_storage=True)
    assert not scanrules.forgets_deleted()
