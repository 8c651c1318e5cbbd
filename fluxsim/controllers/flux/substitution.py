"""Where a Kustomization's post-build variables come from: ConfigMaps and Secrets of the cluster."""

from __future__ import annotations

from collections.abc import Mapping

from fluxsim.formats.tree import Json, get
from fluxsim.kube.meta import CONFIG_MAP, SECRET, Key, version_token
from fluxsim.kube.store import Store


class Substitutes:
    """Looks up what spec.postBuild.substituteFrom names."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def find(self, kind: str, namespace: str, name: str) -> Mapping[str, Json] | None:
        """Return the ConfigMap or Secret, or None."""
        found: Mapping[str, Json] | None = self._store.get(
            Key(CONFIG_MAP if kind == "ConfigMap" else SECRET, namespace, name)
        )
        return found

    def versions(self, namespace: str, spec: Json) -> tuple[str, ...]:
        """Return a token for each source that changes with it."""
        found = (
            self.find(reference["kind"], namespace, reference["name"])
            for reference in get(spec, "postBuild", "substituteFrom", default=None) or ()
        )
        return tuple("" if obj is None else version_token(obj) for obj in found)
