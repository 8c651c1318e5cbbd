"""Builds of Kustomizations, remembered: equal content and an equal spec give an equal build, in every world of the process."""

from __future__ import annotations

from collections import OrderedDict

import orjson

from fluxsim.controllers.flux.substitution import Substitutes
from fluxsim.formats import fluxbuild
from fluxsim.formats.tree import Map, get
from fluxsim.systems.artifacts import Artifact

REMEMBERED_MAX = 512

_Remembered = OrderedDict[bytes, fluxbuild.Build]
_REMEMBERED: _Remembered = OrderedDict()


class Builds:
    """Builds a Kustomization from an artifact."""

    def __init__(self, substitutes: Substitutes) -> None:
        self._substitutes = substitutes

    def of(self, obj: Map, artifact: Artifact, *, location: str) -> fluxbuild.Build:
        """Return the build; BuildFailed with Flux's text. `location` is where messages say that the artifact lies."""
        name = self._name(obj, artifact)
        found = _REMEMBERED.get(name)
        if found is None:
            found = fluxbuild.build(artifact.files, obj, self._substitutes.find, location=location)
            _REMEMBERED[name] = found
            if len(_REMEMBERED) > REMEMBERED_MAX:
                _REMEMBERED.popitem(last=False)
        else:
            _REMEMBERED.move_to_end(name)
        return found

    def _name(self, obj: Map, artifact: Artifact) -> bytes:
        """Return what a build depends on: the files, the spec, the name, and what is substituted from the cluster."""
        namespace: str = obj["metadata"]["namespace"]
        sources = [
            get(self._substitutes.find(reference["kind"], namespace, reference["name"]), "data", default=None)
            for reference in get(obj, "spec", "postBuild", "substituteFrom", default=None) or ()
        ]
        identity = [artifact.content, namespace, obj["metadata"]["name"], obj["spec"], sources]
        return orjson.dumps(identity, option=orjson.OPT_SORT_KEYS)
