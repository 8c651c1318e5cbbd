"""How a world begins: epoch, images, services, and the same start for everyone."""

from __future__ import annotations

from pathlib import Path

import pytest

from fluxsim.controllers.latencies import Latencies, Span
from fluxsim.formats.imagetag import split
from fluxsim.kernel.errors import InputError
from fluxsim.kernel.units import rfc3339
from fluxsim.systems.gitserver import GitRepository
from fluxsim.world.setup import EXAMPLE_EPOCH, Setup, of_example, of_repo, of_repository
from fluxsim.world.world import World
from tests.realgit import commit_files, git, new_repository
from tests.worlds import PERSON, ROOT, ROOT_FILE, URL, kustomization, setup_of

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  namespace: {namespace}
spec:
  selector: {{matchLabels: {{app: x}}}}
  template:
    metadata: {{labels: {{app: x}}}}
    spec:
      containers:
        - name: app
          image: {image}
"""
REPOSITORY = """\
apiVersion: image.toolkit.fluxcd.io/v1
kind: ImageRepository
metadata:
  name: {name}
  namespace: flux-system
spec:
  image: r.test/{name}
  interval: 1m
"""
APPS = """\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: apps
  namespace: flux-system
spec:
  interval: 10m
  path: ./apps
  prune: true
  sourceRef:
    kind: GitRepository
    name: flux-system
