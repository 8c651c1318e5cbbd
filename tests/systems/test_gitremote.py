"""A repository as Flux reaches it: what a ref stands for, clones, pushes, and the errors of the client."""

from __future__ import annotations

import pytest

from fluxsim.formats.gitcommit import Author
from fluxsim.formats.sshsignature import SshSigner
from fluxsim.formats.tree import Json
from fluxsim.systems.gitremote import Checkout, Remote
from fluxsim.systems.gitrepository import GitRepository, Pushed
from fluxsim.systems.gitserver import GitError, GitServer

ADA = Author("Ada", "ada@example.com")
BOT = Author("fluxcdbot", "bot@example.com")
URL = "https://github.com/acme/flux"
SSH = "ssh://git@github.com/acme/flux.git"
MAIN = {"branch": "main"}


@pytest.fixture
def server() -> GitServer:
    server = GitServer()
    repository = server.create(URL)
    for version in (1, 2):
        commit(repository, {"a.yaml": f"image: v{version}\n"}, f"bump {version}\n\nBody")
    return server


def commit(repository: GitRepository, files: dict[str, str], message: str = "Change", branch: str = "main") -> str:
    changes = {path: text.encode() for path, text in files.items()}
    return repository.commit(branch, changes, author=ADA, when_s=1_700_000_000, message=message)


def push(remote: Remote, checkout: Checkout, text: str = "image: v9\n", **options: Json) -> str:
    settings: Json = {"branch": "main", "author": BOT, "message": "Update", "when_s": 1_700_000_100} | options
    return remote.push_commit(checkout, {"a.yaml": text.encode()}, **settings)


def error(server: GitServer, ref: dict[str, str], url: str = URL, **options: bool) -> str:
    with pytest.raises(GitError) as raised:
        server.open(url).resolve(ref, **options)
    return str(raised.value)


# -- refs


def test_a_branch_is_its_head(server: GitServer) -> None:
    repository = server.need(URL)
    head = server.open(URL).resolve(MAIN)
    assert head is not None
    assert head.revision == f"main@sha1:{repository.head()}"
    assert (head.reference, head.commit, head.subject) == ("refs/heads/main", repository.head(), "bump 2")
    assert head.files.read("a.yaml") == b"image: v2\n"
    assert head.tree == head.files.id_of("")


def test_master_is_meant_where_nothing_is_said(server: GitServer) -> None:
    assert error(server, {}) == f"unable to clone '{URL}': couldn't find remote ref \"refs/heads/master\""
    commit(server.need(URL), {"b": "1"}, branch="master")
    head = server.open(URL).resolve({})
    assert head is not None
    assert head.revision.startswith("master@sha1:")
    assert server.open(URL).resolve(None) == head


def test_tags_and_names_and_commits_stand_for_commits(server: GitServer) -> None:
    repository = server.need(URL)
    first, second = repository.resolve("HEAD~1"), repository.head()
    repository.push(
        "refs/tags/v1.0.0", "", repository.add_tag("v1.0.0", first, tagger=ADA, when_s=1, message="x"), "ada"
    )
    repository.push("refs/pull/7/head", "", first, "ada")
    expected = [
        ({"tag": "v1.0.0"}, f"v1.0.0@sha1:{first}"),
        ({"name": "refs/tags/v1.0.0"}, f"refs/tags/v1.0.0@sha1:{first}"),
        ({"name": "refs/tags/v1.0.0^{}"}, f"refs/tags/v1.0.0^{{}}@sha1:{first}"),
        ({"name": "refs/pull/7/head"}, f"refs/pull/7/head@sha1:{first}"),
        ({"name": "refs/heads/main"}, f"refs/heads/main@sha1:{second}"),
        ({"commit": first}, f"sha1:{first}"),
        ({"commit": first, "branch": "main", "tag": "v1.0.0"}, f"main@sha1:{first}"),
        ({"name": "refs/heads/main", "tag": "v1.0.0"}, f"refs/heads/main@sha1:{second}"),
        ({"tag": "v1.0.0", "branch": "main"}, f"v1.0.0@sha1:{first}"),
    ]
    for ref, revision in expected:
        head = server.open(URL).resolve(ref)
        assert head is not None
        assert head.revision == revision


def test_a_range_stands_for_the_greatest_tag_in_it(server: GitServer) -> None:
    repository = server.need(URL)
    for number, tag in enumerate(("v1.0.0", "v1.9.0", "v1.10.0", "v2.0.0-rc.1", "nightly", "v1.2")):
        made = repository.commit("main", {"n": b"%d" % number}, author=ADA, when_s=1_700_000_000 + number, message="n")
        repository.push(f"refs/tags/{tag}", "", made, "ada")
    head = server.open(URL).resolve({"semver": ">=1.0.0 <3.0.0"})
    assert head is not None
    assert head.revision == f"v1.10.0@sha1:{repository.resolve('v1.10.0')}"
    repository.push("refs/tags/v1.10.0+build", "", repository.head(), "ada")
    head = server.open(URL).resolve({"semver": "1.x"})
    assert head is not None
    assert head.reference == "refs/tags/v1.10.0+build"
    assert error(server, {"semver": ">=5"}) == "no match found for semver: >=5"
    assert error(server, {"semver": "&&"}).startswith("semver parse error: improper constraint")


