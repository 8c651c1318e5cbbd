"""Where a cluster starts."""

from __future__ import annotations

import pytest

from fluxsim.formats.gitobjects import Files
from fluxsim.kernel.errors import InputError
from fluxsim.systems.gitserver import GitRepository
from fluxsim.world.roots import chosen, flux_objects, roots
from tests.worlds import PERSON, ROOT, ROOT_FILE, URL, config_map


def files(**named: str | bytes) -> Files:
    """Return a checkout; `__` in a name stands for a slash, all are .yaml."""
    repository = GitRepository(URL)
    changes: dict[str, bytes | None] = {
        f"{name.replace('__', '/')}.yaml": data if isinstance(data, bytes) else data.encode()
        for name, data in named.items()
    }
    commit = repository.commit("main", changes, author=PERSON, when_s=1, message="x")
    return repository.files(commit)


OTHER = ROOT.replace("clusters/test", "clusters/other").replace(
    "name: flux-system\n  namespace", "name: other\n  namespace"
)


def test_a_root_is_a_kustomization_that_applies_its_own_file() -> None:
    [root] = roots(files(clusters__test__flux_system=ROOT, apps__cfg=config_map("cfg")))
    assert (root.path, root.file) == ("clusters/test", "clusters/test/flux_system.yaml")
    assert root.kustomization["metadata"]["name"] == "flux-system"
    assert root.git_repository["spec"]["url"] == URL


def test_source_and_root_may_stand_in_two_files() -> None:
    source, _dashes, kustomization = ROOT.partition("---\n")
    [root] = roots(files(sources__git=source, clusters__test__sync=kustomization))
    assert root.file == "clusters/test/sync.yaml"


@pytest.mark.parametrize("path", ["./", ".", "/", "clusters/../", ""])
def test_a_root_may_apply_the_whole_repository(path: str) -> None:
    [root] = roots(files(anywhere__sync=ROOT.replace("./clusters/test", f"'{path}'")))
    assert root.path == ""


def test_a_kustomization_of_another_directory_is_no_root() -> None:
    assert roots(files(elsewhere__sync=ROOT)) == []
    assert roots(files(clusters__test2__sync=ROOT)) == [], "clusters/test is not the beginning of clusters/test2"


def test_a_root_needs_its_source_in_the_repository() -> None:
    assert (
        roots(files(clusters__test__sync=ROOT.replace("kind: GitRepository\nmetadata", "kind: Bucket\nmetadata"))) == []
    )
    assert roots(files(clusters__test__sync=ROOT.replace("    name: flux-system\n", "    name: nope\n"))) == []


def test_the_only_root_is_chosen() -> None:
    assert chosen(files(clusters__test__sync=ROOT), "", where="x").path == "clusters/test"


def test_without_a_root_it_is_said_what_one_is() -> None:
    with pytest.raises(
        InputError, match=r"^here: no root found: no GitRepository with a Kustomization.*; is this the GitOps"
    ):
        chosen(files(a=config_map("cfg")), "", where="here")


def test_several_roots_are_listed_and_a_path_chooses() -> None:
    both = files(clusters__test__sync=ROOT, clusters__other__sync=OTHER)
    with pytest.raises(InputError) as error:
        chosen(both, "", where="here")
    assert str(error.value) == (
        "here: 2 possible roots: clusters/other (other in clusters/other/sync.yaml), "
        "clusters/test (flux-system in clusters/test/sync.yaml); choose one with --path"
    )
    for path in ("clusters/other", "./clusters/other", "./clusters/other/"):
        assert chosen(both, path, where="here").kustomization["metadata"]["name"] == "other"


def test_a_path_that_is_no_root_is_told_with_those_that_are() -> None:
    with pytest.raises(InputError, match=r"here: no root at path 'apps'; roots are clusters/test \(flux-system in"):
        chosen(files(clusters__test__sync=ROOT), "apps", where="here")


@pytest.mark.parametrize(
    "text",
    [
        b"\xff\xfe toolkit.fluxcd.io/",
        b"a: [ # toolkit.fluxcd.io/",
        b"- kustomize.toolkit.fluxcd.io/v1",
        b"apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: []\n",
        b"apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: ''}\n",
        b"apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: x}\nspec: text\n",
        b"apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: x}\nspec: {path: [1], sourceRef: 7}\n",
        b"apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: x}\nspec: {path: ., sourceRef: [1]}\n",
        b"apiVersion: 7\nkind: toolkit.fluxcd.io/\nmetadata: {name: x}\n",
        b"# toolkit.fluxcd.io/\n" + b"x" * (5 << 20),
    ],
)
def test_odd_files_are_passed_over(text: bytes) -> None:
    assert [root.path for root in roots(files(clusters__test__sync=ROOT, clusters__test__odd=text))] == [
        "clusters/test"
    ]


def test_objects_come_with_their_file_in_order() -> None:
    found = list(flux_objects(files(b__sync=ROOT, a=config_map("cfg"), c=ROOT)))
    assert [(path, obj["kind"]) for path, obj in found] == [
        (path, kind) for path in ("b/sync.yaml", "c.yaml") for kind in ("GitRepository", "Kustomization")
    ]
    assert ROOT_FILE.endswith(".yaml")
