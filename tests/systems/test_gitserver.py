"""One repository has many spellings of its URL."""

from __future__ import annotations

import pytest

from fluxsim.formats.gitcommit import Author
from fluxsim.systems.gitserver import GitServer, RepositoryNotFound, normal_url


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/acme/flux",
        "https://github.com/acme/flux.git",
        "https://github.com/acme/flux/",
        "https://token@GitHub.com:443/acme/flux.git",
        "http://github.com/acme/flux",
        "ssh://git@github.com/acme/flux",
        "ssh://git@github.com:22/acme/flux.git",
        "git@github.com:acme/flux.git",
    ],
)
def test_spellings_of_one_repository_are_one(url: str) -> None:
    assert normal_url(url) == "github.com/acme/flux"


def test_other_repositories_are_others() -> None:
    urls = [
        "https://github.com/acme/Flux", "https://github.com:8443/acme/flux", "https://gitlab.com/acme/flux",
        "ssh://git@host:2222/acme/flux", "file:///srv/flux.git", "/srv/other", "./flux",
    ]  # fmt: skip
    assert len({normal_url(url) for url in urls}) == len(urls)
    assert normal_url("file:///srv/flux.git") == normal_url("/srv/flux")


def test_a_repository_is_found_by_every_spelling_and_by_a_second_url() -> None:
    server = GitServer()
    repository = server.create("ssh://git@github.com/acme/flux")
    server.add(repository, "https://mirror.example.com/flux")
    assert server.find("https://github.com/acme/flux.git") is repository
    assert server.need("https://mirror.example.com/flux.git") is repository
    assert server.repositories() == [repository]
    assert server.find("https://github.com/acme/other") is None
    with pytest.raises(RepositoryNotFound):
        server.need("https://github.com/acme/other")


def test_the_state_changes_only_with_the_repository() -> None:
    server = GitServer()
    one, _ = server.create("https://github.com/acme/one"), server.create("https://github.com/acme/two")
    before = (server.state("https://github.com/acme/one"), server.state("https://github.com/acme/two"))
    made = one.commit("main", {"a": b"1"}, author=Author("a", "b"), when_s=1, message="Subject\n\nBody")
    assert server.state("https://github.com/acme/one") != before[0]
    assert server.state("https://github.com/acme/two") == before[1]
    assert server.state("https://github.com/acme/none") is None
    assert server.known_subject("https://github.com/acme/one", made) == "Subject"
    assert server.known_subject("https://github.com/acme/two", made) == ""
    assert server.known_subject("https://github.com/acme/none", "") == ""
    assert server.known_subject("https://github.com/acme/one", "") == ""
