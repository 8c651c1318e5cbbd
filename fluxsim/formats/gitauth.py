"""What the secrets of a GitRepository and of an automation's signing key must hold.

Nothing is logged in to: these rules say which configuration fails, and how.
Source: image-automation-controller v1.2.1 internal/source/{git,signing}.go; fluxcd/pkg git v0.52.0 options.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fluxsim.formats.gotext import quoted
from fluxsim.formats.tree import Json

GPG_KEY = "git.asc"
SSH_KEY = "identity"


class AuthError(ValueError):
    """A configuration that fails for now, in Flux's words: it is tried again."""


class InvalidSourceConfiguration(AuthError):
    """A configuration that stalls its automation."""

    def __init__(self, text: str) -> None:
        super().__init__(f"{text}: invalid source configuration")


class FeatureGateNotEnabled(AuthError):
    """What is asked for needs a feature gate that is off."""

    def __init__(self) -> None:
        super().__init__("failed to configure authentication options: required feature gate not enabled")


@dataclass(frozen=True, slots=True)
class GitAuth:
    """How a client shows who it is."""

    transport: str
    username: str = ""
    password: str = ""
    bearer_token: str = ""


def git_auth(repository: Json, secret: Mapping[str, str] | None, *, object_level_identity: bool = False) -> GitAuth:
    """Return the authentication of a GitRepository. `secret` holds the decoded data of its secretRef. Raises AuthError."""
    spec, url = repository["spec"], repository["spec"]["url"]
    data = secret or {}
    try:
        found = _options(url, data)
    except UrlError as error:
        raise AuthError(f"failed to parse URL '{url}': {error}") from error
    except AuthError as error:
        raise AuthError(f"failed to configure authentication options: {error}") from error
    match spec.get("provider") or "generic":
        case "aws" | "azure":
            if spec.get("serviceAccountName") and not object_level_identity:
                raise FeatureGateNotEnabled
        case "github":
            if not data.get("githubAppID"):
                raise InvalidSourceConfiguration(
                    "secretRef with github app data must be specified when provider is set to github"
                )
        case _:
            if data.get("githubAppID"):
                namespace, name = repository["metadata"].get("namespace", ""), spec["secretRef"]["name"]
                raise InvalidSourceConfiguration(
                    f"secretRef '{namespace}/{name}' has github app data but provider is not set to github"
                )
    return found


def _options(url: str, data: Mapping[str, str]) -> GitAuth:
    scheme, rest = split_scheme(url)
    userinfo, at, _host = rest.removeprefix("//").partition("/")[0].rpartition("@")
    url_username, _, url_password = userinfo.partition(":") if at else ("", "", "")
    if scheme == "ssh":
        for key in ("identity", "known_hosts"):
            if not data.get(key):
                raise AuthError(f"invalid 'ssh' auth option: '{key}' is required")
        return GitAuth(scheme, url_username or "git", data.get("password", ""))
    if scheme not in ("http", "https"):
        raise AuthError(f"unknown transport '{scheme}'" if scheme else "no transport type set")
    if "bearerToken" in data:
        return GitAuth(scheme, url_username, url_password, data["bearerToken"])
    username = data.get("username") or url_username
    password = data.get("password") or url_password
    if password and not username:
        raise AuthError(f"invalid '{scheme}' auth option: 'password' requires 'username' to be set")
    return GitAuth(scheme, username, password)


class UrlError(ValueError):
    """A URL that Go refuses."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"parse {quoted(url)}: {reason}")


def split_scheme(url: str) -> tuple[str, str]:
    """Return the scheme of a URL in lower case, and what stands behind its colon. Raises UrlError."""
    if any(character < " " or character == "\x7f" for character in url):
        raise UrlError(url, "net/url: invalid control character in URL")
    for place, character in enumerate(url):
        if character.isascii() and character.isalpha():
            continue
        if character == ":":
            if place == 0:
                raise UrlError(url, "missing protocol scheme")
            return url[:place].lower(), url[place + 1 :]
        if place == 0 or not (character.isascii() and (character.isdigit() or character in "+-.")):
            break
    if ":" in url.partition("/")[0]:
        raise UrlError(url, "first path segment in URL cannot contain colon")
    return "", url


def signing_key_error(data: Mapping[str, str], key_type: str, secret_name: str) -> str:
    """Return what the secret of a signing key lacks; nothing where it lacks nothing."""
    match key_type or "gpg":
        case "gpg":
            return "" if GPG_KEY in data else f"signing key secret '{secret_name}' does not contain a '{GPG_KEY}' key"
        case "ssh":
            return "" if SSH_KEY in data else f"signing key secret '{secret_name}' does not contain an '{SSH_KEY}' key"
        case other:
            return f"unknown signing key type {quoted(other)}"


def signing_secret_missing(secret_name: str, error: str) -> str:
    """Return what is said where the secret of a signing key is not there; `error` is that of the API server."""
    return f"could not find signing key secret '{secret_name}': {error}"


def signing_passphrase_missing(key_type: str, secret_name: str) -> str:
    """Return what is said of an encrypted signing key whose secret has no passphrase."""
    field = "password" if key_type == "ssh" else "passphrase"
    return f"can not use passphrase protected signing key without '{field}' field present in secret {secret_name}"
