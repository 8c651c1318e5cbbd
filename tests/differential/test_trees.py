"""Every kustomization of the bundled example, and of a real repository, builds to what `kubectl kustomize` prints."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

import fluxsim
from fluxsim.formats.kustomize import BuildOptions, DictTree, KustomizeError, build_yaml
from tests.differential.tools import NEEDS_KUBECTL, run_kubectl

EXAMPLE = Path(fluxsim.__file__).parent / "example" / "gitops"
BUNDLE = Path(__file__).parents[3] / "shared" / "realworld" / "ldbl-sre-flux.bundle"


def roots(top: Path) -> list[str]:
    return sorted(str(file.parent.relative_to(top)) for file in top.rglob("kustomization.yaml"))


def differing(top: Path) -> list[str]:
    """Return the directories that build otherwise than by kubectl."""
    files = DictTree(
        {
            str(file.relative_to(top)): file.read_bytes()
            for file in top.rglob("*")
            if file.is_file() and ".git" not in file.parts
        }
    )
    found: list[str] = []
    for root in roots(top):
        expected, refused = run_kubectl(top, "kustomize", root, "--load-restrictor=LoadRestrictionsNone")
        options = BuildOptions(inside_root_only=False, location=str(top))
        try:
            built, error = build_yaml(files, root, options=options), ""
        except KustomizeError as stopped:
            built, error = "", str(stopped)
        if built != expected or bool(error) != bool(refused):
            found.append(f"{root}: {error!r} {refused!r}\n{built}\n---- kubectl\n{expected}")
    return found


@NEEDS_KUBECTL
def test_the_bundled_example() -> None:
    assert len(roots(EXAMPLE)) >= 12
    assert differing(EXAMPLE) == []


@NEEDS_KUBECTL
@pytest.mark.skipif(
    not BUNDLE.exists(), reason="the real repository is not beside the checkout, in ../shared/realworld"
)
def test_a_real_repository(tmp_path: Path) -> None:
    subprocess.run(["git", "clone", "-q", "-b", "main", str(BUNDLE), str(tmp_path)], check=True, capture_output=True)
    top = tmp_path.resolve()
    assert len([root for root in roots(top) if root.startswith("flux/")]) >= 20
    assert differing(top) == []
