"""How the image cases tell things: in parts, in short durations, with few fields."""

from __future__ import annotations

from typing import Any

from fluxsim.formats.durations import duration_text
from fluxsim.formats.tree import Json
from tests.conformance.runner import Case, difference

STALLED = {"Stalled": "True", "Ready": "False"}

PARTIAL = ("condition", "conditions", "ready", "reconciling", "event", "latestRef", "lastScanResult")
"""Keys under which a case tells a part of an object."""


def in_part(case: Case, got: Json) -> str | None:
    """What is told of an object shows only what the case asks of it; of a message in a Git operation, upstream asks for a part."""
    expect = case["expect"]
    if isinstance(got, dict):
        got = {key: _shown_of(key, value, expect.get(key)) for key, value in got.items()}
        for key, asked in expect.items():
            if asked == "unchanged" and key in got.get("unchanged", ()):
                got[key] = asked
    if case["input"].get("kind") == "commitAndPush":
        case = case | {"expect": expect | {"errorMatch": "contains"}}
    return difference(case, got)


def _shown_of(key: str, value: Json, asked: Json) -> Json:
    if key not in PARTIAL or value is None:
        return value
    if isinstance(asked, bool):
        return value["status"] == str(asked)
    if isinstance(asked, dict) and isinstance(value, dict):
        shown = {name: value[name] for name in asked if name in value}
        prefix = asked.get("messagePrefix")
        if prefix is not None and str(value.get("message", "")).startswith(prefix):
            shown["messagePrefix"] = prefix
        return shown
    if isinstance(asked, list):
        by_type = {one["type"]: one for one in value}
        return [_shown_of(key, by_type.get(one["type"]), one) for one in asked]
    return value


def short(milliseconds: int) -> str:
    """A duration as the cases write it: without the zero units at the end."""
    text = duration_text(milliseconds * 1_000_000)
    text = text.removesuffix("0s") if text.endswith("m0s") else text
    return text.removesuffix("0m") if text.endswith("h0m") else text


def policies(listed: list[dict[str, Any]]) -> list[Json]:
    return [
        {
            "metadata": {"namespace": policy["namespace"], "name": policy["name"], "labels": policy.get("labels", {})},
            "status": {"latestRef": {"name": image}}
            if (image := policy.get("latestRef", policy.get("latestImage")))
            else {},
        }
        for policy in listed
    ]