"""
STAGING, PRODUCTION = "staging-v1.2.3-abcdef0-1767225600", "production-v1.2.3-abcdef0-1767225600"


def tags(setup: Setup, image: str) -> dict[str, str]:
    """Return tag → digest of what the registry holds at time zero."""
    world = World(setup)
    return {tag: world.registry.head(image, tag) for tag in world.registry.list_tags(image)}


def rendered(*images: str, **more: str) -> Setup:
    files = {"clusters/test/apps.yaml": APPS}
    for number, image in enumerate(images):
        name = f"web{number}"
        files[f"apps/{name}.yaml"] = DEPLOYMENT.format(name=name, namespace="default", image=image)
    return setup_of(files | {name.replace("__", "/") + ".yaml": text for name, text in more.items()})


# -- the example


def test_the_example_begins_on_a_monday_morning() -> None:
    setup = of_example()
    assert rfc3339(setup.epoch_ms) == EXAMPLE_EPOCH
    assert setup.ours
    assert [service.name for service in setup.services] == ["backend", "frontend"]
    assert {build.name for build in setup.closure.builds} == {
        f"flux-system/{name}"
        for name in ("flux-system", "namespaces", "images", "apps-develop", "apps-staging", "apps-production")
    }
    assert [build.error for build in setup.closure.builds if build.error] == []


def test_every_image_of_the_example_is_there_and_production_shares_the_digest_of_its_staging_image() -> None:
    for name in ("backend", "frontend"):
        found = tags(of_example(), f"registry.lab.local/acme/{name}")
        assert {tag.partition("-")[0] for tag in found} == {"develop", "staging", "production"}
        for tag, digest in found.items():
            if tag.startswith("production-"):
                assert digest == found[tag.replace("production-", "staging-")]


def test_the_tags_of_the_example_name_commits_of_its_services() -> None:
    setup = of_example()
    for service in setup.services:
        for (_namespace, deployment), image in setup.closure.deployments.items():
            if deployment == service.name:
                sha = split(image).tag.split("-")[2]
                assert service.repository.resolve(sha)


def test_edits_are_a_commit_of_a_person_before_time_zero() -> None:
    setup = of_example({"flux/README": b"x\n"})
    newest, first = setup.repository.log(setup.repository.head("main"))
    assert (newest.subject, first.subject) == ("Adjust the lab", "Set up the lab")
    assert newest.committed_s * 1000 < setup.epoch_ms
    assert of_example({"flux/README": b"x\n"}) is setup, "the same start is made once"
    assert of_example() is not setup


def test_a_variant_of_the_workflow_is_part_of_the_start() -> None:
    service = of_example(workflows={"backend": "rebuild"}).services[0]
    text = service.repository.files(service.repository.head("main")).read(".github/workflows/promote-production.yml")
    assert b"A trap" in (text or b"")


# -- other repositories


def test_what_the_manifests_render_is_in_the_registry() -> None:
    setup = rendered("r.test/web:1.0.0", "r.test/bare", f"r.test/pinned@sha256:{'0' * 64}")
    assert list(tags(setup, "r.test/web")) == ["1.0.0"]
    assert list(tags(setup, "r.test/bare")) == ["latest"]


def test_a_production_tag_brings_the_staging_tag_that_it_was_promoted_from() -> None:
    found = tags(rendered(f"r.test/web:{PRODUCTION}"), "r.test/web")
    assert set(found) == {PRODUCTION, STAGING}
    assert found[PRODUCTION] == found[STAGING]


def test_a_foreign_image_with_tags_of_the_shape_gets_a_service() -> None:
    images = {f"clusters__test__{name}": REPOSITORY.format(name=name) for name in ("web", "other")}
    setup = rendered(f"r.test/web:{STAGING}", "r.test/other:1.0.0", **images)
    repository = GitRepository(URL)
    files = setup.repository.files(setup.repository.head("main"))
    assert files.read("clusters/test/web.yaml")
    assert repository.head("main") == ""
    assert setup.services == (), "of a repository in memory only those that are given"


def written(directory: Path, files: dict[str, str | None], when_s: int) -> Path:
    place = new_repository(directory)
    commit_files(place, files, "Set up", when_s=when_s)
    return place


def test_the_epoch_is_the_full_hour_after_the_newest_commit_and_tag(tmp_path: Path) -> None:
    place = written(tmp_path / "r", {ROOT_FILE: ROOT}, 1_700_000_000)
    assert rfc3339(of_repo(str(place)).epoch_ms) == "2023-11-14T23:00:00Z"
    later = DEPLOYMENT.format(name="web", namespace="default", image=f"r.test/web:{STAGING}")
    commit_files(place, {"clusters/test/apps.yaml": APPS, "apps/web.yaml": later}, "Add", when_s=1_700_000_100)
    assert rfc3339(of_repo(str(place)).epoch_ms) == "2026-01-01T01:00:00Z"


def test_a_service_is_made_up_for_images_of_the_labs_shape(tmp_path: Path) -> None:
    files: dict[str, str | None] = {
        ROOT_FILE: ROOT,
        "clusters/test/apps.yaml": APPS,
        "clusters/test/web.yaml": REPOSITORY.format(name="web"),
        "clusters/test/other.yaml": REPOSITORY.format(name="other"),
        "apps/web.yaml": DEPLOYMENT.format(name="web", namespace="default", image=f"r.test/web:{STAGING}"),
        "apps/other.yaml": DEPLOYMENT.format(name="other", namespace="default", image="r.test/other:1.0.0"),
    }
    setup = of_repo(str(written(tmp_path / "r", files, 1_700_000_000)))
    [service] = setup.services
    assert (service.name, service.image) == ("web", "r.test/web")
    build = service.repository.files(service.repository.head("main")).read(".github/workflows/build.yml") or b""
    assert b"IMAGE: r.test/web\n" in build
    assert not setup.ours


def test_a_new_commit_is_seen_at_the_next_reading(tmp_path: Path) -> None:
    place = written(tmp_path / "r", {ROOT_FILE: ROOT}, 1_700_000_000)
    first = of_repo(str(place))
    assert of_repo(str(place)) is first
    commit_files(place, {"x": "y"}, "More")
    second = of_repo(str(place))
    assert second.repository.head("main") != first.repository.head("main")


def test_the_branch_is_the_one_that_the_source_reads(tmp_path: Path) -> None:
    place = written(tmp_path / "r", {ROOT_FILE: ROOT.replace("branch: main", "branch: live")}, 1_700_000_000)
    git(place, "branch", "live")
    assert of_repo(str(place)).branch == "live"


def test_a_root_without_a_ref_reads_master(tmp_path: Path) -> None:
    text = ROOT.replace("  ref:\n    branch: main\n", "")
    place = written(tmp_path / "r", {ROOT_FILE: text}, 1_700_000_000)
    with pytest.raises(InputError, match="reads branch 'master', which is not there; branches are main"):
        of_repo(str(place))
    git(place, "branch", "master")
    assert of_repo(str(place)).branch == "master"


def test_a_ref_to_a_tag_asks_for_no_branch() -> None:
    repository = GitRepository(URL)
    text = ROOT.replace("branch: main", "tag: v1")
    repository.commit("main", {ROOT_FILE: text.encode()}, author=PERSON, when_s=1, message="x")
    assert of_repository("x", repository, epoch_ms=0).branch == "main"


def test_all_that_is_wrong_with_a_root_is_said_at_once() -> None:
    text = ROOT.replace("interval: 1m", "interval: soon").replace("prune: true", "prune: maybe")
    with pytest.raises(InputError) as error:
        setup_of({ROOT_FILE: text})
    assert len(error.value.faults) == 2
    assert all(fault.where == f"test:{ROOT_FILE}" for fault in error.value.faults)


# -- worlds from one start


def test_worlds_of_one_start_do_not_see_each_other() -> None:
    setup = setup_of({"x": "y"})
    one, other = World(setup), World(setup)
    one.gitops.commit("main", {"z": b"z"}, author=PERSON, when_s=1, message="x")
    assert other.gitops.head("main") != one.gitops.head("main")
    assert setup.repository.head("main") == other.gitops.head("main")


def test_latencies_are_part_of_a_start() -> None:
    setup = setup_of({}).with_latencies(Latencies(git_clone=Span(1, 1)))
    assert setup.latencies.git_clone == Span(1, 1)
    assert kustomization()["kind"] == "Kustomization"


@pytest.mark.parametrize("image", ["Not Valid", "r.test/x:bad!tag", "web@sha256:abc", "r.test/Web:1"])
def test_what_is_no_reference_has_no_image(image: str) -> None:
    assert rendered(f"'{image}'").images == ()


def test_a_pinned_image_is_there() -> None:
    digest = f"sha256:{'ab' * 32}"
    [seeded] = rendered(f"r.test/web@{digest}").images
    assert (seeded.image, seeded.tag, seeded.digest) == ("r.test/web", "", digest)
