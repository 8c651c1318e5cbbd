"""A person's change reaches a file that the bot left otherwise."""

from __future__ import annotations

import pytest

from fluxsim.drivers.history_merge import carried

BASE = b"replicas: 1\ncpu: 1\ntag: old\nlast: x\n"


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        (BASE, b"replicas: 2\ncpu: 1\ntag: old\nlast: x\n", b"replicas: 2\ncpu: 1\ntag: old\nlast: x\n"),
        (
            b"replicas: 1\ncpu: 1\ntag: bot\nlast: x\n",
            b"replicas: 2\ncpu: 1\ntag: old\nlast: x\n",
            b"replicas: 2\ncpu: 1\ntag: bot\nlast: x\n",
        ),
        (
            b"replicas: 1\ncpu: 1\ntag: bot\nlast: x\n",
            b"replicas: 1\ncpu: 1\ntag: mine\nlast: x\n",
            b"replicas: 1\ncpu: 1\ntag: mine\nlast: x\n",
        ),
        (
            b"replicas: 9\ncpu: 1\ntag: bot\nlast: x\n",
            b"replicas: 1\ncpu: 1\ntag: mine\nlast: x\n",
            b"replicas: 9\ncpu: 1\ntag: mine\nlast: x\n",
        ),
        (
            b"added: y\n" + BASE.replace(b"old", b"bot"),
            BASE.replace(b"old", b"mine"),
            b"added: y\n" + BASE.replace(b"old", b"mine"),
        ),
    ],
    ids=["nothing-else-changed", "other-lines", "the-same-line", "the-same-line-and-another", "lines-came-before"],
)
def test_a_change_is_carried_over_and_wins_on_its_own_lines(ours: bytes, theirs: bytes, expected: bytes) -> None:
    assert carried(BASE, ours, theirs) == expected


def test_of_two_versions_of_what_is_no_text_the_persons_stands() -> None:
    assert carried(b"\0a", b"\0b", b"\0c") == b"\0c"
