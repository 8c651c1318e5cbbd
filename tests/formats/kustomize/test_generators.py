from __future__ import annotations

from typing import Any

import pytest

from tests.formats.kustomize.overlay import CONFIG_MAP, failure, names, objects, one

FILES: dict[str, str | bytes] = {
    "app.env": '\ufeff# comment\nA=1\n\n  B = two \nC="q"\nD\nE=a=b\n',
    "dir/file.txt": "text\n",
    "raw.bin": b"\xff\xfe\x00",
    "long.txt": "x" * 60,
}


def data(entry: str) -> Any:
    return one(f"configMapGenerator: [{{name: a, {entry}}}]", FILES).get("data")


def test_literals_lose_the_quotes_around_them() -> None:
    assert data("""literals: ["a=b=c", "b='q'", 'c="q"', "d='x", "e="]""") == {
        "a": "b=c",
        "b": "q",
        "c": "q",
        "d": "'x",
        "e": "",
    }


def test_lines_of_an_env_file_are_taken_as_they_stand() -> None:
    assert data("envs: [app.env]") == {"A": "1", "B ": " two ", "C": '"q"', "D": "", "E": "a=b"}


def test_files_go_by_their_name_or_a_key() -> None:
    assert data("files: [dir/file.txt, k=dir/file.txt]") == {"file.txt": "text\n", "k": "text\n"}


def test_bytes_that_are_no_text_go_into_binary_data() -> None:
    made = one("configMapGenerator: [{name: a, files: [raw.bin]}]", FILES)
    assert (made.get("data"), made["binaryData"]) == (None, {"raw.bin": "//4A"})


def test_a_secret_is_encoded_in_lines() -> None:
    made = one("secretGenerator: [{name: a, files: [long.txt], type: x/y}]", FILES)
    assert made["type"] == "x/y"
    assert made["data"]["long.txt"] == "eHh4eHh4" * 8 + "eHh4eH\nh4eHh4eHh4\n"


def test_a_generator_without_data_makes_an_empty_object() -> None:
    assert "data" not in one("configMapGenerator: [{name: a}]")
    assert one("secretGenerator: [{name: a}]")["data"] == {}


def test_options_of_an_entry_win_over_the_common_ones() -> None:
    made = one(
        "generatorOptions: {labels: {a: common, b: common}, immutable: true}\n"
        "configMapGenerator: [{name: a, options: {labels: {a: own}, disableNameSuffixHash: true}}]"
    )
    assert made["metadata"] == {"name": "a", "labels": {"a": "own", "b": "common"}}
    assert made["immutable"] is True


def test_an_object_that_is_merged_into_gets_no_hash_unless_it_had_one() -> None:
    made = one("resources: [settings.yaml]\nconfigMapGenerator: [{name: settings, behavior: merge, literals: [b=c]}]")
    assert (made["metadata"]["name"], made["data"]) == ("settings", {"b": "c", "color": "red"})


def test_an_overlay_hashes_again_what_it_merges_into() -> None:
    files: dict[str, str | bytes] = {"base/kustomization.yaml": "configMapGenerator: [{name: a, literals: [x=1]}]"}
    (base,) = names("resources: [base]", files)
    (over,) = names("resources: [base]\nconfigMapGenerator: [{name: a, behavior: merge, literals: [y=2]}]", files)
    assert base != over
    assert one("resources: [base]\nconfigMapGenerator: [{name: a, behavior: replace, literals: [y=2]}]", files)[
        "data"
    ] == {"y": "2"}


def test_the_deployment_follows_the_hash() -> None:
    made = objects("resources: [deployment.yaml]\nconfigMapGenerator: [{name: settings, literals: [a=b]}]")
    (source,) = made[0]["spec"]["template"]["spec"]["containers"][0]["envFrom"]
    assert source["configMapRef"]["name"] == made[1]["metadata"]["name"] != "settings"


@pytest.mark.parametrize(
    ("entry", "error"),
    [
        ("{literals: [a=b]}", "a configmap must have a name"),
        (
            "{name: a, literals: [a]}",
            "loading KV pairs: literal sources [a]: invalid literal source a, expected key=value",
        ),
        ("{name: a, literals: [a=1, a=2]}", "configmap a illegally repeats the key `a`"),
        (
            "{name: a, files: ['=x']}",
            'loading KV pairs: file sources: [=x]: missing key name for file path "x" in source "=x"',
        ),
        (
            "{name: a, files: ['x=']}",
            'loading KV pairs: file sources: [x=]: missing file path for key name "x" in source "x="',
        ),
        (
            "{name: a, files: ['a=b=c']}",
            "loading KV pairs: file sources: [a=b=c]: source \"a=b=c\" key name or file path contains '='",
        ),
    ],
)
def test_what_cannot_be_generated_is_told(entry: str, error: str) -> None:
    assert failure(f"configMapGenerator: [{entry}]") == error


@pytest.mark.parametrize(("behavior", "word"), [("merge", "does not exist"), ("replace", "does not exist")])
def test_there_must_be_something_to_merge_into(behavior: str, word: str) -> None:
    text = failure(f"configMapGenerator: [{{name: a, behavior: {behavior}}}]")
    assert text.startswith("merging from generator &{0x")
    assert f'Name:"a", Namespace:""}} {word}; cannot merge or replace' in text


def test_a_name_that_is_taken_must_be_merged_into() -> None:
    text = failure("resources: [settings.yaml]\nconfigMapGenerator: [{name: settings}]", {"settings.yaml": CONFIG_MAP})
    assert text.endswith("exists; can not use behavior: 'unspecified', behavior must be merge or replace")
