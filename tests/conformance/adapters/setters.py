"""Image setters: markers, rewriting of files, and the helpers of an update's result."""

from __future__ import annotations

from pathlib import Path

from fluxsim.formats.imageref import parse_reference
from fluxsim.formats.markers import (
    Change,
    FileChange,
    ImageRef,
    ObjectIdentifier,
    SetterError,
    SetterResult,
    UnsupportedStrategy,
    apply_setters,
)
from fluxsim.formats.tree import Json
from tests.conformance.runner import Case


def setters(case: Case, _directory: Path) -> Json:
    given = case["input"]
    policies = {
        f"{policy['namespace']}:{policy['name']}": ImageRef.of(policy["latestRef"]) if policy.get("latestRef") else None
        for policy in given.get("policies", ())
    }
    files = {path: text.encode() for path, text in given.get("files", {}).items()}
    strategy = given.get("update", {}).get("strategy", "Setters")
    try:
        result = apply_setters(
            files, policies, path=given.get("path", ""), symlinks=given.get("symlinks"), strategy=strategy
        )
    except UnsupportedStrategy as error:
        stalled = {"Stalled": "True", "Ready": "False", "reason": "InvalidUpdateStrategy"}
        return {"error": str(error), "condition": stalled}
    except SetterError as error:
        message = f"failed to apply policies: {error}"
        return {"error": str(error), "condition": {"Ready": "False", "reason": "UpdateFailed", "message": message}}
    return {
        "changed": {path: data.decode() for path, data in result.changed.items()},
        "changes": [{"file": file, "object": _object(of), **_change(change)} for file, of, change in result.changes],
    }


def update_result(case: Case, _directory: Path) -> Json:
    given = case["input"]
    if "image" in given:
        reference = parse_reference(given["image"])
        return {
            "string": given["image"],
            "identifier": reference.digest or reference.tag,
            "repository": reference.repository,
            "registry": reference.registry,
            "name": str(reference),
        }
    result = SetterResult(
        changes=[
            FileChange(file, ObjectIdentifier(**_named(of["object"])), Change(*change.values()))
            for file, objects in given["fileChanges"].items()
            for of in objects
            for change in of["changes"]
        ]
    )
    return {
        "objects": [
            {"object": _object(of), "changesUnordered": [_change(change) for change in changes]}
            for of, changes in result.by_object().items()
        ]
    }


def _named(of: Json) -> dict[str, str]:
    return {"api_version" if key == "apiVersion" else key: value for key, value in of.items()}


def _object(of: ObjectIdentifier) -> Json:
    return {"apiVersion": of.api_version, "kind": of.kind, "namespace": of.namespace, "name": of.name}


def _change(change: Change) -> Json:
    return {"oldValue": change.old_value, "newValue": change.new_value, "setter": change.setter}


ADAPTERS = {"image_setters.json": setters, "image_update_result.json": update_result}
