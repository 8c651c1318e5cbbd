"""Generated overlays build to what `kubectl kustomize` prints, byte for byte, or are refused in its words."""

from __future__ import annotations

import os
import re
import tempfile
from difflib import unified_diff
from pathlib import Path

from hypothesis import assume, given

from fluxsim.formats.kustomize import BuildOptions, DictTree, KustomizeError, build_yaml
from tests.differential.overlays import trees
from tests.differential.tools import NEEDS_KUBECTL, PANIC, examples, run_kubectl

ADDRESS = re.compile(r"&\{0x[0-9a-f]+")
"""Where in its memory Go keeps what a message names: of no meaning, and another each time."""


def ours(files: dict[str, str | bytes], root: str, location: str) -> tuple[str, str]:
    try:
        return build_yaml(DictTree(files), root, options=BuildOptions(location=location)), ""
    except KustomizeError as error:
        return "", str(error)


@NEEDS_KUBECTL
@examples(60)
@given(trees())
def test_overlays_build_as_kubectl_builds_them(files: dict[str, str | bytes]) -> None:
    with tempfile.TemporaryDirectory() as made:
        directory = Path(os.path.realpath(made))
        for path, data in files.items():
            (directory / path).parent.mkdir(parents=True, exist_ok=True)
            (directory / path).write_bytes(data if isinstance(data, bytes) else data.encode())
        expected, refused = run_kubectl(directory, "kustomize", "top")
        assume(refused != PANIC)
        built, error = ours(files, "top", str(directory))
    assert bool(error) == bool(refused), f"ours: {error!r}\nkubectl: {refused!r}"
    assert built == expected, difference(expected, built)
    assert ADDRESS.sub("&{0x", error) == ADDRESS.sub("&{0x", refused.removesuffix("\n")), (
        f"ours: {error!r}\nkubectl: {refused!r}"
    )


def difference(expected: str, built: str) -> str:
    return "\n".join(unified_diff(expected.splitlines(), built.splitlines(), "kubectl", "fluxsim", lineterm="", n=8))
