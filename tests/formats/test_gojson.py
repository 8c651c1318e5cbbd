from __future__ import annotations

import pytest

from fluxsim.formats.gojson import Fields, UnsupportedValue, compact, indented
from fluxsim.formats.tree import freeze


def test_keys_are_sorted_by_their_bytes() -> None:
    assert compact({"b": 1, "a": 2, "é": 3, "Z": 4}) == '{"Z":4,"a":2,"b":1,"é":3}'


def test_a_structs_fields_keep_their_order() -> None:
    assert compact(Fields({"b": 1, "a": {"d": 1, "c": 2}})) == '{"b":1,"a":{"c":2,"d":1}}'


def test_a_frozen_tree_is_written_like_any_other() -> None:
    assert compact(freeze({"a": [1, {"b": None}]})) == '{"a":[1,{"b":null}]}'


def test_markup_is_escaped_unless_asked_otherwise() -> None:
    assert compact("<a> & \u2028") == r'"\u003ca\u003e \u0026 \u2028"'
    assert compact("<a>", escape_html=False) == '"<a>"'
    assert compact('"\\\n\t\x00') == r'"\"\\\n\t\u0000"'


def test_bytes_that_are_no_text_are_replaced() -> None:
    assert compact("a\udcff") == r'"a\ufffd"'


def test_floats_are_written_as_javascript_writes_them() -> None:
    assert compact([1.0, 1e20, 1e21, 1e-6, 1e-7, 1.5e-10]) == "[1,100000000000000000000,1e+21,0.000001,1e-7,1.5e-10]"


def test_what_json_has_no_form_for_is_refused() -> None:
    with pytest.raises(UnsupportedValue, match="json: unsupported value: NaN"):
        compact(float("nan"))


def test_indented_text_keeps_empty_lists_and_maps_closed() -> None:
    assert indented({"a": [1, []], "b": {}}, "  ") == '{\n  "a": [\n    1,\n    []\n  ],\n  "b": {}\n}'
