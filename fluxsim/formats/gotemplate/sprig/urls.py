"""urlParse and urlJoin.

Source: Masterminds/sprig v3.3.0 url.go; Go 1.26 net/url/url.go.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote_to_bytes

from fluxsim.formats.gotemplate.errors import FunctionFault
from fluxsim.formats.gotemplate.values import MAP, Function, Value, kind_name
from fluxsim.formats.gotext import from_octets, octets, quoted

_BAD_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2}).{0,2}", re.DOTALL)
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*")
_PATH_SAFE = "/$&+,:;=@!'()*~"
_FRAGMENT_SAFE = "/$&+,:;=@!'()*~?"
_USER_SAFE = "$&+,;=~-._!'()*"
_HOST_FOREIGN = re.compile(r"%(?!25|[89a-fA-F][0-9a-fA-F]).{0,2}|[\x00-\x20#/?@\\^`{|}\x7f]", re.DOTALL)
"""What may not stand in a host as it is; escapes there are for bytes outside ASCII only."""
_USER = re.compile(r"[a-zA-Z0-9\-._:~!$&'()*+,;=%@]*")
_PORT = re.compile(r"(?::[0-9]*)?")


class _Fault(Exception):
    """Why a URL cannot be parsed, without the URL itself."""


def _parsed(text: str) -> dict[str, Value]:
    shown, _, fragment = text.partition("#")
    try:
        parts = _parts(shown)
        shown = text
        return parts | {"fragment": _decoded(fragment)}
    except _Fault as error:
        raise FunctionFault(f"unable to parse url: parse {quoted(shown)}: {error}") from error


def _parts(text: str) -> dict[str, Value]:
    if any(character < " " or character == "\x7f" for character in text):
        raise _Fault("net/url: invalid control character in URL")
    scheme, rest = _scheme(text)
    rest, _, query = rest.partition("?")
    parts = dict.fromkeys(("userinfo", "host", "hostname", "path", "opaque"), "")
    parts |= {"scheme": scheme, "query": query}
    if not rest.startswith("/"):
        if scheme:
            return parts | {"opaque": rest}
        if ":" in rest.partition("/")[0]:
            raise _Fault("first path segment in URL cannot contain colon")
    if rest.startswith("//") and (scheme or not rest.startswith("///")):
        authority, slash, path = rest[2:].partition("/")
        rest = slash + path
        user, at, host = authority.rpartition("@")
        host = _host(host)
        parts |= {"host": host, "hostname": _hostname(host)}
        if at and not _USER.fullmatch(user):
            raise _Fault("net/url: invalid userinfo")
        if at:
            parts["userinfo"] = _user(user)
    return parts | {"path": _decoded(rest)}


def _scheme(text: str) -> tuple[str, str]:
    if text.startswith(":"):
        raise _Fault("missing protocol scheme")
    before, colon, rest = text.partition(":")
    if colon and _SCHEME.fullmatch(before):
        return before.lower(), rest
    return "", text


def _decoded(text: str) -> str:
    bad = _BAD_ESCAPE.search(text)
    if bad is not None:
        raise _Fault(f"invalid URL escape {quoted(bad.group())}")
    return from_octets(unquote_to_bytes(octets(text)))


def _host(host: str) -> str:
    if host.startswith("["):
        end = host.rfind("]")
        if end < 0:
            raise _Fault("missing ']' in host")
        port = host[end + 1 :]
    else:
        port = host[host.rfind(":") :] if ":" in host else ""
    if not _PORT.fullmatch(port):
        raise _Fault(f"invalid port {quoted(port)} after host")
    foreign = _HOST_FOREIGN.search(host)
    if foreign is not None and foreign.group().startswith("%"):
        raise _Fault(f"invalid URL escape {quoted(foreign.group())}")
    if foreign is not None:
        raise _Fault(f"invalid character {quoted(foreign.group())} in host name")
    return _decoded(host)


def _hostname(host: str) -> str:
    name = host[: host.rfind(":")] if re.search(r":[0-9]*$", host) else host
    return name[1:-1] if name.startswith("[") and name.endswith("]") else name


def _user(user: str) -> str:
    name, colon, password = user.partition(":")
    return colon.join(
        quote(octets(_decoded(part)), safe=_USER_SAFE) for part in ((name, password) if colon else (name,))
    )


def _joined(parts: dict[str, Value]) -> str:
    scheme, opaque = _text(parts, "scheme"), _text(parts, "opaque")
    host, path, user = _text(parts, "host"), _text(parts, "path"), _text(parts, "userinfo")
    query, fragment = _text(parts, "query"), _text(parts, "fragment")
    written = f"{scheme}:" if scheme else ""
    if opaque:
        written += opaque
    else:
        path = quote(octets(path), safe=_PATH_SAFE)
        if scheme or host or user:
            written += "//" if host or path or user else ""
            written += f"{_user(user)}@" if user else ""
            written += quote(octets(host), safe=_PATH_SAFE + '[]<>"')
        if path and not path.startswith("/") and host:
            path = f"/{path}"
        if not written and ":" in path.partition("/")[0]:
            path = f"./{path}"
        written += path
    written += f"?{query}" if query else ""
    return written + (f"#{quote(octets(fragment), safe=_FRAGMENT_SAFE)}" if fragment else "")


def _text(parts: dict[str, Value], key: str) -> str:
    value = parts.get(key, "")
    if not isinstance(value, str):
        raise FunctionFault(f"unable to parse {key} key, must be of type string, but {kind_name(value)} found")
    return value


FUNCTIONS: dict[str, Function] = {
    "urlParse": Function(_parsed, ("string",)),
    "urlJoin": Function(_joined, (MAP,)),
}
