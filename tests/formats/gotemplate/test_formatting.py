from __future__ import annotations

import pytest

from fluxsim.formats.gotemplate.formatting import sprint, sprintf, sprintln
from fluxsim.formats.gotemplate.values import GoMap, GoSlice, Int64, Struct, Uint64, Value


@pytest.mark.parametrize(
    ("template", "values", "text"),
    [
        ("%s|%v|%d|%t|%q", ["a", 1.5, 2, True, "b"], 'a|1.5|2|true|"b"'),
        ("%5d|%-5d|%05d|%+d|% d", [1, 2, 3, 4, 5], "    1|2    |00003|+4| 5"),
        ("%x|%X|%o|%b|%#x|%c|%U|%q", [255, 255, 8, 5, 255, 65, 233, 65], "ff|FF|10|101|0xff|A|U+00E9|'A'"),
        ("%6.2f|%e|%g|%08.3f", [1.5, 1.5, 1e21, -3.14159], "  1.50|1.500000e+00|1e+21|-003.142"),
        ("%x|% x|%#x", ["hi", "hi", "hi"], "6869|68 69|0x6869"),
        ("%.2s|%5s|%-5s|", ["abc", "a", "b"], "ab|    a|b    |"),
        ("%v|%d", [["a", 1, None], GoSlice([1, 2], "int")], "[a 1 <nil>]|[1 2]"),
        ("%T|%T|%T|%T", [1, Int64(1), {}, None], "int|int64|map[string]interface {}|<nil>"),
        (
            "%#v|%#v",
            [["a", None], GoMap({"a": "b"})],
            '[]interface {}{"a", interface {}(nil)}|map[string]string{"a":"b"}',
        ),
        ("%[2]s %[1]s", ["a", "b"], "b a"),
        ("%*d|%.*f|%-*d|", [3, 1, 1, 2.25, 3, 4], "  1|2.2|4  |"),
        ("100%%", [], "100%"),
    ],
)
def test_a_verb_shows_its_value(template: str, values: list[Value], text: str) -> None:
    assert sprintf(template, values) == text


@pytest.mark.parametrize(
    ("template", "values", "text"),
    [
        ("%d", ["a"], "%!d(string=a)"),
        ("%s", [1], "%!s(int=1)"),
        ("%s", [None], "%!s(<nil>)"),
        ("%d", [], "%!d(MISSING)"),
        ("a", [1, None], "a%!(EXTRA int=1, <nil>)"),
        ("%", [], "%!(NOVERB)"),
        ("%z", [1], "%!z(int=1)"),
        ("%[5]d", [1], "%!d(BADINDEX)"),
        ("%*d", ["x", 1], "%!(BADWIDTH)1"),
        ("%.*d", ["x", 1], "%!(BADPREC)1"),
        ("%d", [[1, "a"]], "[1 %!d(string=a)]"),
    ],
)
def test_what_does_not_fit_is_told_in_the_text(template: str, values: list[Value], text: str) -> None:
    assert sprintf(template, values) == text


def test_print_parts_only_what_is_no_text() -> None:
    assert sprint([1, 2, "a", 3, None, None]) == "1 2a3 <nil> <nil>"
    assert sprintln(["a", 1]) == "a 1\n"


def test_a_struct_with_text_of_its_own_shows_it() -> None:
    named = Struct("p.Name", {"A": "x"}, text="own")
    assert sprintf("%v %s %q %d %#v", [named] * 5) == 'own own "own" {%!d(string=x)} p.Name{A:"x"}'
    assert sprint([Struct("p.Pointer", {"A": 1}, pointer=True)]) == "&{1}"


def test_unsigned_numbers_keep_their_type() -> None:
    assert sprintf("%v %T", [Uint64(7), Uint64(7)]) == "7 uint64"
