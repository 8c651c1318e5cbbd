"""Play all scenarios; print CPU seconds, peak memory in MB, files and plays."""

from __future__ import annotations

import resource
import sys
from pathlib import Path
from time import process_time

from fluxsim.drivers.play import perform
from fluxsim.drivers.scenario import load, setup_of
from fluxsim.kernel.garbage import collect_rarely


def main() -> None:
    collect_rarely()  # as the command does
    files = sorted((Path(__file__).parents[1] / "scenarios").glob("*.yaml"))
    began, plays = process_time(), 0
    for file in files:
        scenario = load(file)
        plays += len(perform(scenario, setup_of(scenario)).plays)
    spent = process_time() - began
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    print(f"{spent:.2f} {peak:.0f} {len(files)} {plays}")


if __name__ == "__main__":
    main()
