"""What a registry refuses, in the words of its clients.

RegistryError   as go-containerregistry v0.21 prints it (the image controllers, crane); `pull_text` says it as containerd does
"""

from __future__ import annotations

from typing import Literal, TypeAlias
from urllib.parse import quote

from fluxsim.kernel.errors import FluxsimError
from fluxsim.systems.imagename import DOCKER_HUB, ImageName, Reference

Why: TypeAlias = Literal[
    "name unknown", "manifest unknown", "outage", "rate-limit", "expired-token", "auth", "denied", "invalid"
]
"""expired-token and auth: the credential is not taken. denied: it may read but not write."""

DOWN_ADDRESS = "192.0.2.1"
"""The address at which nothing answers (RFC 5737)."""
_EXPIRED = "Your authorization token has expired. Reauthenticate and try again."
_HUB_LIMIT = (
    "You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: "
    "https://www.docker.com/increase-rate-limit"
)
_HEAD_ONLY = "(HEAD responses have no body, use GET for details)"
_STATUS = {401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 429: "Too Many Requests"}


class RegistryError(FluxsimError):
    """A request that the registry does not answer as wished.

    `status` is the HTTP status, 0 where there is no answer at all; `code` the error code of the OCI specification.
    """

    def __init__(self, why: Why, name: ImageName, request: str, *, credential: str = "", detail: str = "") -> None:
        self.why: Why = why
        self.name = name
        self.credential = credential
        self.status, self.code = _STATUSES[why]
        super().__init__(_text(why, name, request, credential, detail))


def list_request(name: ImageName) -> str:
    return f"GET {_scheme(name)}://{name.client_host}/v2/{name.path}/tags/list?n=1000"


def manifest_request(method: str, name: ImageName, reference: str) -> str:
    return f"{method} {_scheme(name)}://{name.client_host}/v2/{name.path}/manifests/{reference}"


def pull_text(reference: Reference, error: RegistryError) -> str:
    """Return what the kubelet hears from containerd (1.7, 2.x) when a pull fails for this reason."""
    name = reference.name
    head = f"https://{name.api}/v2/{name.path}/manifests/{reference.digest or reference.tag}"
    code = "Unknown"
    match error.why:
        case "name unknown" if name.host in (DOCKER_HUB, "ghcr.io") and not error.credential:
            text = _denied(name, "")  # these hosts do not tell strangers what they do not have
        case "manifest unknown" | "name unknown" | "invalid":
            code, text = "NotFound", f"{reference}: not found"
        case "outage":
            text = f'failed to do request: Head "{head}": {_dial(name)}'
        case "rate-limit":
            text = f"unexpected status from HEAD request to {head}: 429 Too Many Requests"
        case "expired-token" | "auth" | "denied":
            text = _denied(name, error.credential)
    resolving = f'failed to resolve reference "{reference}"'
    return f'rpc error: code = {code} desc = failed to pull and unpack image "{reference}": {resolving}: {text}'


def _denied(name: ImageName, credential: str) -> str:
    denied = "pull access denied, repository does not exist or may require authorization"
    if name.host == DOCKER_HUB:
        return f"{denied}: server message: insufficient_scope: authorization failed"
    if name.host == "ghcr.io":
        token = "oauth" if credential else "anonymous"
        request = f"{'POST' if credential else 'GET'} request to https://ghcr.io/token"
        scope = "" if credential else f"?{_scope(name)}"
        return f"failed to authorize: failed to fetch {token} token: unexpected status from {request}{scope}: 403 Forbidden"
    return f"{denied}: authorization failed: no basic auth credentials"


def _text(why: Why, name: ImageName, request: str, credential: str, detail: str) -> str:
    method = request.partition(" ")[0]
    if why == "outage":
        return _down(name)
    if why in ("expired-token", "auth"):
        return _unauthorized(why, name, request)
    status, code = _STATUSES[why]
    if why == "name unknown" and name.host == "ghcr.io" and not credential:
        return f"GET https://ghcr.io/token?{_scope(name)}: DENIED: requested access to the resource is denied"
    if method == "HEAD":
        return f"{request}: unexpected status code {status} {_STATUS[status]} {_HEAD_ONLY}"
    if why == "rate-limit":
        if name.host == DOCKER_HUB:
            return f"{request}: {code}: {_HUB_LIMIT}"
        return f"{request}: unexpected status code 429 Too Many Requests"
    if why == "name unknown":
        return _name_unknown(name, request)
    if why == "denied":
        return f"{request}: DENIED: permission_denied: write_package"
    if why == "manifest unknown":
        return f"{request}: MANIFEST_UNKNOWN: manifest unknown{f'; {detail}' if detail else ''}"
    return f"{request}: {detail}"


def _name_unknown(name: ImageName, request: str) -> str:
    unknown = "NAME_UNKNOWN: repository name not known to registry"
    if name.host == DOCKER_HUB:
        return f"{request}: {_required(name)}"
    if name.host == "ghcr.io":
        return f"{request}: {unknown}"
    return f"{request}: {unknown}; map[name:{name.path}]"


def _unauthorized(why: Why, name: ImageName, request: str) -> str:
    if name.host == "ghcr.io":
        return f"GET https://ghcr.io/token?{_scope(name)}: DENIED: denied"
    if name.host == DOCKER_HUB:
        url = f"https://auth.docker.io/token?{_scope(name, 'registry.docker.io')}"
        return f'GET {url}: unexpected status code 401 Unauthorized: {{"details":"incorrect username or password"}}'
    if request.startswith("HEAD "):
        return f"{request}: unexpected status code 401 Unauthorized {_HEAD_ONLY}"
    if name.host.endswith(".amazonaws.com"):
        if why == "expired-token":
            return f"{request}: DENIED: {_EXPIRED}"
        return f"{request}: unexpected status code 401 Unauthorized: Not Authorized"
    return f"{request}: {_required(name)}"


def _required(name: ImageName) -> str:
    return f"UNAUTHORIZED: authentication required; [map[Action:pull Class: Name:{name.path} Type:repository]]"


def _scheme(name: ImageName) -> str:
    return "http" if name.is_local else "https"


def _scope(name: ImageName, service: str = "ghcr.io") -> str:
    return f"scope={quote(f'repository:{name.path}:pull', safe='')}&service={service}"


def _down(name: ImageName) -> str:
    pings = ("https", "http") if name.is_local else ("https",)
    return "; ".join(f'Get "{scheme}://{name.client_host}/v2/": {_dial(name, scheme)}' for scheme in pings)


def _dial(name: ImageName, scheme: str = "https") -> str:
    host, _, port = name.host.partition(":")
    address = "127.0.0.1" if host == "localhost" else host if host.replace(".", "").isdecimal() else DOWN_ADDRESS
    return f"dial tcp {address}:{port or {'http': 80}.get(scheme, 443)}: connect: connection refused"


_STATUSES: dict[Why, tuple[int, str]] = {
    "name unknown": (404, "NAME_UNKNOWN"),
    "manifest unknown": (404, "MANIFEST_UNKNOWN"),
    "outage": (0, "UNAVAILABLE"),
    "rate-limit": (429, "TOOMANYREQUESTS"),
    "expired-token": (401, "UNAUTHORIZED"),
    "auth": (401, "UNAUTHORIZED"),
    "denied": (403, "DENIED"),
    "invalid": (400, "MANIFEST_INVALID"),
}
