from __future__ import annotations

import base64
from typing import Any

import pytest

from fluxsim.formats.sops import DecryptionMissing, check_decrypted, decrypted

TOKEN = "ENC[AES256_GCM,data:Zm9v,iv:aXY=,tag:dGFn,type:str]"
SOPS = {"mac": "ENC[AES256_GCM,data:bWFj,iv:aXY=,tag:dGFn,type:str]", "version": "3.9.0"}


def secret(**fields: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "token", "namespace": "apps"}, **fields}


def test_a_decrypted_secret_keeps_its_keys_and_has_stand_ins() -> None:
    found = decrypted(secret(data={"a": TOKEN}, stringData={"b": TOKEN, "c": "plain"}, sops=SOPS))
    assert "sops" not in found
    assert base64.b64decode(found["data"]["a"]).decode() == f"assumed:{TOKEN}"
    assert found["stringData"] == {"b": f"assumed:{TOKEN}", "c": "plain"}


def test_stand_ins_have_the_type_of_the_value() -> None:
    numbers = {"n": TOKEN.replace("type:str", "type:int"), "l": [TOKEN.replace("type:str", "type:bool")]}
    assert decrypted({"kind": "Widget", "spec": numbers, "sops": SOPS})["spec"] == {"n": 0, "l": [False]}


def test_a_value_may_hold_an_encrypted_file() -> None:
    file = base64.b64encode(b"a: b\nsops:\n  mac: ENC[x]\n").decode()
    found = decrypted(secret(data={"file": file, "other": "cGxhaW4=", "odd": "???"}))
    assert base64.b64decode(found["data"]["file"]).startswith(b"assumed:a: b")
    assert (found["data"]["other"], found["data"]["odd"]) == ("cGxhaW4=", "???")


def test_what_is_not_encrypted_stays() -> None:
    assert decrypted(secret(data={"a": "cGxhaW4="})) is None
    assert decrypted({"kind": "ConfigMap", "data": {"a": TOKEN}}) is None


def test_decryption_can_be_disabled_on_an_object() -> None:
    metadata = {"name": "token", "annotations": {"kustomize.toolkit.fluxcd.io/decrypt": "Disabled"}}
    object_ = {**secret(data={"a": TOKEN}, sops=SOPS), "metadata": metadata}
    assert decrypted(object_) is None
    check_decrypted([object_])


def test_an_encrypted_secret_is_not_applied() -> None:
    with pytest.raises(DecryptionMissing) as refused:
        check_decrypted([secret(data={}), secret(sops=SOPS)])
    assert str(refused.value) == (
        "Secret/apps/token is SOPS encrypted, configuring decryption is required for this secret to be reconciled"
    )
