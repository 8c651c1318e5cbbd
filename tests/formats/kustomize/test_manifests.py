from __future__ import annotations

import pytest

from fluxsim.formats.kustomize.errors import KustomizeError, LateError, MalformedYaml
from fluxsim.formats.kustomize.manifests import objects_in, resources_in_file


def kinds(text: str) -> list[str]:
    return [tree["kind"] for tree in objects_in(text.encode())]


def test_empty_documents_are_passed_over() -> None:
    assert kinds("---\n# nothing\n---\nkind: A\nmetadata: {name: a}\n---\n") == ["A"]


def test_a_lone_list_is_opened() -> None:
    assert kinds("kind: List\nitems:\n- {kind: A, metadata: {name: a}}\n- {kind: B, metadata: {name: b}}") == ["A", "B"]


def test_the_items_of_a_list_among_others_come_last() -> None:
    text = "kind: AList\nitems: [{kind: A, metadata: {name: a}}]\n---\nkind: B\nmetadata: {name: b}\n"
    assert kinds(text) == ["B", "A"]


def test_a_list_kind_without_items_is_an_object() -> None:
    assert kinds("kind: AccessList\nmetadata: {name: a}") == ["AccessList"]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("text", "missing Resource metadata"),
        ("- a", "missing Resource metadata"),
        ("a: b", "missing Resource metadata"),
        ("apiVersion: v1\nkind: A", "missing metadata.name in object {{v1 A} {{ } map[] map[]}}"),
        ("metadata: {name: a, labels: {x: y}}", "missing kind in object {{ } {{a } map[x:y] map[]}}"),
        ("kind: List\nitems: [{}, {a: b}]", "missing Resource metadata"),
        ("kind: AList\nitems: 3", "expected array in AList/items, but found int"),
    ],
)
def test_what_is_no_object_is_refused(text: str, error: str) -> None:
    with pytest.raises(KustomizeError) as failed:
        objects_in(text.encode())
    assert str(failed.value) == error


def test_the_name_of_the_file_stands_behind_a_grammar_error() -> None:
    with pytest.raises(MalformedYaml, match=r"in File: sub/x\.yaml$"):
        resources_in_file(b"a: [", "base/sub/x.yaml", "sub/x.yaml")


def test_a_key_that_stands_twice_is_noticed_late() -> None:
    with pytest.raises(LateError, match='mapping key "b" already defined at line 3'):
        objects_in(b"kind: A\nmetadata: {name: a}\nb: 1\nb: 2\n")


def test_every_caller_gets_a_tree_of_its_own() -> None:
    text = b"kind: A\nmetadata: {name: a}\n"
    objects_in(text)[0]["metadata"]["name"] = "changed"
    assert objects_in(text)[0]["metadata"]["name"] == "a"
