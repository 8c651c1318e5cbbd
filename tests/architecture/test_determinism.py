"""The same setup, seed and actions give the same log, byte for byte, in every process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fluxsim.kernel.log import Event, Log
from fluxsim.kernel.units import HOUR
from fluxsim.world.setup import of_example
from fluxsim.world.world import World

PLAY = """
import sys
from fluxsim.world.actions import ACTION
from fluxsim.world.setup import of_example
from fluxsim.world.world import World

world = World(of_example(), seed=sys.argv[1])
for minute, action in (
    (10, {"do": "push-code", "service": "backend", "branch": "develop"}),
    (20, {"do": "push-code", "service": "frontend", "branch": "main"}),
    (40, {"do": "run-workflow", "service": "frontend"}),
    (55, {"do": "revert", "commit": "newest", "author": "fluxcdbot", "path": "flux/apps/frontend/production"}),
    (56, {"do": "break", "what": "registry", "lasts": "5m"}),
    (70, {"do": "scale", "deployment": "backend", "namespace": "develop", "replicas": 3}),
):
    world.run_to(minute * 60_000)
    world.do(ACTION.validate_python(action))
world.run_to(2 * 3_600_000)
sys.stdout.buffer.write(b"".join(map(world.log.line, world.log.events)))
"""


def log_of(*, seed: str, hash_seed: str, zone: str) -> bytes:
    """Return the bytes of a log from a fresh process."""
    around = os.environ | {"PYTHONHASHSEED": hash_seed, "TZ": zone, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run([sys.executable, "-c", PLAY, seed], env=around, capture_output=True, check=True).stdout


@pytest.fixture(scope="module")
def log() -> bytes:
    return log_of(seed="1", hash_seed="1", zone="UTC")


def test_neither_the_hash_seed_nor_the_time_zone_shows_in_the_log(log: bytes) -> None:
    other = log_of(seed="1", hash_seed="4242", zone="Pacific/Kiritimati")
    for mine, theirs in zip(log.splitlines(), other.splitlines(), strict=True):
        assert mine == theirs


def test_another_seed_gives_another_log(log: bytes) -> None:
    assert log != log_of(seed="2", hash_seed="1", zone="UTC")


def test_two_worlds_in_one_process_do_not_know_of_each_other(log: bytes) -> None:
    digests: list[str] = []
    for _ in range(2):
        world = World(of_example(), seed=3)
        world.run_to(HOUR)
        digests.append(world.log.digest())
    assert digests[0] == digests[1]


@pytest.mark.parametrize("place", ["data", "kind", "actor", "at_ms", "because"])
def test_one_changed_byte_changes_the_digest(place: str) -> None:
    event = Event(0, 5, "tag.pushed", "ci", {"tag": "v1.0.0"}, ())
    other = {
        "data": event._replace(data={"tag": "v1.0.1"}),
        "kind": event._replace(kind="tag.pusher"),
        "actor": event._replace(actor="co"),
        "at_ms": event._replace(at_ms=6),
        "because": event._replace(because=(0,)),
    }[place]
    assert digest_of(event) != digest_of(other)


def digest_of(event: Event) -> str:
    log = Log(0, lambda: event.at_ms)
    log.append(event.kind, event.actor, event.data, because=event.because)
    return log.digest()