def test_an_empty_repository_has_no_branch_to_show(server: GitServer) -> None:
    server.create(f"{URL}-empty")
    assert server.open(f"{URL}-empty").resolve(MAIN) is None
    text = f"unable to clone: remote repository is empty: git repository: '{URL}-empty'"
    assert error(server, {"tag": "v1"}, f"{URL}-empty") == text
    with pytest.raises(GitError, match="remote repository is empty"):
        server.open(f"{URL}-empty").checkout(MAIN)


# -- errors


def test_what_is_not_there_is_told_as_flux_tells_it(server: GitServer) -> None:
    commit(server.need(URL), {"x": "1"}, branch="side")
    side = server.need(URL).head("side")
    assert error(server, {"branch": "x"}) == f"unable to clone '{URL}': couldn't find remote ref \"refs/heads/x\""
    assert error(server, {"tag": "x"}) == f"unable to clone '{URL}': couldn't find remote ref \"refs/tags/x\""
    assert error(server, {"name": "refs/x"}) == "unable to resolve ref 'refs/x' to a specific commit"
    assert error(server, {"name": "refs/x/"}).startswith("ref refs/x/ is invalid; Git refs cannot begin or end")
    missing = "unable to resolve commit object for '{}': object not found"
    assert error(server, {"commit": "f" * 40}) == missing.format("f" * 40)
    assert error(server, {"commit": "nonsense"}) == missing.format("nonsense")
    assert error(server, {"commit": side, "branch": "main"}) == missing.format(side)


def test_a_missing_repository_is_told_by_protocol(server: GitServer) -> None:
    web, ssh = "https://github.com/acme/none", "ssh://git@github.com/acme/none"
    assert (
        error(server, MAIN, web, cloning=True)
        == f"unable to clone '{web}': authentication required: Repository not found."
    )
    with pytest.raises(GitError, match=r"repository not found: Repository not found\."):
        server.open(web, "token").resolve(MAIN)
    assert error(server, MAIN, ssh, cloning=True) == f"unable to clone: repository not found: git repository: '{ssh}'"
    assert error(server, MAIN, ssh) == f"unable to list remote for '{ssh}': repository not found"


def test_an_outage_reads_otherwise_when_something_was_seen_before(server: GitServer) -> None:
    server.fail("outage", URL)
    down = f'Get "{URL}/info/refs?service=git-upload-pack": dial tcp 192.0.2.1:443: connect: connection refused'
    assert error(server, MAIN, cloning=True) == f"unable to clone '{URL}': {down}"
    assert error(server, MAIN) == f"unable to list remote for '{URL}': {down}"
    assert error(server, {"semver": "*"}) == f"unable to clone '{URL}': {down}"
    assert error(server, MAIN, SSH).endswith(": dial tcp 192.0.2.1:22: connect: connection refused")
    server.heal()
    assert server.open(URL).resolve(MAIN) is not None


def test_a_credential_that_is_not_taken_is_told_by_protocol(server: GitServer) -> None:
    server.need(URL).grant("flux-system/key", "none")
    with pytest.raises(GitError, match="authentication required: Invalid username or token"):
        server.open(URL, "flux-system/key").resolve(MAIN)
    with pytest.raises(GitError, match="ssh: handshake failed: ssh: unable to authenticate"):
        server.open(SSH, "flux-system/key").resolve(MAIN)
    server.fail("auth")
    assert "authentication required" in error(server, MAIN)


# -- clones and pushes


def test_a_commit_goes_on_the_head_that_was_cloned(server: GitServer) -> None:
    repository = server.need(URL)
    heard: list[Pushed] = []
    server.listeners.append(heard.append)
    remote = server.open(SSH, "flux-system/key")
    checkout = remote.checkout(MAIN, "main")
    assert checkout.revision == f"main@sha1:{repository.head()}"
    made = push(remote, checkout, changes=[1, 2])
    assert repository.head() == made
    commit = repository.commit_of(made)
    assert (commit.message, commit.author, commit.authored_s) == ("Update", BOT, 1_700_000_100)
    assert [parent.hex() for parent in commit.parents] == [checkout.parent]
    assert [(one.actor, one.note, one.repository.url) for one in heard] == [("fluxcdbot", [1, 2], URL)]


def test_a_signed_commit_is_the_same_again(server: GitServer) -> None:
    remote = server.open(URL)
    made = push(remote, remote.checkout(MAIN), signer=SshSigner.from_seed(b"1"))
    commit = server.need(URL).commit_of(made)
    assert commit.signature.startswith("-----BEGIN SSH SIGNATURE-----\n")
    assert SshSigner.from_seed(b"1").sign(commit.signed_payload).rstrip() == commit.signature


