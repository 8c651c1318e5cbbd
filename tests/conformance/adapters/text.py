"""Durations, short texts, JSONPath and commit message templates."""

from __future__ import annotations

from pathlib import Path

from fluxsim.formats.durations import (
    InvalidDuration,
    duration_text,
    human_duration,
    parse_duration,
    short_human_duration,
)
from fluxsim.formats.gotext import short_message, truncated_hashes
from fluxsim.formats.tree import Json
from tests.conformance.runner import Case

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


ADAPTERS = {
    "flux_duration.json": flux_duration,
    "flux_human-duration.json": flux_human_duration,
    "k8s_duration.json": k8s_duration,
    "flux_truncate-hex.json": truncate_hex,
    "flux_git-short-message.json": git_short_message,
}
