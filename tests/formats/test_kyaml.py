"""YAML in, YAML out as kyaml writes it. Expected texts were produced with go.yaml.in/yaml/v3 v3.0.4."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fluxsim.formats.kyaml import WrongNodeKind, read, sequence_style, split, written
from fluxsim.formats.kyaml_canonical import marked
from fluxsim.formats.kyaml_node import YamlSyntaxError, is_text_in_yaml_1_1, resolved
from fluxsim.formats.kyaml_parser import DEPTH_MAX
from fluxsim.formats.kyaml_setters import scalars
from fluxsim.formats.kyaml_update import identifier


def again(text: str) -> str:
    return written(read(text))


KEPT = {
    "wide sequences": "a:\n  - b: 1\n    c: 2\n  - d\n",
    "compact sequences": "a:\n- b: 1\n  c:\n  - x\n- d\n",
    "sequences in sequences": "a:\n  - - 1\n    - 2\n  - - 3\n",
    "keys without a value": "a:\nb:\n  c:\nd: null\ne: ~\n",
    "quotes": "a: \"x\"\nb: 'y'\nc: \"\"\nd: 'it''s'\n",
    "numbers as they are written": "a: 0x1F\nb: 1_000\nc: 1e3\nd: 2026-03-02\ne: yes\n",
    "literal text": "a: |\n  one\n   two\n\n  three\nb: |-\n  no break\nc: |+\n  more\n\nd: 1\n",
    "folded text without breaks": "a: >-\n  one two\n",
    "an indentation hint": "a: |2\n    deeper first\n  then not\n",
    "empty collections": "a: []\nb: {}\n",
    "flow collections": "a: [x, 'y', \"z\"]\nb: {c: 1, d: [2]}\n",
    "anchors and aliases": "a: &x\n  b: 1\nc: *x\nd: &y text\n",
    "tags": "a: !!str 5\nb: !mine x\nc: !!binary aGk=\n",
    "comments above and behind": "# top\na: 1 # one\n# over b\nb: # to c\n  # over c\n  c: 2\n",
    "a comment at the end of a block": "a:\n  b: 1\n  # end of a\n# over c\nc: 2\n",
    "a head apart from the first key": "# licence\n\n# about a\na: 1\n",
    "a foot at the end": "a: 1\n\n# that was all\n",
    "comments in sequences": "a:\n  # first\n  - x # behind\n  # second\n  - y: 1\n",
    "a quoted key": "\"a b\": 1\n'c': 2\n",
    "two documents": "a: 1\n---\nb: 2\n",
    "long lines": f"a: {'word ' * 40}end\n",
}


@pytest.mark.parametrize("text", KEPT.values(), ids=KEPT)
def test_text_in_kyamls_own_form_stays(text: str) -> None:
    assert again(text) == text


CHANGED = {
    "deep indentation": ("a:\n    b:\n        c: 1\n", "a:\n  b:\n    c: 1\n"),
    "blank lines": ("a: 1\n\n\nb: 2\n\n", "a: 1\nb: 2\n"),
    "a blank line above a comment": ("a: 1\n\n# b\nb: 2\n", "a: 1\n# b\nb: 2\n"),
    "blanks before a comment": ("a: 1    # one\nb: 'x'\t#two\n", "a: 1 # one\nb: 'x' #two\n"),
    "no break at the end": ("a: 1", "a: 1\n"),
    "line ends of Windows": ("a: 1 # c\r\nb:\r\n  - x\r\n", "a: 1 # c\nb:\n  - x\n"),
    "document marks": ("---\na: 1\n...\n", "a: 1\n"),
    "empty documents": ("---\n---\na: 1\n---\n# only a comment\n---\n", "a: 1\n"),
    "comments on separators": ("a: 1\n--- # b\nb: 2\n", "a: 1\n---\nb: 2\n"),
    "what follows a document end": ("a: 1\n...\nb: 2\n", "a: 1\n"),
    "spaces in flow collections": ("a: [ 1,2 ]\nb: {x: 1,y: 2}\n", "a: [1, 2]\nb: {x: 1, y: 2}\n"),
    "flow collections over lines": ("a: [\n  x, # one\n  y\n]\n", "a: [x, # one\n  y]\n"),
    "a colon in flow context": ("a: [x:1]\n", "a: ['x:1']\n"),
    "a folded scalar": ("a: >\n  one\n  two\nb: 1\n", "a: >\n  one two\n\nb: 1\n"),
    "plain text over lines": ("a: one\n  two\n\n  three\n", "a: |-\n  one two\n  three\n"),
    "quoted text over lines": ('a: "one\n  two \\\n  three"\n', 'a: "one two three"\n'),
    "escapes": ('a: "\\x41\\u00e9\\t\\e"\n', 'a: "Aé\\t\\e"\n'),
    "emoji": ("a: 🚀 up\nb: '🚀'\n", 'a: "\\U0001F680 up"\nb: "\\U0001F680"\n'),
    "trailing spaces in literal text": ("a: |\n  one \n  two\n", 'a: "one \\ntwo\\n"\n'),
    "merge keys": ("a: &x {b: 1}\nc:\n  <<: *x\n", "a: &x {b: 1}\nc:\n  !!merge <<: *x\n"),
    "complex keys": ("? a\n: b\n", "a: b\n"),
    "mixed sequences": ("a:\n- x\nb:\n    - y\n", "a:\n- x\nb:\n- y\n"),
    "empty metadata": ("a: 1\nmetadata: {}\n", "a: 1\n"),
    "empty annotations": ("metadata:\n  name: x\n  annotations:\n", "metadata:\n  name: x\n"),
    "kyaml's own annotations": (
        "metadata:\n  name: x\n  annotations:\n    config.kubernetes.io/index: '3'\n    mine: y\n",
        "metadata:\n  name: x\n  annotations:\n    mine: y\n",
    ),
    "an id of old": (
        "metadata:\n  annotations:\n    config.k8s.io/id: '1'\n",
        "metadata:\n  annotations:\n    config.k8s.io/id: '1'\n    internal.config.kubernetes.io/id: '1'\n",
    ),
}


@pytest.mark.parametrize(("text", "expected"), CHANGED.values(), ids=CHANGED)
def test_other_text_is_brought_into_form(text: str, expected: str) -> None:
    assert again(text) == expected


def test_form_is_stable() -> None:
    for _, text in CHANGED.values():
        assert again(text) == text


def test_every_document_has_its_own_sequences() -> None:
    text = "a:\n- x\n---\na:\n  - x\n"
    assert again(text) == text


@pytest.mark.parametrize(
    ("text", "style"),
    [
        ("a:\n  - x\nb:\n- y\n", "wide"),
        ("a:\n- x\nb:\n  - y\n", "compact"),
        ("a:\n    - x\nb:\n  - y\n", "wide"),
        ("a:\n  # - not this\n\n  - x\n", "compact"),
        ("a: # why\n  # because\n  - x\n", "wide"),
        ("- x\n", "compact"),
        ("a: |\n  k:\n    - x\nb:\n- y\n", "wide"),
        ("", "compact"),
    ],
)
def test_the_first_sequence_sets_the_style(text: str, style: str) -> None:
    assert sequence_style(text) == style


FAULTY = {
    "a tab as indentation": "a:\n\tb: 1\n",
    "a template": "a: {{ .Values.a }}\nb: {{- if .x }}\n",
    "two colons": "a: b: c\n",
    "an open quote": "a: 'x\nb: 1\n",
    "an open bracket": "a: [1, 2\nb: 3\n",
    "an unknown anchor": "a: *x\n",
    "an unknown escape": 'a: "\\q"\n',
    "a short escape": 'a: "\\u12"\n',
    "a control character": "a: \x01\n",
    "an unknown tag handle": "a: !x!y 1\n",
    "a dash in a mapping": "a: 1\n- b\n",
    "a text on a separator": "a: 1\n--- foo\nb: 2\n",
    "an unknown directive": "%FOO\n---\na: 1\n",
    "another version of YAML": "%YAML 2.0\n---\na: 1\n",
    "a stray key": "a:\n    b: 1\n  c: 2\n",
    "too deep a nest": "".join(f"{'  ' * level}a:\n" for level in range(DEPTH_MAX + 2)),
}


@pytest.mark.parametrize("text", FAULTY.values(), ids=FAULTY)
def test_faulty_text_is_refused(text: str) -> None:
    with pytest.raises(YamlSyntaxError):
        read(text)


def test_a_fault_names_the_line_of_the_file() -> None:
    with pytest.raises(YamlSyntaxError, match="line 5: "):
        read("a: 1\nb: 2\n---\nc: 3\nd: 'x\n")


@pytest.mark.parametrize(
    "text",
    ["- a\n- b\n", "just text\n", "metadata: text\n", "metadata:\n- a\n", "metadata:\n  annotations: [a]\n"],
)
def test_what_has_no_room_for_annotations_is_refused(text: str) -> None:
    with pytest.raises(WrongNodeKind, match="wrong node kind: expected MappingNode but got"):
        read(text)


def test_a_list_gives_its_items() -> None:
    items = read("kind: List\nitems:\n  - kind: A\n  - kind: B\n    x: [1]\n")
    assert [item.in_list for item in items] == [True, True]
    assert written(items) == "kind: A\n---\nkind: B\nx: [1]\n"


def test_a_list_beside_other_documents_stays_whole() -> None:
    text = "kind: List\nitems:\n  - kind: A\n---\nkind: B\n"
    assert again(text) == text


def test_split_tells_where_documents_begin() -> None:
    assert split("a\nb\n---\nc\n--- # x\nd") == [("a\nb\n", 0), ("c\n", 3), ("d", 5)]
    assert split("") == []


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("", "!!null"),
        ("null", "!!null"),
        ("on", "!!str"),
        ("True", "!!bool"),
        ("0o17", "!!int"),
        ("0b-1", "!!int"),
        ("08", "!!float"),
        ("18446744073709551615", "!!int"),
        ("18446744073709551616", "!!float"),
        ("-9223372036854775809", "!!float"),
        ("1e400", "!!str"),
        (".5", "!!float"),
        (".x", "!!str"),
        ("1.2.3", "!!str"),
        ("2026-02-29", "!!str"),
        ("2024-02-29", "!!timestamp"),
        ("2026-03-02T09:00:00+01:00", "!!timestamp"),
        ("-.inf", "!!float"),
        ("<<", "!!str"),
    ],
)
def test_text_means_what_go_makes_of_it(text: str, tag: str) -> None:
    assert resolved(text) == tag


@pytest.mark.parametrize("text", ["12", "1.10", "1e5", "0x1F", "true", "on", "n", "null", "~"])
def test_yaml_1_1_reads_more_than_strings(text: str) -> None:
    assert not is_text_in_yaml_1_1(text)


@pytest.mark.parametrize("text", ["", "1.2.3", "v1", "2026-03-02", "ON!", "a\n1", "0o-7"])
def test_yaml_1_1_reads_strings_too(text: str) -> None:
    assert is_text_in_yaml_1_1(text)


# The quick way and the long way.


@st.composite
def manifests(draw: st.DrawFn) -> str:
    """Texts that are nearly in kyaml's form: most lines right, some not."""
    rare = st.sampled_from((*[False] * 15, True))
    lines: list[str] = []
    wide = draw(st.booleans())

    def note(column: int) -> None:
        if draw(st.sampled_from((*[False] * 7, True))):
            off = draw(st.sampled_from((-2, 2, 1))) if draw(rare) else 0
            lines.append(" " * max(0, column + off) + draw(COMMENTS))

    def behind() -> str:
        return f" {draw(COMMENTS)}" if draw(st.sampled_from((*[False] * 4, True))) else ""

    def mapping(depth: int, column: int, prefix: str) -> None:
        for at, key in enumerate(draw(st.lists(KEYS, min_size=1, max_size=3, unique=not draw(rare)))):
            if at or prefix.endswith(" " * column):
                note(column)
            start = f"{prefix if not at else ' ' * column}{key}:"
            shape = draw(st.sampled_from(("scalar", "scalar", "empty", "block", "mapping", "sequence")))
            if shape == "scalar" or depth > 3:
                lines.append(f"{start} {draw(SCALARS)}{behind()}")
            elif shape == "block":
                lines.append(f"{start} {draw(st.sampled_from(('|', '|-', '>-')))}")
                lines.extend(" " * (column + 2) + text for text in draw(st.lists(TEXTS, min_size=1, max_size=3)))
            else:
                lines.append(start + behind())
                deeper = column + (2 if not draw(rare) else 4)
                if shape == "mapping":
                    mapping(depth + 1, deeper, " " * deeper)
                elif shape == "sequence":
                    sequence(depth + 1, deeper if wide is not draw(rare) else column)

    def sequence(depth: int, column: int) -> None:
        for _ in range(draw(st.integers(1, 3))):
            note(column)
            if draw(st.booleans()):
                lines.append(f"{' ' * column}- {draw(SCALARS)}{behind()}")
            else:
                mapping(depth, column + 2, f"{' ' * column}- ")

    mapping(0, 0, "")
    if draw(rare):
        lines.append("")
    return "\n".join(lines) + ("" if draw(rare) else "\n")


