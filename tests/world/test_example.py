"""The bundled example: the same bytes for everyone, and whole."""

from __future__ import annotations

import pytest

from fluxsim.formats.imagetag import split
from fluxsim.world import example
from fluxsim.world.setup import STAMPED, of_example
from fluxsim.world.world import World

ENVIRONMENTS = ("develop", "staging", "production")


def test_its_commits_are_always_the_same() -> None:
    assert example.gitops({}).head("main") == example.gitops({}).head("main")
    assert example.service("backend", "promote").head("main") == example.service("backend", "promote").head("main")


def test_edits_are_a_commit_of_their_own() -> None:
    plain, edited = example.gitops({}), example.gitops({"README.md": b"Mine\n", "flux/images/kustomization.yaml": None})
    commit = edited.commit_of(edited.head("main"))
    assert [parent.hex() for parent in commit.parents] == [plain.head("main")]
    files = edited.files(commit.id)
    assert files.read("README.md") == b"Mine\n"
    assert files.read("flux/images/kustomization.yaml") is None


@pytest.mark.parametrize("name", example.SERVICES)
def test_a_service_has_both_branches_and_its_workflows(name: str) -> None:
    repository = example.service(name, "promote")
    [parent] = repository.commit_of(repository.head("develop")).parents
    assert parent.hex() == repository.head("main")
    files = repository.files(repository.head("main"))
    for path in (".github/workflows/build.yml", example.PROMOTE):
        data = files.read(path)
        assert data is not None
        assert example.IMAGE.format(name).encode() in data


@pytest.mark.parametrize("variant", ["promote", "rebuild", "wrong-tag"])
def test_a_variant_is_another_promotion_of_the_same_image(variant: str) -> None:
    text = example.workflow(variant, "r.test/web").decode()
    assert "r.test/web" in text
    assert "SERVICE" not in text


def test_a_service_of_another_repository_pushes_its_own_image() -> None:
    repository = example.service("shop", "rebuild", image="ghcr.io/me/shop")
    files = repository.files(repository.head("main"))
    text = b"".join(files.read(path) or b"" for path in (".github/workflows/build.yml", example.PROMOTE))
    assert b"ghcr.io/me/shop" in text
    assert b"registry.lab.local" not in text


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("name", example.SERVICES)
def test_the_tags_in_the_manifests_are_of_the_services_commits(environment: str, name: str) -> None:
    tag = example.start_tag(environment, name)
    files = example.gitops({})
    data = files.files(files.head("main")).read(f"flux/apps/{name}/{environment}/deployment.yaml")
    assert data is not None
    assert f"{example.IMAGE.format(name)}:{tag} # ".encode() in data
    found = STAMPED.match(tag)
    assert found is not None
    branch = "develop" if environment == "develop" else "main"
    assert example.service(name, "promote").head(branch).startswith(found["sha"])


def test_it_comes_up_by_itself_and_says_so() -> None:
    world = World(of_example(), seed=1, lean=True)
    start = world.gitops.head("main")
    world.run_to(30 * 60_000)
    lines = {(line.namespace, line.deployment): split(line.image).tag for line in world.image_lines()}
    assert lines == {
        (environment, name): example.start_tag(environment, name)
        for environment in ENVIRONMENTS
        for name in example.SERVICES
    }
    assert world.gitops.head("main") == start
