"""Every refusal has a text for Flux and one for people."""

from __future__ import annotations

from typing import get_args

import pytest

from fluxsim.systems.giterrors import Refused, RepositoryNotFound, Why

URLS = ("https://github.com/a/b", "ssh://git@github.com/a/b", "https://gitlab.com/a/b", "http://localhost:3000/a/b")


@pytest.mark.parametrize("why", get_args(Why))
@pytest.mark.parametrize("url", URLS)
def test_every_refusal_says_something_to_everyone(why: Why, url: str) -> None:
    refused = Refused(why, url, "refs/heads/main")
    assert str(refused)
    assert refused.printed
    assert "None" not in str(refused) + refused.printed


def test_people_read_what_git_prints() -> None:
    late = Refused("fetch first", URLS[0], "refs/heads/main").printed.splitlines()
    assert late[:3] == [
        f"To {URLS[0]}",
        " ! [rejected]        main -> main (fetch first)",
        f"error: failed to push some refs to '{URLS[0]}'",
    ]
    key = Refused("read-only", URLS[1], "refs/heads/main").printed
    assert key.startswith("ERROR: The key you are authenticating with has been marked as read only.\nfatal: Could not")
    assert "port 3000" in Refused("outage", URLS[3]).printed
    assert "not found" in RepositoryNotFound(URLS[0]).printed
    assert "Could not read from remote repository" in RepositoryNotFound(URLS[1]).printed
    assert "git-receive-pack" in str(Refused("outage", URLS[0], "refs/heads/main"))
