"""Secrets: there, assumed, or wrong."""

from __future__ import annotations

from typing import Any

import pytest

from fluxsim.controllers.flux.credentials import BadSecret, Credentials, MissingSecret
from fluxsim.formats.gitauth import AuthError
from fluxsim.formats.tree import Map, freeze
from fluxsim.kube.meta import SECRET, Key
from fluxsim.kube.outcome import Failed, Stalled
from tests.controllers.flux.ground import Ground


def credentials(*secrets: dict[str, Any], assume: bool = False) -> Credentials:
    ground = Ground()
    for secret in secrets:
        ground.put(secret)
    return Credentials(ground.store, assume=assume)


def secret(name: str, **data: str) -> dict[str, Any]:
    given = {key.replace("__", "."): value for key, value in data.items()}
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": given}


def git_repository(url: str = "ssh://git@git.test/x.git", **spec: Any) -> Map:
    found: Map = freeze({"metadata": {"name": "x", "namespace": "default"}, "spec": {"url": url, **spec}})
    return found


KEYS = secret("key", identity="k", known_hosts="h")


def test_nobody_logs_in_without_a_secret() -> None:
    assert credentials().git(git_repository()) == ""
    assert credentials().automation(git_repository()) == ""


def test_a_secret_stands_for_its_name() -> None:
    assert credentials(KEYS).git(git_repository(secretRef={"name": "key"})) == "default/key"


def test_a_missing_secret_is_assumed_and_noted() -> None:
    found = credentials(assume=True)
    assert found.git(git_repository(secretRef={"name": "key"})) == "default/key"
    assert list(found.assumed) == [Key(SECRET, "default", "key")]


def test_a_missing_secret_fails_a_source_in_its_words() -> None:
    with pytest.raises(Failed) as failed:
        credentials().git(git_repository(secretRef={"name": "key"}))
    text = "failed to get secret 'default/key'"
    assert (failed.value.reason, failed.value.message) == (
        "AuthenticationFailed",
        f'{text}: {text}: secrets "key" not found',
    )


def test_a_missing_secret_fails_an_automation_in_its_words() -> None:
    with pytest.raises(AuthError, match="failed to get auth secret 'default/key': secrets \"key\" not found"):
        credentials().automation(git_repository(secretRef={"name": "key"}))


def test_an_ssh_secret_needs_an_identity() -> None:
    with pytest.raises(Failed) as failed:
        credentials(secret("key", username="x")).git(git_repository(secretRef={"name": "key"}))
    assert failed.value.reason == "AuthenticationFailed"
    assert "'identity' is required" in failed.value.message


def test_github_needs_app_data() -> None:
    with pytest.raises(Stalled) as stalled:
        credentials().git(git_repository(provider="github"))
    assert stalled.value.reason == "InvalidProviderConfiguration"
    basic = secret("basic", username="x", password="y")
    with pytest.raises(Failed) as failed:
        credentials(basic).git(git_repository("https://x.test/x", provider="github", secretRef={"name": "basic"}))
    assert failed.value.reason == "InvalidProviderConfiguration"
    assert "invalid source configuration" not in failed.value.message


def test_a_service_account_for_a_git_provider_needs_a_gate() -> None:
    basic = secret("basic", username="x", password="y")
    spec = {"provider": "azure", "serviceAccountName": "x", "secretRef": {"name": "basic"}}
    with pytest.raises(Stalled) as stalled:
        credentials(basic).git(git_repository("https://x.test/x", **spec))
    assert stalled.value.reason == "FeatureGateDisabled"


def test_data_is_decoded_and_plain_text_wins() -> None:
    ground = Ground()
    both = secret("key", a="plain") | {"data": {"a": "eA==", "b": "eQ==", "c": "not base64"}}
    ground.put(both)
    found = Credentials(ground.store).data("default", "key")
    assert found == {"a": "plain", "b": "y", "c": "not base64"}
    with pytest.raises(MissingSecret):
        Credentials(ground.store, assume=False).data("default", "nope")


def test_a_pod_waits_for_a_secret_that_git_declares() -> None:
    found = credentials(assume=True)
    found.declared = frozenset({Key(SECRET, "default", "key")})
    assert not found.has("default", "key")
    assert found.has("default", "other"), "one that is not in Git is assumed"
    assert found.git(git_repository(secretRef={"name": "key"})) == "default/key", "Flux had it before"


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ({"proxySecretRef": {"name": "empty"}}, "secret 'default/empty': key 'address' not found"),
        ({"proxySecretRef": {"name": "blank"}}, "secret 'default/blank': proxy address is empty"),
        ({"certSecretRef": {"name": "empty"}}, "must contain either 'ca.crt' or both 'tls.crt' and 'tls.key'"),
        ({"certSecretRef": {"name": "keyless"}}, "contains 'tls.crt' but missing 'tls.key'"),
        ({"certSecretRef": {"name": "nope"}}, 'secrets "nope" not found'),
        ({"serviceAccountName": "nope"}, "serviceaccount 'default/nope' not found"),
        ({"provider": "acme"}, "provider 'acme' not implemented"),
    ],
)
def test_a_registry_login_that_cannot_be(spec: dict[str, Any], problem: str) -> None:
    found = credentials(secret("empty"), secret("blank", address=""), secret("keyless", tls__crt="c"))
    with pytest.raises(BadSecret, match=problem):
        found.registry(freeze({"metadata": {"name": "x", "namespace": "default"}, "spec": spec}))


def test_a_cloud_logs_in_by_itself() -> None:
    repository = freeze({"metadata": {"name": "x", "namespace": "default"}, "spec": {"provider": "gcp"}})
    assert credentials().registry(repository) == "gcp:"


def test_a_service_account_that_is_not_in_git_is_assumed() -> None:
    found = credentials(assume=True)
    spec = {"serviceAccountName": "puller"}
    assert found.registry(freeze({"metadata": {"name": "x", "namespace": "default"}, "spec": spec})) == ""
    assert [str(key) for key in found.assumed] == ["ServiceAccount/default/puller"]
