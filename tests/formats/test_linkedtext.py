"""Texts that stand in several places are overwritten together, once that is settled."""

from __future__ import annotations

from typing import Any

from fluxsim.formats.linkedtext import Link, LinkedText, overwritten, settle


def two_places() -> dict[str, Any]:
    text = LinkedText("old", Link("old"))
    return {"a": {"x": text}, "b": [{"x": text}], "c": "old"}


def test_to_overwrite_one_place_overwrites_all() -> None:
    tree = two_places()
    tree["a"]["x"] = overwritten(tree["a"]["x"], "new")
    settle(tree)
    assert tree == {"a": {"x": "new"}, "b": [{"x": "new"}], "c": "old"}
    tree["b"][0]["x"] = overwritten(tree["b"][0]["x"], "newer")
    settle(tree)
    assert tree["a"] == {"x": "newer"}


def test_the_last_of_two_writers_wins() -> None:
    tree = two_places()
    tree["a"]["x"] = overwritten(tree["a"]["x"], "one")
    tree["b"][0]["x"] = overwritten(tree["b"][0]["x"], "two")
    settle(tree)
    assert tree["a"]["x"] == tree["b"][0]["x"] == "two"


def test_a_value_of_another_type_goes_to_all_places_too() -> None:
    tree = two_places()
    tree["a"]["x"] = overwritten(tree["a"]["x"], 5)
    settle(tree)
    assert tree["b"][0]["x"] == 5


def test_other_texts_are_just_replaced() -> None:
    assert type(overwritten("plain", "new")) is str
    assert overwritten(None, "new") == "new"
