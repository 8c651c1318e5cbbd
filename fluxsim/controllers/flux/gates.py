"""The feature gates of kustomize-controller that change what one sees. The defaults are those of v1.9."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Gates:
    """Each by its name upstream."""

    strict_post_build_substitutions: bool = True
    """A variable that nothing sets, and that has no default, fails the build."""
    cancel_health_check_on_new_revision: bool = False
    """What would make a Kustomization run again ends the health checks it is waiting for."""
    disable_fail_fast_behavior: bool = False
    """Health checks go on until their time is over, whatever has failed meanwhile."""
    additive_cel_dependency_check: bool = False
    """A readyExpr comes on top of the built-in check of a dependency instead of in its place."""


DEFAULT = Gates()
