"""Checksums and what else of sprig's cryptography has one result.

Source: Masterminds/sprig v3.3.0 crypto.go.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import zlib

from fluxsim.formats.gotemplate.errors import FunctionFault
from fluxsim.formats.gotemplate.sprig.strings import base64_fault
from fluxsim.formats.gotemplate.values import Function
from fluxsim.formats.gotext import from_octets, octets

_SEED = b"com.lyndir.masterpassword"
_SCRYPT_BYTES_MAX = 128 * 1024 * 1024
_BLOCK_BYTES = 16
_TEMPLATES = {
    "maximum": "anoxxxxxxxxxxxxxxxxx axxxxxxxxxxxxxxxxxno",
    "long": "CvcvnoCvcvCvcv CvcvCvcvnoCvcv CvcvCvcvCvcvno CvccnoCvcvCvcv CvccCvcvnoCvcv CvccCvcvCvcvno CvcvnoCvccCvcv "
    "CvcvCvccnoCvcv CvcvCvccCvcvno CvcvnoCvcvCvcc CvcvCvcvnoCvcc CvcvCvcvCvccno CvccnoCvccCvcv CvccCvccnoCvcv "
    "CvccCvccCvcvno CvcvnoCvccCvcc CvcvCvccnoCvcc CvcvCvccCvccno CvccnoCvcvCvcc CvccCvcvnoCvcc CvccCvcvCvccno",
    "medium": "CvcnoCvc CvcCvcno",
    "short": "Cvcn",
    "basic": "aaanaaan aannaaan aaannaaa",
    "pin": "nnnn",
}
_CHARACTERS = {
    "V": "AEIOU",
    "C": "BCDFGHJKLMNPQRSTVWXYZ",
    "v": "aeiou",
    "c": "bcdfghjklmnpqrstvwxyz",
    "A": "AEIOUBCDFGHJKLMNPQRSTVWXYZ",
    "a": "AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz",
    "n": "0123456789",
    "o": "@&%?,=[]_:-+*$#!'^~;()/.",
    "x": "AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()",
}


def derived_password(counter: int, kind: str, password: str, user: str, site: str) -> str:
    """The Master Password algorithm: the same inputs give the same password."""
    if kind not in _TEMPLATES:
        return f"cannot find password template {kind}"
    salt = _SEED + _counted(user)
    key = hashlib.scrypt(octets(password), salt=salt, n=32768, r=8, p=2, maxmem=_SCRYPT_BYTES_MAX, dklen=64)
    seed = hmac.digest(key, _SEED + _counted(site) + counter.to_bytes(4, "big"), "sha256")
    templates = _TEMPLATES[kind].split()
    template = templates[seed[0] % len(templates)]
    return "".join(
        _CHARACTERS[place][seed[index] % len(_CHARACTERS[place])] for index, place in enumerate(template, start=1)
    )


def _counted(text: str) -> bytes:
    data = octets(text)
    return len(data).to_bytes(4, "big") + data


def _password_line(user: str, password: str, algorithm: str) -> str:
    if ":" in user:
        return f"invalid username: {user}"
    if algorithm != "sha":
        raise FunctionFault("bcrypt salts at random, so its result cannot be simulated; take the algorithm sha")
    return f"{user}:{{SHA}}{base64.b64encode(hashlib.sha1(octets(password)).digest()).decode()}"


def _decrypted(password: str, text: str) -> str:
    """AES-256-CBC as encryptAES writes it: base64 of the initial vector, then the text padded to whole blocks."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    if not text:
        return ""
    fault = base64_fault(octets(text))
    if fault is not None:
        raise FunctionFault(fault)
    data = base64.b64decode(text)
    if len(data) < _BLOCK_BYTES:
        raise FunctionFault(f"runtime error: slice bounds out of range [:16] with capacity {len(text) // 4 * 3}")
    if len(data) < 2 * _BLOCK_BYTES or len(data) % _BLOCK_BYTES:
        raise FunctionFault("crypto/cipher: input not full blocks")
    key = octets(password)[:32].ljust(32, b"\0")
    decryptor = Cipher(algorithms.AES(key), modes.CBC(data[:16])).decryptor()
    plain = decryptor.update(data[16:]) + decryptor.finalize()
    return from_octets(plain[: len(plain) - plain[-1]])


_TEXT = ("string",)

FUNCTIONS: dict[str, Function] = {
    "sha1sum": Function(lambda text: hashlib.sha1(octets(text)).hexdigest(), _TEXT),
    "sha256sum": Function(lambda text: hashlib.sha256(octets(text)).hexdigest(), _TEXT),
    "sha512sum": Function(lambda text: hashlib.sha512(octets(text)).hexdigest(), _TEXT),
    "adler32sum": Function(lambda text: str(zlib.adler32(octets(text))), _TEXT),
    "derivePassword": Function(derived_password, ("uint32", "string", "string", "string", "string")),
    "htpasswd": Function(_password_line, ("string", "string", "sprig.HashAlgorithm")),
    "decryptAES": Function(_decrypted, ("string", "string")),
}
