from __future__ import annotations

from typing import Any

import pytest

from fluxsim.formats import imagewatches as watches


def scanned(revision: str | None) -> Any:
    return {"status": {} if revision is None else {"lastScanResult": {"revision": revision}}}


def elected(**reference: str) -> Any:
    return {"status": {"latestRef": reference or None}}


def meta(generation: int = 1, token: str | None = None) -> Any:
    annotations = None if token is None else {"reconcile.fluxcd.io/requestedAt": token}
    return {"metadata": {"generation": generation, "annotations": annotations}}


@pytest.mark.parametrize(
    ("old", "new", "wakes"),
    [(None, "1", True), ("1", "2", True), ("1", "1", False), ("1", None, False), (None, None, False)],
)
def test_another_tag_list_wakes_policies(old: str | None, new: str | None, wakes: bool) -> None:
    assert watches.repository_wakes_policies("update", scanned(old), scanned(new)) is wakes


def test_policies_wake_when_their_repository_comes_and_goes() -> None:
    assert watches.repository_wakes_policies("create", None, scanned(None))
    assert watches.repository_wakes_policies("delete", scanned("1"), None)


def test_another_elected_image_wakes_automations() -> None:
    old = elected(name="app", tag="1")
    assert watches.policy_wakes_automations("update", elected(), old)
    assert watches.policy_wakes_automations("update", old, elected(name="app", tag="2"))
    assert watches.policy_wakes_automations("update", old, elected(name="app", tag="1", digest="d"))
    assert not watches.policy_wakes_automations("update", old, elected(name="app", tag="1", digest=""))
    assert not watches.policy_wakes_automations("update", old, elected())
    assert not watches.policy_wakes_automations("create", None, old)
    assert not watches.policy_wakes_automations("delete", old, None)


def test_a_new_commit_in_a_source_wakes_nobody_but_its_spec_does() -> None:
    assert not watches.source_wakes_automations("update", meta(1), meta(1, "now"))
    assert watches.source_wakes_automations("update", meta(1), meta(2))
    assert not watches.source_wakes_automations("create", None, meta(1))


@pytest.mark.parametrize(
    ("old", "new", "wakes"),
    [
        (meta(1), meta(2), True),
        (meta(1), meta(1, "a"), True),
        (meta(1, "a"), meta(1, "b"), True),
        (meta(1, "a"), meta(1, "a"), False),
        (meta(1, "a"), meta(1), False),
        (meta(1), meta(1), False),
    ],
)
def test_a_new_spec_or_a_new_request_wakes_an_object(old: Any, new: Any, wakes: bool) -> None:
    assert watches.wakes_itself("update", old, new) is wakes


def test_observed_policies_change_by_name_and_image() -> None:
    one = {"p": {"name": "app", "tag": "1"}}
    assert not watches.observed_policies_changed({}, {})
    assert not watches.observed_policies_changed(one, {"p": {"name": "app", "tag": "1", "digest": ""}})
    assert watches.observed_policies_changed(one, {})
    assert watches.observed_policies_changed(one, {"q": one["p"]})
    assert watches.observed_policies_changed(one, {"p": {"name": "app", "tag": "2"}})


def test_only_elected_policies_of_the_namespace_count() -> None:
    policies = [
        {"metadata": {"namespace": namespace, "name": name}} | elected(**reference)
        for namespace, name, reference in [
            ("a", "1", {"name": "app", "tag": "1"}),
            ("a", "2", {}),
            ("b", "3", {"name": "x", "tag": "y"}),
        ]
    ]
    assert [policy["metadata"]["name"] for policy in watches.elected_policies(policies, "a")] == ["1"]
