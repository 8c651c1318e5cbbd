from __future__ import annotations

import pytest

from fluxsim.formats.kustomize.errors import KustomizeError
from fluxsim.formats.kustomize.pathmatch import MISSING, lookup, places, steps_of

TREE = {"a": {"b.c": 1, "list": [{"name": "x", "v": 1}, {"name": "xy", "v": 2}, "word"]}, "n": None}


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("a.b", ("a", "b")),
        ("a.b\\.c.d", ("a", "b.c", "d")),
        ("a.[name=x.y].d", ("a", "[name=x.y]", "d")),
        ("a.[x.io/y].d", ("a", "x.io/y", "d")),
        (".a", ("a",)),
    ],
)
def test_a_path_is_cut_at_its_dots(path: str, steps: tuple[str, ...]) -> None:
    assert steps_of(path) == steps


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("a.b\\.c", 1),
        ("a.list.0.v", 1),
        ("a.list.-", "word"),
        ("a.list.[name=xy].v", 2),
        ("a.list.[=word]", "word"),
        ("a.list.[name=none]", MISSING),
        ("a.list.9", MISSING),
        ("n.x", MISSING),
    ],
)
def test_one_value_is_looked_up(path: str, value: object) -> None:
    assert lookup(TREE, steps_of(path)) == value


@pytest.mark.parametrize("path", ["a.*", "a.0", "a.list.x", "a.list.[name]"])
def test_a_path_that_does_not_fit_the_tree_is_refused(path: str) -> None:
    with pytest.raises(KustomizeError):
        lookup(TREE, steps_of(path))


def test_an_element_is_matched_by_an_expression_that_is_not_anchored() -> None:
    assert [place.value for place in places(TREE, steps_of("a.list.[name=x].v"))] == [1, 2]
    assert [place.value for place in places(TREE, steps_of("a.list.[name=^x$].v"))] == [1]


def test_an_expression_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(KustomizeError, match="error parsing regexp"):
        places(TREE, steps_of("a.list.[name=(]"))