COMMENTS = st.sampled_from(
    ("# c", "#c", '# {"$imagepolicy": "ns:app"}', '#{"$imagepolicy":"ns:app:tag"}', "# é {", "#")
)
KEYS = st.sampled_from(("a", "b", "kind", "metadata", "name", "annotations", "apiVersion", '"q k"', "x/y", "8080"))
GOOD = ("x", "x:1", "a b", "12", "true", "~", '"q"', "''", "[]", "{}", "[a, 'b']", "--f=1", ".5", "é", "a#b")
BAD = ("a: b", "- x", "<<", "*a", "...", "|", '"\\n"', "[a,b]", "🚀", "x ", "!t x", "&a x")
SCALARS = st.sampled_from((*GOOD, *GOOD, *BAD))
TEXTS = st.sampled_from(("t", "- x", "# y", "k:", "  deep", "", "z "))


@settings(max_examples=300)
@given(manifests())
def test_the_quick_way_takes_only_what_the_long_way_leaves_alone(text: str) -> None:
    parts = marked(text)
    if parts is None:
        return
    resources = read(text)
    assert written(resources) == text
    assert [part.identifier for part in parts] == [identifier(resource.root) for resource in resources]
    found = [[(scalar.value, scalar.style, scalar.comment) for scalar in part.marked] for part in parts]
    assert found == [
        [
            (node.value, node.style, node.line_comment or node.head)
            for node in scalars(resource.root)
            if "{" in (node.line_comment or node.head)
        ]
        for resource in resources
    ]


