"""What gets into an artifact."""

from __future__ import annotations

import posixpath
from typing import Any

import pytest

from fluxsim.controllers.flux.contents import (
    Included,
    NoSuchDirectory,
    contents,
    observations,
    observed,
    wanted,
)
from fluxsim.formats.tree import freeze
from fluxsim.systems.artifacts import Artifact, FileTree
from fluxsim.systems.gitserver import Head


class Tree:
    """Files out of a dict."""

    def __init__(self, *paths: str) -> None:
        self.paths = paths

    def read(self, path: str) -> bytes | None:
        return path.encode() if path in self.paths else None

    def is_dir(self, path: str) -> bool:
        return path in ("", ".") or any(one.startswith(f"{path}/") for one in self.paths)

    def list(self, path: str) -> list[str]:
        prefix = "" if path in ("", ".") else f"{path}/"
        return sorted({one.removeprefix(prefix).partition("/")[0] for one in self.paths if one.startswith(prefix)})


def head(*paths: str) -> Head:
    files: Any = Tree(*paths)
    return Head("main@sha1:1", "refs/heads/main", "1" * 40, "2" * 40, "x", files)


def artifact(*paths: str, content: str = "c") -> Artifact:
    return Artifact("main@sha1:1", "sha256:1", "p", Tree(*paths), content, {})


def walked(files: FileTree, directory: str = "") -> list[str]:
    found: list[str] = []
    for name in files.list(directory):
        path = posixpath.join(directory, name) if directory else name
        found += walked(files, path) if files.is_dir(path) else [path]
    return found


def test_all_files_come_along_but_those_of_git_and_ci() -> None:
    files, _ = contents(head("a.yaml", ".gitignore", ".github/x.yml", "pic.png"), {}, [])
    assert walked(files) == ["a.yaml"]


def test_a_rule_of_ones_own_puts_the_default_rules_off() -> None:
    files, _ = contents(head("a.yaml", "b.md", "pic.png"), {"ignore": "*.md\n"}, [])
    assert walked(files) == ["a.yaml", "pic.png"]


def test_other_rules_make_another_content() -> None:
    assert contents(head("a"), {}, [])[1] != contents(head("a"), {"ignore": "b"}, [])[1]
    assert contents(head("a"), {}, [])[1] == contents(head("a"), {"interval": "1m"}, [])[1]


def test_sparse_directories_are_all_there_is() -> None:
    files, _ = contents(head("a.yaml", "x/b.yaml", "x/y/c.yaml", "z/d.yaml"), {"sparseCheckout": ["./x/y", "z"]}, [])
    assert walked(files) == ["x/y/c.yaml", "z/d.yaml"]
    assert files.read("a.yaml") is None


def test_a_sparse_directory_must_be_there() -> None:
    with pytest.raises(NoSuchDirectory, match="sparse checkout dir 'nope' does not exist in repository"):
        contents(head("a.yaml"), {"sparseCheckout": ["nope"]}, [])


def test_another_artifact_is_put_in_at_its_place() -> None:
    one = Included(artifact("deploy/k.yaml", "deploy/sub/l.yaml", "other.yaml"), "deploy", "apps/shared")
    files, _ = contents(head("a.yaml", "apps/b.yaml"), {}, [one])
    assert walked(files) == ["a.yaml", "apps/b.yaml", "apps/shared/k.yaml", "apps/shared/sub/l.yaml"]
    assert files.read("apps/shared/k.yaml") == b"deploy/k.yaml"
    assert files.is_dir("apps/shared/sub")


def test_what_is_put_in_wins_over_what_was_there() -> None:
    files, _ = contents(head("x/a.yaml", "x/b.yaml"), {}, [Included(artifact("a.yaml"), "", "x")])
    assert files.read("x/a.yaml") == b"a.yaml"
    assert files.read("x/b.yaml") == b"x/b.yaml"


def test_an_artifact_may_be_put_in_at_the_root() -> None:
    files, _ = contents(head("a.yaml"), {}, [Included(artifact("d/b.yaml"), "", "./")])
    assert walked(files) == ["a.yaml", "d/b.yaml"]


def test_paths_do_not_climb_out() -> None:
    one = Included(artifact("d/b.yaml"), "../../d", "../../x")
    assert walked(contents(head("a.yaml"), {}, [one])[0]) == ["a.yaml", "x/b.yaml"]


def test_another_content_of_what_is_put_in_is_another_content() -> None:
    one, other = (Included(artifact("a", content=content), "", "x") for content in ("1", "2"))
    assert contents(head("a"), {}, [one])[1] != contents(head("a"), {}, [other])[1]


def test_an_artifact_stands_while_the_spec_is_what_was_observed() -> None:
    spec = {"ignore": "x", "sparseCheckout": ["a"]}
    obj = freeze({"status": observations(spec)})
    assert observed(obj) == wanted(spec)
    assert observed(obj) != wanted({"ignore": "x"})
    assert observed(freeze({})) == wanted({"interval": "1m"})
