from __future__ import annotations

import pytest

from fluxsim.formats.documents import Place, load_manifests, places
from fluxsim.kernel.errors import InputError

TEXT = """\
# a comment
name: first
---
name: second
items:
- one: 1
  two: {three: 3}
-
  - deep
"""


def complaints(data: str | bytes) -> list[str]:
    with pytest.raises(InputError) as error:
        load_manifests("dir/file.yaml", data)
    return str(error.value).splitlines()


def test_documents_know_where_they_begin() -> None:
    documents = load_manifests("dir/file.yaml", TEXT)
    assert [(document.tree["name"], document.line) for document in documents] == [("first", 1), ("second", 4)]


def test_empty_documents_are_left_out() -> None:
    assert load_manifests("f", "---\n# nothing\n---\na: 1\n---\n")[0].tree == {"a": 1}
    assert load_manifests("f", "") == []


def test_every_key_and_item_has_a_place() -> None:
    assert load_manifests("f", TEXT)[1].places() == {
        (): Place(4, 1),
        ("name",): Place(4, 1),
        ("items",): Place(5, 1),
        ("items", 0): Place(6, 3),
        ("items", 0, "one"): Place(6, 3),
        ("items", 0, "two"): Place(7, 3),
        ("items", 0, "two", "three"): Place(7, 9),
        ("items", 1): Place(9, 3),
        ("items", 1, 0): Place(9, 5),
    }


def test_what_is_not_there_is_placed_at_what_is_above_it() -> None:
    document = load_manifests("dir/file.yaml", TEXT)[1]
    assert document.where("items", 0, "two") == "dir/file.yaml:7:3"
    assert document.where("items", 0, "nope", "deeper") == "dir/file.yaml:6:3"
    assert document.where() == "dir/file.yaml:4:1"


def test_what_an_alias_brings_in_is_placed_at_the_alias() -> None:
    document = load_manifests("f", "a: &a {x: 1}\nb: *a\n")[0]
    assert document.where("b", "x") == "f:2:1"


def test_a_text_without_documents_has_no_places() -> None:
    assert places("") == {}


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        ("a: 1\n---\nb: c: d\n", ["dir/file.yaml:3:5: mapping values are not allowed in this context"]),
        ("a: [1\nb: 2\n", ["dir/file.yaml:2:2: did not find expected ',' or ']'"]),
        (
            "a: 1\n---\nb: 1\nc: {d: 1, d: 2}\nb: 2\n",
            ["dir/file.yaml:5: key 'b' is already defined at line 3"],
        ),
        (
            "x: 1\n---\nb: {c: 1, c: 2}\nc: {d: 1, d: 2}\n",
            [
                "dir/file.yaml:3: key 'c' is already defined at line 3",
                "dir/file.yaml:4: key 'd' is already defined at line 4",
            ],
        ),
        ("a: 1\n--- b\nc: 1\n", ["dir/file.yaml:2: invalid document separator: --- b"]),
        ("a: 1\n---\nb: !!int x\n", ["dir/file.yaml:3:4: cannot decode !!str `x` as a !!int"]),
        (b"a: 1\n---\nb: \xff\n", ["dir/file.yaml:3: invalid leading UTF-8 octet"]),
        ("a: 1\n---\n[x]: y\n", ["dir/file.yaml:3:3: cannot unmarshal !!seq into string"]),
    ],
)  # fmt: skip
def test_faults_name_file_line_and_column(data: str | bytes, lines: list[str]) -> None:
    assert complaints(data) == lines
