"""The signing key of an automation's commits.

An SSH key signs for real. OpenPGP keys are looked at and not used: their commits get a signature that depends on key
and commit alone, and that no gpg would find good (docs/differences.md).
Source: image-automation-controller v1.2.1 internal/source/signing.go.
"""

from __future__ import annotations

import base64
import hashlib
import re

from fluxsim.controllers.flux.credentials import Credentials, MissingSecret
from fluxsim.formats.gitauth import (
    GPG_KEY,
    SSH_KEY,
    signing_key_error,
    signing_passphrase_missing,
    signing_secret_missing,
)
from fluxsim.formats.gitcommit import Signer
from fluxsim.formats.sops import ASSUMED
from fluxsim.formats.sshsignature import PassphraseMissing, SigningError, SshSigner
from fluxsim.formats.tree import Json

_ARMOUR = re.compile(r"-----BEGIN PGP PRIVATE KEY BLOCK-----.*?-----END PGP PRIVATE KEY BLOCK-----", re.DOTALL)


class NoSigner(Exception):
    """The key cannot be used; the text is Flux's."""


class StandInSigner:
    """Stands for an OpenPGP key: the signature names key and commit, and proves nothing."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def sign(self, payload: bytes) -> str:
        told = base64.b64encode(b"fluxsim " + hashlib.sha512(self._key + payload).digest()).decode()
        lines = [told[at : at + 64] for at in range(0, len(told), 64)]
        return "\n".join(["-----BEGIN PGP SIGNATURE-----", "", *lines, "-----END PGP SIGNATURE-----", ""])


def signer_of(signing: Json, namespace: str, credentials: Credentials) -> Signer | None:
    """Return the signer for spec.git.commit.signingKey, None where none is asked for. Raises NoSigner.

    A secret that is only assumed holds a key that its name stands for.
    """
    if not signing:
        return None
    name, kind = str(signing["secretRef"]["name"]), str(signing.get("type") or "gpg")
    try:
        data = credentials.data(namespace, name)
    except MissingSecret as error:
        raise NoSigner(signing_secret_missing(name, str(error))) from error
    if data is None:
        return _assumed(kind, f"{namespace}/{name}")
    problem = signing_key_error(data, kind, name)
    if problem:
        raise NoSigner(problem)
    key = data[SSH_KEY if kind == "ssh" else GPG_KEY]
    if key.startswith(ASSUMED):
        return _assumed(kind, key)
    return _ssh(key, data.get("password", ""), name) if kind == "ssh" else _open_pgp(key, name)


def _assumed(kind: str, stands_for: str) -> Signer:
    return SshSigner.from_seed(stands_for.encode()) if kind == "ssh" else StandInSigner(stands_for.encode())


def _ssh(key: str, password: str, name: str) -> Signer:
    try:
        return SshSigner.from_identity(key.encode("utf-8", "surrogateescape"), password.encode() or None)
    except PassphraseMissing as error:
        raise NoSigner(signing_passphrase_missing("ssh", name)) from error
    except SigningError as error:
        raise NoSigner(f"could not parse SSH signing key from secret '{name}': {error}") from error


def _open_pgp(key: str, name: str) -> Signer:
    found = _ARMOUR.findall(key)
    if not found:
        told = "openpgp: invalid argument: no armored data found"
        raise NoSigner(f"could not read signing key from secret '{name}': {told}")
    return StandInSigner(key.encode("utf-8", "surrogateescape"))
