from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest
import re2

from fluxsim.formats import goregex


def extracted(pattern: str, template: str, text: str) -> str | None:
    return goregex.compiled(pattern).expander(template)(text)


@pytest.fixture
def without_raw_matcher(monkeypatch: pytest.MonkeyPatch) -> Any:
    real = re2.compile
    monkeypatch.setattr(
        goregex,
        "re2",
        SimpleNamespace(
            Options=re2.Options,
            error=re2.error,
            compile=lambda pattern, options: _Public(real(pattern, options)),
        ),
    )
    goregex.compiled.cache_clear()
    yield
    goregex.compiled.cache_clear()


class _Public:
    """What the library documents, and no more."""

    def __init__(self, compiled: Any) -> None:
        self.search = compiled.search
        self.groups = compiled.groups


def test_finds_the_leftmost_match_anywhere() -> None:
    assert goregex.compiled("[0-9]+").matches("build-7")
    assert extracted("([0-9]+)", "$1", "build-5-99") == "5"
    assert extracted("zzz", "$0", "build") is None


def test_the_first_alternative_goes_before_the_longer_one() -> None:
    assert extracted("^(a|ab)(c|bcd)?", "$1+$2", "abcd") == "a+bcd"


@pytest.mark.parametrize(
    ("template", "result"),
    [
        ("$n", "7"),
        ("${n}th", "7th"),
        ("$nth", ""),
        ("$n.0", "7.0"),
        ("$1", "rel"),
        ("$10", ""),
        ("${1}0", "rel0"),
        ("$01", ""),
        ("$0", "rel-7"),
        ("$$1", "$1"),
        ("$", "$"),
        ("a$", "a$"),
        ("${n", "${n"),
        ("${ n}", "${ n}"),
        ("${}", "${}"),
        ("$-", "$-"),
        ("$é", ""),
        ("\\1", "\\1"),
        ("", ""),
        ("$other|$n|$1", "|7|rel"),
    ],
)
def test_templates_expand_as_in_go(template: str, result: str) -> None:
    assert extracted("(rel)-(?P<n>[0-9]+)", template, "x-rel-7-y") == result


def test_a_name_twice_means_the_group_that_took_part() -> None:
    assert extracted("(?P<x>hi)|(?P<x>bye)", "$x", "bye") == "bye"
    assert extracted("(?<ts>a)|(?<ts>b)", "${ts}!", "b") == "b!"


def test_a_group_that_took_no_part_is_empty() -> None:
    assert extracted("(a)|(b)", "<$1>", "b") == "<>"
    assert extracted("(a)|(b)", "$1", "b") == ""


def test_characters_of_several_bytes_come_out_whole() -> None:
    assert extracted("^ü(.)", "$1", "üéx") == "é"


