"""The head of the GitOps repository as people read it, and pushes as the log tells them."""

from __future__ import annotations

from typing import Any

import pytest

from fluxsim.systems.gitserver import GitRepository
from fluxsim.world import actions
from fluxsim.world.gitops import image_changes
from fluxsim.world.world import World
from tests.worlds import PERSON, URL, at, commit, head, kustomization, passing, world_of

POLICY = """\
apiVersion: image.toolkit.fluxcd.io/v1
kind: ImageRepository
metadata: {{name: web, namespace: {namespace}}}
spec: {{image: r.test/web, interval: 1m}}
---
apiVersion: image.toolkit.fluxcd.io/v1
kind: ImagePolicy
metadata: {{name: web, namespace: {namespace}}}
spec:
  imageRepositoryRef: {{name: web}}
  policy: {{semver: {{range: '>=1.0.0'}}}}
"""
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: develop
spec:
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
        - name: web
          image: r.test/web:1.0.0 # {"$imagepolicy": "POLICY"}
        - name: helper
          image: r.test/helper:1
"""


def with_policy(policy: str = "develop:web", *, path: str = "apps/web.yaml", **more: str) -> World:
    files = {path: DEPLOYMENT.replace("POLICY", policy)} | {f"apps/{name}.yaml": text for name, text in more.items()}
    world = world_of(
        files,
        images=[("r.test/web", "1.0.0"), ("r.test/helper", "1")],
        apply=[POLICY.format(namespace="develop"), POLICY.format(namespace="staging"), kustomization("apps")],
    )
    at(world, "3m")
    return world


# -- the lines


def test_a_line_is_an_image_of_a_deployment_with_its_marker() -> None:
    web, helper = with_policy().image_lines()
    assert (web.namespace, web.deployment, web.container, web.image) == ("develop", "web", "web", "r.test/web:1.0.0")
    assert (web.kustomization, web.policy, web.file, web.line) == (
        "flux-system/apps",
        "develop:web",
        "apps/web.yaml",
        15,
    )
    assert (helper.image, helper.policy, helper.file, helper.line) == ("r.test/helper:1", "", "", 0)


def test_a_marker_of_the_namespace_goes_before_others() -> None:
    same = DEPLOYMENT.replace("POLICY", "staging:web").replace("namespace: develop", "namespace: staging")
    world = with_policy(a_staging=same)
    assert {line.namespace: line.policy for line in world.image_lines() if line.container == "web"} == {
        "develop": "develop:web",
        "staging": "staging:web",
    }


def test_lines_follow_the_head_and_the_kustomizations() -> None:
    world = with_policy()
    before = world.image_lines()
    assert world.image_lines() is before
    commit(world, {"apps/web.yaml": DEPLOYMENT.replace("POLICY", "develop:web").replace("1.0.0", "1.1.0")})
    assert world.image_lines()[0].image == "r.test/web:1.1.0"
    world.do(actions.Delete(kind="kustomization", name="apps", namespace="flux-system"))
    passing(world, "1m")
    assert world.image_lines() == []


def test_a_kustomization_that_does_not_build_has_no_lines() -> None:
    world = with_policy()
    commit(world, {"apps/kustomization.yaml": "resources: [nowhere.yaml]\n"})
    assert world.image_lines() == []


# -- what changed


def changed(before: str | None, after: str | None, path: str = "a.yaml") -> list[dict[str, Any]]:
    repository = GitRepository(URL, default_branch="main")
    first = {path: before.encode()} if before is not None else {"other": b"x"}
    repository.commit("main", first, author=PERSON, when_s=1, message="One")
    old = repository.head("main")
    data = after.encode() if after is not None else None
    repository.commit("main", {path: data}, author=PERSON, when_s=2, message="Two")
    return image_changes(repository, repository.changed(old, repository.head("main")))


LINE = 'image: r.test/web:{} # {{"$imagepolicy": "develop:web"}}\n'


def test_a_changed_image_line_is_told_with_its_policy() -> None:
    assert changed(LINE.format(1), "a: b\n" + LINE.format(2)) == [
        {"file": "a.yaml", "line": 2, "old": "r.test/web:1", "new": "r.test/web:2", "policy": "develop:web"}
    ]


@pytest.mark.parametrize("field", ["image", "newTag", "tag", "  - image"])
def test_lines_without_marker_count_too(field: str) -> None:
    assert changed(f"a:\n{field}: one\n", f"a:\n{field}: two\n") == [
        {"file": "a.yaml", "line": 2, "old": "one", "new": "two", "policy": None}
    ]


@pytest.mark.parametrize(
    ("before", "after", "path"),
    [
        (LINE.format(1), LINE.format(1) + "b: c\n", "a.yaml"),
        (None, LINE.format(1), "a.yaml"),
        (LINE.format(1), None, "a.yaml"),
        (LINE.format(1), LINE.format(2), "README.md"),
        ("imagePullPolicy: a\n", "imagePullPolicy: b\n", "a.yaml"),
    ],
)
def test_no_image_changed(before: str | None, after: str | None, path: str) -> None:
    assert changed(before, after, path) == []


# -- pushes


def pushes(world: World) -> list[dict[str, Any]]:
    return [dict(event.data) for event in world.log.events if event.kind == "commit.pushed"]


def test_a_push_is_told_commit_by_commit() -> None:
    world = with_policy()
    parent = head(world)
    made = commit(
        world, {"apps/web.yaml": DEPLOYMENT.replace("POLICY", "develop:web").replace("1.0.0", "1.1.0")}, "Bump\n\nWhy\n"
    )
    told = pushes(world)[-1]
    assert (told["repository"], told["branch"], told["commit"], told["parent"]) == ("gitops", "main", made, parent)
    assert (told["subject"], told["paths"], told["author"]["name"]) == ("Bump", ["apps/web.yaml"], "you")
    assert told["images"] == [
        {
            "file": "apps/web.yaml",
            "line": 15,
            "old": "r.test/web:1.0.0",
            "new": "r.test/web:1.1.0",
            "policy": "develop:web",
        }
    ]
    assert "forced" not in told


def test_a_forced_push_tells_what_it_dropped() -> None:
    world = with_policy()
    first = head(world)
    lost = commit(world, {"apps/note.txt": "x\n"})
    assert not world.do(actions.ForcePush(by="ada", commit=first)).error
    told = pushes(world)[-1]
    assert told["forced"]
    assert told["dropped"] == [{"commit": lost, "author": "you"}]


def test_a_deleted_branch_is_no_push() -> None:
    world = with_policy()
    seen = len(pushes(world))
    world.gitops.push("refs/heads/gone", "", head(world), "ada")
    assert len(pushes(world)) == seen + 1
    world.gitops.push("refs/heads/gone", head(world), "", "ada")
    assert len(pushes(world)) == seen + 1
