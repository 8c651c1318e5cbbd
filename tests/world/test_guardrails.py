"""Each guardrail, missing and kept, with the place where it is missing."""

from __future__ import annotations

import pytest

from fluxsim.world.guardrails import Finding, findings
from fluxsim.world.setup import Setup, of_example
from tests.worlds import config_map, setup_of

PATTERN = r"^{}-v[0-9]+\.[0-9]+\.[0-9]+-[a-f0-9]+-(?P<ts>[0-9]+)$"
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
REPOSITORY = """\
apiVersion: image.toolkit.fluxcd.io/v1
kind: ImageRepository
metadata:
  name: web
  namespace: flux-system
spec:
  image: r.test/web
  interval: 1m
"""


def policy(environment: str, pattern: str | None = None, *, repository: str = "web") -> str:
    """Return an ImagePolicy; its pattern stands on line 10."""
    text = PATTERN.format(environment) if pattern is None else pattern
    return f"""\
apiVersion: image.toolkit.fluxcd.io/v1
kind: ImagePolicy
metadata:
  name: web
  namespace: {environment}
spec:
  imageRepositoryRef: {{name: {repository}, namespace: flux-system}}
  policy: {{numerical: {{order: asc}}}}
  filterTags:
    pattern: '{text}'
    extract: $ts
"""


def deployment(environment: str, image: str = "r.test/web:1.0.0", marker: str = "") -> str:
    """Return a Deployment; its image stands on line 14."""
    comment = f' # {{"$imagepolicy": "{marker}"}}' if marker else ""
    return f"""\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: {environment}
spec:
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata:
      labels: {{app: web}}
    spec:
      containers:
        - name: app
          image: {image}{comment}
"""


def repository(**files: str) -> Setup:
    """Return a repository with one ImageRepository; `apps/NAME.yaml` are the files."""
    given = {"clusters/test/apps.yaml": APPS, "apps/image-repository.yaml": REPOSITORY}
    return setup_of(given | {f"apps/{name.replace('__', '/')}.yaml": text for name, text in files.items()})


def found(setup: Setup) -> list[Finding]:
    return findings(setup.repository.files(setup.repository.head("main")), setup.root, setup.closure)


def only(setup: Setup) -> Finding:
    [finding] = found(setup)
    return finding


def places(*findings_: Finding) -> list[tuple[str, int, int, str]]:
    return [(one.file, one.line, one.column, one.rule) for one in findings_]


def test_the_example_keeps_them_all() -> None:
    assert found(of_example()) == []


def test_three_environments_that_keep_apart() -> None:
    assert found(repository(**{name: policy(name) for name in ("develop", "staging", "production")})) == []


# -- policies


def test_a_policy_that_accepts_another_environment_is_shown_a_tag() -> None:
    one = only(repository(production=policy("production", r"^(production|staging)-v(?P<ts>[0-9]+)$")))
    assert places(one) == [("apps/production.yaml", 10, 5, "policy accepts another environment")]
    assert one.witness.startswith("staging-v")
    assert str(one) == (
        "apps/production.yaml:10:5: the production policy production:web accepts a tag that is not production-*; "
        f"for example {one.witness}"
    )


@pytest.mark.parametrize("pattern", ["production-v(?P<ts>[0-9]+)$", "(?P<ts>[0-9]+)", "", "^production-.*|x$"])
def test_a_pattern_that_is_not_anchored_accepts_others(pattern: str) -> None:
    assert only(repository(production=policy("production", pattern))).rule == "policy accepts another environment"


@pytest.mark.parametrize(
    "pattern", [r"^production-.*$", r"^production-(?P<ts>[0-9]+)", r"^(?:production-a|production-b)"]
)
def test_a_pattern_that_begins_as_it_should_accepts_no_others(pattern: str) -> None:
    assert found(repository(production=policy("production", pattern))) == []


def test_a_pattern_that_is_none_is_left_to_flux() -> None:
    assert found(repository(production=policy("production", "(?<=x)y"))) == []


def test_a_policy_of_no_environment_may_accept_what_it_likes() -> None:
    assert found(repository(tools=policy("tools", ".*"))) == []


def test_the_environment_may_stand_in_a_name() -> None:
    text = policy("flux-system", ".*").replace("name: web\n", "name: web-production\n", 1)
    assert only(repository(p=text)).text.startswith("the production policy flux-system:web-production accepts")


def test_two_environments_that_can_elect_one_tag() -> None:
    setup = repository(staging=policy("staging", "^.*-v1$"), production=policy("production", "^.*-v1$"))
    [shared] = [one for one in found(setup) if one.rule == "policies share a tag"]
    assert (shared.line, shared.column) == (10, 5)
    assert shared.text.startswith("policies ")
    assert shared.witness.endswith("-v1")


