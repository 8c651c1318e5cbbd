"""YAML as kustomize and kubectl print it. Expected texts were checked against go-yaml v2 itself."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluxsim.formats.gojson import UnsupportedValue
from fluxsim.formats.goyaml import YamlError, load
from fluxsim.formats.goyaml_write import dump, dump_all, in_natural_order
from fluxsim.formats.tree import freeze


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        ("two words", "two words"),
        ("", '""'),
        ("yes", '"yes"'),
        ("N", '"N"'),
        ("off", '"off"'),
        ("null", '"null"'),
        ("~", '"~"'),
        ("1e3", '"1e3"'),
        ("0123", '"0123"'),
        ("0x1F", '"0x1F"'),
        ("1_000", '"1_000"'),
        ("12:30:45", '"12:30:45"'),
        ("1:60", "1:60"),
        ("2024-01-01", '"2024-01-01"'),
        ("2024-13-01", "2024-13-01"),
        (".inf", '".inf"'),
        ("1.2.3", "1.2.3"),
        ("<<", "<<"),
        ("=", "="),
        (".", "."),
        ("...", "'...'"),
        ("---", "'---'"),
        ("- a", "'- a'"),
        ("-a", "-a"),
        ("?", "'?'"),
        (":", "':'"),
        ("a: b", "'a: b'"),
        ("a:b", "a:b"),
        ("a:", "'a:'"),
        ("a #b", "'a #b'"),
        ("a#b", "a#b"),
        ("#a", "'#a'"),
        ("it's", "it's"),
        ("'q'", "'''q'''"),
        ('"q"', "'\"q\"'"),
        ("{a", "'{a'"),
        ("a, b", "a, b"),
        (" a", "' a'"),
        ("a ", "'a '"),
        ("a\tb", '"a\\tb"'),
        ("a\rb", '"a\\rb"'),
        ("\x00\x1b\x07", '"\\0\\e\\a"'),
        ("é 日本", "é 日本"),
        ("\U0001f600", '"\\U0001F600"'),
        ("\u00a0", "\u00a0"),
        (True, "true"),
        (None, "null"),
        (0, "0"),
        (2**64 - 1, "18446744073709551615"),
        (2**64, "1.8446744073709552e+19"),
        (1.0, "1"),
        (-0.0, "0"),
        (0.5, "0.5"),
        (1.5e-7, "1.5e-07"),
        (1e20, "1e+20"),
        (1e23, "1e+23"),
        ([], "[]"),
        ({}, "{}"),
    ],
)
def test_a_value_is_written_as_go_writes_it(value: Any, text: str) -> None:
    assert dump({"a": value}) == f"a: {text}\n"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("x\ny\n", "|\n  x\n  y\n"),
        ("x\ny", "|-\n  x\n  y\n"),
        ("x\n\n", "|+\n  x\n\n"),
        ("\n", "|2+\n\n"),
        ("  x\ny\n", "|2\n    x\n  y\n"),
        ("\nx", "|2-\n\n  x\n"),
        ("x\n  y\n\nz\n", "|\n  x\n    y\n\n  z\n"),
        ("x \ny", '"x \\ny"\n'),
        ("x\ny ", '"x\\ny "\n'),
        ("x\t\ny", '"x\\t\\ny"\n'),
        ("# not a comment\n", "|\n  # not a comment\n"),
    ],
)
def test_lines_become_a_block_unless_white_space_would_be_lost(value: str, text: str) -> None:
    assert dump({"a": value}) == f"a: {text}"


def test_lists_stand_under_their_key_and_maps_are_indented() -> None:
    tree = {"a": {"b": [{"c": 1, "d": [[1, []], {}]}, "e"]}}
    assert dump(tree) == "a:\n  b:\n  - c: 1\n    d:\n    - - 1\n      - []\n    - {}\n  - e\n"
    assert dump([[1], {"a": 1}]) == "- - 1\n- a: 1\n"


def test_blocks_in_lists_are_indented_by_the_item() -> None:
    assert dump({"a": ["x\ny\n", "z"]}) == "a:\n- |\n  x\n  y\n- z\n"


@pytest.mark.parametrize(("value", "text"), [({}, "{}\n"), ([], "[]\n"), ("a", "a\n"), (None, "null\n")])
def test_a_document_may_be_a_single_value(value: Any, text: str) -> None:
    assert dump(value) == text


def test_documents_are_joined_by_separators() -> None:
    assert dump_all([]) == ""
    assert dump_all([{"a": 1}, {"b": 2}]) == "a: 1\n---\nb: 2\n"


def test_frozen_trees_are_written_alike() -> None:
    tree = {"a": [{"b": "c"}]}
    assert dump(freeze(tree)) == dump(tree)


LINE = "word " * 15 + "sixteenth and more of them"


def test_long_text_is_folded_behind_the_80th_column() -> None:
    assert dump({"a": LINE}) == "a: " + "word " * 15 + "sixteenth\n  and more of them\n"
    assert dump({"a": "'" + LINE}) == "a: '''" + "word " * 14 + "word sixteenth\n  and more of them'\n"
    assert dump({"a": "\t" + LINE}) == 'a: "\\t' + "word " * 14 + 'word sixteenth\n  and more of them"\n'


def test_two_spaces_are_no_place_to_fold_except_in_double_quotes() -> None:
    text = "x" * 90 + "  y z"
    assert dump({"a": text}) == "a: " + "x" * 90 + "  y\n  z\n"
    assert dump({"a": "\t" + text}) == 'a: "\\t' + "x" * 90 + '\n  \\ y z"\n'


def test_text_without_spaces_and_keys_are_never_folded() -> None:
    assert dump({"a": "x" * 200}) == "a: " + "x" * 200 + "\n"
    key = "k " * 50 + "k"
    assert dump({key: 1}) == f"{key}: 1\n"


@pytest.mark.parametrize(
    ("key", "text"),
    [("on", '"on": 1\n'), ("1", '"1": 1\n'), ("", '"": 1\n'), ("a: b", "'a: b': 1\n"), ("a/b.c", "a/b.c: 1\n")],
)
def test_keys_are_quoted_like_values(key: str, text: str) -> None:
    assert dump({key: 1}) == text


def test_a_long_key_and_one_of_several_lines_stand_behind_a_question_mark() -> None:
    assert dump({"k" * 129: [1]}) == "? " + "k" * 129 + "\n: - 1\n"
    assert dump({"a\nb": {"c": 1}}) == "? |-\n  a\n  b\n: c: 1\n"
    assert dump({"a\rb": 1}) == '? "a\\rb"\n: 1\n'


def test_keys_are_in_natural_order() -> None:
    keys = ["b", "a10", "a2", "B", "a", "_x", "1", "10", "9", "a.b", "a-b", "a01", "a1", "ab"]
    assert in_natural_order(keys) == ["_x", "1", "9", "10", "B", "a", "a-b", "a.b", "a1", "a01", "a2", "a10", "ab", "b"]


def test_what_json_or_go_yaml_cannot_take_is_refused() -> None:
    with pytest.raises(UnsupportedValue, match="json: unsupported value: NaN"):
        dump({"a": math.nan})
    with pytest.raises(YamlError, match="control characters are not allowed"):
        dump({"a": "\x7f"})


def test_broken_surrogates_become_the_replacement_character() -> None:
    assert dump({"a": "\ud800x"}) == "a: \ufffdx\n"


scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(
    alphabet=st.characters(exclude_categories=["Cs", "Cc", "Cn"], include_characters="\n\t")
)  # fmt: skip
trees = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abcyes1:# -", max_size=8), inner, max_size=3),
    max_leaves=12,
)


@given(trees)
def test_what_is_written_reads_back(tree: Any) -> None:
    if "\ufeff" not in str(tree):
        assert load(dump(tree), dialect="resource") == tree
        assert load(dump(tree), dialect="yaml1.1") == tree
