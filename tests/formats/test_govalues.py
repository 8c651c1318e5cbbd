from __future__ import annotations

from fluxsim.formats.govalues import go_syntax


def test_values_are_printed_in_go_syntax() -> None:
    assert go_syntax({"b": [1, None, "x"], "a": True}) == (
        'map[string]interface {}{"a":true, "b":[]interface {}{1, interface {}(nil), "x"}}'
    )
    assert go_syntax({"a": {}}, generic=True) == 'map[interface {}]interface {}{"a":map[interface {}]interface {}{}}'
    assert [go_syntax(value) for value in (None, 1.5, "é\n")] == ["<nil>", "1.5", '"é\\n"']