def test_policies_of_two_images_share_nothing() -> None:
    other = REPOSITORY.replace("web", "other")
    setup = repository(
        other=other, staging=policy("staging", "^.*$"), production=policy("production", "^.*$", repository="other")
    )
    assert "policies share a tag" not in [one.rule for one in found(setup)]


# -- what production renders


@pytest.mark.parametrize("image", ["r.test/web:latest", "r.test/web", "r.test/web:production", "r.test/web:main"])
def test_a_tag_that_moves_in_production(image: str) -> None:
    one = only(repository(web=deployment("production", image)))
    assert places(one) == [("apps/web.yaml", 14, 1, "mutable tag")]
    assert one.text == f"Deployment production/web renders {image}: a tag that moves"


@pytest.mark.parametrize("image", ["r.test/web:1.0.0", f"r.test/web:latest@sha256:{'0' * 64}"])
def test_a_tag_that_stays_in_production(image: str) -> None:
    assert found(repository(web=deployment("production", image))) == []


def test_a_tag_that_moves_elsewhere_is_no_matter() -> None:
    assert found(repository(web=deployment("develop", "r.test/web:latest"))) == []


def test_a_tag_that_an_overlay_sets_is_found_where_it_is_set() -> None:
    overlay = "resources: [web.yaml]\nimages:\n  - name: r.test/web\n    newTag: latest\n"
    setup = repository(production__kustomization=overlay, production__web=deployment("production"))
    moving = [one for one in found(setup) if one.rule == "mutable tag"]
    assert [(one.file, one.line) for one in moving] == [("apps/production/kustomization.yaml", 4)]


# -- markers


def test_a_marker_without_a_policy() -> None:
    one = only(repository(web=deployment("develop", marker="develop:nope")))
    assert places(one) == [("apps/web.yaml", 14, 18, "marker without policy")]
    assert one.text == "the marker names policy develop:nope, which nothing defines"


def test_a_marker_of_another_environment() -> None:
    files = {"production__web": deployment("production", marker="staging:web"), "staging__policy": policy("staging")}
    one = only(repository(**files))
    assert places(one) == [("apps/production/web.yaml", 14, 18, "marker of another environment")]
    assert one.text == "a line of production follows the policy of staging, staging:web"


def test_a_marker_of_another_image() -> None:
    setup = repository(web=deployment("develop", "r.test/other:1", marker="develop:web"), policy=policy("develop"))
    one = only(setup)
    assert places(one) == [("apps/web.yaml", 14, 18, "marker of another image")]
    assert one.text == "the line names r.test/other, policy develop:web elects tags of r.test/web"


def test_a_marker_that_is_right() -> None:
    assert found(repository(web=deployment("develop", marker="develop:web"), policy=policy("develop"))) == []
    tag_only = deployment("develop").replace("r.test/web:1.0.0", '1.0.0 # {"$imagepolicy": "develop:web:tag"}')
    assert found(repository(web=tag_only, policy=policy("develop"))) == []


# -- what does not work at all


def test_a_build_that_fails() -> None:
    one = only(repository(bad="a: ["))
    assert one.rule == "build fails"
    assert one.text.startswith("Kustomization flux-system/apps: failed to decode Kubernetes YAML from")


def test_an_object_that_is_refused() -> None:
    old = policy("develop").replace("image.toolkit.fluxcd.io/v1", "image.toolkit.fluxcd.io/v1beta2")
    one = only(repository(old=old))
    assert places(one) == [("apps/old.yaml", 6, 1, "refused by the API server")]
    assert one.text.endswith('no matches for kind "ImagePolicy" in version "image.toolkit.fluxcd.io/v1beta2"')


def test_a_schema_that_is_broken() -> None:
    one = only(repository(web=REPOSITORY.replace("interval: 1m", "interval: soon").replace("name: web", "name: w")))
    assert one.rule == "refused by the API server"
    assert 'spec.interval: Invalid value: "soon"' in one.text


def test_a_circle_of_dependencies() -> None:
    one, other = (
        APPS.replace("name: apps\n", f"name: {name}\n", 1) + f"  dependsOn:\n    - name: {needs}\n"
        for name, needs in (("one", "other"), ("other", "one"))
    )
    setup = setup_of({"clusters/test/a.yaml": one, "clusters/test/b.yaml": other, "apps/cfg.yaml": config_map("cfg")})
    finding = only(setup)
    assert places(finding) == [("clusters/test/a.yaml", 13, 3, "dependencies in a circle")]
    assert finding.text.endswith("flux-system/one -> flux-system/other -> flux-system/one")


def test_findings_come_in_order_of_file_and_line() -> None:
    setup = repository(
        b=deployment("production", "r.test/web:latest", marker="production:nope"), a=policy("production", ".*")
    )
    assert places(*found(setup)) == [
        ("apps/a.yaml", 10, 5, "policy accepts another environment"),
        ("apps/b.yaml", 14, 1, "mutable tag"),
        ("apps/b.yaml", 14, 18, "marker without policy"),
    ]
