"""Patches of the API machinery: strategic merge, merge and JSON patches, and how strategic ones are made."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from fluxsim.formats import jsonpatch, mergepatch, strategicmerge, strategicmerge_diff
from fluxsim.formats.jsonpatch import JsonPatchError
from fluxsim.formats.mergepatch import MergePatchError
from fluxsim.formats.strategicmerge_schema import Field, Schema, built_in
from fluxsim.formats.strategicmerge_values import Conflict, StrategicMergeError, sorted_by_text
from fluxsim.formats.tree import Json
from tests.conformance.runner import Case, same

ERRORS = (StrategicMergeError, MergePatchError, JsonPatchError)


# -- the types that apimachinery's own tests patch

TEXT = Schema("string")
NUMBERS = Schema("slice", element=Schema("int"))
TEXTS_BY_NAME = Schema("map", element=TEXT)


def _merge_item() -> Mapping[str, Field]:
    items = Schema("slice", element=MERGE_ITEM)
    return {
        "name": Field(TEXT),
        "value": Field(TEXT),
        "other": Field(TEXT),
        "mergingList": Field.worded(items, "merge name"),
        "nonMergingList": Field(items),
        "mergingIntList": Field.worded(NUMBERS, "merge"),
        "nonMergingIntList": Field(NUMBERS),
        "mergeItemPtr": Field.worded(Schema("struct", "MergeItem", pointer=True, fields=_merge_item), "merge name"),
        "simpleMap": Field(TEXTS_BY_NAME),
        "replacingItem": Field.worded(Schema("struct", "RawExtension"), "replace"),
        "jsonItem": Field(Schema("struct")),
        "retainKeysMap": Field.worded(Schema("struct", "RetainKeysMergeItem", fields=_retaining_item), "retainKeys"),
        "retainKeysMergingList": Field.worded(items, "merge,retainKeys name"),
    }


def _retaining_item() -> Mapping[str, Field]:
    names = ("name", "value", "other", "simpleMap", "mergingIntList", "mergingList", "nonMergingList")
    return {name: MERGE_ITEM.fields[name] for name in names}


MERGE_ITEM = Schema("struct", "MergeItem", fields=_merge_item)


def _schema(name: str) -> Schema:
    if name == "mergeItem":
        return MERGE_ITEM
    found = built_in(*name.split(" "))
    assert found is not None, f"{name} has no strategic merge patch"
    return found


# -- k8s_strategic_merge_patch


def _run(case: Case, _: Path) -> Json:
    given = case["input"]
    schema = None if given["op"].startswith("json") else _schema(given["schema"])
    try:
        return OPERATIONS[given["op"]](given, schema)
    except ERRORS as error:
        text = f"error: {error}"
        return {"error": str(error), "stderr": text if text.endswith("\n") else text + "\n"}


def _applied(given: Case, apply: Callable[[Json, Json], Json]) -> Json:
    result = apply(given["doc"], _read(given["patch"]))
    return {"result": result, "unchanged": result == given["doc"]}


def _read(patch: Json) -> Json:
    """A patch given as text may be broken: it is handed on as it is, being neither map nor list."""
    try:
        return json.loads(patch) if isinstance(patch, str) else patch
    except json.JSONDecodeError:
        return patch


def _two_way(given: Case, schema: Schema) -> Json:
    return {"patch": strategicmerge_diff.two_way_patch(given["original"], given["modified"], schema)}


def _three_way(given: Case, schema: Schema) -> Json:
    documents = (given["original"], given["modified"], given["current"])
    patch = strategicmerge_diff.three_way_patch(*documents, schema)
    try:
        strategicmerge_diff.three_way_patch(*documents, schema, overwrite=False)
    except Conflict:
        return {"patch": patch, "conflict_without_overwrite": True}
    return {"patch": patch, "conflict_without_overwrite": False}


OPERATIONS: dict[str, Callable[[Case, Json], Json]] = {
    "apply": lambda given, schema: _applied(given, lambda doc, patch: strategicmerge.applied(doc, patch, schema)),
    "json_merge_patch": lambda given, _: _applied(given, mergepatch.applied),
    "json_patch": lambda given, _: _applied(given, jsonpatch.applied),
    "two_way_diff": _two_way,
    "three_way_diff": _three_way,
}


def _difference(case: Case, got: Json) -> str | None:
    expect = dict(case["expect"])
    part = expect.pop("error_contains", None)
    if part is not None and part not in got.get("error", ""):
        return f"error: expected {part!r}\ngot {got}"
    wrong: list[str] = []
    for key, wanted in expect.items():
        value = got.get(key)
        if case.get("compare", "exact") != "exact" and isinstance(value, dict):
            wanted, value = (_sorted_lists(tree, _schema(case["input"]["schema"])) for tree in (wanted, value))
        if not same(wanted, value):
            wrong.append(f"{key}: expected {json.dumps(wanted)}\ngot {json.dumps(got)}")
    return "\n".join(wrong) or None


def _sorted_lists(tree: Mapping[str, Json], schema: Schema) -> dict[str, Json]:
    """Sort the lists that merge, as upstream's tests do before they compare."""
    result: dict[str, Json] = {}
    for key, value in tree.items():
        result[key] = value
        if key.startswith(("$retainKeys", "$deleteFromPrimitiveList")):
            result[key] = sorted_by_text(value)
        elif key.startswith("$"):
            continue
        elif isinstance(value, dict) and schema.kind == "struct":
            result[key] = _sorted_lists(value, schema.field(key).schema)
        elif isinstance(value, list) and (field := schema.list_field(key)).strategy == "merge":
            items = [_sorted_lists(item, field.schema) if isinstance(item, dict) else item for item in value]
            result[key] = sorted_by_text(items, field.merge_key or None)
    return result


# -- patch_oracle


def _patched(case: Case, _: Path) -> Json:
    document, patch = case["object"], case["patch"]
    try:
        match case["type"]:
            case "strategic":
                result = strategicmerge.applied(
                    document, patch, _schema(f"{document['apiVersion']} {document['kind']}")
                )
            case "merge":
                result = mergepatch.applied(document, patch)
            case _:
                result = jsonpatch.applied(document, patch)
    except ERRORS as error:
        return {"result": None, "error": f"error: {error}".strip()}
    return {"result": _without_empties(result), "error": None}


def _oracle_difference(case: Case, got: Json) -> str | None:
    if got["error"] != case["error"]:
        return f"error: expected {case['error']!r}\ngot {got['error']!r}"
    wanted = _without_empties(case["result"])
    return None if same(wanted, got["result"]) else f"expected {json.dumps(wanted)}\ngot {json.dumps(got['result'])}"


def _without_empties(tree: Json) -> Json:
    """Leave out nulls too, which an element that a patch adds keeps until it is decoded into its Go type."""
    if isinstance(tree, dict):
        inner = {key: _without_empties(value) for key, value in tree.items()}
        return {key: value for key, value in inner.items() if value not in ({}, [], None)}
    return [_without_empties(item) for item in tree] if isinstance(tree, list) else tree


ADAPTERS = {"k8s_strategic_merge_patch": _run, "patch_oracle": _patched}
COMPARATORS = {"k8s_strategic_merge_patch": _difference, "patch_oracle": _oracle_difference}