@pytest.mark.parametrize(
    ("pattern", "code", "expression"),
    [
        ("*", "missing argument to repetition operator", "*"),
        ("a|+?", "missing argument to repetition operator", "+?"),
        ("(?i)*", "missing argument to repetition operator", "*"),
        ("a**", "invalid nested repetition operator", "**"),
        ("a++", "invalid nested repetition operator", "++"),
        ("x{2}{3}", "invalid nested repetition operator", "{2}{3}"),
        ("a{2,1}", "invalid repeat count", "{2,1}"),
        ("a{1001}", "invalid repeat count", "{1001}"),
        ("a{99999999999999999999}", "invalid repeat count", "{99999999999999999999}"),
        ("(a{100}){11}", "invalid repeat count", "{11}"),
        ("(abc", "missing closing )", "(abc"),
        ("abc)", "unexpected )", "abc)"),
        ("x[a-z", "missing closing ]", "[a-z"),
        ("x[", "missing closing ]", "["),
        ("[]a", "missing closing ]", "[]a"),
        ("[z-a]", "invalid character class range", "z-a"),
        ("[[:foo:]]", "invalid character class range", "[:foo:]"),
        (r"\p{Klingon}", "invalid character class range", r"\p{Klingon}"),
        (r"\pX1", "invalid character class range", r"\pX"),
        (r"\p{L", "invalid character class range", r"\p{L"),
        ("\\", "trailing backslash at end of expression", ""),
        (r"\1", "invalid escape sequence", r"\1"),
        (r"\8", "invalid escape sequence", r"\8"),
        (r"\h+", "invalid escape sequence", r"\h"),
        (r"\Z", "invalid escape sequence", r"\Z"),
        (r"\C", "invalid escape sequence", r"\C"),
        (r"\x", "invalid escape sequence", r"\x"),
        (r"\x4", "invalid escape sequence", r"\x4"),
        (r"\xg1", "invalid escape sequence", r"\xg1"),
        (r"\x{}", "invalid escape sequence", r"\x{}"),
        (r"\x{110000}", "invalid escape sequence", r"\x{110000"),
        (r"[a-\d]", "invalid escape sequence", r"\d"),
        ("(?=x)", "invalid or unsupported Perl syntax", "(?="),
        ("(?!x)", "invalid or unsupported Perl syntax", "(?!"),
        ("(?#x)", "invalid or unsupported Perl syntax", "(?#"),
        ("(?P=a)", "invalid or unsupported Perl syntax", "(?P"),
        ("(?P<", "invalid or unsupported Perl syntax", "(?P"),
        ("(?-:a)", "invalid or unsupported Perl syntax", "(?-:"),
        ("(?--i)", "invalid or unsupported Perl syntax", "(?--"),
        ("a(?i", "invalid or unsupported Perl syntax", "(?i"),
        ("(?P<>x)", "invalid named capture", "(?P<>"),
        ("(?P<a-b>x)", "invalid named capture", "(?P<a-b>"),
        ("(?P<é>x)", "invalid named capture", "(?P<é>"),
        ("(?<=x)", "invalid named capture", "(?<=x)"),
        ("(?P<a", "invalid named capture", "(?P<a"),
        ("a\udcff", "invalid UTF-8", "a\udcff"),
        ("(" * 1100 + ")" * 1100, "expression nests too deeply", "(" * 1100 + ")" * 1100),
        ("((a{100}){10}bcd){0,1}" * 9_000, "expression too large", "((a{100}){10}bcd){0,1}" * 9_000),
    ],
)
def test_what_go_refuses_is_refused_in_its_words(pattern: str, code: str, expression: str) -> None:
    with pytest.raises(goregex.InvalidRegex) as refused:
        goregex.compiled(pattern)
    assert str(refused.value) == f"error parsing regexp: {code}: `{expression}`"


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        ("^a{,2}$", "a{,2}", "aa"),
        ("^a{x$", "a{x", "ax"),
        ("^a{01}$", "a{01}", "a"),
        (r"^\Qa.b\E+$", "a.bb", "axb"),
        (r"^\Q*", "*", "a"),
        (r"^[[:word:]-]+$", "a_1-b", "a.b"),
        (r"^[[:^digit:]]$", "x", "1"),
        (r"^\p{Greek}$", "α", "a"),
        (r"^\p{greek}$", "α", "a"),
        (r"^\P{^greek}$", "α", "a"),
        (r"^[\p{Lowercase_Letter}0]+$", "a0", "A0"),
        (r"^\p{ascii}$", "a", "α"),
        (r"^[^\P{ASCII}]$", "a", "α"),
        ("(?i)^RC-k$", "rc-K", "rd-k"),
        ("(?i:a)b", "Ab", "AB"),
        ("(?s)^a.b$", "a\nb", "a\n\nb"),
        ("(?m)^b$", "a\nb", "a\ncb"),
        ("^v1$", "v1", "v1\n"),
        (r"^\x41\x{42}\103\07$", "ABC\x07", "ABC7"),
        ("^[]-]$", "-", "a"),
        ("^[a-]$", "-", "b"),
        ("^(?P<1a>x)$", "x", "y"),
        ("^()$", "", "x"),
        (r"^a\-b\_c$", "a-b_c", "a-b c"),
        (r"^\d$", "5", "٥"),
    ],
)
def test_what_go_accepts_means_the_same(pattern: str, matching: str, other: str) -> None:
    assert goregex.compiled(pattern).matches(matching)
    assert not goregex.compiled(pattern).matches(other)


def test_a_repetition_that_grows_large_is_not_refused() -> None:
    assert goregex.compiled(r"^(\w{1,100}\.){9}\w+$").matches("a.b.c.d.e.f.g.h.i.j")


def test_a_pattern_that_backtracking_dies_of_takes_no_time() -> None:
    started = time.perf_counter()
    assert not goregex.compiled("^(a+)+$").matches("a" * 10_000 + "!")
    assert time.perf_counter() - started < 1


@pytest.mark.usefixtures("without_raw_matcher")
def test_the_public_way_gives_the_same() -> None:
    assert extracted("(a)|(?P<b>b)", "<$1|$b|$0>", "xbx") == "<|b|b>"
    assert extracted("(a)", "$1", "b") is None
    assert not goregex.compiled("a(b)").matches("b")


def test_errors_do_not_reach_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(goregex.InvalidRegex):
        goregex.compiled(r"\p{Nothing}")
    assert capfd.readouterr().err == ""
