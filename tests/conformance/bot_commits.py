"""Commits by real image-automation-controllers, made again by our setters.

`python -m tests.conformance.bot_commits FILE` takes a file of commits (JSON, perhaps gzipped: id, policies and files
with the bytes before and after), sets the policies' images in the files before, and compares with the files after.
It prints every commit that differs and ends with `identical/total, explained N`; explained are those whose id stands
in the table "Bot commits explained" of docs/differences.md. Exit code 1 unless each is identical or explained.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections.abc import Iterable, Mapping
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from fluxsim.formats.markers import ImageRef, SetterError, apply_setters
from fluxsim.formats.tree import Json

ROOT = Path(__file__).resolve().parents[2]
DIFFERENCES = ROOT / "docs" / "differences.md"
HEADING = "bot commits explained"
GZIP = b"\x1f\x8b"
UNKNOWN = "unknown"
"""Stands for the half of a policy's image that the commit does not show; no marker in the commit asks for it."""


class Difference(NamedTuple):
    """The first line of a file that came out otherwise."""

    commit: str
    path: str
    line: int
    wanted: str
    got: str

    def __str__(self) -> str:
        return f"{self.commit} {self.path}:{self.line}\n  wanted {self.wanted!r}\n  got    {self.got!r}"


def difference(commit: Json) -> Difference | None:
    """Make the commit again and return where it first differs, None if nowhere."""
    files = {path: file["before"].encode() for path, file in commit["files"].items()}
    policies = {name: image_of(image) for name, image in commit["policies"].items()}
    try:
        changed = apply_setters(files, policies).changed
    except SetterError as error:
        return Difference(commit["id"], "", 0, "", str(error))
    for path, file in commit["files"].items():
        got = changed[path] if path in changed else files[path]
        if got != file["after"].encode():
            return _first(commit["id"], path, file["after"], got.decode())
    return None


def image_of(image: Mapping[str, str]) -> ImageRef:
    return ImageRef(image.get("name", UNKNOWN), image.get("tag", UNKNOWN), image.get("digest", ""))


def explained(page: Path) -> frozenset[str]:
    """Return the ids in the first column of the table below the heading; none if there is no such page."""
    if not page.exists():
        return frozenset()
    inside = False
    ids: list[str] = []
    for line in page.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            inside = line.lstrip("#").strip().lower() == HEADING
        elif inside and line.startswith("|"):
            ids.append(line.strip("|").split("|")[0].strip().strip("`"))
    return frozenset(ids)


def report(commits: Iterable[Json], known: frozenset[str]) -> tuple[list[Difference], str, bool]:
    """Return the differences, the last line, and whether all is identical or explained."""
    total = 0
    differences: list[Difference] = []
    for commit in commits:
        total += 1
        if found := difference(commit):
            differences.append(found)
    explained_count = sum(found.commit in known for found in differences)
    identical = total - len(differences)
    line = f"{identical}/{total}, explained {explained_count}"
    return differences, line, identical + explained_count == total


def _first(commit: str, path: str, wanted: str, got: str) -> Difference:
    pairs = zip_longest(wanted.splitlines(keepends=True), got.splitlines(keepends=True), fillvalue="")
    for number, (wanted_line, got_line) in enumerate(pairs, start=1):
        if wanted_line != got_line:
            return Difference(commit, path, number, wanted_line, got_line)
    return Difference(commit, path, 0, wanted, got)


def commits_of(path: Path) -> list[Json]:
    data = path.read_bytes()
    commits: list[Json] = json.loads(gzip.decompress(data) if data.startswith(GZIP) else data)
    return commits


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.bot_commits", description=__doc__)
    parser.add_argument("file", type=Path, metavar="FILE", help="a JSON list of commits, perhaps gzipped")
    differences, line, good = report(commits_of(parser.parse_args().file), explained(DIFFERENCES))
    for found in differences:
        print(found)
    print(line)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
