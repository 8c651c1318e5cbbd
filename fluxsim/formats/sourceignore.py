"""Which files of a checkout reach the artifact: .sourceignore, spec.ignore and the default exclusions.

Source: source-controller v1.9.1, fluxcd/pkg sourceignore. Later patterns win, in gitignore semantics;
the defaults hold only where no pattern of one's own exists.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Protocol

from pathspec import GitIgnoreSpec

ALWAYS = (".git/", ".gitignore", ".gitmodules", ".gitattributes")
DEFAULTS = (
    ".github/",
    ".circleci/",
    ".travis.yml",
    ".gitlab-ci.yml",
    "appveyor.yml",
    ".drone.yml",
    "cloudbuild.yaml",
    "codeship-services.yml",
    "codeship-steps.yml",
    "**/.goreleaser.yml",
    "**/.sops.yaml",
    "**/.flux.yaml",
    "*.jpg",
    "*.jpeg",
    "*.gif",
    "*.png",
    "*.wmv",
    "*.flv",
    "*.tar.gz",
    "*.zip",
)


RULES_MAX = 64
"""So many sets of patterns are kept compiled."""
ANSWERS_MAX = 65_536
"""So many paths each of them remembers."""


class Files(Protocol):
    def read(self, path: str) -> bytes | None: ...
    def is_dir(self, path: str) -> bool: ...
    def list(self, path: str) -> list[str]: ...


class ArtifactFiles:
    """The files of a checkout that are not ignored. `ignore` is spec.ignore, `sourceignores` whether .sourceignore files count."""

    def __init__(self, files: Files, ignore: str | None = None) -> None:
        self._files = files
        patterns = list(_sourceignore_patterns(files))
        if ignore is not None:
            patterns += ignore.splitlines()
        self.patterns: tuple[str, ...] = tuple(patterns)
        self._rules = _rules((*ALWAYS, *(patterns if patterns or ignore is not None else DEFAULTS)))

    def read(self, path: str) -> bytes | None:
        return None if self._is_ignored(path, directory=False) else self._files.read(path)

    def is_dir(self, path: str) -> bool:
        return path in ("", ".") or (not self._is_ignored(path, directory=True) and self._files.is_dir(path))

    def list(self, path: str) -> list[str]:
        prefix = "" if path in ("", ".") else f"{path}/"
        return [
            name
            for name in self._files.list(path)
            if not self._is_ignored(prefix + name, directory=self._files.is_dir(prefix + name))
        ]

    def _is_ignored(self, path: str, *, directory: bool) -> bool:
        return self._rules.match(path, directory=directory)


class _Rules:
    """Compiled patterns and their answers so far, shared by all checkouts that have them."""

    def __init__(self, patterns: tuple[str, ...]) -> None:
        self._spec = GitIgnoreSpec.from_lines(patterns)
        self._answers: dict[tuple[str, bool], bool] = {}

    def match(self, path: str, *, directory: bool) -> bool:
        known = self._answers.get((path, directory))
        if known is None:
            if len(self._answers) >= ANSWERS_MAX:
                self._answers.clear()
            known = self._answers[path, directory] = self._spec.match_file(f"{path}/" if directory else path)
        return known


@lru_cache(RULES_MAX)
def _rules(patterns: tuple[str, ...]) -> _Rules:
    return _Rules(patterns)


def _sourceignore_patterns(files: Files, directory: str = "") -> Iterator[str]:
    """Yield the patterns of every .sourceignore, each bound to its own directory, parents first."""
    names = files.list(directory)
    prefix = f"{directory}/" if directory else ""
    if ".sourceignore" in names:
        text = (files.read(f"{prefix}.sourceignore") or b"").decode("utf-8", "replace")
        for line in text.splitlines():
            if line.strip() and not line.startswith("#"):
                yield _bound(line, prefix)
    for name in names:
        if files.is_dir(prefix + name):
            yield from _sourceignore_patterns(files, prefix + name)


def _bound(pattern: str, prefix: str) -> str:
    """Return the pattern as it reads from the root when it stands in a file of the directory `prefix`."""
    if not prefix:
        return pattern
    negated, bare = ("!", pattern[1:]) if pattern.startswith("!") else ("", pattern)
    anchored = "/" in bare.rstrip("/")
    return f"{negated}/{prefix}{bare.lstrip('/')}" if anchored else f"{negated}/{prefix}**/{bare}"
