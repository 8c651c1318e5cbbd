from __future__ import annotations

import pytest

from fluxsim.kernel.chance import Chance, Stream


def draws(stream: Stream, count: int = 8) -> list[int]:
    return [stream.below(1000) for _ in range(count)]


def test_the_same_seed_and_name_draw_the_same() -> None:
    assert draws(Chance(7).stream("pod/shop/web")) == draws(Chance(7).stream("pod/shop/web"))


def test_another_seed_draws_otherwise() -> None:
    assert draws(Chance(7).stream("pod/shop/web")) != draws(Chance(8).stream("pod/shop/web"))


def test_a_new_stream_leaves_the_others_alone() -> None:
    alone, beside = Chance(7), Chance(7)
    first = draws(alone.stream("a"))
    draws(beside.stream("b"))
    assert draws(beside.stream("a")) == first


def test_a_stream_goes_on_where_it_was_left() -> None:
    chance = Chance(7)
    assert draws(chance.stream("a"), 4) + draws(chance.stream("a"), 4) == draws(Chance(7).stream("a"))


def test_a_passing_stream_starts_anew() -> None:
    chance = Chance(7)
    assert draws(chance.passing("a")) == draws(chance.passing("a")) == draws(chance.stream("a"))


def test_both_ends_of_a_span_are_drawn() -> None:
    stream = Chance(1).stream("a")
    assert {stream.between(3, 5) for _ in range(200)} == {3, 4, 5}


def test_a_span_of_one_needs_no_luck() -> None:
    assert Chance(1).stream("a").between(4, 4) == 4


def test_an_empty_span_is_a_bug() -> None:
    with pytest.raises(AssertionError, match="no number between 5 and 4"):
        Chance(1).stream("a").between(5, 4)


def test_text_is_of_its_alphabet() -> None:
    stream = Chance(1).stream("a")
    assert set(stream.text(100, "xyz")) == {"x", "y", "z"}
    assert len(stream.hex(12)) == 12
    assert stream.choice(["only"]) == "only"


@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_a_rewound_stream_draws_the_same_again(count: int) -> None:
    stream, other = Chance(1).stream("a"), Chance(1).stream("a")
    stream.below(10)
    stream.keep()
    kept = [stream.below(1000) for _ in range(count)]
    stream.rewind()
    other.below(10)
    again = [stream.below(1000) for _ in range(count + 3)]
    assert again[:count] == kept
    assert again == [other.below(1000) for _ in range(count + 3)]


def test_a_stream_can_be_rewound_again_while_it_repeats() -> None:
    stream, other = Chance(1).stream("a"), Chance(1).stream("a")
    stream.keep()
    for _ in range(3):
        stream.below(1000)
    stream.rewind()
    stream.below(1000)
    stream.keep()
    stream.below(1000)
    stream.rewind()
    assert [stream.below(1000) for _ in range(5)] == [other.below(1000) for _ in range(6)][1:]


def test_what_was_not_kept_cannot_be_drawn_again() -> None:
    stream = Chance(1).stream("a")
    stream.keep()
    stream.forget()
    with pytest.raises(AssertionError, match="nothing was kept"):
        stream.rewind()
