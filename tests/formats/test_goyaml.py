"""YAML as kyaml and sigs.k8s.io/yaml read it. Expected values were checked against go-yaml v2 and v3 themselves."""

from __future__ import annotations

import math
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluxsim.formats.goyaml import DEPTH_MAX, SIZE_MAX, Dialect, YamlError, load, load_all
from fluxsim.formats.goyaml_reader import MapWithBlanks

BOTH: tuple[Dialect, ...] = ("resource", "yaml1.1")


def resource(text: str | bytes) -> Any:
    return load(text, dialect="resource")


def refused(text: str | bytes, dialect: Dialect = "resource", *, strict: bool | None = None) -> YamlError:
    with pytest.raises(YamlError) as caught:
        load_all(text, dialect=dialect, strict=strict)
    return caught.value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("on", "on"),
        ("y", "y"),
        ("True", True),
        ("~", None),
        ("", None),
        ("010", 8),
        ("08", 8),
        ("0o17", 15),
        ("0x1F", 31),
        ("-0b11", -3),
        ("1_000", 1000),
        ("_1", "_1"),
        ("1.0", 1),
        ("-0.0", 0),
        ("1e6", 1000000),
        ("1e400", "1e400"),
        (".5", 0.5),
        (".5e1", 5),
        ("1.", 1),
        ("1.2.3", "1.2.3"),
        ("1:30", "1:30"),
        ("18446744073709551615", 2**64 - 1),
        ("-9223372036854775808", -(2**63)),
        ("99999999999999999999", 1e20),
        ("1.2345678901234567e18", 1234567890123456800),
        ("1e21", 1e21),
        ("2024-01-01", "2024-01-01T00:00:00Z"),
        ("2024-1-5", "2024-01-05T00:00:00Z"),
        ("2024-02-30", "2024-02-30"),
        ("2001-12-14t21:59:43.10-05:00", "2001-12-14T21:59:43.1-05:00"),
        ("2001-12-14 21:59:43", "2001-12-14T21:59:43Z"),
        ("2001-12-14T21:59:43", "2001-12-14T21:59:43"),
        ("<<", "<<"),
        ("!!str 1", "1"),
        ("!!float 1", 1),
        ("!!binary aGk=", "hi"),
        ("!other 1", "1"),
        ("! 1", 1),
    ],
)
def test_a_manifest_value_means_what_go_yaml_v3_says(text: str, value: object) -> None:
    read = resource(f"a: {text}\n")["a"]
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", True),
        ("off", False),
        ("N", False),
        ("0644", 420),
        ("1e3", 1000),
        ("2024-01-01", "2024-01-01"),
        ("! 1", "1"),
    ],
)
def test_a_kustomization_value_means_what_go_yaml_v2_says(text: str, value: object) -> None:
    assert load(f"a: {text}\n", dialect="yaml1.1") == {"a": value}


def test_infinity_stays_a_float_in_a_manifest_and_is_refused_in_a_kustomization() -> None:
    assert resource("a: .inf") == {"a": math.inf}
    assert str(refused("a: -.Inf", "yaml1.1")) == "json: unsupported value: -Inf"


def test_quotes_and_blocks_make_strings() -> None:
    assert resource("a: '1'\nb: \"yes\"\nc: |\n  1\nd: >-\n  x\n  y\n") == {
        "a": "1",
        "b": "yes",
        "c": "1\n",
        "d": "x y",
    }


def test_only_a_blank_null_is_remembered_as_blank() -> None:
    tree = resource("a:\nb: null\nc: ''\nd: {e: }\n")
    assert isinstance(tree, MapWithBlanks)
    assert tree.blanks == {"a"}
    assert isinstance(tree["d"], MapWithBlanks)


def test_keys_of_a_kustomization_become_strings() -> None:
    assert load("1: a\ntrue: b\n1.5: c\n", dialect="yaml1.1") == {"1": "a", "true": "b", "1.5": "c"}