def test_files_as_they_were_are_not_pushed(server: GitServer) -> None:
    remote = server.open(URL)
    before = server.state(URL)
    checkout = remote.checkout(MAIN)
    assert push(remote, checkout, "image: v2\n") == checkout.parent
    assert server.state(URL) == before


def test_a_branch_that_moved_on_refuses_the_push(server: GitServer) -> None:
    remote = server.open(URL)
    checkout, deep = remote.checkout(MAIN), remote.checkout(MAIN, shallow=False)
    theirs = commit(server.need(URL), {"b": "1"})
    with pytest.raises(GitError) as refused:
        push(remote, checkout)
    assert str(refused.value) == "object not found"
    with pytest.raises(GitError) as refused:
        push(remote, deep)
    assert str(refused.value) == "non-fast-forward update: refs/heads/main"
    assert server.need(URL).head() == theirs
    push(remote, remote.checkout(MAIN))


def test_a_first_commit_is_not_cut_off_by_a_shallow_clone() -> None:
    server = GitServer()
    repository = server.create(URL)
    commit(repository, {"a.yaml": "1"})
    checkout = server.open(URL).checkout(MAIN)
    commit(repository, {"a.yaml": "2"})
    with pytest.raises(GitError, match="non-fast-forward update: refs/heads/main"):
        push(server.open(URL), checkout)


def test_another_branch_is_stacked_on_and_pushed_by_force(server: GitServer) -> None:
    repository, remote = server.need(URL), server.open(URL)
    main = repository.head()
    first = push(remote, remote.checkout(MAIN, "auto"), branch="auto", force=True)
    assert [parent.hex() for parent in repository.commit_of(first).parents] == [main]
    checkout = remote.checkout(MAIN, "auto")
    assert (checkout.revision, checkout.parent) == (f"main@sha1:{main}", first)
    assert checkout.files.read("a.yaml") == b"image: v9\n"
    commit(repository, {"note": "human"}, branch="auto")
    second = push(remote, checkout, "image: v10\n", branch="auto", force=True)
    assert repository.head("auto") == second
    assert repository.head() == main
    assert repository.files(second).read("note") is None


def test_refspecs_are_pushed_after_the_branch(server: GitServer) -> None:
    repository, remote = server.need(URL), server.open(URL)
    made = push(remote, remote.checkout(MAIN), refspec="refs/heads/main:refs/heads/copy")
    assert repository.head("copy") == made
    made = push(remote, remote.checkout(MAIN), "image: v10\n", refspec="refs/heads/*:refs/remotes/x/*")
    assert repository.ref("refs/remotes/x/main") == made
    commit(repository, {"z": "1"}, branch="copy")
    with pytest.raises(GitError, match="object not found"):
        push(remote, remote.checkout(MAIN), "image: v11\n", refspec="refs/heads/main:refs/heads/copy")
    made = push(remote, remote.checkout(MAIN), "image: v12\n", refspec="+refs/heads/main:refs/heads/copy")
    assert repository.head("copy") == made
    with pytest.raises(GitError, match="already up-to-date"):
        push(remote, remote.checkout(MAIN), "image: v13\n", refspec="refs/heads/main:refs/heads/main")
    with pytest.raises(GitError, match="malformed refspec"):
        push(remote, remote.checkout(MAIN), "image: v14\n", refspec="refs/heads/main")


@pytest.mark.parametrize(
    ("url", "text"),
    [
        (URL, "authorization failed: Write access to repository not granted."),
        (SSH, "unknown error: ERROR: The key you are authenticating with has been marked as read only."),
    ],
)
def test_a_read_only_key_clones_and_cannot_push(server: GitServer, url: str, text: str) -> None:
    server.need(URL).grant("flux-system/key", "read-only")
    remote = server.open(url, "flux-system/key")
    checkout = remote.checkout(MAIN)
    with pytest.raises(GitError) as refused:
        push(remote, checkout)
    assert str(refused.value) == text


def test_a_protected_branch_refuses_the_bot_unless_it_is_let_in(server: GitServer) -> None:
    repository, remote = server.need(URL), server.open(URL, "flux-system/key")
    repository.protect("main")
    with pytest.raises(GitError, match="command error on refs/heads/main: protected branch hook declined"):
        push(remote, remote.checkout(MAIN))
    for allowed in ("fluxcdbot", "flux-system/key"):
        repository.protect("main", [allowed])
        push(remote, remote.checkout(MAIN), f"image: for {allowed}\n")
    gitlab = GitServer().create("https://gitlab.com/acme/flux")
    commit(gitlab, {"a.yaml": "1"})
    gitlab.protect("main")
    with pytest.raises(GitError, match="pre-receive hook declined"):
        push(Remote(gitlab, gitlab.url), Remote(gitlab, gitlab.url).checkout(MAIN))


def test_a_host_that_fails_during_a_run_stops_the_push(server: GitServer) -> None:
    remote = server.open(URL)
    checkout = remote.checkout(MAIN)
    server.fail("outage")
    with pytest.raises(GitError, match="connection refused"):
        push(remote, checkout)