@settings(max_examples=200)
@given(manifests())
def test_text_in_form_comes_out_as_it_went_in(text: str) -> None:
    assume(">" not in text)  # folded text grows, see below
    try:
        once = again(text)
        twice = again(once)
    except (YamlSyntaxError, WrongNodeKind):
        return
    assert again(twice) == twice


def test_folded_text_with_deeper_lines_grows_each_time_as_with_go_yaml() -> None:
    once = again("a: >-\n  one\n    two\n")
    assert once == "a: >-\n  one\n\n    two\n"
    assert again(once) == "a: >-\n  one\n\n\n    two\n"


IN_FORM = ("wide sequences", "compact sequences", "keys without a value", "comments above and behind", "long lines")


@pytest.mark.parametrize("name", [*IN_FORM, "comments in sequences", "two documents"])
def test_the_quick_way_knows_what_people_write(name: str) -> None:
    assert marked(KEPT[name]) is not None


@pytest.mark.parametrize("name", CHANGED)
def test_the_quick_way_leaves_what_is_not_in_form(name: str) -> None:
    assert marked(CHANGED[name][0]) is None


@pytest.mark.parametrize(
    "text",
    [
        "x:1\n",
        "a: one\n  two\n",
        "a:\n  one\n",
        "a: 1\na: 2\n",
        "a:\n  - x\nb:\n- y\n",
        "kind: List\nitems:\n  - kind: A\n",
        "metadata:\na: 1\n",
        "# only a comment\n",
        "a: 1 # {}\n",
        "",
    ],
)
def test_the_quick_way_is_sure_of_itself(text: str) -> None:
    parts = marked(text)
    assert parts is None or again(text) == text


def test_a_setter_on_the_name_itself_takes_the_long_way() -> None:
    assert marked('kind: a # {"$imagepolicy": "ns:app"}\n') is None