def test_keys_of_a_manifest_are_strings_at_the_top_only() -> None:
    assert resource("1: a\n~: b\n") == {"1": "a"}
    error = refused("data:\n  1: a\n")
    assert (str(error), error.stage, error.line) == (
        "json: unsupported type: map[interface {}]interface {}",
        "decode",
        2,
    )


def test_a_template_that_nobody_rendered_is_an_invalid_key() -> None:
    error = refused("spec:\n  name: {{ .name }}\n")
    assert str(error) == 'yaml: invalid map key: map[string]interface {}{".name":interface {}(nil)}'
    assert "map[interface {}]interface {}{" in str(refused("name: {{ .name }}", "yaml1.1"))


def test_an_alias_is_a_copy() -> None:
    tree = resource("a: &x {b: [1]}\nc: *x\n")
    assert tree == {"a": {"b": [1]}, "c": {"b": [1]}}
    assert tree["a"]["b"] is not tree["c"]["b"]


def test_an_anchor_may_be_set_again() -> None:
    assert resource("a: &x 1\nb: *x\nc: &x 2\nd: *x\n") == {"a": 1, "b": 1, "c": 2, "d": 2}
    assert resource("a: &x {b: &x 1}\nc: *x\n")["c"] == 1


@pytest.mark.parametrize("dialect", BOTH)
def test_merge_keys_fill_what_the_map_does_not_say(dialect: Dialect) -> None:
    text = "x: &x {a: 1, b: 1}\nz: &z {b: 2, c: 2}\none: {<<: *x, b: 3}\nmany: {<<: [*x, *z]}\n"
    tree = load(text, dialect=dialect)
    assert tree["one"] == {"a": 1, "b": 3}
    assert tree["many"] == {"a": 1, "b": 1, "c": 2}


def test_a_merge_key_behind_an_entry_wins_only_in_v2() -> None:
    text = "x: &x {a: 1}\none:\n  a: 2\n  <<: *x\n"
    assert load(text, dialect="resource")["one"] == {"a": 2}
    assert load(text, dialect="yaml1.1")["one"] == {"a": 1}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: &x [1]\nb: {<<: *x}\n", "invalid map merge: received alias for a non-map value"),
        ("a: {<<: 1}\n", "map merge requires map or sequence of maps as the value"),
        ("a: {<<: [[]]}\n", "invalid map merge: received a nested sequence"),
    ],
)
def test_only_maps_can_be_merged(text: str, message: str) -> None:
    assert str(refused(text)) == message
    assert str(refused(text, "yaml1.1")) == "yaml: map merge requires map or sequence of maps as the value"


def test_repeated_keys_fail_a_manifest_with_all_of_them() -> None:
    error = refused("a: 1\nb:\n  c: 1\n  c: 2\nd: {e: 1, e: 2}\n")
    assert str(error) == (
        "yaml: unmarshal errors:\n"
        '  line 4: mapping key "c" already defined at line 3\n'
        '  line 5: mapping key "e" already defined at line 5'
    )
    assert error.stage == "decode"
    assert [(key.key, key.line) for key in error.repeated] == [("c", 4), ("e", 5)]


def test_of_repeated_keys_the_last_wins_in_a_kustomization_unless_strict() -> None:
    assert load("a: 1\na: 2\n", dialect="yaml1.1") == {"a": 2}
    error = refused("a: 1\na:\n  - 2\n", "yaml1.1", strict=True)
    assert str(error) == 'yaml: unmarshal errors:\n  line 3: key "a" already set in map'


