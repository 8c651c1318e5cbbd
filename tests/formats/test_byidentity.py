from __future__ import annotations

from fluxsim.formats.byidentity import ByIdentity
from fluxsim.formats.tree import freeze


def test_the_very_same_trees_are_found() -> None:
    memory: ByIdentity[int] = ByIdentity(4)
    one, other = freeze({"a": 1}), freeze({"b": [1]})
    memory.add(7, (one, other), "x")
    assert memory.find((one, other), "x") == 7
    assert memory.find((one, other), "y") is None
    assert memory.find((other, one), "x") is None


def test_an_equal_tree_is_another() -> None:
    memory: ByIdentity[int] = ByIdentity(4)
    memory.add(7, (freeze({"a": 1}),))
    assert memory.find((freeze({"a": 1}),)) is None


def test_a_tree_that_can_change_is_not_remembered() -> None:
    memory: ByIdentity[int] = ByIdentity(4)
    tree = {"a": 1}
    assert memory.add(7, (tree,)) == 7
    assert memory.find((tree,)) is None


def test_nothing_in_the_place_of_a_tree_counts() -> None:
    memory: ByIdentity[int] = ByIdentity(4)
    tree = freeze({"a": 1})
    memory.add(7, (None, tree))
    assert memory.find((None, tree)) == 7


def test_a_full_memory_forgets() -> None:
    memory: ByIdentity[int] = ByIdentity(2)
    trees = [freeze({"a": number}) for number in range(3)]
    for number, tree in enumerate(trees):
        memory.add(number, (tree,))
    assert [memory.find((tree,)) for tree in trees] == [None, None, 2]
