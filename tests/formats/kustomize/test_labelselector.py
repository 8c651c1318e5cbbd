from __future__ import annotations

import pytest

from fluxsim.formats.kustomize.errors import KustomizeError
from fluxsim.formats.kustomize.labelselector import matcher

LABELS = {"app": "web", "tier": "front", "size": "5"}


@pytest.mark.parametrize(
    ("selector", "matches"),
    [
        ("", True),
        ("app", True),
        ("none", False),
        ("!none", True),
        ("!app", False),
        ("app=web", True),
        ("app==web,tier=front", True),
        ("app!=web", False),
        ("none!=x", True),
        ("app in (api, web)", True),
        ("app notin (api,web)", False),
        ("none notin (x)", True),
        ("size>4", True),
        ("size<5", False),
        ("app>4", False),
        ("app=", False),
        ("tier in (,front)", True),
    ],
)
def test_a_selector_takes_what_it_says(selector: str, matches: bool) -> None:
    assert matcher(selector)(LABELS) is matches


@pytest.mark.parametrize(
    ("selector", "error"),
    [
        ("a in (b", "found '', expected: ',' or ')'"),
        ("a in b", "found 'b', expected: '('"),
        ("a b", "found 'b', expected: in, notin, =, ==, !=, gt, lt"),
        ("=a", "found '=', expected: !, identifier, or 'end of string'"),
        ("a,", "found '', expected: identifier after ','"),
        ("a=b c", "found 'c', expected: ',' or 'end of string'"),
        ("a>b", "for 'Gt', 'Lt' operators, the value must be an integer"),
        ("!", "found '', expected: identifier"),
        ("a in (", "found '', expected: ',', ')' or identifier"),
    ],
)
def test_what_is_no_selector_is_refused(selector: str, error: str) -> None:
    with pytest.raises(KustomizeError) as failed:
        matcher(selector)
    assert str(failed.value).startswith(f"unable to parse requirement: {error}")
