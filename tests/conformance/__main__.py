"""The command line of the conformance runner."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from tests.conformance.runner import FileReport, listed_differences, load_adapters, report_of, summary

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Print one line a file and the sum; return 1 if a case failed that is not declared different or later."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("directory", type=Path, metavar="DIR", help="a directory of case files, fixtures/ beside them")
    parser.add_argument(
        "files", nargs="*", metavar="FILE", help="only these files of DIR (name, with or without .json)"
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="show every failing case: expected and got")
    parser.add_argument("--json", type=Path, metavar="FILE", dest="json_file", help="write a summary there")
    arguments = parser.parse_intermixed_args()

    wanted = [name.removesuffix(".json") for name in arguments.files]
    paths = sorted(arguments.directory.glob("*.json"))
    if not paths:
        parser.error(f"no *.json files in {arguments.directory}")
    if missing := [name for name in wanted if name not in {path.stem for path in paths}]:
        parser.error(f"no such files in {arguments.directory}: {', '.join(missing)}")

    adapters = load_adapters()
    different = listed_differences(ROOT / "docs" / "differences.md")
    reports: list[FileReport] = []
    for path in paths:
        if wanted and path.stem not in wanted:
            continue
        report = report_of(path, adapters, different)
        reports.append(report)
        print(report.line(), flush=True)
        if arguments.verbose:
            for result in report.failing():
                print(f"  FAIL {result.case_id}\n       {result.difference}")
            for result in report.stale_differences():
                print(f"  {result.case_id} passes but is listed as different")
    for problem in adapters.problems:
        print(f"adapter {problem}", file=sys.stderr)
    total = summary(reports)
    print(total.line())
    if arguments.json_file is not None:
        document = {
            "sum": total.counts(),
            "adapterProblems": adapters.problems,
            "files": [r.document() for r in reports],
        }
        arguments.json_file.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    return 1 if total.failed or adapters.problems else 0


if __name__ == "__main__":
    sys.exit(main())
