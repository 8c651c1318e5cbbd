"""Registries answer as registries do, also when they fail."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from fluxsim.formats.ociimage import INDEX, MANIFEST, canonical, digest_of
from fluxsim.systems.registry import Build, InvalidName, Mode, PullError, Registry, RegistryError, family_of

IMAGE = "ghcr.io/acme/backend"


def build(number: int = 0, name: str = "backend") -> Build:
    return Build(name, f"{number:07x}", 1_772_442_000 + number, f"run {number}", labels=(("app", "ok"),))


@pytest.fixture
def registry() -> Registry:
    registry = Registry()
    for number in range(5):
        registry.push(IMAGE, f"v1.{number}.0", build(number))
    return registry


def text(call: Callable[[], object]) -> str:
    with pytest.raises((RegistryError, PullError)) as raised:
        call()
    return str(raised.value)


# -- tags


def test_tags_are_listed_whatever_the_spelling_of_the_name() -> None:
    registry = Registry()
    digest = registry.push("docker.io/library/nginx", "1.27", build())
    for image in ("nginx", "docker.io/nginx", "index.docker.io/library/nginx"):
        assert registry.list_tags(image) == ("1.27",)
        assert registry.head(image, "1.27") == registry.resolve(image, "1.27") == digest
    assert [str(one.name) for one in registry.repositories()] == ["docker.io/library/nginx"]


def test_a_rebuild_under_the_same_tag_moves_it(registry: Registry) -> None:
    before = registry.head(IMAGE, "v1.0.0")
    after = registry.push(IMAGE, "v1.0.0", build(99))
    assert registry.head(IMAGE, "v1.0.0") == after != before
    assert registry.head(IMAGE, before) == before


def test_a_retag_keeps_the_digest_and_a_rewrap_does_not(registry: Registry) -> None:
    digest = registry.head(IMAGE, "v1.4.0")
    assert registry.retag(IMAGE, "v1.4.0", "production") == digest
    assert registry.retag(IMAGE, digest, "by-digest") == digest
    wrapped = registry.retag(IMAGE, "v1.4.0", "wrapped", rewrap=True)
    assert wrapped != digest
    assert registry.manifest(IMAGE, "wrapped").media_type == INDEX
    assert registry.retag(IMAGE, "wrapped", "again", rewrap=True) == wrapped
    assert registry.pull(f"{IMAGE}:wrapped").labels == registry.pull(f"{IMAGE}:v1.4.0").labels


def test_an_image_goes_to_another_repository_under_its_digest(registry: Registry) -> None:
    digest = registry.retag(IMAGE, "v1.4.0", "v1.4.0", to="quay.io/acme/mirror")
    assert registry.pull("quay.io/acme/mirror:v1.4.0").digest == digest == registry.head(IMAGE, "v1.4.0")


def test_a_deleted_tag_leaves_its_image_and_a_deleted_image_its_blobs(registry: Registry) -> None:
    digest = registry.delete_tag(IMAGE, "v1.4.0")
    assert registry.head(IMAGE, digest) == digest
    assert "v1.4.0" not in registry.list_tags(IMAGE)
    assert "MANIFEST_UNKNOWN: manifest unknown" in text(lambda: registry.delete_tag(IMAGE, "v1.4.0"))
    registry.retag(IMAGE, "v1.3.0", "alias")
    assert registry.delete_manifest(IMAGE, registry.head(IMAGE, "alias")) == ["alias", "v1.3.0"]
    assert registry.list_tags(IMAGE) == ("v1.0.0", "v1.1.0", "v1.2.0")


def test_the_state_changes_with_what_a_client_could_notice(registry: Registry) -> None:
    states = [registry.state(IMAGE)]
    changes: list[Callable[[], object]] = [
        lambda: registry.push(IMAGE, "v2.0.0", build(7)),
        lambda: registry.delete_tag(IMAGE, "v2.0.0"),
        lambda: registry.fail("outage", IMAGE),
        registry.heal,
        lambda: registry.grant("key", "none"),
    ]
    for change in changes:
        change()
        states.append(registry.state(IMAGE))
    assert len(set(states)) == len(states)
    registry.push(IMAGE, "v1.0.0", build(0))
    registry.push("ghcr.io/acme/backend:ignored", "v1.0.0", build(0))
    assert registry.state(IMAGE) == states[-1]


# -- retention


def test_the_clean_up_keeps_the_last_pushed_over_all_families() -> None:
    registry = Registry()
    for number in range(3):
        registry.push(IMAGE, f"production-v1.{number}.0-aaaaaaa-170000000{number}", build(number))
    for number in range(3, 9):
        registry.push(IMAGE, f"develop-v1.{number}.0-aaaaaaa-170000000{number}", build(number))
    gone = registry.retain(IMAGE, 4)
    assert [tag for tag, _ in gone][:3] == [
        f"production-v1.{number}.0-aaaaaaa-170000000{number}" for number in range(3)
    ]
    assert len(registry.list_tags(IMAGE)) == 4
    assert text(lambda: registry.pull(f"{IMAGE}@{gone[0][1]}")).endswith(f"{IMAGE}@{gone[0][1]}: not found")


def test_the_clean_up_can_count_by_family_and_spare_some() -> None:
    registry = Registry()
    for family in ("develop", "staging", "production"):
        for number in range(4):
            registry.push(IMAGE, f"{family}-v1.{number}.0", build(number))
    registry.retag(IMAGE, "production-v1.0.0", "production")
    gone = registry.retain(IMAGE, 2, per_family=True, protect=["production", "staging-*"])
    assert [tag for tag, _ in gone] == ["develop-v1.0.0", "develop-v1.1.0", "production-v1.0.0", "production-v1.1.0"]
    assert registry.pull(f"{IMAGE}:production").digest == registry.head(IMAGE, "staging-v1.0.0")
    assert registry.retain(IMAGE, 0, family=lambda tag: tag, per_family=True, protect=["*"]) == []


def test_families_are_first_words() -> None:
    assert [family_of(tag) for tag in ("production-v1.2.3-0a1b2c3-17", "main-1", "latest", "v1.2.3-rc.1", "1.2.3", "")] == [
        "production", "main", "latest", "", "", "",
    ]  # fmt: skip


# -- faults


def test_a_truncated_list_lacks_the_newest_or_all_but_the_first(registry: Registry) -> None:
    registry.push(IMAGE, "a-old-name-pushed-last", build(9))
    registry.fail("truncated-list", IMAGE, drop=2)
    assert registry.list_tags(IMAGE) == ("v1.0.0", "v1.1.0", "v1.2.0", "v1.3.0")
    registry.fail("truncated-list", IMAGE, first=2)
    assert registry.list_tags(IMAGE) == ("a-old-name-pushed-last", "v1.0.0")
    registry.fail("truncated-list", IMAGE, drop=99)
    assert registry.list_tags(IMAGE) == ()
    assert registry.pull(f"{IMAGE}:v1.4.0").digest
    registry.heal(IMAGE)
    assert len(registry.list_tags(IMAGE)) == 6


def test_a_stale_list_is_that_of_some_time_ago(registry: Registry) -> None:
    registry.fail("stale-list")
    registry.push(IMAGE, "v2.0.0", build(7))
    registry.delete_tag(IMAGE, "v1.0.0")
    registry.push("ghcr.io/acme/new", "v1", build(8))
    assert registry.list_tags(IMAGE) == tuple(f"v1.{number}.0" for number in range(5))
    assert registry.list_tags("ghcr.io/acme/new") == ()
    registry.fail("stale-list", IMAGE, seq=2)
    assert registry.list_tags(IMAGE) == ("v1.0.0", "v1.1.0")
    registry.heal()
    assert "v2.0.0" in registry.list_tags(IMAGE)


def test_a_fault_of_one_image_leaves_the_others_alone(registry: Registry) -> None:
    registry.push("ghcr.io/acme/other", "v1", build())
    registry.fail("outage", IMAGE)
    assert registry.list_tags("ghcr.io/acme/other") == ("v1",)
    text(lambda: registry.list_tags(IMAGE))
    registry.fail("rate-limit")
    assert "connection refused" in text(lambda: registry.list_tags(IMAGE))
    assert "429 Too Many Requests" in text(lambda: registry.list_tags("ghcr.io/acme/other"))


GHCR = "https://ghcr.io/v2/acme/backend"
TOKEN = "https://ghcr.io/token?scope=repository%3Aacme%2Fbackend%3Apull&service=ghcr.io"
HEAD_ONLY = "(HEAD responses have no body, use GET for details)"


@pytest.mark.parametrize(
    ("mode", "listing", "heading"),
    [
        ("outage", 'Get "https://ghcr.io/v2/": dial tcp 192.0.2.1:443: connect: connection refused', None),
        (
            "rate-limit",
            f"GET {GHCR}/tags/list?n=1000: unexpected status code 429 Too Many Requests",
            f"HEAD {GHCR}/manifests/v1.0.0: unexpected status code 429 Too Many Requests {HEAD_ONLY}",
        ),
        ("expired-token", f"GET {TOKEN}: DENIED: denied", None),
        ("auth", f"GET {TOKEN}: DENIED: denied", None),
    ],
)
def test_failures_read_as_the_image_controllers_print_them(
    registry: Registry, mode: Mode, listing: str, heading: str | None
) -> None:
    registry.fail(mode)
    assert text(lambda: registry.list_tags(IMAGE)) == listing
    assert text(lambda: registry.head(IMAGE, "v1.0.0")) == (heading or listing)


def test_other_registries_have_other_words() -> None:
    registry = Registry()
    ecr, hub, local = "1234.dkr.ecr.eu-west-1.amazonaws.com/app", "acme/app", "localhost:5000/app"
    expired = "DENIED: Your authorization token has expired. Reauthenticate and try again."
    registry.fail("expired-token")
    assert (
        text(lambda: registry.list_tags(ecr))
        == f"GET https://1234.dkr.ecr.eu-west-1.amazonaws.com/v2/app/tags/list?n=1000: {expired}"
    )
    assert "401 Unauthorized" in text(lambda: registry.head(ecr, "v1"))
    assert "https://auth.docker.io/token?scope=repository%3Aacme%2Fapp%3Apull" in text(lambda: registry.list_tags(hub))
    assert text(lambda: registry.list_tags(local)).startswith(
        "GET http://localhost:5000/v2/app/tags/list?n=1000: UNAUTHORIZED"
    )
    registry.fail("auth")
    assert text(lambda: registry.list_tags(ecr)).endswith("unexpected status code 401 Unauthorized: Not Authorized")
    registry.fail("rate-limit")
    assert "TOOMANYREQUESTS: You have reached your pull rate limit" in text(lambda: registry.list_tags(hub))
    registry.fail("outage")
    dial = "dial tcp 127.0.0.1:5000: connect: connection refused"
    assert text(lambda: registry.list_tags(local)) == (
        f'Get "https://localhost:5000/v2/": {dial}; Get "http://localhost:5000/v2/": {dial}'
    )


def test_what_is_not_there_is_told(registry: Registry) -> None:
    unknown = "NAME_UNKNOWN: repository name not known to registry"
    assert (
        text(lambda: registry.list_tags("ghcr.io/a/no", "key"))
        == f"GET https://ghcr.io/v2/a/no/tags/list?n=1000: {unknown}"
    )
    assert "DENIED: requested access to the resource is denied" in text(lambda: registry.list_tags("ghcr.io/a/no"))
    assert text(lambda: registry.list_tags("quay.io/a/no")).endswith(f"{unknown}; map[name:a/no]")
    assert "UNAUTHORIZED: authentication required" in text(lambda: registry.list_tags("a/no"))
    assert (
        text(lambda: registry.head(IMAGE, "no"))
        == f"HEAD {GHCR}/manifests/no: unexpected status code 404 Not Found {HEAD_ONLY}"
    )
    assert (
        text(lambda: registry.manifest(IMAGE, "no")) == f"GET {GHCR}/manifests/no: MANIFEST_UNKNOWN: manifest unknown"
    )
    assert "NAME_INVALID" in text(lambda: registry.list_tags("ghcr.io/A/B"))
    assert registry.resolve("ghcr.io/a/no", "v1") == registry.resolve(IMAGE, "no") == ""
    assert registry.resolve(IMAGE, "sha256:" + "0" * 64) == ""
    text(lambda: registry.need("ghcr.io/a/no"))


# -- credentials


def test_a_token_may_read_and_not_write(registry: Registry) -> None:
    registry.grant("github-token", "read-only", IMAGE)
    registry.list_tags(IMAGE, "github-token")
    denied = f"PUT {GHCR}/manifests/v2: DENIED: permission_denied: write_package"
    assert text(lambda: registry.push(IMAGE, "v2", build(), "github-token")) == denied
    assert "write_package" in text(lambda: registry.retag(IMAGE, "v1.0.0", "v2", credential="github-token"))
    assert "write_package" in text(lambda: registry.delete_tag(IMAGE, "v1.0.0", "github-token"))
    registry.push("ghcr.io/acme/other", "v2", build(), "github-token")


def test_a_private_image_is_for_those_with_a_credential(registry: Registry) -> None:
    registry.grant("", "none", IMAGE)
    assert "DENIED" in text(lambda: registry.list_tags(IMAGE))
    assert "403 Forbidden" in text(lambda: registry.pull(f"{IMAGE}:v1.0.0"))
    assert registry.list_tags(IMAGE, "pull-secret")
    registry.grant("pull-secret", "none")
    assert "failed to fetch oauth token" in text(lambda: registry.pull(f"{IMAGE}:v1.0.0", "pull-secret"))


# -- pulls


def test_a_node_pulls_by_tag_and_by_digest(registry: Registry) -> None:
    pulled = registry.pull(f"{IMAGE}:v1.0.0")
    assert pulled.reference == f"{IMAGE}:v1.0.0"
    assert pulled.image_id == f"{IMAGE}@{registry.head(IMAGE, 'v1.0.0')}"
    assert pulled.labels["app"] == "ok"
    assert pulled.labels["org.opencontainers.image.revision"] == "0000000"
    assert pulled.size > 1000
    assert registry.pull(f"{IMAGE}:gone@{pulled.digest}").digest == pulled.digest
    registry.push("nginx", "latest", build(name="nginx"))
    assert registry.pull("nginx").reference == "docker.io/library/nginx:latest"
    with pytest.raises(InvalidName):
        registry.pull("not a name")


@pytest.mark.parametrize(
    ("mode", "ending"),
    [
        (
            "outage",
            f'failed to do request: Head "{GHCR}/manifests/v1.0.0": dial tcp 192.0.2.1:443: connect: connection refused',
        ),
        ("rate-limit", f"unexpected status from HEAD request to {GHCR}/manifests/v1.0.0: 429 Too Many Requests"),
        (
            "auth",
            f"failed to authorize: failed to fetch anonymous token: unexpected status from GET request to {TOKEN}: 403 Forbidden",
        ),
    ],
)
def test_pulls_fail_in_the_words_of_containerd(registry: Registry, mode: Mode, ending: str) -> None:
    reference = f"{IMAGE}:v1.0.0"
    registry.fail(mode)
    assert text(lambda: registry.pull(reference)) == (
        f'rpc error: code = Unknown desc = failed to pull and unpack image "{reference}": failed to resolve reference "{reference}": {ending}'
    )


def test_a_missing_tag_is_not_found_and_a_missing_repository_may_be_denied(registry: Registry) -> None:
    no = f"{IMAGE}:no"
    assert text(lambda: registry.pull(no)) == (
        f'rpc error: code = NotFound desc = failed to pull and unpack image "{no}": failed to resolve reference "{no}": {no}: not found'
    )
    denied = (
        "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope"
    )
    assert denied in text(lambda: registry.pull("acme/none"))
    registry.fail("auth")
    assert "no basic auth credentials" in text(lambda: registry.pull("r.io/x"))


# -- manifests of clients


def test_a_client_pushes_what_it_likes_under_its_digest(registry: Registry) -> None:
    raw = canonical({"schemaVersion": 2, "config": {}, "layers": []})
    digest = registry.push_manifest(IMAGE, "mine", MANIFEST, raw)
    assert digest == digest_of(raw) == registry.head(IMAGE, "mine")
    assert registry.manifest(IMAGE, digest).raw == raw
    assert json.loads(registry.manifest(IMAGE, "v1.0.0").raw)["schemaVersion"] == 2
    assert registry.push_manifest(IMAGE, digest, MANIFEST, raw) == digest
    other = "sha256:" + "0" * 64
    assert "DIGEST_INVALID" in text(lambda: registry.push_manifest(IMAGE, other, MANIFEST, raw))
    assert "MANIFEST_INVALID" in text(lambda: registry.push_manifest(IMAGE, "bad", MANIFEST, b"[]"))
    assert "MANIFEST_INVALID" in text(lambda: registry.push_manifest(IMAGE, "bad", MANIFEST, b"\xff"))
    assert "TAG_INVALID" in text(lambda: registry.push_manifest(IMAGE, ".bad", MANIFEST, raw))
    assert "bad" not in registry.list_tags(IMAGE)
    for odd in (
        b'{"layers": 5, "config": 1}',
        b'{"manifests": 5}',
        b'{"manifests": [1, {}], "layers": [{"size": "x"}]}',
    ):
        for media_type in (MANIFEST, INDEX):
            registry.push_manifest(IMAGE, "odd", media_type, odd)
            assert registry.pull(f"{IMAGE}:odd").labels == {}
            registry.retag(IMAGE, "odd", "odd", to="ghcr.io/acme/copy")
