from __future__ import annotations

import pytest

from fluxsim.formats.gotemplate import executor
from fluxsim.formats.gotemplate.errors import ExecutionFault, ParseFault
from fluxsim.formats.gotemplate.template import Template
from fluxsim.formats.gotemplate.values import Function, GoMap, Struct, Value
from fluxsim.formats.tree import freeze

DATA: Value = {"name": "api", "count": 2, "tags": ["1.0", "1.1"], "none": None, "labels": {"b": "2", "a": "1"}}


def written(text: str, data: Value = DATA) -> str:
    return Template("t", text).execute(data)


def fault(text: str, data: Value = DATA) -> str:
    with pytest.raises((ParseFault, ExecutionFault)) as refused:
        written(text, data)
    return str(refused.value)


@pytest.mark.parametrize(
    ("text", "output"),
    [
        ("plain", "plain"),
        ("{{.name}} {{.tags}} {{.labels}}", "api [1.0 1.1] map[a:1 b:2]"),
        ("{{/* nothing */}}a {{- /* nor this */ -}} b", "ab"),
        ("a \n {{- .name -}} \t b", "aapib"),
        ("{{if gt .count 1}}many{{else if eq .count 1}}one{{else}}none{{end}}", "many"),
        ("{{with .none}}x{{else with .name}}{{.}}{{end}}", "api"),
        ("{{range .tags}}<{{.}}>{{end}}", "<1.0><1.1>"),
        ("{{range $key, $value := .labels}}{{$key}}={{$value}};{{end}}", "a=1;b=2;"),
        ("{{range .none}}x{{else}}empty{{end}}", "empty"),
        ("{{range 3}}{{.}}{{end}}", "012"),
        ("{{range .tags}}{{if eq . `1.1`}}{{break}}{{end}}{{.}}{{end}}", "1.0"),
        ("{{range .tags}}{{if eq . `1.0`}}{{continue}}{{end}}{{.}}{{end}}", "1.1"),
        ("{{$x := 1}}{{if true}}{{$x = 2}}{{$x := 3}}{{end}}{{$x}}", "2"),
        ("{{define `t2`}}[{{.}}]{{end}}{{template `t2` .name}}", "[api]"),
        ("{{block `b` .tags}}{{len .}}{{end}}", "2"),
        ("{{.missing}} {{.missing.deeper}}", "<no value> <no value>"),
        ("{{(index .tags 1) | printf `%s-%s` `v` | len}}", "5"),
        ("{{'a'}} {{0x10}} {{1_000}} {{1.50}} {{-3}}", "97 16 1000 1.5 -3"),
        ("{{and 0 (fail `never`)}}{{or 1 (fail `never`)}}", "01"),
        ("{{not .none}} {{eq .count 1 2}} {{ne 1 2}} {{lt `a` `b`}}", "true true true true"),
        ("{{slice .tags 1 2}}{{index .name 0}}", "[1.1]97"),
        ("{{html `<a>`}} {{js `'`}} {{urlquery `a b&c`}}", "&lt;a&gt; \\' a+b%26c"),
        ("{{print 1 2 `a` 3}} {{println `x`}}", "1 2a3 x\n"),
    ],
)
def test_a_template_is_written_out(text: str, output: str) -> None:
    assert written(text) == output


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\n{{.name", "template: t:2: unclosed action"),
        ("{{if .name}}", "template: t:1: unexpected EOF"),
        ("{{end}}", "template: t:1: unexpected {{end}}"),
        ("{{nope}}", 'template: t:1: function "nope" not defined'),
        ("{{$x}}", 'template: t:1: undefined variable "$x"'),
        ("{{1 | 2}}", "template: t:1: non executable command in pipeline stage 2"),
        ("{{}}", "template: t:1: missing value for command"),
        ("{{(1}}", "template: t:1: unclosed left paren"),
        ('{{"a}}', "template: t:1: unterminated quoted string"),
        ("{{/* a }}", "template: t:1: unclosed comment"),
        ("{{break}}", "template: t:1: {{break}} outside {{range}}"),
        ("{{1x}}", 'template: t:1: bad number syntax: "1x"'),
        ("{{.a}b}}", "template: t:1: bad character U+007D '}'"),
        (
            "{{define `d`}}1{{end}}{{define `d`}}2{{end}}",
            'template: t:1: template: multiple definition of template "d"',
        ),
        ("{{true\n", "template: t:2: unclosed action started at t:1"),
        ("{{" + "(" * 60, "template: t:1: max expression depth exceeded"),
        ("{{if 1}}" * 60, "template: t:1: more than 50 nested blocks"),
    ],
)
def test_what_is_no_template_is_told_with_its_line(text: str, message: str) -> None:
    assert fault(text) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("é\né{{.name.x}}", 't:2:9: executing "t" at <.name.x>: can\'t evaluate field x in type interface {}'),
        ("{{.none.x}}", 't:1:7: executing "t" at <.none.x>: nil pointer evaluating interface {}.x'),
        ("{{upper .count}}", 't:1:8: executing "t" at <.count>: wrong type for value; expected string; got int'),
        ("{{upper .missing}}", 't:1:8: executing "t" at <.missing>: invalid value; expected string'),
        ("{{upper 1}}", 't:1:8: executing "t" at <1>: expected string; found 1'),
        ("{{upper}}", 't:1:2: executing "t" at <upper>: wrong number of args for upper: want 1 got 0'),
        ("{{index .tags 5}}", 't:1:2: executing "t" at <index .tags 5>: error calling index: index out of range: 5'),
        ("{{range .name}}{{end}}", 't:1:8: executing "t" at <.name>: range can\'t iterate over api'),
        ("{{template `x`}}", 't:1:11: executing "t" at <{{template "x"}}>: template "x" not defined'),
        ("{{nil}}", 't:1:2: executing "t" at <nil>: nil is not a command'),
        ("{{.name 1}}", 't:1:2: executing "t" at <.name>: name is not a method but has arguments'),
        (
            "{{eq 1 `1`}}",
            't:1:2: executing "t" at <eq 1 `1`>: error calling eq: incompatible types for comparison: int and string',
        ),
        ("{{fail `no`}}", 't:1:2: executing "t" at <fail `no`>: error calling fail: no'),
        (
            "{{define `d`}}{{fail `no`}}{{end}}{{template `d`}}",
            't:1:16: executing "d" at <fail `no`>: error calling fail: no',
        ),
    ],
)
def test_data_that_does_not_fit_is_told_with_its_place(text: str, message: str) -> None:
    assert fault(text) == f"template: {message}"


