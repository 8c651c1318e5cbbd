"""SSH signatures of commits, as `git commit -S` with gpg.format=ssh and Flux's automation make them.

The form is OpenSSH's PROTOCOL.sshsig, namespace `git`, hash SHA-512. The same bytes get the same signature, so the id of a
signed commit is as reproducible as that of any other: Ed25519 and RSA are so by themselves, ECDSA takes the number that it
would draw from key and message (RFC 6979).
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    PrivateKey: TypeAlias = Ed25519PrivateKey | RSAPrivateKey | EllipticCurvePrivateKey

NAMESPACE = b"git"


class SigningError(ValueError):
    """A key that cannot be read or that cannot sign."""


class PassphraseMissing(SigningError):
    """The key is encrypted and nobody said with what."""


class SshSigner:
    """Signs with a private key."""

    def __init__(self, key: PrivateKey) -> None:
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        self._key = key
        self.public_line: str = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
        """`ssh-ed25519 AAAA…`, as in an allowed_signers file."""

    @classmethod
    def from_identity(cls, identity: bytes, password: bytes | None = None) -> SshSigner:
        """Read a private key in OpenSSH's form or in PEM, what a signing secret holds under `identity`.

        An encrypted one in OpenSSH's form is not opened, for that takes bcrypt: the password counts as right, and
        another key signs, the same for the same file and password. Raises SigningError.
        """
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_ssh_private_key

        is_open_ssh = b"BEGIN OPENSSH PRIVATE KEY" in identity
        if is_open_ssh and _is_encrypted(identity):
            if not password:
                raise PassphraseMissing("the SSH private key is encrypted")
            return cls.from_seed(identity + b"\n" + password)
        try:
            key = load_ssh_private_key(identity, None) if is_open_ssh else load_pem_private_key(identity, password)
        except TypeError as error:
            if not password:
                raise PassphraseMissing("the private key is encrypted") from error
            raise SigningError(f"cannot read the SSH private key: {error}") from error
        except (ValueError, UnsupportedAlgorithm) as error:
            raise SigningError(f"cannot read the SSH private key: {error}") from error
        if not isinstance(key, Ed25519PrivateKey | RSAPrivateKey | EllipticCurvePrivateKey):
            raise SigningError(f"a key of type {type(key).__name__} does not sign here: use Ed25519")
        return cls(key)

    @classmethod
    def from_seed(cls, seed: bytes) -> SshSigner:
        """Make the Ed25519 key that a seed of any length stands for."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return cls(Ed25519PrivateKey.from_private_bytes(hashlib.sha256(seed).digest()))

    def sign(self, payload: bytes) -> str:
        from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.hashes import SHA512

        data = signed_data(payload)
        if isinstance(self._key, RSAPrivateKey):
            algorithm, signature = b"rsa-sha2-512", self._key.sign(data, PKCS1v15(), SHA512())
        elif isinstance(self._key, EllipticCurvePrivateKey):
            algorithm, signature = self.public_line.split()[0].encode(), _ecdsa(self._key, data)
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


def _is_encrypted(identity: bytes) -> bool:
    """Return whether a key in OpenSSH's form names a cipher (PROTOCOL.key)."""
    body = b"".join(line for line in identity.split(b"\n") if line and not line.startswith(b"-----"))
    try:
        start = base64.b64decode(body)
    except ValueError:
        return False
    return start.startswith(b"openssh-key-v1\0") and start[15:23] != _string(b"none")


def _ecdsa(key: EllipticCurvePrivateKey, data: bytes) -> bytes:
    """Return the two numbers as SSH writes them (RFC 5656); the hash goes with the size of the curve."""
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
    from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512

    size = key.curve.key_size
    algorithm = SHA256() if size <= 256 else SHA384() if size <= 384 else SHA512()
    numbers = decode_dss_signature(key.sign(data, ECDSA(algorithm, deterministic_signing=True)))
    return b"".join(_string(number.to_bytes(number.bit_length() // 8 + 1, "big")) for number in numbers)


def _string(value: bytes) -> bytes:
    return len(value).to_bytes(4, "big") + value
