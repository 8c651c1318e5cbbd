"""SSH signatures: the same for the same bytes, and good in the eyes of git."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP384R1, SECP521R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from fluxsim.formats.gitcommit import Author, Commit
from fluxsim.formats.gittree import EMPTY
from fluxsim.formats.sshsignature import PassphraseMissing, SigningError, SshSigner
from tests.realgit import git, new_repository, run

BOT = Author("fluxcdbot", "bot@example.com")


def signed(signer: SshSigner) -> Commit:
    return Commit.of(EMPTY.sha, (), author=BOT, when_s=1_700_000_000, message="Update\n", signer=signer)


def signer_of(kind: str) -> SshSigner:
    match kind:
        case "ed25519":
            return SshSigner.from_seed(b"7")
        case "rsa":
            return SshSigner(generate_rsa(65537, 2048))
        case _:
            curves = {"ecdsa 256": SECP256R1(), "ecdsa 384": SECP384R1(), "ecdsa 521": SECP521R1()}
            return SshSigner(generate_private_key(curves[kind]))


def identity() -> bytes:
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    return key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())


def test_the_same_key_gives_the_same_commit() -> None:
    assert signed(SshSigner.from_seed(b"7")).id == signed(SshSigner.from_seed(b"7")).id
    assert signed(SshSigner.from_seed(b"7")).id != signed(SshSigner.from_seed(b"8")).id


@pytest.mark.skipif(
    shutil.which("ssh-keygen") is None, reason="git verifies SSH signatures with ssh-keygen, which is not here"
)
@pytest.mark.parametrize("kind", ["ed25519", "rsa", "ecdsa 256", "ecdsa 384", "ecdsa 521"])
def test_git_finds_the_signature_good(tmp_path: Path, kind: str) -> None:
    signer = signer_of(kind)
    assert signer.sign(b"x") == signer.sign(b"x")
    repository = new_repository(tmp_path / "r")
    allowed = tmp_path / "allowed"
    allowed.write_text(f"bot@example.com {signer.public_line}\n")
    commit = signed(signer)
    assert git(repository, "hash-object", "-w", "--stdin", "-t", "tree") == EMPTY.id
    assert git(repository, "hash-object", "-w", "--stdin", "-t", "commit", data=commit.raw) == commit.id
    verified = run(repository, "-c", f"gpg.ssh.allowedSignersFile={allowed}", "verify-commit", commit.id)
    assert verified.returncode == 0, verified.stderr
    assert b'Good "git" signature for bot@example.com' in verified.stderr


def test_a_key_is_read_from_a_secret() -> None:
    assert (
        signed(SshSigner.from_identity(identity())).id
        == signed(SshSigner(Ed25519PrivateKey.from_private_bytes(bytes(32)))).id
    )


LOCKED = b"""-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABBmbHV4c2ltIGZsdXhzaW0hAAAAEAAAAAEAAAAz
-----END OPENSSH PRIVATE KEY-----
"""


def test_an_encrypted_key_is_taken_as_opened_by_its_password() -> None:
    with pytest.raises(PassphraseMissing):
        SshSigner.from_identity(LOCKED)
    opened = SshSigner.from_identity(LOCKED, b"secret")
    assert opened.sign(b"x") == SshSigner.from_identity(LOCKED, b"secret").sign(b"x")
    assert opened.sign(b"x") != SshSigner.from_identity(LOCKED, b"other").sign(b"x")


def test_a_key_in_pem_is_opened_for_real() -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    assert SshSigner.from_identity(locked, b"secret").public_line == SshSigner(key).public_line
    with pytest.raises(PassphraseMissing):
        SshSigner.from_identity(locked)
    with pytest.raises(SigningError, match="cannot read the SSH private key"):
        SshSigner.from_identity(locked, b"wrong")


def test_keys_that_cannot_be_used_are_refused() -> None:
    with pytest.raises(SigningError, match="cannot read the SSH private key"):
        SshSigner.from_identity(b"no key")
    with pytest.raises(SigningError, match="cannot read the SSH private key"):
        SshSigner.from_identity(b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n")
    other = X25519PrivateKey.from_private_bytes(bytes(32))
    with pytest.raises(SigningError, match="use Ed25519"):
        SshSigner.from_identity(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
