from __future__ import annotations

import pytest

from fluxsim.formats.kustomize.errors import LateError
from fluxsim.formats.kustomize.scalars import (
    Misfit,
    UntypedKey,
    bare_key,
    plain_value,
    retyped,
    spelled,
    text_of,
    unspelled,
)
from fluxsim.formats.tree import Json


@pytest.mark.parametrize(
    ("value", "text"), [(1.1, "1.10"), (8, "010"), (1000, "1_000"), ("2024-01-01T00:00:00Z", "2024-01-01")]
)
def test_a_value_remembers_how_it_was_written(value: Json, text: str) -> None:
    kept = spelled(value, text)
    assert (kept, text_of(kept), unspelled(kept)) == (value, text, value)
    assert type(unspelled(kept)) is type(value)


@pytest.mark.parametrize("value", [1, 1.5, "a", True, None])
def test_a_plain_value_stays_what_it_is(value: Json) -> None:
    assert spelled(value, text_of(value)) is value


@pytest.mark.parametrize(
    ("value", "text"), [(None, ""), (True, "true"), (1.5, "1.5"), (1e21, "1e+21"), ({}, ""), ([], "")]
)
def test_a_value_without_spelling_is_written_as_go_does(value: Json, text: str) -> None:
    assert text_of(value) == text


@pytest.mark.parametrize(
    ("old", "text", "new"),
    [("a", "1", "1"), (1, "2", 2), (1.5, "2", 2), (1.5, "2.5", 2.5), (True, "false", False), (None, "null", None)],
)
def test_a_new_text_keeps_the_type(old: Json, text: str, new: Json) -> None:
    assert retyped(old, text) == new


@pytest.mark.parametrize(("old", "text"), [(1, "a"), (1, "1.5"), (True, "1"), (1, "true"), (None, "a")])
def test_a_text_that_does_not_fit_is_noticed_late(old: Json, text: str) -> None:
    new = retyped(old, text)
    assert isinstance(new, Misfit)
    assert retyped(new, text_of(old) or "null") == old
    with pytest.raises(LateError, match=f"cannot decode .* `{text}` as a"):
        unspelled(new)


@pytest.mark.parametrize("text", ["7", "true", "null", "~", "1.5", "0x1", "2024-01-01", ""])
def test_a_key_that_reads_as_something_else_has_no_type(text: str) -> None:
    assert type(bare_key(text)) is UntypedKey


@pytest.mark.parametrize("text", ["a", "yes", "7a", "-", "é", "trueish"])
def test_another_key_is_a_string(text: str) -> None:
    assert type(bare_key(text)) is str


def test_a_text_means_what_yaml_says() -> None:
    assert [plain_value(text) for text in ("7", "true", "", "a", "1.5")] == [7, True, None, "a", 1.5]
