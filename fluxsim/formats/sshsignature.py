"""SSH signatures of commits, as `git commit -S` with gpg.format=ssh and Flux's automation make them.

The form is OpenSSH's PROTOCOL.sshsig, namespace `git`, hash SHA-512. Ed25519 and RSA sign the same bytes to the same
signature, so the id of a signed commit is as reproducible as that of any other; ECDSA draws a random number and is refused.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    PrivateKey: TypeAlias = Ed25519PrivateKey | RSAPrivateKey

NAMESPACE = b"git"


class SigningError(ValueError):
    """A key that cannot be read or that cannot sign."""


class SshSigner:
    """Signs with a private key."""

    def __init__(self, key: PrivateKey) -> None:
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        self._key = key
        self.public_line: str = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
        """`ssh-ed25519 AAAA…`, as in an allowed_signers file."""

    @classmethod
    def from_identity(cls, identity: bytes, password: bytes | None = None) -> SshSigner:
        """Read an OpenSSH private key, what a signing secret holds under `identity`."""
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.serialization import load_ssh_private_key

        try:
            key = load_ssh_private_key(identity, password or None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise SigningError(f"cannot read the SSH private key: {error}") from error
        if not isinstance(key, Ed25519PrivateKey | RSAPrivateKey):
            raise SigningError(f"a key of type {type(key).__name__} gives another signature each time: use Ed25519")
        return cls(key)

    @classmethod
    def from_seed(cls, seed: bytes) -> SshSigner:
        """Make the Ed25519 key that a seed of any length stands for."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return cls(Ed25519PrivateKey.from_private_bytes(hashlib.sha256(seed).digest()))

    def sign(self, payload: bytes) -> str:
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.hashes import SHA512

        data = signed_data(payload)
        if isinstance(self._key, RSAPrivateKey):
            algorithm, signature = b"rsa-sha2-512", self._key.sign(data, PKCS1v15(), SHA512())
        else:
            algorithm, signature = b"ssh-ed25519", self._key.sign(data)
        public = base64.b64decode(self.public_line.split()[1])
        blob = b"SSHSIG\0\0\0\1" + b"".join(
            map(_string, (public, NAMESPACE, b"", b"sha512", _string(algorithm) + _string(signature)))
        )
        text = base64.b64encode(blob).decode()
        lines = [text[at : at + 70] for at in range(0, len(text), 70)]
        return "\n".join(["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""])


def signed_data(payload: bytes) -> bytes:
    """Return what the key really signs for a payload."""
    return b"SSHSIG" + b"".join(map(_string, (NAMESPACE, b"", b"sha512", hashlib.sha512(payload).digest())))


def _string(value: bytes) -> bytes:
    return len(value).to_bytes(4, "big") + value
