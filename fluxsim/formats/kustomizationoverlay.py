"""The spec of a Flux Kustomization laid over a kustomization.yaml.

Source: fluxcd/pkg kustomize v1.35.4 kustomize_generator.go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fluxsim.formats.kustomizationstruct import API_VERSION, SELECTOR_FIELDS, KustomizationFileError
from fluxsim.formats.tree import Json

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
"""The names kustomize knows, in the order it looks for them."""

PLACEHOLDER_NAMESPACE = "_placeholder"
_REMOTE = ("git::", "gh:", "ssh://", "https://", "http://", "git@", "github.com:", "github.com/")


def generated(resources: list[str]) -> dict[str, Json]:
    """Return the file for a directory without one; without resources it gets a namespace, to be not empty."""
    rest: dict[str, Json] = {"resources": resources} if resources else {"namespace": PLACEHOLDER_NAMESPACE}
    return {"apiVersion": API_VERSION, "kind": "Kustomization"} | rest


def with_spec(file: Mapping[str, Json], spec: Mapping[str, Json], exists: Callable[[str], bool]) -> dict[str, Json]:
    """Return the file with the fields of a Flux Kustomization laid over it.

    `exists` tells whether a component's path, relative to the file's directory, is there.
    Raises KustomizationFileError for a component that is remote or absolute.
    """
    made = dict(file)
    for key, source in (("namespace", "targetNamespace"), ("namePrefix", "namePrefix"), ("nameSuffix", "nameSuffix")):
        if source in spec:
            made[key] = spec[source]
    patches = [_patch(entry) for entry in spec.get("patches") or []]
    made["patches"] = [*made.get("patches", []), *patches]
    made["components"] = [*made.get("components", []), *_components(spec, exists)]
    made["images"] = _images(made.get("images", []), spec.get("images") or [])
    if spec.get("buildMetadata"):
        made["buildMetadata"] = list(spec["buildMetadata"])
    return {key: value for key, value in made.items() if value not in ("", [], {})}


def _patch(entry: Mapping[str, Json]) -> dict[str, Json]:
    patch: dict[str, Json] = {"patch": entry["patch"]} if entry.get("patch") else {}
    target = entry.get("target")
    if target is not None:
        patch["target"] = {key: target[key] for key in SELECTOR_FIELDS if target.get(key)}
    return patch


def _components(spec: Mapping[str, Json], exists: Callable[[str], bool]) -> list[str]:
    found: list[str] = []
    for component in spec.get("components") or []:
        if not _local(component):
            raise KustomizationFileError(f"component path '{component}' must be local and relative")
        if not spec.get("ignoreMissingComponents") or exists(component):
            found.append(component)
    return found


def _local(path: str) -> bool:
    lower = path.lower()
    if any(lower.startswith(prefix) and len(prefix) < len(path) for prefix in _REMOTE):
        return False
    return not path.startswith("/") and not lower.removeprefix("file://").startswith("/")


def _images(own: list[dict[str, Json]], given: list[Mapping[str, Json]]) -> list[dict[str, Json]]:
    """Merge by name. A tag or a digest given replaces both of the file's: together they select the version."""
    images = [dict(image) for image in own]
    for image in given:
        fields = {key: image[key] for key in ("name", "newName", "newTag", "digest") if image.get(key)}
        same = next((entry for entry in images if entry.get("name", "") == image.get("name", "")), None)
        if same is None:
            images.append(fields)
            continue
        if "newTag" in fields or "digest" in fields:
            same.pop("newTag", None)
            same.pop("digest", None)
        same.update(fields)
    return images
