"""ImageUpdateAutomation: one run, and what brings the next."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest

from fluxsim.formats.gitcommit import Commit
from fluxsim.formats.sshsignature import SshSigner
from fluxsim.world.world import World
from tests.described.automation import (
    FILE,
    NAME,
    bot_commits,
    elects,
    image,
    marked,
    world_with,
)
from tests.worlds import (
    Tree,
    commit,
    conditions,
    head,
    passing,
    patch,
    ready,
    request,
    runs,
    status,
    told,
)

UP_TO_DATE = ("True", "Succeeded", "repository up-to-date")


def test_rec_no_gitspec() -> None:
    world = world_with(change={"sourceRef": {"kind": "GitRepository", "name": "non-existing"}, "git": None})
    found = conditions(world, NAME)
    assert set(found) == {"Stalled", "Ready"}
    assert found["Stalled"][:2] == ("True", "InvalidSourceConfiguration")
    assert found["Ready"][:2] == ("False", "InvalidSourceConfiguration")
    assert all("invalid source configuration" in message for _, _, message in found.values())


def test_rec_checkout_fails() -> None:
    change = {"git": {"checkout": {"ref": {"branch": "bad-branch"}}, "push": {"branch": "main"}}}
    found = conditions(world_with(change=change), NAME)
    assert set(found) == {"Reconciling", "Ready"}
    assert found["Reconciling"][:2] == ("True", "ProgressingWithRetry")
    assert "processing" in found["Reconciling"][2]
    assert found["Ready"][:2] == ("False", "GitOperationFailed")
    assert found["Ready"][2].startswith("failed to checkout source: ")
    assert "reference not found" in found["Ready"][2]


def test_a_checkout_of_one_branch_alone_names_what_is_missing() -> None:
    found = ready(world_with(change={"git": {"checkout": {"ref": {"branch": "bad-branch"}}}}), NAME)
    assert found is not None
    assert found[2].endswith('couldn\'t find remote ref "refs/heads/bad-branch"')


def test_rec_no_marker() -> None:
    world = world_with({FILE: "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n"})
    assert conditions(world, NAME) == {"Ready": UP_TO_DATE}
    found = status(world, NAME)
    assert "lastPushCommit" not in found
    assert "lastPushTime" not in found
    assert found["lastAutomationRunTime"]
    assert found["observedSourceRevision"] == f"main@sha1:{head(world)}"
    assert len(found["observedPolicies"]) == 1


def test_rec_push_update() -> None:
    world = world_with()
    assert conditions(world, NAME) == {"Ready": UP_TO_DATE}
    found = status(world, NAME)
    assert found["lastPushCommit"] == head(world)
    assert found["lastPushTime"]
    assert found["observedSourceRevision"] == f"main@sha1:{found['lastPushCommit']}"
    assert list(found["observedPolicies"]) == ["p"]
    assert image(world) == "1.0.1"


def test_rec_observations() -> None:
    world = world_with()
    first = status(world, NAME)
    assert first["lastPushCommit"]
    request(world, NAME, "now")
    passing(world, "10s")
    second = status(world, NAME)
    assert second["lastHandledReconcileAt"] == "now"
    for field in ("observedSourceRevision", "lastPushCommit", "lastPushTime"):
        assert second[field] == first[field]
    human = commit(world, {FILE: marked("1.0.1", policy="missing")})
    request(world, NAME, "nownow")
    passing(world, "10s")
    third = status(world, NAME)
    assert third["observedSourceRevision"] == f"main@sha1:{human}"
    assert third["lastPushCommit"] == first["lastPushCommit"]
    elects(world, "2.x")
    passing(world, "10s")
    fourth = status(world, NAME)
    assert fourth["observedPolicies"] != third["observedPolicies"]
    assert fourth["observedSourceRevision"] == third["observedSourceRevision"]
    assert len(bot_commits(world)) == 1


def test_rec_watch_source_and_latest() -> None:
    world = world_with(interval="2h")
    assert len(bot_commits(world)) == 1
    since = world.now_ms
    elects(world, "1.1.x")
    passing(world, "20s")
    assert image(world) == "1.1.0"
    assert runs(world, NAME, since=since)[0].data["trigger"] == "ImagePolicy/flux-system/p elected 1.1.0"
    since = world.now_ms
    patch(world, "GitRepository/flux-system/flux-system", {"spec": {"url": "ssh://git@git.test/platform/nothing.git"}})
    passing(world, "20s")
    assert "changed its spec" in runs(world, NAME, since=since)[0].data["trigger"]
    found = ready(world, NAME)
    assert found is not None
    assert found[0] == "False"


def test_rec_update_path() -> None:
    files = {
        "yes/deploy.yaml": marked("1.0.0", name="update-yes"),
        "no/deploy.yaml": marked("1.0.0", name="update-no"),
    }
    template = "{{ range $object, $changes := .Changed.Objects }}{{ $object.Name }} {{ end }}"
    change = {"update": {"path": "./yes"}, "git": {"commit": {"messageTemplate": template}}}
    world = world_with(files, change=change)
    [pushed] = bot_commits(world)
    assert pushed["paths"] == ["yes/deploy.yaml"]
    assert "update-yes" in pushed["message"]
    assert "update-no" not in pushed["message"]


def pushed_over(transport: str) -> None:
    """Play one update over a transport."""
    url = {"http": "https://git.test/platform/fleet.git", "ssh": "ssh://git@git.test/platform/fleet.git"}[transport]
    world = world_with(change={"suspend": True, "git": {"commit": {"messageTemplate": "Commit a difference xyz"}}})
    patch(world, "GitRepository/flux-system/flux-system", {"spec": {"url": url}})
    patch(world, NAME, {"spec": {"suspend": None}})
    passing(world, "20s")
    assert world.gitops.commit_of(head(world)).message == "Commit a difference xyz"
    assert status(world, NAME, "lastPushCommit") == head(world)


def test_rec_e2e_http() -> None:
    pushed_over("http")


def test_rec_e2e_ssh() -> None:
    pushed_over("ssh")


# -- signing

PGP = "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQVYBGYAAAABDAC7\n=abcd\n-----END PGP PRIVATE KEY BLOCK-----\n"


def secret(data: dict[str, str]) -> Tree:
    encoded = {name: base64.b64encode(value.encode()).decode() for name, value in data.items()}
    metadata = {"name": "signing", "namespace": "flux-system"}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": encoded}


def signing(kind: str | None) -> dict[str, Any]:
    key = {"secretRef": {"name": "signing"}} | ({"type": kind} if kind else {})
    return {"git": {"commit": {"signingKey": key}}}


def signed_world(kind: str | None, data: dict[str, str]) -> World:
    return world_with(change=signing(kind), apply=(secret(data),), assume_secrets=False)


def head_commit(world: World) -> Commit:
    assert status(world, NAME, "lastPushCommit") == head(world), ready(world, NAME)
    return world.gitops.commit_of(head(world))


def open_ssh(kind: str) -> tuple[str, str]:
    """Return (identity, public line) of a fresh key."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = (
        ec.derive_private_key(7, ec.SECP256R1())
        if kind == "ecdsa"
        else ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))
    )
    return key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode(), SshSigner(key).public_line


