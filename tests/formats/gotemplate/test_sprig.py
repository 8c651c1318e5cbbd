from __future__ import annotations

import pytest

from fluxsim.formats.gotemplate.errors import ExecutionFault, ParseFault
from fluxsim.formats.gotemplate.sprig.functions import HERMETIC_FUNCTIONS
from fluxsim.formats.gotemplate.template import Template


def written(expression: str) -> str:
    return Template("t", f"{{{{{expression}}}}}").execute({})


def refusal(expression: str) -> str:
    with pytest.raises(ExecutionFault) as refused:
        written(expression)
    return str(refused.value).partition("error calling ")[2]


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ('abbrev 5 "hello world"', "he..."),
        ('abbrevboth 5 10 "1234 5678 9123"', "...5678..."),
        ('trunc 2 "abc"', "ab"),
        ('substr 1 3 "hello"', "el"),
        ('"straße" | upper', "STRAßE"),
        ('title "hello wide_world"', "Hello Wide_world"),
        ('untitle "Hello World"', "hello world"),
        ('swapcase "Ab cD"', "aB Cd"),
        ('initials "First Try"', "FT"),
        ('nospace " a b "', "ab"),
        ('wrap 5 "hello world"', "hello\nworld"),
        ('wrapWith 3 "-" "abcdefg"', "abc-def-g"),
        ('snakecase "HTTPServer2xx"', "http_server_2xx"),
        ('kebabcase "someWords here"', "some-words-here"),
        ('camelcase "http_server"', "HttpServer"),
        ('quote "a" nil 1', '"a" "1"'),
        ('squote "a"', "'a'"),
        ('cat "a" nil 1', "a 1"),
        ('nindent 2 "a\\nb"', "\n  a\n  b"),
        ('split "/" "a/b" | toJson', '{"_0":"a","_1":"b"}'),
        ('splitList "," "a,b" | join "+"', "a+b"),
        ('splitn "/" 2 "a/b/c" | toJson', '{"_0":"a","_1":"b/c"}'),
        ('list "b" 10 "a" | sortAlpha', "[10 a b]"),
        ('b64enc "é" | b64dec', "é"),
        ('b64dec "=="', "illegal base64 data at input byte 0"),
        ('b32enc "a" | b32dec', "a"),
        ('plural "one" "many" 2', "many"),
    ],
)
def test_text_is_changed(expression: str, text: str) -> None:
    assert written(expression) == text


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ('add "1" 2.9 nil', "3"),
        ("add 9223372036854775807 1", "-9223372036854775808"),
        ("div -7 2", "-3"),
        ("mod -7 3", "-1"),
        ('int64 "0x10"', "16"),
        ('int64 "08"', "0"),
        ('atoi "x"', "0"),
        ("addf 0.1 0.2", "0.3"),
        ("divf 10 3", "3.3333333333333335"),
        ("round 123.5555 3", "123.556"),
        ("ceil 1.1", "2"),
        ("seq 0 2 6", "0 2 4 6"),
        ("untilStep 5 0 -2", "[5 3 1]"),
        ("max 1 3 2", "3"),
        ("toDecimal 777", "511"),
        ("typeOf (add 1 2)", "int64"),
    ],
)
def test_numbers_are_reckoned(expression: str, text: str) -> None:
    assert written(expression) == text


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ('default "d" ""', "d"),
        ('coalesce "" nil "x"', "x"),
        ('ternary "y" "n" false', "n"),
        ('compact (list 0 "a" "")', "[a]"),
        ("uniq (list 1 1 1.0)", "[1 1]"),
        ("without (list 1 2 3) 2", "[1 3]"),
        ("has 1 (list 1)", "true"),
        ("chunk 2 (list 1 2 3)", "[[1 2] [3]]"),
        ("initial (rest (list 1 2 3 4))", "[2 3]"),
        ("first (list)", "<no value>"),
        ('dict "b" 1 "a" (list) | toJson', '{"a":[],"b":1}'),
        ('keys (dict "b" 1 "a" 2)', "[a b]"),
        ('dig "a" "b" "none" (dict "a" (dict "b" 1))', "1"),
        ('merge (dict "a" 1) (dict "a" 2 "b" 3)', "map[a:1 b:3]"),
        ('mergeOverwrite (dict "a" (dict "x" 1)) (dict "a" (dict "y" 2))', "map[a:map[x:1 y:2]]"),
        ('(fromJson "{\\"a\\":[1]}").a | toString', "[1]"),
        ('fromJson "{"', "<no value>"),
        ('toRawJson "<a>"', '"<a>"'),
        ("deepEqual (list 1) (list 1)", "true"),
        ("kindOf (dict)", "map"),
    ],
)
def test_lists_and_maps_are_changed(expression: str, text: str) -> None:
    assert written(expression) == text


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ('regexFind "[0-9]+" "ab12"', "12"),
        ('regexFindAll "a*" "baac" -1', "[ aa ]"),
        ('regexReplaceAll "(?P<n>a)(b)" "abab" "${n}-$2"', "a-ba-b"),
        ('regexReplaceAllLiteral "a" "ba" "$1"', "b$1"),
        ('regexSplit "z+" "pizza" -1', "[pi a]"),
        ('regexQuoteMeta "a.b"', r"a\.b"),
        ('regexMatch "(" "a"', "false"),
        ('sha256sum "a" | trunc 8', "ca978112"),
        ('adler32sum "a"', "6422626"),
        ('htpasswd "u" "p" "sha"', "u:{SHA}UWuXg/ylF+7L0dBk2i0WUxCxl1k="),
        ('clean "/a/../b//c"', "/b/c"),
        ('ext "a/b.tar.gz"', ".gz"),
        ('(urlParse "https://u:p@h:1/p?q#f").hostname', "h"),
        ('urlJoin (dict "scheme" "https" "host" "h" "path" "/a b")', "https://h/a%20b"),
        ('(semver "v1.2.3-rc.1").IncPatch', "1.2.3"),
        ('(semver "1.2.3").LessThan (semver "1.10.0")', "true"),
        ('semverCompare "^1.2" "1.3.0"', "true"),
        ('duration "95"', "1m35s"),
        ('durationRound "49h"', "2d"),
        ('derivePassword 1 "pin" "p" "u" "s" | len', "4"),
    ],
)
def test_the_rest_of_the_functions_work(expression: str, text: str) -> None:
    assert written(expression) == text


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ('substr 3 1 "hello"', "substr: runtime error: slice bounds out of range [3:1]"),
        ('repeat -1 "a"', "repeat: strings: negative Repeat count"),
        ('repeat 999999999 "aaa"', "repeat: the text would be longer than 16777216 bytes"),
        ("until 99999999", "until: the list would be longer than 1000000"),
        ("div 1 0", "div: runtime error: integer divide by zero"),
        ("divf 1 0", "divf: decimal division by 0"),
        ('first "a"', "first: Cannot find first on type string"),
        ("first nil", "first: runtime error: invalid memory address or nil pointer dereference"),
        ('mustFromJson "{"', "mustFromJson: unexpected end of JSON input"),
        ('regexFind "(" "a"', "regexFind: regexp: Compile(`(`): error parsing regexp: missing closing ): `(`"),
        ('mustRegexFind "(" "a"', "mustRegexFind: error parsing regexp: missing closing ): `(`"),
        ('semver "x"', "semver: invalid semantic version"),
        ('urlParse "http://h:x/"', 'urlParse: unable to parse url: parse "http://h:x/": invalid port ":x" after host'),
        ('dig "a" (dict)', "dig: dig needs at least three arguments"),
        ('shuffle "abc"', "shuffle: its result is random, so it cannot be simulated"),
    ],
)
def test_a_function_that_fails_says_why(expression: str, message: str) -> None:
    assert refusal(expression) == message


@pytest.mark.parametrize(
    "name", ["env", "expandenv", "now", "date", "randAlpha", "randBytes", "uuidv4", "getHostByName"]
)
def test_what_depends_on_the_machine_is_not_defined(name: str) -> None:
    assert name not in HERMETIC_FUNCTIONS
    with pytest.raises(ParseFault, match=f'function "{name}" not defined'):
        written(name)
