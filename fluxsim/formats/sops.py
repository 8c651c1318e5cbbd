"""SOPS-encrypted manifests. Nobody here has the key: what kustomize-controller would decrypt is assumed.

The key that spec.decryption names is taken to exist and to fit. Each encrypted value gets a stand-in of its type that
shows where it came from, so a new ciphertext counts as a new value, as it mostly is one.
Source: kustomize-controller v1.9.4 internal/decryptor/decryptor.go.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping

from fluxsim.formats.healthwait import object_name
from fluxsim.formats.tree import Json, get

ASSUMED = "assumed:"
"""Stands before the ciphertext in the place of a decrypted text."""

DECRYPT_KEY = "kustomize.toolkit.fluxcd.io/decrypt"

_ENCRYPTED = re.compile(r"ENC\[AES256_GCM,[^\]]*type:([a-z]+)\]")
_MARKERS = (b'"mac": "ENC[', b"sops_mac=ENC[", b"[sops]", b"mac: ENC[")
_STAND_INS: dict[str, Json] = {"int": 0, "float": 0, "bool": False}


class DecryptionMissing(ValueError):
    """A Secret is encrypted and the Kustomization says nothing of decryption; reported as ReconciliationFailed."""


def decrypted(object_: Mapping[str, Json]) -> Json:
    """Return the object as it might be after decryption, or None when nothing in it is encrypted."""
    if decryption_disabled(object_):
        return None
    if get(object_, "sops", "mac"):
        rest = {key: value for key, value in object_.items() if key != "sops"}
        binary = ("data",) if object_.get("kind") == "Secret" else ()
        return {key: _stand_in(value, binary=key in binary) for key, value in rest.items()}
    if object_.get("kind") != "Secret" or not isinstance(object_.get("data"), Mapping):
        return None
    data = {key: _file_stand_in(value) for key, value in object_["data"].items()}
    return None if data == object_["data"] else {**object_, "data": data}


def check_decrypted(objects: Iterable[Mapping[str, Json]]) -> None:
    """Refuse Secrets that are still encrypted when they are about to be applied. Raises DecryptionMissing."""
    for object_ in objects:
        secret = (object_.get("apiVersion"), object_.get("kind")) == ("v1", "Secret")
        if secret and "sops" in object_ and not decryption_disabled(object_):
            namespace, name = (get(object_, "metadata", key, default="") for key in ("namespace", "name"))
            raise DecryptionMissing(
                f"{object_name('Secret', namespace, name)} is SOPS encrypted, "
                "configuring decryption is required for this secret to be reconciled"
            )


def decryption_disabled(object_: Mapping[str, Json]) -> bool:
    value = get(object_, "metadata", "annotations", DECRYPT_KEY)
    return isinstance(value, str) and value.lower() == "disabled"


def _stand_in(value: Json, *, binary: bool) -> Json:
    if isinstance(value, Mapping):
        return {key: _stand_in(item, binary=binary) for key, item in value.items()}
    if isinstance(value, list):
        return [_stand_in(item, binary=binary) for item in value]
    match = _ENCRYPTED.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return value
    if match[1] in _STAND_INS:
        return _STAND_INS[match[1]]
    text = f"{ASSUMED}{value}"
    return base64.b64encode(text.encode()).decode() if binary else text


def _file_stand_in(value: Json) -> Json:
    """A value of Secret.data may hold a whole encrypted file."""
    try:
        content = base64.b64decode(value, validate=True)
    except (binascii.Error, TypeError, ValueError):
        return value
    if not any(marker in content for marker in _MARKERS):
        return value
    return base64.b64encode(ASSUMED.encode() + content).decode()
