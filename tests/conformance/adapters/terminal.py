"""What the terminal's commands print: flux's own output and requests, and the API server's tables for kubectl."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fluxsim.drivers.terminal.console import Console
from fluxsim.drivers.terminal.flux.command import flux
from fluxsim.drivers.terminal.kubectl.printers import printer_for
from fluxsim.formats.tree import Json
from fluxsim.kernel.units import unix_millis
from tests.conformance.objecttable import ObjectTable
from tests.conformance.runner import Case

_DISCOVERY = ("/api", "/apis")
_USAGE = "\nUsage:\n  flux "


def _flux(case: Case, directory: Path) -> Json:
    given = case["input"]
    objects = json.loads((directory / "fixtures" / f"{given['fixture']}.json").read_text(encoding="utf-8"))
    table = ObjectTable(objects, given.get("controllers") or ())
    console = Console()
    result = console.result(flux(table, given["args"], console))
    return {
        "exitCode": result.exit_code,
        "stdout": result.stdout,
        "stderr": result.stderr,
        "requests": table.requests,
    }


def _compared(case: Case, got: Json) -> str | None:
    """Compare what was printed exactly (of a help only that it is one), the writes in order, and which paths were read."""
    expect = case["expect"]
    both_help = all(_USAGE in side["stdout"] for side in (expect, got))
    for key in ("exitCode", "stderr") if both_help else ("exitCode", "stdout", "stderr"):
        if got[key] != expect[key]:
            return f"{key}: expected {expect[key]!r}, got {got[key]!r}"
    for what, told in (("writes", _writes), ("reads", _reads)):
        wanted, found = told(expect["requests"]), told(got["requests"])
        if wanted != found:
            return f"{what}: expected {wanted}, got {found}"
    return None


def _writes(requests: list[dict[str, Any]]) -> list[tuple[Json, ...]]:
    return [
        (one["method"], one["path"], one.get("query", ""), one.get("body"))
        for one in requests
        if one["method"] != "GET"
    ]


def _reads(requests: list[dict[str, Any]]) -> list[tuple[str, str]]:
    paths = {(one["path"], one.get("query", "")) for one in requests if one["method"] == "GET"}
    return sorted(path for path in paths if path[0] not in _DISCOVERY)


def _printed(case: Case, _directory: Path) -> Json:
    given = case["input"]
    printer = printer_for(given["kind"], given["object"].get("apiVersion", ""))
    row = printer.row(given["object"], unix_millis(given["now"]), wide=given["wide"])
    return {"columns": list(printer.headings(wide=given["wide"])), "cells": row}


_FLUX = ("get", "suspend", "resume", "reconcile", "events")

ADAPTERS: dict[str, Callable[[Case, Path], Json]] = {
    "k8s_printers.json": _printed,
    **{f"flux_cli-{verb}.json": _flux for verb in _FLUX},
}
COMPARATORS: dict[str, Callable[[Case, Json], str | None]] = {f"flux_cli-{verb}.json": _compared for verb in _FLUX}
