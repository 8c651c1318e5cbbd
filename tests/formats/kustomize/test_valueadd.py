from __future__ import annotations

import pytest

from fluxsim.formats.kustomize.valueadd import inserted
from tests.formats.kustomize.overlay import failure, one

ADD = "apiVersion: builtin\nkind: ValueAddTransformer\nmetadata: {name: v}\n"


@pytest.mark.parametrize(
    ("path", "position", "expected"),
    [("a/b", 0, "X/a/b"), ("/a/b", 0, "/X/a/b"), ("/a/b", 1, "/a/X/b"), ("a", 9, "a/X"), ("", 0, "X"), ("/", 0, "/X")],
)
def test_a_part_is_put_into_a_path(path: str, position: int, expected: str) -> None:
    assert inserted(path, position, "X") == expected


def test_a_value_is_put_into_a_field() -> None:
    text = f"{ADD}value: v\ntargets: [{{fieldPath: data/new}}, {{fieldPath: metadata/namespace}}]\n"
    made = one("resources: [settings.yaml]\ntransformers: [v.yaml]", {"v.yaml": text})
    assert (made["data"]["new"], made["metadata"]["namespace"]) == ("v", "v")


def test_without_value_the_directory_gives_its_name() -> None:
    text = f"{ADD}targets: [{{fieldPath: data/color, filePathPosition: 1, selector: {{kind: ConfigMap}}}}]\n"
    made = one("resources: [settings.yaml]\ntransformers: [v.yaml]", {"v.yaml": text})
    assert made["data"]["color"] == "tree/red"


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ("value: v", "must specify at least one target"),
        ("targets: [{}]", "fieldPath cannot be empty"),
        ("targets: [{fieldPath: a, filePathPosition: -1}]", "value of FilePathPosition (-1) cannot be negative"),
    ],
)
def test_settings_without_a_place_are_refused(settings: str, error: str) -> None:
    text = failure("resources: [settings.yaml]\ntransformers: [v.yaml]", {"v.yaml": ADD + settings})
    assert text.endswith(f"fails configuration: {error}")
