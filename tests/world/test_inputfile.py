"""Files that people write: what is wrong, where, and what to do instead."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, field_validator

from fluxsim.kernel.errors import InputError
from fluxsim.world.inputfile import BYTES_MAX, NODES_MAX, parse, read


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Push(_Strict):
    do: Literal["push"]
    tag: str
    count: int = 1


class Wait(_Strict):
    do: Literal["wait"]
    at_least: str = Field(alias="at least")


class Story(_Strict):
    name: str
    seed: int = 1
    dry: bool = False
    steps: list[Annotated[Push | Wait, Field(discriminator="do")]] = Field(default_factory=list)
    notes: dict[str, str] = Field(default_factory=dict)

    @field_validator("name")
    @classmethod
    def _named(cls, value: str) -> str:
        if not value:
            raise ValueError("A story needs a name")
        return value


def story(text: str | bytes) -> Story:
    return read("story.yaml", text if isinstance(text, bytes) else text.encode(), Story)


def faults(text: str | bytes) -> list[str]:
    with pytest.raises(InputError) as error:
        story(text)
    return str(error.value).splitlines()


def test_a_good_file_is_its_model() -> None:
    found = story("name: x\nseed: 7\nsteps:\n  - {do: push, tag: '1.0'}\n  - {do: wait, at least: 5m}\n")
    assert found.seed == 7
    assert [step.do for step in found.steps] == ["push", "wait"]


def test_a_byte_order_mark_is_no_matter() -> None:
    assert story(b"\xef\xbb\xbfname: x\n").name == "x"


# -- wrong keys and values


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name: x\nsed: 7\n", "story.yaml:2:1: unknown field 'sed'; did you mean 'seed'?"),
        ("seed: 7\n", "story.yaml:1:1: field 'name' is missing"),
        (
            "name: x\nsteps:\n  - do: push\n    tga: a\n    tag: b\n",
            "story.yaml:4:5: unknown field 'tga'; did you mean 'tag'?",
        ),
        ("name: x\nsteps:\n  - do: push\n", "story.yaml:3:5: field 'tag' is missing"),
        ("name: x\nsteps:\n  - {do: pusch}\n", "story.yaml:3:5: unknown action 'pusch'; did you mean 'push'?"),
        ("name: x\nsteps:\n  - {do: wait, at lest: 1m, at least: 1m}\n", "did you mean 'at least'?"),
        ("name: 7\n", "story.yaml:1:1: 'name' must be text, found the number 7; write it in quotes: \"7\""),
        (
            "name: x\nsteps:\n  - {do: push, tag: 6.10}\n",
            "story.yaml:3:16: 'tag' must be text, found the number 6.10; write it in quotes: \"6.10\"",
        ),
        ("name: x\nnotes: {a: true}\n", "'a' must be text, found the truth value true; write it in quotes: \"true\""),
        ("name: [x]\n", "story.yaml:1:1: 'name' must be text, found a list"),
        ("name:\n", "story.yaml:1:1: 'name' must be text, found nothing; write it in quotes: \"\""),
        ("name: x\nseed: seven\n", "story.yaml:2:1: 'seed': input should be a valid integer"),
        ("name: x\nsteps: {do: push}\n", "story.yaml:2:1: 'steps': input should be a valid list"),
        ("name: x\nsteps: [push]\n", "story.yaml:2:9: "),
        ("name: ''\n", "story.yaml:1:1: 'name': a story needs a name"),
        ("name: x\ndry: maybe\n", "story.yaml:2:1: 'dry': input should be a valid boolean"),
    ],
)
def test_a_fault_has_a_place_and_a_way_out(text: str, told: str) -> None:
    [fault] = faults(text)
    assert told in fault


def test_all_faults_come_at_once_in_order_of_their_lines() -> None:
    text = "sed: 7\nsteps:\n  - {do: push, tag: 1}\n  - {do: puhs}\n  - {do: wait}\nname: 3\n"
    told = faults(text)
    assert [fault.split(":")[1] for fault in told] == ["1", "3", "4", "5", "6"]


# -- files that are none


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"", "story.yaml:1:1: the file is empty"),
        (b"# nothing\n", "story.yaml:1:1: the file is empty"),
        (b"- a\n", "story.yaml:1:1: expected a mapping, found a list"),
        (b"just text\n", "story.yaml:1:1: expected a mapping, found text"),
        (b"name: [x\n", "story.yaml:2:1: not YAML: "),
        (b"name: x\n\tseed: 1\n", "story.yaml:2:1: not YAML: "),
        (b"name: x\nname: y\n", "story.yaml:2:1: key 'name' stands twice; remove one"),
        (b"? [a]\n: b\n", "story.yaml:1:3: a key must be text"),
        (b"name: caf\xe9\n", "story.yaml: byte 9 is not UTF-8; save the file as UTF-8"),
        (b"name: *nowhere\n", "not YAML: found undefined alias"),
        (b"name: x\n---\nname: y\n", "story.yaml:2:1: not YAML: "),
        (b"name: \x00\n", "story.yaml"),
    ],
)
def test_what_is_no_such_file_at_all(text: bytes, told: str) -> None:
    [fault] = faults(text)
    assert told in fault


def test_a_file_that_is_too_large() -> None:
    [fault] = faults(b"#" * (BYTES_MAX + 1))
    assert fault == f"story.yaml: the file has {BYTES_MAX + 1} bytes, more than {BYTES_MAX}; is this the right file?"


def test_a_file_with_too_many_values() -> None:
    [fault] = faults("notes:\n" + "".join(f"  k{number}: v\n" for number in range(NODES_MAX)))
    assert f"more than {NODES_MAX} values" in fault


def test_a_yaml_bomb_is_not_unpacked() -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    for above, name in zip("abcdefghi", "bcdefghij", strict=True):
        lines.append(f"{name}: &{name} [{', '.join([f'*{above}'] * 9)}]")
    [fault] = faults("\n".join(lines))
    assert "a YAML bomb, or not a file for fluxsim" in fault


def test_an_alias_of_itself_is_not_followed_for_ever() -> None:
    [fault] = faults("name: x\nnotes: &a {b: *a}\n")
    assert fault.startswith("story.yaml")


def test_deep_nesting_is_a_fault_and_no_crash() -> None:
    [fault] = faults("a: " + "[" * 3_000 + "]" * 3_000)
    assert fault.startswith("story.yaml")


# -- scalars


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7", 7),
        ("-7", -7),
        ("0", 0),
        ("007", "007"),
        ("1.5", 1.5),
        ("1e3", "1e3"),
        ("0x10", "0x10"),
        ("1_000", "1_000"),
        ("true", True),
        ("yes", "yes"),
        ("on", "on"),
        ("null", None),
        ("~", None),
        ("", None),
        ("2026-03-02", "2026-03-02"),
        ("12:30", "12:30"),
        ("'7'", "7"),
        ('"true"', "true"),
        ("5m", "5m"),
    ],
)
def test_only_what_is_surely_meant_so_is_more_than_text(text: str, value: Any) -> None:
    assert parse("x", f"a: {text}\n".encode()).tree == {"a": value}


def test_places_are_those_of_keys_and_items() -> None:
    places = parse("x", b"a:\n  - b: 1\n    c:\n      d: 2\n").places
    assert places[("a",)] == (1, 1)
    assert places[("a", 0)] == (2, 5)
    assert places[("a", 0, "c", "d")] == (4, 7)
