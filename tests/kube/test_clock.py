from __future__ import annotations

from tests.kube.ground import EPOCH_MS, Ground


def test_now_is_the_epoch_and_what_has_passed() -> None:
    ground = Ground()
    assert ground.clock.now_text() == "2026-01-01T00:00:00Z"
    ground.run(0.999)
    assert (ground.clock.now_ms, ground.clock.now_text()) == (999, "2026-01-01T00:00:00Z")
    ground.run(0.001)
    assert (ground.clock.unix_s, ground.clock.now_text()) == (EPOCH_MS // 1000 + 1, "2026-01-01T00:00:01Z")


def test_any_time_has_its_text() -> None:
    assert Ground().clock.text_at(90_000) == "2026-01-01T00:01:30Z"


def test_identities_come_from_the_seed() -> None:
    assert Ground(1).clock.uid("a") == Ground(1).clock.uid("a") != Ground(2).clock.uid("a")