def test_what_was_written_before_a_fault_is_kept() -> None:
    with pytest.raises(ExecutionFault) as refused:
        written("begun {{fail `x`}}")
    assert refused.value.output == "begun "


def test_a_template_that_includes_itself_is_stopped() -> None:
    assert "exceeded maximum template depth" in fault("{{define `d`}}{{template `d`}}{{end}}{{template `d`}}")


def test_a_template_that_loops_too_long_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executor, "STEPS_MAX", 100)
    assert "walks more than 100 nodes" in fault("{{range 20}}{{range 20}}x{{end}}{{end}}")


def test_the_callers_data_is_never_changed() -> None:
    data = {"map": {"a": 1}}
    assert written("{{$_ := set .map `b` 2}}{{.map}}", data) == "map[a:1 b:2]"
    assert data == {"map": {"a": 1}}
    assert written("{{$_ := set .map `b` 2}}{{.map}}", freeze(data)) == "map[a:1 b:2]"


def test_a_struct_shows_fields_methods_and_its_own_text() -> None:
    inner = Struct("p.Inner", {"Kind": "Pod"})
    data = Struct(
        "p.Data",
        {"Inner": inner, "Labels": GoMap({"a": "1"})},
        embedded=("Inner",),
        methods={"Twice": Function(lambda value: value * 2, ("string",))},
    )
    assert written("{{.Kind}} {{.Inner}} {{.}} {{.Twice `ab`}}", data) == "Pod {Pod} {{Pod} map[a:1]} abab"
    assert written('{{printf "%+v %T" . .}}', data) == "{Inner:{Kind:Pod} Labels:map[a:1]} p.Data"
    assert "can't evaluate field Nope in type p.Data" in fault("{{.Nope}}", data)
    assert "Kind has arguments but cannot be invoked as function" in fault("{{.Kind 1}}", data)


def test_own_functions_win_over_gos() -> None:
    assert Template("t", "{{len 1}}", {"len": Function(lambda value: f"<{value}>", ("int",))}).execute({}) == "<1>"


def test_bytes_of_a_character_come_together_again() -> None:
    assert written("{{trunc 1 `é`}}{{trunc -1 `é`}}") == "é"
