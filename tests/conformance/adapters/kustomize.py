"""kubectl kustomize: whole trees in, text or error out."""

from __future__ import annotations

from pathlib import Path

from fluxsim.formats.kustomize import BuildOptions, DictTree, KustomizeError, build_yaml
from fluxsim.formats.tree import Json
from tests.conformance.runner import Case

LOCATION = "<ROOT>"


def _build(case: Case, _: Path) -> Json:
    files = DictTree(case["files"])
    got: dict[str, Json] = {"rc": 0}
    try:
        got["yaml"] = build_yaml(files, case["root"], options=BuildOptions(location=LOCATION))
    except KustomizeError as error:
        return {"rc": 1, "error": str(error)}
    if "yaml_reorder_none" in case["expect"]:
        options = BuildOptions(location=LOCATION, legacy_order=False)
        got["yaml_reorder_none"] = build_yaml(files, case["root"], options=options)
    return got


def _difference(case: Case, got: Json) -> str | None:
    expect = case["expect"]
    if "error_contains" not in expect:
        wrong = [key for key in ("yaml", "yaml_reorder_none") if key in expect and got.get(key) != expect[key]]
        return "\n".join(f"{key}: expected\n{expect[key]}\ngot\n{got.get(key, got)}" for key in wrong) or None
    if got["rc"] != expect["rc"]:
        return f"rc: expected {expect['rc']} with {expect['error_contains']!r}\ngot {got}"
    if expect["error_contains"] not in got["error"]:
        return f"error: expected {expect['error_contains']!r}\ngot {got['error']!r}"
    return None


ADAPTERS = {"k8s_kustomize": _build}
COMPARATORS = {"k8s_kustomize": _difference}
