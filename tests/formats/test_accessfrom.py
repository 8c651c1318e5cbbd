from __future__ import annotations

from typing import Any

import pytest

from fluxsim.formats import accessfrom


def denial(access_from: Any, *, labels: dict[str, str] | None = None, namespace: str = "apps", **more: Any) -> str:
    repository = {"metadata": {"namespace": "images", "name": "backend"}, "spec": {"accessFrom": access_from}}
    return accessfrom.denial(repository, policy_namespace=namespace, policy_namespace_labels=labels or {}, **more)


def selecting(*labels: dict[str, str] | None) -> dict[str, Any]:
    return {"namespaceSelectors": [{} if one is None else {"matchLabels": one} for one in labels]}


def test_the_own_namespace_is_never_kept_out() -> None:
    assert denial(None, namespace="images") == ""
    assert denial(selecting(), namespace="images", no_cross_namespace_refs=True) == ""


def test_without_access_from_others_are_kept_out() -> None:
    assert denial(None) == "access denied: 'images/backend' can't be accessed due to missing ACL labels on 'accessFrom'"


def test_the_flag_goes_before_a_selector_that_matches() -> None:
    assert denial(selecting(None), no_cross_namespace_refs=True) == (
        "cannot access 'ImageRepository/images/backend', cross-namespace references have been blocked"
    )


@pytest.mark.parametrize(
    ("selectors", "labels", "allowed"),
    [
        (selecting(), {"team": "a"}, False),
        (selecting(None), {}, True),
        (selecting({}), {}, True),
        (selecting({"team": "a"}), {"team": "a", "env": "x"}, True),
        (selecting({"team": "a"}), {}, False),
        (selecting({"team": "a", "env": "x"}), {"team": "a"}, False),
        (selecting({"team": "b"}, {"team": "a"}), {"team": "a"}, True),
        ({}, {"team": "a"}, False),
    ],
)
def test_selectors_are_alternatives_and_their_labels_are_not(
    selectors: Any, labels: dict[str, str], allowed: bool
) -> None:
    mismatch = "access denied: 'images/backend' can't be accessed due to ACL labels mismatch on namespace 'apps'"
    assert denial(selectors, labels=labels) == ("" if allowed else mismatch)


def test_a_git_repository_is_kept_back_by_the_flag_alone() -> None:
    def source(**more: Any) -> str:
        return accessfrom.source_denial("flux-system", "gitops", **more)

    assert source(from_namespace="apps", no_cross_namespace_refs=False) == ""
    assert source(from_namespace="flux-system", no_cross_namespace_refs=True) == ""
    assert source(from_namespace="apps", no_cross_namespace_refs=True) == (
        "can't access 'GitRepository/flux-system/gitops', cross-namespace references have been blocked"
    )
