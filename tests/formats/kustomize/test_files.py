from __future__ import annotations

import pytest

from fluxsim.formats.kustomize import FLUX, BuildOptions, DictTree, KustomizeError, build
from tests.formats.kustomize.overlay import CONFIG_MAP, failure

KUSTOMIZATION = "resources: [{}]\n"


def told(files: dict[str, str | bytes], root: str, options: BuildOptions) -> str:
    with pytest.raises(KustomizeError) as failed:
        build(DictTree(files), root, options=options)
    return str(failed.value)


def test_a_missing_resource_is_neither_file_nor_directory() -> None:
    absent = "evalsymlink failure on '/tree/gone.yaml' : lstat /tree/gone.yaml: no such file or directory"
    assert failure("resources: [gone.yaml]") == (
        f"accumulating resources: accumulation err='accumulating resources from 'gone.yaml': {absent}': "
        f"must build at directory: not a valid directory: {absent}"
    )


def test_the_first_missing_step_of_a_path_is_named() -> None:
    assert "'/tree/a/b.yaml' : lstat /tree/a: no such file or directory" in failure("resources: [a/b.yaml]")


def test_a_path_through_a_file_is_not_a_directory() -> None:
    assert "evalsymlink failure on '/tree/settings.yaml/x' : not a directory" in failure("resources: [settings.yaml/x]")


def test_kubectl_reads_no_file_outside_the_root() -> None:
    files: dict[str, str | bytes] = {"app/kustomization.yaml": KUSTOMIZATION.format("../x.yaml"), "x.yaml": CONFIG_MAP}
    assert "security; file '/tree/x.yaml' is not in or below '/tree/app'" in told(
        files, "app", BuildOptions(location="/tree")
    )


def test_flux_reads_the_whole_tree() -> None:
    files: dict[str, str | bytes] = {"app/kustomization.yaml": KUSTOMIZATION.format("../x.yaml"), "x.yaml": CONFIG_MAP}
    assert len(build(DictTree(files), "app", options=FLUX).resources) == 1


def test_flux_reads_nothing_outside_the_tree() -> None:
    options = BuildOptions(inside_root_only=False, location="/tmp/artifact")
    assert "fs-security-constraint read /tmp/x.yaml: path '/tmp/x.yaml' is not in or below '/tmp/artifact'" in told(
        {"kustomization.yaml": KUSTOMIZATION.format("../x.yaml")}, ".", options
    )


def test_flux_says_open_and_read() -> None:
    options = BuildOptions(inside_root_only=False, location="/tmp/artifact")
    assert "open /tmp/artifact/x.yaml: no such file or directory" in told(
        {"kustomization.yaml": KUSTOMIZATION.format("x.yaml")}, ".", options
    )
    files: dict[str, str | bytes] = {"kustomization.yaml": KUSTOMIZATION.format("sub"), "sub/x": "y"}
    assert "read /tmp/artifact/sub: is a directory" in told(files, ".", options)


def test_two_kustomization_files_are_one_too_many() -> None:
    text = failure("resources: []", {"kustomization.yml": "resources: []"})
    assert text == "Found multiple kustomization files under: /tree\n"


def test_a_directory_without_kustomization_is_told() -> None:
    assert (
        "unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory '/tree/sub'"
        in (failure("resources: [sub]", {"sub/x": "y"}))
    )


def test_a_base_that_leads_back_is_a_cycle() -> None:
    files: dict[str, str | bytes] = {
        "a/kustomization.yaml": KUSTOMIZATION.format("../b"),
        "b/kustomization.yaml": KUSTOMIZATION.format("../a"),
    }
    assert "cycle detected: candidate root '/tree/a' contains visited root '/tree/a'" in failure(
        "resources: [a]", files, "a"
    )


@pytest.mark.parametrize("path", [".", "..", "sub/.."])
def test_a_directory_above_is_a_cycle(path: str) -> None:
    assert "cycle detected" in failure(f"resources: ['{path}']", {"sub/x": "y"})


@pytest.mark.parametrize("path", ["https://github.com/acme/base", "git@github.com:acme/base", "github.com/acme/base"])
def test_a_remote_base_is_refused(path: str) -> None:
    assert "cannot be fetched: builds run offline" in failure(f"resources: ['{path}']")


def test_a_tree_of_texts_lists_its_directories() -> None:
    tree = DictTree({"./b/c.txt": "", "b/a.txt": "", "z": ""})
    assert (tree.list(""), tree.list("b"), tree.list("z")) == (["b", "z"], ["a.txt", "c.txt"], [])
    assert tree.is_dir("b")
    assert tree.read("b") is None
