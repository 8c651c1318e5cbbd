from __future__ import annotations

import pytest

from fluxsim.formats import jsonpath
from fluxsim.formats.jsonpath import ExecutionFault, SyntaxFault, Template, relaxed
from fluxsim.formats.tree import Json, freeze

DATA: Json = freeze(
    {
        "kind": "List",
        "items": [
            {"name": "api", "ready": True, "restarts": 0, "ports": [80, 443], "labels": {"app.io/name": "api"}},
            {"name": "web", "ready": False, "restarts": 2, "ports": []},
        ],
        "nothing": None,
    }
)


def written(template: str, *, missing: bool = False, as_json: bool = False) -> str:
    return Template(template).execute(DATA, allow_missing_keys=missing, as_json=as_json)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{.kind}: {.items[*].name}", "List: api web"),
        ("{$.items[0]['name']}{@.items[-1].name}", "apiweb"),
        ("{.items[0].ports}", "[80,443]"),
        ("{.items[0].ports[0:1]}{.items[0].ports[::2]}", "8080"),
        ("{.items[?(@.restarts>=1)].name}", "web"),
        ("{.items[?(@.ready==true)].name}", "api"),
        ("{.items[?(@.name!='api')].name}", "web"),
        ('{range .items[*]}{.name}={range .ports[*]}{@}{","}{end}{"\\n"}{end}', "api=80,443,\nweb=\n"),
        ("{.items[0].labels.app\\.io/name}", "api"),
        ("{..name}", "api web"),
        ("{.items[0]['name','restarts']}", "api 0"),
        ("{.nothing}", "null"),
        ("{.items[0].labels.*}", "api"),
        ("no action", "no action"),
        ("", ""),
    ],
)
def test_a_template_picks_its_values(template: str, text: str) -> None:
    assert written(template) == text


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{.kind", "unclosed action"),
        ("{.items[0}", "unterminated array"),
        ("{.items[x]}", "invalid array index x"),
        ("{.items[?(@.a]}", "unterminated filter"),
        ('{"open}', "unterminated quoted string"),
        ("{...name..}", None),
        ("{.....name}", "invalid multiple recursive descent"),
        ("{!}", "unrecognized character in action: U+0021 '!'"),
        ("{1.2.3}", "cannot parse number 1.2.3"),
        ('{"\\q"}', 'unquote string "\\q" error invalid syntax'),
        ("{.l[99999999999999999999]}", "array index 99999999999999999999 is not a number"),
    ],
)
def test_a_template_that_cannot_be_parsed_says_why(template: str, message: str | None) -> None:
    if message is None:
        Template(template)
        return
    with pytest.raises(SyntaxFault) as refused:
        Template(template)
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{.nope}", "nope is not found"),
        ("{.items[2]}", "array index out of bounds: index 2, length 2"),
        ("{.kind[0]}", "string is not array or slice"),
        ("{.items[0].restarts[0]}", "int64 is not array or slice"),
        ("{.items[0:2:0]}", "step must be > 0"),
        ("{.items[1:0]}", "starting index 1 is greater than ending index 0"),
        ("{.kind[?(@.a==1)]}", "List is not array or slice and cannot be filtered"),
        ("{.items[?(@.restarts=='0')]}", "incompatible types for comparison"),
        ("{.items[?(@.ready>true)]}", "invalid type for comparison"),
        ("{.items[?(@.name<>'a')]}", "unrecognized filter operator <>"),
        ("{end}", "not in range, nothing to end"),
        ("{nope}", "unrecognized identifier nope"),
    ],
)
def test_data_that_does_not_fit_is_told_in_kubectls_words(template: str, message: str) -> None:
    with pytest.raises(ExecutionFault) as refused:
        written(template)
    assert str(refused.value) == message


def test_missing_keys_can_be_let_through() -> None:
    assert written("[{.nope.deeper}]", missing=True) == "[]"
    with pytest.raises(ExecutionFault, match="array index out of bounds"):
        written("{.items[9]}", missing=True)


def test_asking_for_existence_overlooks_an_index_out_of_bounds() -> None:
    assert written("{.items[?(@.ports[0])].name}") == "api web"
    assert written("{.items[?(@.labels)].name}") == "api"


def test_a_range_without_end_runs_on_and_its_rest_runs_once_more() -> None:
    assert written('{range .items[*]}{.name}{";"}', missing=True) == "api;web;;"


def test_results_can_be_written_as_json() -> None:
    assert written("{.items[*].name}", as_json=True) == '[\n    "api",\n    "web"\n]\n'


def test_ranges_without_end_cannot_run_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonpath, "STEPS_MAX", 1000)
    with pytest.raises(ExecutionFault, match="more than 1000 nodes"):
        written("{range .items[*]}" * 40, missing=True)


def test_a_template_can_be_executed_again() -> None:
    template = Template("{range .items[*]}{.name}{end}")
    assert template.execute(DATA) == template.execute(DATA) == "apiweb"


@pytest.mark.parametrize("expression", ["{.metadata.name}", ".metadata.name", "metadata.name", "{metadata.name}"])
def test_braces_and_the_first_point_may_be_left_out(expression: str) -> None:
    assert relaxed(expression) == "{.metadata.name}"


def test_braces_inside_an_expression_are_refused() -> None:
    with pytest.raises(SyntaxFault, match="unexpected path string"):
        relaxed("{a}{b}")
    assert relaxed("") == ""
