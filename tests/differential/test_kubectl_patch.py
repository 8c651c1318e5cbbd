"""Generated patches make of an object what `kubectl patch --local` makes of it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import given

from fluxsim.formats import jsonpatch, mergepatch, strategicmerge
from fluxsim.formats.jsonpatch import JsonPatchError
from fluxsim.formats.mergepatch import MergePatchError
from fluxsim.formats.strategicmerge_schema import built_in
from fluxsim.formats.strategicmerge_values import StrategicMergeError
from fluxsim.formats.tree import thaw
from tests.differential.manifests import Object
from tests.differential.patches import merging, operations, strategic
from tests.differential.tools import NEEDS_KUBECTL, examples, run_kubectl

ERRORS = (StrategicMergeError, MergePatchError, JsonPatchError)


def compare(obj: Object, patch: Any, how: str, apply: Callable[[Object, Any], Any]) -> None:
    with tempfile.TemporaryDirectory() as made:
        directory = Path(made)
        (directory / "object.json").write_text(json.dumps(obj))
        (directory / "patch.json").write_text(json.dumps(patch))
        expected, refused = run_kubectl(
            directory, "patch", "--local", "-f", "object.json", f"--type={how}", "--patch-file=patch.json", "-o", "json"
        )
    got, error = patched(obj, patch, apply)
    if error:
        assert worded(error) == refused.strip()
        return
    if refused.startswith("Object 'Kind' is missing in"):
        assert "kind" not in got, got  # kubectl cannot print what is left
        return
    assert not refused, refused
    assert got == json.loads(expected)


def patched(obj: Object, patch: Any, apply: Callable[[Object, Any], Any]) -> tuple[Any, str]:
    try:
        return thaw(apply(obj, patch)), ""
    except ERRORS as error:
        return None, str(error).strip()


def worded(error: str) -> str:
    """Say one error of JSON patches as kubectl does, which rewrites what its library says."""
    before, missing, path = error.partition("replace operation does not apply: doc is missing key: ")
    return f"{before}Object to be patched is missing field ({path})" if missing else error


def strategically(obj: Object, patch: Any) -> Any:
    schema = built_in(obj["apiVersion"], obj["kind"])
    assert schema is not None
    return strategicmerge.applied(obj, patch, schema)


@NEEDS_KUBECTL
@examples(40)
@given(strategic())
def test_strategic_merge_patches(case: tuple[Object, Object]) -> None:
    compare(*case, "strategic", strategically)


@NEEDS_KUBECTL
@examples(25)
@given(merging())
def test_merge_patches(case: tuple[Object, Object]) -> None:
    compare(*case, "merge", mergepatch.applied)


@NEEDS_KUBECTL
@examples(40)
@given(operations())
def test_json_patches(case: tuple[Object, list[Object]]) -> None:
    compare(*case, "json", jsonpatch.applied)
