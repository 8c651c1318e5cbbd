"""`python -m bench` prints what each budget is and what is spent now; exit code 1 where twice a budget is spent."""

from __future__ import annotations

import sys

from bench import parts, worlds
from bench.measure import FAILS_AT, Row, table
from fluxsim.kernel.garbage import collect_rarely


def main() -> int:
    collect_rarely()  # as the command does
    rows: list[Row] = []
    for source in (worlds.rows(), parts.rows()):  # worlds first: the garbage collector walks what parts leave behind
        for row in source:
            print(f"  {row.name} …", file=sys.stderr)
            rows.append(row)
    print(table(rows))
    failed = [row.name for row in rows if row.failed]
    for name in failed:
        print(f"{name}: {FAILS_AT:g} times its budget or more")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
