from __future__ import annotations

from typing import Any

import pytest

from fluxsim.formats import latestref
from fluxsim.kernel.units import MINUTE

ONE = {"name": "app", "tag": "1.0.0"}
TWO = {"name": "app", "tag": "2.0.0"}


def run(reflection: latestref.Reflection, published: Any, tag: str, *, pushed: str) -> str:
    """The digest after a run; `pushed` is what the registry would say."""
    if latestref.asks_registry(reflection, published, "app", tag):
        return pushed
    return latestref.kept_digest(reflection, published, "app", tag)


@pytest.mark.parametrize(
    ("reflection", "published", "digest"),
    [
        ("Never", ONE | {"digest": "old"}, ""),
        ("IfNotPresent", None, "new"),
        ("IfNotPresent", ONE, "new"),
        ("IfNotPresent", ONE | {"digest": "old"}, "old"),
        ("IfNotPresent", TWO | {"digest": "old"}, "new"),
        ("IfNotPresent", ONE | {"name": "other", "digest": "old"}, "new"),
        ("Always", ONE | {"digest": "old"}, "new"),
    ],
)
def test_the_digest_follows_the_reflection_policy(
    reflection: latestref.Reflection, published: Any, digest: str
) -> None:
    assert run(reflection, published, "1.0.0", pushed="new") == digest


def test_the_previous_reference_moves_with_the_latest_and_stays_otherwise() -> None:
    first = latestref.elected(None, None, image="app", tag="1.0.0")
    second = latestref.elected(*first, image="app", tag="2.0.0")
    third = latestref.elected(*second, image="app", tag="2.0.0")
    assert first == (ONE, None)
    assert second == third == (TWO, ONE)


def test_a_digest_that_goes_is_a_change_but_an_empty_one_is_not() -> None:
    pinned = ONE | {"digest": "sha256:1"}
    assert latestref.elected(pinned, None, image="app", tag="1.0.0") == (ONE, pinned)
    assert latestref.elected(ONE | {"digest": ""}, None, image="app", tag="1.0.0").previous is None


def test_the_message_names_what_was_before_only_where_it_differs() -> None:
    assert latestref.ready_message(ONE, None) == "Latest image tag for app resolved to 1.0.0"
    assert latestref.ready_message(ONE, ONE | {"digest": ""}) == "Latest image tag for app resolved to 1.0.0"
    assert latestref.ready_message(TWO | {"digest": "sha256:2"}, ONE | {"digest": "sha256:1"}) == (
        "Latest image tag for app resolved to 2.0.0 with digest sha256:2 (previously app:1.0.0@sha256:1)"
    )


def test_only_followed_digests_repeat_a_run() -> None:
    assert latestref.requeue_ms({"interval": "5m"}) is None
    assert latestref.requeue_ms({"digestReflectionPolicy": "IfNotPresent", "interval": "5m"}) is None
    assert latestref.requeue_ms({"digestReflectionPolicy": "Always", "interval": "5m"}) == 5 * MINUTE
    assert latestref.requeue_ms({"digestReflectionPolicy": "Always", "interval": "0s"}) == 10 * MINUTE


def test_logging_in_as_a_service_account_needs_a_gate() -> None:
    assert latestref.identity_gate_error({"serviceAccountName": "robot"}) == ""
    assert latestref.identity_gate_error({"provider": "aws"}) == ""
    assert "ObjectLevelWorkloadIdentity" in latestref.identity_gate_error(
        {"provider": "aws", "serviceAccountName": "r"}
    )
