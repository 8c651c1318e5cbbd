from __future__ import annotations

from fluxsim.formats.kustomize.identity import Gvk, Identity, gvk_of


def test_an_api_version_is_cut_at_its_first_slash() -> None:
    assert gvk_of("apps/v1", "Deployment") == ("apps", "v1", "Deployment")
    assert gvk_of("v1", "Pod") == ("", "v1", "Pod")


def test_no_namespace_and_default_are_one() -> None:
    gvk = Gvk("", "v1", "Pod")
    assert Identity(gvk, "a").key == Identity(gvk, "a", "default").key != Identity(gvk, "a", "other").key


def test_kinds_without_namespace_are_known_by_group_and_version() -> None:
    assert gvk_of("v1", "Namespace").cluster_scoped
    assert not gvk_of("example.com/v1", "Namespace").cluster_scoped


def test_an_id_shows_what_it_lacks() -> None:
    assert str(Identity(Gvk(), "")) == "[noKind].[noVer].[noGrp]/[noName].[noNs]"
    assert str(Identity(Gvk("apps", "v1", "Deployment"), "a", "b")) == "Deployment.v1.apps/a.b"
