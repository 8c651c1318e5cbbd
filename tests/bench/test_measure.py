from __future__ import annotations

import pytest

from bench import parts, samples, worlds
from bench.measure import Row, medians, ratio, seconds, skipped, table
from fluxsim.formats import goyaml, kustomize
from fluxsim.formats.kustomize import DictTree
from fluxsim.kernel.units import DAY


@pytest.mark.parametrize(("now", "fails"), [(0.5, False), (1.99, False), (2.0, True), (7.0, True)])
def test_a_row_fails_at_twice_its_budget(now: float, fails: bool) -> None:
    assert Row("a day", 1.0, now, "s").failed is fails


def test_what_was_skipped_does_not_fail_and_says_why() -> None:
    row = skipped("a build", 0.02, "no kubectl on PATH")
    assert not row.failed
    assert table([row]).endswith("  skipped: no kubectl on PATH")


def test_the_table_names_what_failed() -> None:
    lines = table([Row("fast", 1.0, 0.5, "s"), Row("slow", 1.0, 3.0, "ms", "of 7 rounds")]).splitlines()
    assert [" ".join(line.split()) for line in lines] == [
        "budget now now/budget",
        "fast 1 s 0.5 s 0.50",
        "slow 1 ms 3 ms 3.00 FAILED of 7 rounds",
    ]


@pytest.mark.parametrize(
    ("value", "text"), [(1.25, "1.25 s"), (0.0031, "3.1 ms"), (0.00084, "840 µs"), (5.2e-7, "0.52 µs")]
)
def test_times_are_written_for_people(value: float, text: str) -> None:
    assert seconds(value) == text


def test_a_ratio_is_that_of_the_two_medians() -> None:
    row = ratio("a sum", 10, lambda: sum(range(20_000)), lambda: sum(range(2_000)), of="a tenth", rounds=3)
    assert row.now is not None
    assert 2 < row.now < 50
    assert row.absolute.endswith("(a tenth)")


def test_calls_take_turns() -> None:
    calls: list[str] = []

    def call(name: str) -> int:
        calls.append(name)
        return sum(range(3_000_000))

    medians(lambda: call("a"), lambda: call("b"), rounds=2)
    assert "".join(calls).endswith("abba")
    assert set(calls) == {"a", "b"}


def test_ten_releases_fit_into_a_day() -> None:
    actions = worlds.releases(10)
    assert len(actions) == 30
    assert max(at_ms for at_ms, _ in actions) < DAY


def test_the_samples_are_what_they_are_called() -> None:
    assert goyaml.load_all(samples.DEPLOYMENT, dialect="resource")[0]["kind"] == "Deployment"
    built = kustomize.build(DictTree(samples.OVERLAY), "overlay").resources
    assert len(built) == 11
    assert {obj["metadata"]["namespace"] for obj in built} == {"production"}
    assert len(set(samples.tags(1000))) == 1000


def test_a_part_is_measured() -> None:
    row = next(parts.rows())
    assert row.now is not None
    assert row.now > 0