@pytest.mark.parametrize(
    ("text", "manifest", "kustomization", "line"),
    [
        ("a: b: c\n", "yaml: mapping values are not allowed in this context", None, 1),
        ("a: 1\nb: c: d\n", "yaml: line 2: mapping values are not allowed in this context", None, 2),
        ("a: [1, 2\nb: c\n", "yaml: line 1: did not find expected ',' or ']'", None, 2),
        ("a:\n- b: 1\n c: 2\n", "yaml: line 2: did not find expected key", None, 3),
        ("x:\n  a: |\n    y\n  b\nc: 1\n", "yaml: line 4: could not find expected ':'", "yaml: line 5: could not find expected ':'", 5),
        ("a: *x\n", "yaml: unknown anchor 'x' referenced", None, 1),
        ("a: &x [*x]\n", "yaml: anchor 'x' value contains itself", None, 1),
        ("a: !!int x\n", "yaml: cannot decode !!str `x` as a !!int", None, 1),
        ("a: !!binary é\n", "yaml: !!binary value contains invalid base64 data", None, 1),
        ("a: \x07\n", "yaml: control characters are not allowed", None, 1),
    ],
)  # fmt: skip
def test_bad_text_is_told_in_go_s_words(text: str, manifest: str, kustomization: str | None, line: int) -> None:
    error = refused(text)
    assert (str(error), error.line) == (manifest, line)
    assert str(refused(text, "yaml1.1")) == (kustomization or manifest)


def test_syntax_comes_before_everything_else() -> None:
    assert refused("a: 1\na: 2\nb: [\n").stage == "parse"


def test_documents_are_cut_before_they_are_read() -> None:
    assert load_all("# only words\n---\na: 1\n---\n\n---\nb: |\n  x\n---\n", dialect="resource") == [
        None,
        {"a": 1},
        None,
        {"b": "x\n"},
        None,
    ]


def test_the_line_of_an_error_counts_from_the_start_of_the_text() -> None:
    error = refused("a: 1\n---\nb: c: d\n")
    assert (str(error), error.line) == ("yaml: mapping values are not allowed in this context", 3)


def test_a_separator_takes_a_comment_but_no_value() -> None:
    assert load_all("a: 1\n--- # next\nb: 2\n", dialect="resource") == [{"a": 1}, {"b": 2}]
    assert str(refused("a: 1\n--- b\nc: 2\n")) == "invalid document separator: --- b"


def test_load_reads_no_further_than_the_first_document() -> None:
    assert load("a: 1\n---\nb: [", dialect="yaml1.1") == {"a": 1}


def test_windows_line_ends_and_a_byte_order_mark_are_no_content() -> None:
    assert load_all(b"\xef\xbb\xbfa: 1\r\n---\r\nb: |\r\n  x\r\n", dialect="resource") == [{"a": 1}, {"b": "x\n"}]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a: 1\nb: \xff\n", "yaml: invalid leading UTF-8 octet"),
        (b"a: 1\nb: \xe9x", "yaml: invalid trailing UTF-8 octet"),
        (b"a: 1\nb: \xe9", "yaml: incomplete UTF-8 octet sequence"),
    ],
)
def test_bytes_that_are_no_utf_8_are_refused_with_their_line(data: bytes, message: str) -> None:
    error = refused(data)
    assert (str(error), error.line) == (message, 2)


BOMBS = {
    "laughs": "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 30)),
    "brackets": "[" * 100_000,
    "braces": "{" * 100_000,
    "dashes": "- " * 100_000,
    "questions": "? " * 100_000,
    "indents": "".join(" " * i + "a:\n" for i in range(1500)),
    "repeated": "a: 1\n" * 20_000,
    "large": "x" * (SIZE_MAX + 1),
}


@pytest.mark.parametrize("name", sorted(BOMBS))
def test_a_bomb_is_refused_quickly(name: str) -> None:
    started = time.perf_counter()
    refused(BOMBS[name])
    assert time.perf_counter() - started < 2


def test_depth_is_bounded_by_name() -> None:
    assert load("[" * DEPTH_MAX + "]" * DEPTH_MAX, dialect="resource") is not None
    assert f"exceeded max depth of {DEPTH_MAX}" in str(refused("[" * (DEPTH_MAX + 1) + "]" * (DEPTH_MAX + 1)))


@given(st.text(alphabet=st.sampled_from("ab1:- #{}[]&*!|>'\"%@?,\n\t é"), max_size=60))
def test_any_text_is_a_tree_or_an_error(text: str) -> None:
    for dialect in BOTH:
        try:
            load_all(text, dialect=dialect)
        except YamlError as error:
            assert str(error) == error.message != ""  # noqa: PT017