def assert_signed_by(commit_: Commit, signer: SshSigner) -> None:
    """The signature is the one that the key makes of the commit without it, ECDSA, Ed25519 and RSA being reproducible."""
    signature = commit_.header("gpgsig")
    unsigned = re.sub(rb"\ngpgsig .*?\n(?! )", b"\n", commit_.raw, count=1, flags=re.DOTALL)
    assert signature.replace("\n ", "\n").strip() == signer.sign(unsigned).strip()


@pytest.mark.parametrize("kind", ["gpg", None])
def test_rec_signed_openpgp(kind: str | None) -> None:
    commit_ = head_commit(signed_world(kind, {"git.asc": PGP}))
    assert commit_.header("gpgsig").startswith("-----BEGIN PGP SIGNATURE-----")


def test_rec_signed_ssh_ed25519() -> None:
    identity, _public = open_ssh("ed25519")
    commit_ = head_commit(signed_world("ssh", {"identity": identity}))
    assert_signed_by(commit_, SshSigner.from_identity(identity.encode()))


def test_rec_signed_ssh_ecdsap256() -> None:
    identity, _public = open_ssh("ecdsa")
    commit_ = head_commit(signed_world("ssh", {"identity": identity}))
    assert_signed_by(commit_, SshSigner.from_identity(identity.encode()))


