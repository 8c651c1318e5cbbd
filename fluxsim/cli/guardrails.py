"""`fluxsim lint`: the guardrails of a repository, each fault with its file and line."""

from __future__ import annotations

import sys
from dataclasses import asdict

import orjson

from fluxsim.cli.repositories import Repository
from fluxsim.world.guardrails import BROKEN, findings


def lint(repo: str, path: str, output: str) -> int:
    """Print every finding; return 1 where there is one, 2 where a part of the repository can never be applied."""
    setup = Repository(repo, path, as_it_is=True).setup()
    files = setup.repository.files(setup.repository.head(setup.branch))
    found = findings(files, setup.root, setup.closure)
    if output == "json":
        sys.stdout.write(
            orjson.dumps([asdict(finding) for finding in found], option=orjson.OPT_INDENT_2).decode() + "\n"
        )
    else:
        for finding in found:
            sys.stdout.write(f"{finding}\n")
        policies = sum(obj["kind"] == "ImagePolicy" for obj in setup.closure.objects)
        sys.stdout.write(f"{len(found)} findings in {len(setup.closure.builds)} Kustomizations, {policies} policies\n")
    if any(finding.rule in BROKEN for finding in found):
        return 2
    return 1 if found else 0
