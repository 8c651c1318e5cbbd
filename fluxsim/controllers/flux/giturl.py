"""Whether a GitRepository's URL can be read at all, in the words of Go's net/url.

Source: Go 1.25 net/url; source-controller v1.9.1 gitrepository_controller.go (reconcileSource); fluxcd/pkg git options.go.
"""

from __future__ import annotations

import re

from fluxsim.formats.gitauth import UrlError, split_scheme
from fluxsim.formats.gotext import quoted
from fluxsim.kube.outcome import Failed, Stalled

_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2}).{0,2}")
_BAD_HOST_ESCAPE = re.compile(r"%(?:(?![0-9A-Fa-f]{2}).{0,2}|(?!25)[0-7][0-9A-Fa-f])")
_BAD_HOST_CHARACTER = re.compile(r"[\x00-\x20\"<>\\^`{|}]")


def check_url(url: str) -> str:
    """Return the URL; Stalled where Go cannot parse it, Failed where it names no host."""
    try:
        scheme, rest = split_scheme(url)
    except UrlError as error:
        raise _unparsable(url, str(error)) from error
    place, path = rest.removeprefix("//").partition("/")[::2] if rest.startswith("//") else ("", rest)
    host = place.rpartition("@")[2]
    bad = _BAD_HOST_ESCAPE.search(host) or _BAD_ESCAPE.search(path.partition("?")[0])
    if bad is not None:
        raise _unparsable(url, f"parse {quoted(url)}: invalid URL escape {quoted(bad.group())}")
    wrong = _BAD_HOST_CHARACTER.search(host)
    if wrong is not None:
        raise _unparsable(url, f"parse {quoted(url)}: invalid character {quoted(wrong.group())} in host name")
    name, colon, port = host.rpartition("]")[2].partition(":")
    if colon and port and not port.isdigit():
        raise _unparsable(url, f"parse {quoted(url)}: invalid port {quoted(f':{port}')} after host")
    if not host or (not name and not host.startswith("[")):
        told = f"failed to configure authentication options: invalid '{scheme}' auth option: 'host' is required"
        raise Failed("AuthenticationFailed", told)
    return url


def _unparsable(url: str, why: str) -> Stalled:
    return Stalled("URLInvalid", f"failed to parse url '{url}': {why}")
