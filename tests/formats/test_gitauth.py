from __future__ import annotations

import pytest

from fluxsim.formats import gitauth


def auth(url: str, secret: dict[str, str] | None = None, **spec: str) -> gitauth.GitAuth:
    metadata = {"namespace": "flux-system", "name": "gitops"}
    return gitauth.git_auth(
        {"metadata": metadata, "spec": {"url": url, "secretRef": {"name": "creds"}, **spec}}, secret
    )


def error(url: str, secret: dict[str, str] | None = None, **spec: str) -> str:
    with pytest.raises(gitauth.AuthError) as failed:
        auth(url, secret, **spec)
    return str(failed.value)


def test_takes_names_from_the_secret_before_the_url() -> None:
    assert auth("https://git.example/x") == gitauth.GitAuth("https")
    assert auth("https://u:p@git.example/x") == gitauth.GitAuth("https", "u", "p")
    assert auth("https://u:p@git.example/x", {"username": "v", "password": "w"}) == gitauth.GitAuth("https", "v", "w")
    assert auth("https://git.example/x", {"bearerToken": "t"}).bearer_token == "t"
    assert auth("ssh://git.example/x", {"identity": "i", "known_hosts": "k"}).username == "git"


@pytest.mark.parametrize(
    ("url", "secret", "message"),
    [
        (
            "https://git.example/x",
            {"password": "w"},
            "invalid 'https' auth option: 'password' requires 'username' to be set",
        ),
        ("ssh://git.example/x", {}, "invalid 'ssh' auth option: 'identity' is required"),
        ("ssh://git.example/x", {"identity": "i"}, "invalid 'ssh' auth option: 'known_hosts' is required"),
        ("ftp://git.example/x", {}, "unknown transport 'ftp'"),
        ("git.example/x", {}, "no transport type set"),
    ],
)
def test_says_what_an_authentication_lacks(url: str, secret: dict[str, str], message: str) -> None:
    assert error(url, secret) == f"failed to configure authentication options: {message}"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("://x", "missing protocol scheme"),
        ("git@host:path", "first path segment in URL cannot contain colon"),
        ("https://x\n", "net/url: invalid control character in URL"),
    ],
)
def test_says_what_is_wrong_with_a_url(url: str, reason: str) -> None:
    assert error(url).startswith(f"failed to parse URL '{url}': parse ")
    assert error(url).endswith(reason)


def test_providers_ask_for_their_own() -> None:
    assert error("https://x", {"username": "u"}, provider="github") == (
        "secretRef with github app data must be specified when provider is set to github: invalid source configuration"
    )
    assert error("https://x", {"githubAppID": "1"}) == (
        "secretRef 'flux-system/creds' has github app data but provider is not set to github: invalid source configuration"
    )
    assert "required feature gate not enabled" in error("https://x", provider="aws", serviceAccountName="robot")
    assert auth("https://x", {"githubAppID": "1"}, provider="github").transport == "https"
    assert auth("https://x", provider="azure").transport == "https"


@pytest.mark.parametrize(
    ("keys", "key_type", "message"),
    [
        (["git.asc"], "", ""),
        (["git.asc"], "gpg", ""),
        (["identity"], "ssh", ""),
        (["identity"], "gpg", "signing key secret 'key' does not contain a 'git.asc' key"),
        (["git.asc"], "ssh", "signing key secret 'key' does not contain an 'identity' key"),
        (["git.asc"], "x509", 'unknown signing key type "x509"'),
    ],
)
def test_a_signing_key_has_the_key_of_its_type(keys: list[str], key_type: str, message: str) -> None:
    assert gitauth.signing_key_error(dict.fromkeys(keys, "k"), key_type, "key") == message


def test_says_what_an_encrypted_or_missing_key_needs() -> None:
    assert "without 'passphrase' field present in secret key" in gitauth.signing_passphrase_missing("gpg", "key")
    assert "without 'password' field present in secret key" in gitauth.signing_passphrase_missing("ssh", "key")
    assert gitauth.signing_secret_missing("key", "not found") == "could not find signing key secret 'key': not found"
