"""The wheel, installed into an empty environment outside the checkout, plays the lab."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_an_installed_wheel_plays_the_lab(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path / "dist"), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True, timeout=300)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    constraints = str(ROOT / "constraints.txt")
    install = [
        str(python),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "-c",
        constraints,
        str(wheel),
    ]
    subprocess.run(install, check=True, capture_output=True, timeout=600)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    asked = "import fluxsim, importlib.resources as r; print(r.files('fluxsim').joinpath('_scenarios'))"
    found = subprocess.run(
        [str(python), "-c", asked], check=True, capture_output=True, text=True, cwd=elsewhere, env=environment
    )
    scenarios = Path(found.stdout.strip())
    assert str(tmp_path) in str(scenarios), "the installed package is looked at, not the checkout"
    play = [
        str(tmp_path / "env" / "bin" / "fluxsim"),
        "run",
        "--format",
        "json",
        str(scenarios / "rollback-as-the-lab-says.yaml"),
    ]
    done = subprocess.run(
        play, check=False, capture_output=True, text=True, cwd=elsewhere, env=environment, timeout=300
    )
    assert done.returncode == 0, done.stderr or done.stdout
    assert [scenario["passed"] for scenario in json.loads(done.stdout)["scenarios"]] == [True]