LOCKED = """-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABBmbHV4c2ltIGZsdXhzaW0hAAAAEAAAAAEAAAAz
-----END OPENSSH PRIVATE KEY-----
"""


def test_rec_signed_ssh_ed25519_encrypted() -> None:
    commit_ = head_commit(signed_world("ssh", {"identity": LOCKED, "password": "secret"}))
    assert_signed_by(commit_, SshSigner.from_identity(LOCKED.encode(), b"secret"))


@pytest.mark.parametrize(
    ("kind", "data", "problem"),
    [
        ("ssh", {"git.asc": PGP}, "signing key secret 'signing' does not contain an 'identity' key"),
        ("gpg", {"identity": LOCKED}, "signing key secret 'signing' does not contain a 'git.asc' key"),
        (
            "ssh",
            {"identity": LOCKED},
            "can not use passphrase protected signing key without 'password' field present in secret signing",
        ),
        ("ssh", {"identity": "no key"}, "could not parse SSH signing key from secret 'signing': "),
        ("gpg", {"git.asc": "no key"}, "could not read signing key from secret 'signing': "),
    ],
)
def test_a_signing_key_that_cannot_be_used_fails_the_source(kind: str, data: dict[str, str], problem: str) -> None:
    world = signed_world(kind, data)
    found = ready(world, NAME)
    assert found is not None
    assert found[:2] == ("False", "SourceManagerFailed")
    assert found[2].startswith(f"failed configuring source manager: {problem}")
    assert image(world) == "1.0.0"


def test_a_signing_secret_that_is_not_there_fails_the_source() -> None:
    world = world_with(change=signing("ssh"), assume_secrets=False)
    assert ready(world, NAME) == (
        "False",
        "SourceManagerFailed",
        "failed configuring source manager: could not find signing key secret 'signing': secrets \"signing\" not found",
    )


def test_a_signing_secret_outside_git_is_assumed() -> None:
    world = world_with(change=signing("ssh"))
    assert head_commit(world).header("gpgsig").startswith("-----BEGIN SSH SIGNATURE-----")
    assert "Secret/flux-system/signing" in " ".join(world.assumptions)


def test_a_run_that_fails_keeps_what_was_observed() -> None:
    world = world_with()
    before = status(world, NAME)
    patch(world, NAME, {"spec": {"update": {"path": "./nope"}}})
    elects(world, "1.1.x")
    passing(world, "10s")
    after = status(world, NAME)
    found = ready(world, NAME)
    assert found is not None
    assert found[:2] == ("False", "UpdateFailed")
    directory = r"/tmp/flux-system-flux-system[0-9]+"
    pattern = f"failed to apply policies: walking path for files: lstat {directory}/nope: no such file or directory"
    assert re.fullmatch(pattern, found[2])
    for field in ("observedSourceRevision", "observedPolicies", "lastPushCommit"):
        assert after[field] == before[field]
    assert after["lastAutomationRunTime"] > before["lastAutomationRunTime"]
    patch(world, NAME, {"spec": {"update": {"path": None}}})
    passing(world, "10s")
    assert image(world) == "1.1.0"
    assert told(world, NAME)[-1][1] == "Succeeded"
