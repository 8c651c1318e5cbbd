"""The comparison of real commits, on commits made up here."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from fluxsim.formats.markers import ImageRef
from fluxsim.formats.tree import Json
from tests.conformance.bot_commits import UNKNOWN, commits_of, difference, explained, image_of, report

BEFORE = 'a:\n    tag: x # {"$imagepolicy": "n:p:tag"}\n'
AFTER = 'a:\n  tag: v2 # {"$imagepolicy": "n:p:tag"}\n'


def commit(after: str = AFTER, tag: str = "v2") -> Json:
    files = {"a.yaml": {"before": BEFORE, "after": after}, "b.yaml": {"before": "b: 1\n", "after": "b: 1\n"}}
    return {"id": "one", "policies": {"n:p": {"tag": tag}}, "files": files}


def test_an_identical_commit_has_no_difference() -> None:
    assert difference(commit()) is None


def test_the_first_line_that_differs_is_named() -> None:
    found = difference(commit(AFTER.replace("  tag: v2", "    tag: v2")))
    assert found is not None
    assert (found.path, found.line) == ("a.yaml", 2)
    assert "tag: v2" in str(found)


def test_a_run_that_fails_is_a_difference() -> None:
    found = difference(commit(tag="~"))
    assert found is not None
    assert "encountered invalid image ref" in found.got


def test_only_explained_differences_are_good() -> None:
    commits = [commit(), commit("other\n")]
    assert report(commits, frozenset())[1:] == ("1/2, explained 0", False)
    assert report(commits, frozenset(("one",)))[1:] == ("1/2, explained 1", True)


def test_half_an_image_is_completed() -> None:
    assert image_of({"tag": "1"}) == ImageRef(UNKNOWN, "1")
    assert image_of({"name": "a"}) == ImageRef("a", UNKNOWN)


def test_explained_commits_stand_in_a_table(tmp_path: Path) -> None:
    page = tmp_path / "differences.md"
    assert explained(page) == frozenset()
    page.write_text(
        "# x\n| `no` |\n## Bot commits explained\n\n| commit | rule |\n| - | - |\n| `a@1` | r |\n## y\n| b |\n"
    )
    assert "a@1" in explained(page)
    assert not {"no", "b"} & explained(page)


@pytest.mark.parametrize("packed", [False, True])
def test_files_may_be_gzipped(tmp_path: Path, *, packed: bool) -> None:
    data = json.dumps([commit()]).encode()
    path = tmp_path / "commits"
    path.write_bytes(gzip.compress(data) if packed else data)
    assert commits_of(path) == [commit()]
