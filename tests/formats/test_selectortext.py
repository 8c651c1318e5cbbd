from __future__ import annotations

import pytest

from fluxsim.formats.selectortext import InvalidSelectorText, parsed

WEB = {"app": "web", "env": "staging", "size": "10"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "app",
        "app=web",
        "app==web,env!=production",
        "app in (web, api)",
        "env notin (production)",
        "other notin (x)",
        "!other",
        "size>9,size<11",
        "missing!=x",
        "app in (web,)",
        " app = web ",
    ],
)
def test_a_selector_matches(text: str) -> None:
    assert parsed(text).matches(WEB)


@pytest.mark.parametrize(
    "text", ["other", "app=api", "app=", "app in (api)", "app in ()", "!app", "size>10", "env>1", "app=web,other"]
)
def test_a_selector_does_not_match(text: str) -> None:
    assert not parsed(text).matches(WEB)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
        ("=", "found '=', expected: !, identifier, or 'end of string'"),
        ("a,", "found '', expected: identifier after ','"),
        ("a=1 b", "found 'b', expected: ',' or 'end of string'"),
        ("!a=1", "found '=', expected: ',' or 'end of string'"),
        ("!", "unable to parse requirement: found '', expected: identifier"),
        ("a in b", "unable to parse requirement: found 'b' expected: '('"),
        ("a in (b", "unable to parse requirement: found '', expected: ',' or ')'"),
        ("a in (=)", "unable to parse requirement: found '=', expected: ',', ')' or identifier"),
        ("a in (b,=)", "unable to parse requirement: found '=', expected: ',', or identifier"),
        ("a=(", "unable to parse requirement: found '(', expected: identifier"),
        (
            "a>b",
            "unable to parse requirement: values[0]: Invalid value: \"b\": for 'Gt', 'Lt' operators, the value must be an integer",
        ),
    ],
)
def test_a_text_that_is_none_is_told_as_kubernetes_tells_it(text: str, told: str) -> None:
    with pytest.raises(InvalidSelectorText) as caught:
        parsed(text)
    assert str(caught.value) == told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a_/b", 'Invalid value: "a_/b": prefix part a lowercase RFC 1123 subdomain'),
        ("/b", "prefix part must be non-empty"),
        ("a/", "name part must be non-empty; name part must consist"),
        ("a/b/c", "a valid label key must consist"),
        ("-a", '<nil>: Invalid value: "-a": name part must consist'),
        ("a" * 64, "name part must be no more than 63 bytes"),
        ("b" * 254 + "/a", "prefix part must be no more than 253 bytes"),
        ("a=-b", 'values[0][a]: Invalid value: "-b": a valid label must be'),
        ("a=" + "b" * 64, "must be no more than 63 bytes"),
        ("a in (-b,-c)", "[values[0][a]: Invalid value"),
    ],
)
def test_keys_and_values_are_those_of_labels(text: str, told: str) -> None:
    with pytest.raises(InvalidSelectorText) as caught:
        parsed(text)
    assert told in str(caught.value)
