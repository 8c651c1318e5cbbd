"""Writes docs/fidelity.md: what is modelled, from which source, how it is checked, and the figures of the last run.

Where the conformance tables are at hand they, the described situations and the bot commits are run, and the figures go
to docs/fidelity.json. Elsewhere the page is made of the stored figures.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.fidelity.figures import CASES, COMMITS, STORED, run, stored, text_of
from tests.fidelity.page import PAGE, page
from tests.fidelity.sources import modules


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fidelity", description=__doc__)
    parser.add_argument("--cases", type=Path, default=CASES, metavar="DIR", help="the conformance tables")
    parser.add_argument("--bot-commits", type=Path, default=COMMITS, metavar="FILE", help="commits of real controllers")
    parser.add_argument("--no-run", action="store_true", help="take the stored figures")
    arguments = parser.parse_args()

    before = stored() if STORED.exists() else None
    if not arguments.no_run and any(arguments.cases.glob("*.json")):
        figures = run(arguments.cases, arguments.bot_commits, modules(), before)
        STORED.write_text(text_of(figures), encoding="utf-8")
    elif before is None:
        parser.error(f"no tables in {arguments.cases}, and no stored figures")
    else:
        figures = before
    PAGE.write_text(page(figures), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
