from __future__ import annotations

import pytest

from fluxsim.formats.fluxinventory import InvalidInventoryId, InventoryId, entry_of, stale


def entry(id_: str, version: str = "v1") -> dict[str, str]:
    return {"id": id_, "v": version}


@pytest.mark.parametrize(
    ("api_version", "kind", "namespace", "name", "text", "display"),
    [
        ("apps/v1", "Deployment", "production", "web", "production_web_apps_Deployment", "Deployment/production/web"),
        ("v1", "Namespace", None, "production", "_production__Namespace", "Namespace/production"),
        (
            "rbac.authorization.k8s.io/v1",
            "ClusterRole",
            None,
            "system:a",
            "_system__a_rbac.authorization.k8s.io_ClusterRole",
            "ClusterRole/system:a",
        ),
        ("example.com/v1", "Role", "x", "a:b", "x_a:b_example.com_Role", "Role/x/a:b"),
    ],
)
def test_an_id_names_an_object(
    api_version: str, kind: str, namespace: str | None, name: str, text: str, display: str
) -> None:
    obj = {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": namespace}}
    found = InventoryId.of(obj)
    assert (str(found), found.display) == (text, display)
    assert InventoryId.parse(text) == found
    assert entry_of(obj) == {"id": text, "v": "v1"}


@pytest.mark.parametrize(("text", "told"), [("bad", "bad"), ("a_b", "b"), ("a_b_Kind", "b"), ("", ""), ("a__Kind", "")])
def test_a_text_that_is_no_id_is_refused_with_what_was_left_of_it(text: str, told: str) -> None:
    with pytest.raises(InvalidInventoryId) as caught:
        InventoryId.parse(text)
    assert str(caught.value) == f"unable to parse stored object metadata: {told}"


def test_another_version_is_the_same_object() -> None:
    old = [entry("a_x_autoscaling_HorizontalPodAutoscaler"), entry("a_y__ConfigMap")]
    new = [entry("a_x_autoscaling_HorizontalPodAutoscaler", "v2")]
    assert [(gone.id.display, gone.api_version) for gone in stale(old, new)] == [("ConfigMap/a/y", "v1")]
    assert stale(old, old) == []


def test_what_became_stale_is_in_order_of_applying() -> None:
    old = [entry("a_w_apps_Deployment"), entry("b_c__ConfigMap"), entry("a_c__ConfigMap"), entry("_a__Namespace")]
    names = [gone.id.display for gone in stale(old, [])]
    assert names == ["Namespace/a", "ConfigMap/a/c", "ConfigMap/b/c", "Deployment/a/w"]
    assert stale(old, [])[-1].api_version == "apps/v1"


def test_a_broken_entry_is_told() -> None:
    with pytest.raises(InvalidInventoryId):
        stale([entry("x")], [])
