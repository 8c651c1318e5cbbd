from __future__ import annotations

import pytest

from fluxsim.kernel.steps import Steps, finish


def fetch(*waits: int) -> Steps[str]:
    yield from waits
    return "fetched"


def test_steps_tell_their_result_and_their_time() -> None:
    assert finish(fetch(200, 50)) == ("fetched", 250)


def test_steps_without_a_wait_take_no_time() -> None:
    assert finish(fetch()) == ("fetched", 0)


def test_what_goes_wrong_in_steps_comes_out() -> None:
    def broken() -> Steps[None]:
        yield 1
        raise LookupError("gone")

    with pytest.raises(LookupError, match="gone"):
        finish(broken())
