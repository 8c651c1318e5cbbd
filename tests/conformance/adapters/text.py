"""Durations, short texts, JSONPath and commit message templates."""

from __future__ import annotations

import re
from pathlib import Path

from fluxsim.formats.automationgit import push_summary
from fluxsim.formats.committemplate import CommitTemplateFault, RemovedTemplateField, rendered
from fluxsim.formats.durations import (
    InvalidDuration,
    duration_text,
    human_duration,
    parse_duration,
    short_human_duration,
)
from fluxsim.formats.gotext import short_message, truncated_hashes
from fluxsim.formats.jsonpath import ExecutionFault, SyntaxFault, Template
from fluxsim.formats.kyaml_changes import Change, FileChange, ObjectIdentifier
from fluxsim.formats.tree import Json
from tests.conformance.runner import Case, difference

_WORD = re.compile(r"[{}]|[^{}\s]+")
NANOSECONDS = 1_000_000_000


def flux_duration(case: Case, _directory: Path) -> Json:
    try:
        nanoseconds = parse_duration(case["input"]["s"])
    except InvalidDuration as error:
        return {"error": str(error)}
    return {"result": {"nanoseconds": nanoseconds, "string": duration_text(nanoseconds)}}


def flux_human_duration(case: Case, _directory: Path) -> Json:
    return {"result": human_duration(int(case["input"]["seconds"] * NANOSECONDS))}


def k8s_duration(case: Case, _directory: Path) -> Json:
    nanoseconds = case["input"]["nanoseconds"]
    assert duration_text(nanoseconds) == case["input"]["go_duration"], duration_text(nanoseconds)
    return {"human": human_duration(nanoseconds), "short_human": short_human_duration(nanoseconds)}


def truncate_hex(case: Case, _directory: Path) -> Json:
    return {"result": truncated_hashes(case["input"]["s"])}


def git_short_message(case: Case, _directory: Path) -> Json:
    return {"result": short_message(case["input"]["message"])}


def go_jsonpath(case: Case, _directory: Path) -> Json:
    given = case["input"]
    # "either" means that both settings give the same.
    settings = [True, False] if given["allow_missing_keys"] == "either" else [given["allow_missing_keys"]]
    answers = [_jsonpath_answer(given["template"], given["data"], allow_missing_keys=setting) for setting in settings]
    assert all(answer == answers[0] for answer in answers), answers
    return answers[0]


def _jsonpath_answer(template: str, data: Json, *, allow_missing_keys: bool) -> Json:
    try:
        parsed = Template(template)
    except SyntaxFault as error:
        return {"error": str(error), "phase": "parse"}
    try:
        output = parsed.execute(data, allow_missing_keys=allow_missing_keys)
    except ExecutionFault as error:
        return {"error": str(error), "phase": "execute", "partial_output": ""}
    return {"output": output}


def go_jsonpath_difference(case: Case, got: Json) -> str | None:
    expect = case["expect"]
    if "output_any_order" not in expect:
        return difference(case, got)
    # A brace that the template puts around an action counts as a word of its own.
    if sorted(_WORD.findall(got.get("output", ""))) == sorted(_WORD.findall(expect["output_any_order"])):
        return None
    return f"expected the words of {expect['output_any_order']!r}, got {got}"


def commit_template(case: Case, _directory: Path) -> Json:
    given = case["input"]
    if given.get("kind") == "summary":
        return _summary(given)
    automation = given["automationObject"]
    try:
        message = rendered(
            given["template"],
            namespace=automation["namespace"],
            name=automation["name"],
            values=given["values"],
            changes=[_file_change(change) for change in given["changes"]],
        )
    except RemovedTemplateField as error:
        condition = {"Stalled": "True", "Ready": "False", "reason": "RemovedTemplateField"}
        return {"error": str(error), "condition": condition, "requeue": False}
    except CommitTemplateFault as error:
        message = f"failed to update source: {error}"
        return {
            "error": str(error),
            "condition": {"Ready": "False", "reason": "GitOperationFailed", "message": message},
        }
    return {"message": message}


def _summary(given: Json) -> Json:
    try:
        summary = push_summary(given["revision"], given["branch"], given["refspecs"], given["commitMessage"])
    except ValueError as error:
        return {"error": str(error)}
    return {"summary": summary}


def _file_change(change: Json) -> FileChange:
    made = change["object"]
    identifier = ObjectIdentifier(made["apiVersion"], made["kind"], made["name"], made["namespace"])
    return FileChange(change["file"], identifier, Change(change["oldValue"], change["newValue"], change["setter"]))


def commit_template_difference(case: Case, got: Json) -> str | None:
    expect = case["expect"]
    if "contains" not in expect:
        return difference(case, got)
    wanted = expect["contains"] if isinstance(expect["contains"], list) else [expect["contains"]]
    missing = [part for part in wanted if part not in got.get("message", "")]
    return f"expected {missing} in {got}" if missing else None


ADAPTERS = {
    "image_commit_template.json": commit_template,
    "k8s_go_jsonpath.json": go_jsonpath,
    "flux_duration.json": flux_duration,
    "flux_human-duration.json": flux_human_duration,
    "k8s_duration.json": k8s_duration,
    "flux_truncate-hex.json": truncate_hex,
    "flux_git-short-message.json": git_short_message,
}

COMPARATORS = {"image_commit_template.json": commit_template_difference, "k8s_go_jsonpath.json": go_jsonpath_difference}
