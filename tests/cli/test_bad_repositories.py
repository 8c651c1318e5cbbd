"""Repositories that are no GitOps repositories, or broken ones: a sentence and exit code 2, never a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from fluxsim.cli.main import main
from tests.realgit import commit_files, git, new_repository
from tests.worlds import ROOT, ROOT_FILE, config_map, kustomization

STORY = """\
name: a look
why: The root is applied.
steps: []
goals:
  - now: true
    from: 20m
    condition: {kind: Kustomization, namespace: flux-system, name: flux-system, type: Ready, status: "True"}
"""
Fluxsim = Callable[..., tuple[int, str]]


@pytest.fixture
def fluxsim(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Fluxsim:
    """Return a function that calls the program: (exit code, all that was printed)."""

    def called(*arguments: str | Path) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["fluxsim", *(str(argument) for argument in arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return int(str(ended.value.code or 0)), out + err

    return called


@pytest.fixture
def story(tmp_path: Path) -> Path:
    path = tmp_path / "story.yaml"
    path.write_text(STORY, encoding="utf-8")
    return path


def repository(tmp_path: Path, **files: str | bytes) -> Path:
    """Return a repository with a root and the files; `__` in a name stands for a slash, `_yaml` for .yaml."""
    place = new_repository(tmp_path / "repository")
    given: dict[str, str | bytes] = {ROOT_FILE: ROOT}
    given |= {name.replace("__", "/").replace("_yaml", ".yaml"): data for name, data in files.items()}
    for path, data in given.items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_bytes(data.encode() if isinstance(data, str) else data)
    commit_all(place)
    return place


def commit_all(place: Path) -> None:
    commit_files(place, {}, "Set up")


def refused(fluxsim: Fluxsim, story: Path, place: Path, *more: str) -> str:
    """Call every command that takes a repository; all must refuse it in the same words, which come back."""
    answers = {
        fluxsim(*command, "--repo", place, *more)
        for command in (["lint"], ["run", story], ["next"], ["why", "production/backend"])
    }
    [(code, text)] = answers
    assert code == 2
    assert "Traceback" not in text
    assert len(text.strip().splitlines()) == 1
    return text


def test_a_place_that_is_not_there(fluxsim: Fluxsim, story: Path, tmp_path: Path) -> None:
    assert "no such file or directory" in refused(fluxsim, story, tmp_path / "nothing")


def test_a_directory_that_is_no_repository(fluxsim: Fluxsim, story: Path, tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "deployment.yaml").write_text("kind: Deployment\n")
    assert "not a Git repository" in refused(fluxsim, story, tmp_path / "plain")


def test_a_repository_without_commits(fluxsim: Fluxsim, story: Path, tmp_path: Path) -> None:
    assert "the repository has no commits" in refused(fluxsim, story, new_repository(tmp_path / "empty"))


def test_a_file_that_is_no_bundle(fluxsim: Fluxsim, story: Path, tmp_path: Path) -> None:
    (tmp_path / "x.bundle").write_bytes(b"\x00garbage")
    assert "neither a Git repository nor a bundle" in refused(fluxsim, story, tmp_path / "x.bundle")


def test_a_repository_that_flux_does_not_start_from(fluxsim: Fluxsim, story: Path, tmp_path: Path) -> None:
    place = new_repository(tmp_path / "r")
    (place / "README").write_text("hello\n")
    commit_all(place)
    text = refused(fluxsim, story, place)
    assert "no root found" in text
    assert "flux bootstrap" in text


def test_a_path_that_is_no_root(fluxsim: Fluxsim, story: Path, tmp_path: Path) -> None:
    text = refused(fluxsim, story, repository(tmp_path), "--path", "./nope")
    assert "no root at path './nope'" in text
    assert "clusters/test (flux-system in clusters/test/flux-system.yaml)" in text


def test_several_roots_ask_for_a_choice(fluxsim: Fluxsim, story: Path, tmp_path: Path) -> None:
    other = ROOT.replace("clusters/test", "clusters/other").replace("name: flux-system", "name: other", 1)
    place = repository(tmp_path, clusters__other__root_yaml=other)
    text = refused(fluxsim, story, place)
    assert "2 possible roots" in text
    assert "choose one with --path" in text
    code, _ = fluxsim("lint", "--repo", place, "--path", "clusters/test")
    assert code == 0


def test_a_root_that_the_api_server_refuses(fluxsim: Fluxsim, story: Path, tmp_path: Path) -> None:
    place = repository(
        tmp_path, **{ROOT_FILE: ROOT.replace("url: ssh://git@git.test/platform/fleet.git", "url: git@x:y")}
    )
    text = refused(fluxsim, story, place)
    assert "clusters/test/flux-system.yaml" in text
    assert "spec.url" in text


def test_a_branch_that_is_not_there(fluxsim: Fluxsim, story: Path, tmp_path: Path) -> None:
    place = repository(tmp_path)
    git(place, "branch", "-m", "main", "trunk")
    text = refused(fluxsim, story, place)
    assert "reads branch 'main', which is not there" in text
    assert "branches are trunk" in text


def test_a_broken_repository(fluxsim: Fluxsim, story: Path, tmp_path: Path) -> None:
    place = repository(tmp_path)
    for file in sorted((place / ".git" / "objects").glob("??/*")):
        file.chmod(0o644)
        file.write_bytes(b"x")
    assert "the repository is broken" in refused(fluxsim, story, place)


def test_a_name_that_is_not_utf_8(fluxsim: Fluxsim, story: Path, tmp_path: Path) -> None:
    place = repository(tmp_path)
    Path(os.fsdecode(os.fsencode(place) + b"/\xff.yaml")).write_bytes(b"a: 1\n")
    commit_all(place)
    assert "is not UTF-8" in refused(fluxsim, story, place)


# -- faults that Flux would meet too: refused with their place, and played on request


def broken(fluxsim: Fluxsim, story: Path, place: Path) -> str:
    """Call every command that plays a repository; all must refuse it in the same words, and lint too."""
    commands = (["run", story], ["next"], ["why", "production/backend"], ["policy", "a/b"], ["verify"])
    answers = {fluxsim(*command, "--repo", place) for command in commands}
    [(code, text)] = answers
    assert code == 2
    assert "--as-it-is" in text
    code, listed = fluxsim("lint", "--repo", place)
    assert code == 2
    assert text.partition("; mend it")[0] in listed
    return text


def test_a_missing_path_is_what_flux_says_of_it(fluxsim: Fluxsim, story: Path, tmp_path: Path) -> None:
    place = repository(tmp_path, clusters__test__apps_yaml=_yaml(kustomization(path="./nope")))
    text = broken(fluxsim, story, place)
    assert text.startswith("clusters/test/apps.yaml:8:3: Kustomization flux-system/apps: kustomization path not found")
    code, text = fluxsim("run", story, "--repo", place, "--as-it-is")
    assert code == 0
    assert "kustomization path not found" in text


def test_a_circle_of_dependencies_is_named(fluxsim: Fluxsim, story: Path, tmp_path: Path) -> None:
    one = kustomization("one", path="./apps", dependsOn=[{"name": "other"}])
    other = kustomization("other", path="./apps", dependsOn=[{"name": "one"}])
    place = repository(
        tmp_path,
        clusters__test__one_yaml=_yaml(one),
        clusters__test__other_yaml=_yaml(other),
        apps__cfg_yaml=config_map("cfg", "default"),
    )
    circle = "flux-system/one -> flux-system/other -> flux-system/one"
    text = broken(fluxsim, story, place)
    assert text.startswith(
        f"clusters/test/one.yaml:13:3: Kustomizations wait for each other, and none is ever applied: {circle}"
    )
    code, text = fluxsim("run", story, "--repo", place, "--as-it-is")
    assert code == 0
    assert "finding: nothing waits for ever" in text
    assert circle in " ".join(text.split())


def test_symlinks_do_not_reach_the_artifact(fluxsim: Fluxsim, story: Path, tmp_path: Path) -> None:
    place = repository(
        tmp_path, clusters__test__apps_yaml=_yaml(kustomization()), apps__cfg_yaml=config_map("cfg", "default")
    )
    (place / "apps" / "passwd.yaml").symlink_to("/etc/passwd")
    (place / "apps" / "etc").symlink_to("../../../../../etc")
    commit_all(place)
    assert fluxsim("lint", "--repo", place)[0] == 0
    code, text = fluxsim("run", story, "--repo", place)
    assert code == 0
    assert "ConfigMap/default/cfg created" in text
    (place / "apps" / "kustomization.yaml").write_text("resources: [passwd.yaml]\n")
    commit_all(place)
    assert "apps/passwd.yaml: no such file or directory" in broken(fluxsim, story, place)


def test_bytes_that_are_no_text_fail_the_build(fluxsim: Fluxsim, story: Path, tmp_path: Path) -> None:
    place = repository(
        tmp_path,
        clusters__test__apps_yaml=_yaml(kustomization()),
        apps__bad_yaml=b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: caf\xe9}\n",
        blob=bytes(range(256)),
    )
    assert "apps/bad.yaml: MalformedYAMLError: yaml: invalid" in broken(fluxsim, story, place)
    code, text = fluxsim("run", story, "--repo", place, "--as-it-is")
    assert code == 0
    assert "BuildFailed" in text


def test_huge_files_are_no_trouble(fluxsim: Fluxsim, story: Path, tmp_path: Path) -> None:
    place = repository(
        tmp_path,
        clusters__test__apps_yaml=_yaml(kustomization()),
        apps__big_yaml=config_map("big", "default", **{f"key{number}": "x" * 100 for number in range(2_000)}),
        blob=b"0" * 8_000_000,
    )
    assert fluxsim("lint", "--repo", place)[0] == 0
    code, text = fluxsim("run", story, "--repo", place)
    assert code == 0
    assert "ConfigMap/default/big created" in text


def test_a_yaml_bomb_fails_the_build(fluxsim: Fluxsim, story: Path, tmp_path: Path) -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    for above, name in zip("abcdefghi", "bcdefghij", strict=True):
        lines.append(f"{name}: &{name} [{', '.join([f'*{above}'] * 9)}]")
    bomb = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: big}\ndata:\n" + "".join(f"  {line}\n" for line in lines)
    place = repository(tmp_path, clusters__test__apps_yaml=_yaml(kustomization()), apps__bomb_yaml=bomb)
    assert "document contains excessive aliasing" in broken(fluxsim, story, place)


def test_objects_of_odd_shapes_are_refused_where_they_stand(fluxsim: Fluxsim, story: Path, tmp_path: Path) -> None:
    place = repository(
        tmp_path,
        clusters__test__a_yaml="apiVersion: image.toolkit.fluxcd.io/v1beta2\nkind: ImagePolicy\nmetadata: {name: x, namespace: flux-system}\n",
        clusters__test__b_yaml="apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: x, namespace: flux-system}\nspec: [1]\n",
        clusters__test__c_yaml="apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x, namespace: default}\nspec: {template: {spec: {containers: {a: b}}}}\n",
    )
    code, text = fluxsim("lint", "--repo", place)
    assert code == 1
    assert 'clusters/test/a.yaml:1:1: ImagePolicy x: no matches for kind "ImagePolicy"' in text
    assert "clusters/test/b.yaml:4:1: Kustomization x: " in text
    code, text = fluxsim("run", story, "--repo", place)
    assert code == 1
    assert "ReconciliationFailed" in text


def _yaml(tree: dict[str, object]) -> str:
    return str(yaml.safe_dump(tree, sort_keys=False))
