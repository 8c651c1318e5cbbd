from __future__ import annotations

import pytest

from fluxsim.formats.durations import InvalidDuration, duration_text
from fluxsim.formats.kstiming import deletion_policy, substitute_strategy, timing


@pytest.mark.parametrize(
    ("spec", "retry", "timeout"),
    [
        ({"interval": "10m"}, "10m0s", "9m30s"),
        ({"interval": "40s"}, "40s", "30s"),
        ({"interval": "1h", "retryInterval": "2m", "timeout": "3m"}, "2m0s", "3m0s"),
        ({"interval": "1h", "timeout": "5s"}, "1h0m0s", "30s"),
    ],
)
def test_retry_and_timeout_follow_from_the_interval(spec: dict[str, str], retry: str, timeout: str) -> None:
    found = timing(spec)
    assert (duration_text(found.retry_interval), duration_text(found.timeout)) == (retry, timeout)


def test_a_bad_interval_is_refused() -> None:
    with pytest.raises(InvalidDuration):
        timing({"interval": "soon"})


def test_policies_have_defaults() -> None:
    assert deletion_policy({}) == "MirrorPrune"
    assert deletion_policy({"deletionPolicy": "Orphan"}) == "Orphan"
    assert substitute_strategy({"postBuild": {}}) == "WithVariables"
    assert substitute_strategy({"postBuild": {"substituteStrategy": "Always"}}) == "Always"
