"""URLs that Go cannot parse stall a source; those without a host fail it."""

from __future__ import annotations

import pytest

from fluxsim.controllers.flux.giturl import check_url
from fluxsim.kube.outcome import Failed, Stalled


@pytest.mark.parametrize(
    "url",
    [
        "https://git.test/a/b.git",
        "ssh://git@git.test:2222/a.git",
        "http://user:p%40ss@git.test/a",
        "ssh://git@[::1]:22/x",
        "https://git.test/a%20b?x=%zz",
    ],
)
def test_a_good_url_comes_back(url: str) -> None:
    assert check_url(url) == url


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://%zz", 'invalid URL escape "%zz"'),
        ("https://%41.test/a", 'invalid URL escape "%41"'),
        ("https://git.test/%z", 'invalid URL escape "%z"'),
        ("ssh://git@git.test:abc/a", 'invalid port ":abc" after host'),
        ("https://a b/c", 'invalid character " " in host name'),
        ("https://git.test/\x07", "net/url: invalid control character in URL"),
        ("://git.test", "missing protocol scheme"),
    ],
)
def test_a_bad_url_stalls(url: str, why: str) -> None:
    with pytest.raises(Stalled) as stalled:
        check_url(url)
    assert stalled.value.reason == "URLInvalid"
    assert stalled.value.message.startswith(f"failed to parse url '{url}': parse ")
    assert stalled.value.message.endswith(why)


@pytest.mark.parametrize("url", ["https:///a", "ssh://git@/a", "https://:443/a"])
def test_a_url_without_a_host_fails(url: str) -> None:
    with pytest.raises(Failed) as failed:
        check_url(url)
    assert failed.value.reason == "AuthenticationFailed"
    assert failed.value.message.endswith("auth option: 'host' is required")
