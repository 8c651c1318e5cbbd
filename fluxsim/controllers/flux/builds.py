"""Builds of Kustomizations from artifacts, remembered in all worlds of the process: they are frozen and depend on nothing else."""

from __future__ import annotations

from fluxsim.controllers.flux.substitution import Substitutes
from fluxsim.formats.buildcache import BuildCache
from fluxsim.formats.fluxbuild import Build
from fluxsim.formats.tree import Map
from fluxsim.systems.artifacts import Artifact

_CACHE = BuildCache()


class Builds:
    """Builds a Kustomization from an artifact."""

    def __init__(self, substitutes: Substitutes, *, strict: bool = True) -> None:
        self._substitutes = substitutes
        self._strict = strict

    def of(self, obj: Map, artifact: Artifact, *, location: str) -> Build:
        """Return the build; BuildFailed with Flux's text. `location` is where messages say that the artifact lies."""
        return _CACHE.build(
            artifact.files,
            obj,
            self._substitutes.find,
            content_id=artifact.content,
            strict=self._strict,
            location=location,
        )
