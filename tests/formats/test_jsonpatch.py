"""JSON patches as kustomize and kubectl apply them. Expected errors were checked against the Go library."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluxsim.formats.goyaml import YamlError
from fluxsim.formats.jsonpatch import COPIED_BYTES_MAX, JsonPatchError, applied, operations
from fluxsim.formats.tree import freeze

DOCUMENT: Any = {"a": {"b": [1, 2], "c~d": 1, "e/f": 2, "n": None}, "s": "text"}


def after(*patch: Any) -> Any:
    return applied(DOCUMENT, patch)


def refusal(*patch: Any) -> str:
    with pytest.raises(JsonPatchError) as error:
        after(*patch)
    return str(error.value)


@pytest.mark.parametrize(
    ("path", "value", "result"),
    [
        ("/a/b/-", 3, [1, 2, 3]),
        ("/a/b/0", 0, [0, 1, 2]),
        ("/a/b/2", 3, [1, 2, 3]),
        ("/a/b/-1", 3, [1, 2, 3]),
        ("/a/b/-3", 0, [0, 1, 2]),
        ("/a/b/+1", 9, [1, 9, 2]),
    ],
)
def test_add_puts_a_value_into_a_list(path: str, value: int, result: list[int]) -> None:
    assert after({"op": "add", "path": path, "value": value})["a"]["b"] == result


def test_add_sets_a_key_whether_it_was_there_or_not() -> None:
    assert after({"op": "add", "path": "/s", "value": {"x": 1}})["s"] == {"x": 1}
    assert after({"op": "add", "path": "/new", "value": None})["new"] is None


def test_replace_adds_an_absent_key() -> None:
    assert after({"op": "replace", "path": "/a/new", "value": "3"})["a"]["new"] == "3"


def test_tilde_and_slash_are_escaped_in_keys() -> None:
    patch = [{"op": "remove", "path": "/a/c~0d"}, {"op": "remove", "path": "/a/e~1f"}]
    assert after(*patch)["a"] == {"b": [1, 2], "n": None}


def test_move_and_copy_take_a_value_elsewhere() -> None:
    assert after({"op": "move", "from": "/a/b/0", "path": "/s"}) == {
        **DOCUMENT,
        "a": {**DOCUMENT["a"], "b": [2]},
        "s": 1,
    }
    copied = after({"op": "copy", "from": "/a/b", "path": "/x"}, {"op": "add", "path": "/x/-", "value": 3})
    assert (copied["a"]["b"], copied["x"]) == ([1, 2], [1, 2, 3])


def test_test_compares_whole_values_and_takes_an_absent_key_for_null() -> None:
    after({"op": "test", "path": "/a/b", "value": [1, 2]}, {"op": "test", "path": "/zzz", "value": None})
    assert refusal({"op": "test", "path": "/a/b/0", "value": True}) == "testing value /a/b/0 failed: test failed"
    assert refusal({"op": "test", "path": "/a/b/0", "value": "1"}) == "testing value /a/b/0 failed: test failed"


def test_the_whole_document_can_be_replaced() -> None:
    assert after({"op": "replace", "path": "", "value": {"x": 1}}) == {"x": 1}
    assert after({"op": "replace", "path": "", "value": 1}) == DOCUMENT


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        ({"op": "upsert", "path": "/a"}, "Unexpected kind: upsert"),
        ({"path": "/a"}, "Unexpected kind: unknown"),
        ("text", "Unexpected kind: unknown"),
        ({"op": "add", "path": "/x/y", "value": 1}, 'add operation does not apply: doc is missing path: "/x/y": missing value'),
        ({"op": "add", "path": "/n/y", "value": 1}, 'add operation does not apply: doc is missing path: "/n/y": missing value'),
        ({"op": "add", "path": "/s/y", "value": 1}, 'add operation does not apply: doc is missing path: "/s/y": missing value'),
        ({"op": "add", "path": "", "value": 1}, 'add operation does not apply: doc is missing path: "": missing value'),
        ({"op": "add", "value": 1}, "add operation failed to decode path: missing value"),
        (
            {"op": "add", "path": "/a/b/x", "value": 1},
            """error in add for path: '/a/b/x': value was not a proper array index: 'x': strconv.Atoi: parsing "x": invalid syntax""",
        ),
        (
            {"op": "add", "path": "/a/b/4", "value": 1},
            "error in add for path: '/a/b/4': Unable to access invalid index: 4: invalid index referenced",
        ),
        (
            {"op": "remove", "path": "/spec/x"},
            'remove operation does not apply: doc is missing path: "/spec/x": missing value',
        ),
        (
            {"op": "remove", "path": "/a/x"},
            "error in remove for path: '/a/x': Unable to remove nonexistent key: x: missing value",
        ),
        (
            {"op": "remove", "path": "/a/b/2"},
            "error in remove for path: '/a/b/2': Unable to access invalid index: 2: invalid index referenced",
        ),
        (
            {"op": "replace", "path": "/x/y", "value": 1},
            "replace operation does not apply: doc is missing path: /x/y: missing value",
        ),
        (
            {"op": "replace", "path": "/a/b/2", "value": 1},
            "replace operation does not apply: doc is missing key: /a/b/2: missing value",
        ),
        (
            {"op": "replace", "value": 1},
            "replace operation failed to decode path: operation missing path field: missing value",
        ),
        (
            {"op": "replace", "path": 3, "value": 1},
            "replace operation failed to decode path: json: cannot unmarshal number into Go value of type string",
        ),
        ({"op": "move", "path": "/x"}, "move operation failed to decode from: operation, missing from field: missing value"),
        (
            {"op": "move", "from": "/a/zz", "path": "/x"},
            "error in move for path: 'zz': Unable to remove nonexistent key: zz: missing value",
        ),
        (
            {"op": "copy", "from": "/q/zz", "path": "/x"},
            "copy operation does not apply: doc is missing from path: /q/zz: missing value",
        ),
        ({"op": "test", "path": "/q/zz", "value": 1}, "test operation does not apply: is missing path: /q/zz: missing value"),
    ],
)  # fmt: skip
def test_what_does_not_apply_is_told_in_the_library_s_words(operation: Any, message: str) -> None:
    assert refusal(operation) == message


def test_nothing_is_changed_in_place() -> None:
    frozen = freeze(DOCUMENT)
    value = {"x": [1]}
    result = applied(frozen, [{"op": "add", "path": "/v", "value": value}, {"op": "add", "path": "/v/x/-", "value": 2}])
    assert result["v"] == {"x": [1, 2]}
    assert value == {"x": [1]}
    assert frozen == DOCUMENT


def test_copies_that_double_the_document_are_bounded() -> None:
    patch = [{"op": "copy", "from": "/a", "path": f"/a/x{at}"} for at in range(60)]
    assert refusal(*patch).endswith(f"exceeding the limit {COPIED_BYTES_MAX}")


def test_a_patch_is_read_from_json_and_from_yaml() -> None:
    expected = [{"op": "add", "path": "/a", "value": 1}]
    assert operations('[{"op": "add", "path": "/a", "value": 1.0}]') == expected
    assert operations("- op: add\n  path: /a\n  value: 1.0\n") == expected
    assert operations("") == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("op: add", "json: cannot unmarshal object into Go value of type jsonpatch.Patch"),
        ("hello", "json: cannot unmarshal string into Go value of type jsonpatch.Patch"),
        ("- hello", "json: cannot unmarshal string into Go value of type jsonpatch.Operation"),
        ("[{", "invalid JSON at line 1"),
        ("[" * 100_000, "json: exceeded max depth"),
    ],
)
def test_what_is_no_patch_is_refused(text: str, message: str) -> None:
    with pytest.raises(JsonPatchError, match=message):
        operations(text)


def test_bad_yaml_is_go_s_to_tell() -> None:
    with pytest.raises(YamlError, match="did not find expected"):
        operations("- op: [add\n  x: y\n")


paths = st.lists(st.sampled_from(["a", "b", "0", "1", "-", "-1", "x", "s", "n", "~1", ""]), max_size=4).map(
    lambda parts: "".join(f"/{part}" for part in parts)
)
values: st.SearchStrategy[Any] = st.sampled_from([1, "x", None, {"x": [1]}, []])
anything = st.fixed_dictionaries(
    {"op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test"]), "path": paths},
    optional={"from": paths, "value": values},
)


@given(st.lists(anything, max_size=5))
def test_any_patch_applies_or_says_why_not(patch: list[Any]) -> None:
    try:
        applied(DOCUMENT, patch)
    except JsonPatchError as error:
        assert str(error) != ""  # noqa: PT017
