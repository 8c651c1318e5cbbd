"""What kustomize-controller makes of a directory: generate, build with kustomize, decrypt, substitute.

Source: kustomize-controller v1.9.4 internal/controller/kustomization_controller.go (generate, build);
fluxcd/pkg kustomize v1.35.4 and ssa v0.76.1 utils/{object,meta}.go.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from fluxsim.formats import goyaml_write
from fluxsim.formats.fluxgenerate import Generated, GenerateFailed, directory_of, generate
from fluxsim.formats.healthwait import object_name
from fluxsim.formats.kustomize import FLUX, BuildResult, FileTree, KustomizeError
from fluxsim.formats.kustomize import build as kustomize_build
from fluxsim.formats.kustomize.errors import LateError
from fluxsim.formats.kustomize.identity import Identity, gvk_of
from fluxsim.formats.kustomize.manifests import objects_in
from fluxsim.formats.postbuild import Lookup, PostBuild, PostBuildError
from fluxsim.formats.sops import decrypted
from fluxsim.formats.tree import Json, Map, freeze, get

Reason: TypeAlias = Literal["ArtifactFailed", "BuildFailed"]


@dataclass(frozen=True, slots=True)
class Build:
    """The result of a build. `text` is what is applied, in YAML, and `digest` that of the history entry.

    `kustomized` is what kustomize alone made of it, with the files that were read and where each object came from.
    """

    generated: Generated
    kustomized: BuildResult
    objects: tuple[Map, ...]
    text: str
    digest: str
    assumed: tuple[str, ...] = ()
    """Objects with values that only a decryption key could tell, as `Secret/apps/token`."""


class BuildFailed(ValueError):
    """The build fails; the message is Flux's. `generated` is there when that step was done."""

    def __init__(self, message: str, *, reason: Reason = "BuildFailed", generated: Generated | None = None) -> None:
        super().__init__(message)
        self.reason: Reason = reason
        self.generated = generated


def build(
    files: FileTree, kustomization: Mapping[str, Json], lookup: Lookup, *, strict: bool = True, location: str
) -> Build:
    """Return the objects of a Kustomization.

    `files` is the artifact, `location` the directory where messages say that it lies, `lookup` finds the ConfigMaps
    and Secrets of substituteFrom. `strict` is the feature gate StrictPostBuildSubstitutions.
    Raises BuildFailed.
    """
    spec: Mapping[str, Json] = kustomization.get("spec") or {}
    try:
        directory = directory_of(files, spec.get("path") or "./", location)
    except GenerateFailed as error:
        raise BuildFailed(str(error), reason="ArtifactFailed") from error
    try:
        generated = generate(files, directory, kustomization, location=location, check=_check)
    except GenerateFailed as error:
        raise BuildFailed(str(error)) from error
    built = _kustomized(files, directory, generated, location)
    return _finished(built, kustomization, lookup, generated, strict=strict)


def with_common_metadata(objects: Sequence[Mapping[str, Json]], spec: Mapping[str, Json]) -> list[Map]:
    """Return the objects with spec.commonMetadata, as it is set right before they are applied."""
    common = spec.get("commonMetadata") or {}
    return [_with_metadata(object_, common) for object_ in objects]


def _check(data: bytes) -> None:
    try:
        objects_in(data)
    except LateError:
        return  # kustomize notices when it prints


class _WithFile:
    """The artifact with the generated kustomization.yaml in it."""

    def __init__(self, files: FileTree, generated: Generated) -> None:
        self._files = files
        self._path = generated.path
        self._data = generated.text.encode()

    def read(self, path: str, /) -> bytes | None:
        return self._data if path == self._path else self._files.read(path)

    def is_dir(self, path: str, /) -> bool:
        return self._files.is_dir(path)

    def list(self, path: str, /) -> Sequence[str]:
        directory, _, name = self._path.rpartition("/")
        names = self._files.list(path)
        return sorted({*names, name}) if path == directory else names


def _kustomized(files: FileTree, directory: str, generated: Generated, location: str) -> BuildResult:
    options = replace(FLUX, location=location)
    try:
        return kustomize_build(_WithFile(files, generated), directory, options=options)
    except KustomizeError as error:
        raise BuildFailed(f"kustomize build failed: {error}", generated=generated) from error


def _finished(
    built: BuildResult, kustomization: Mapping[str, Json], lookup: Lookup, generated: Generated, *, strict: bool
) -> Build:
    """Decrypt and substitute object by object, as Flux does: an object that fails hides those behind it."""
    spec: Mapping[str, Json] = kustomization.get("spec") or {}
    post_build = PostBuild(kustomization, lookup, strict=strict) if spec.get("postBuild") is not None else None
    objects: list[Json] = list(built.resources)
    assumed: list[str] = []
    keys = [_identity(object_).key for object_ in objects]
    ids = Counter(keys)
    for index, object_ in enumerate(built.resources):
        if get(spec, "decryption", "provider") == "sops":
            opened = decrypted(object_)
            if opened is not None:
                objects[index] = opened
                assumed.append(_name(opened))
        if post_build is None:
            continue
        try:
            objects[index] = post_build.applied(objects[index])
        except PostBuildError as error:
            identity = _identity(objects[index])
            message = f"post build failed for '{identity.gvk}/{identity.name}': {error}"
            raise BuildFailed(message, generated=generated) from error
        ids[keys[index]] -= 1
        keys[index] = _identity(objects[index]).key
        ids[keys[index]] += 1
        if ids[keys[index]] > 1:  # noticed when the second of them is put back
            raise BuildFailed(f"in Replace: id matched {ids[keys[index]]} resources", generated=generated)
    text = goyaml_write.dump_all(objects)
    return Build(
        generated=generated,
        kustomized=built,
        objects=tuple(_applicable(objects)),
        text=text,
        digest=f"sha256:{hashlib.sha256(text.encode('utf-8', 'surrogateescape')).hexdigest()}",
        assumed=tuple(assumed),
    )


def _identity(object_: Mapping[str, Json]) -> Identity:
    gvk = gvk_of(str(object_.get("apiVersion") or ""), str(object_.get("kind") or ""))
    name, namespace = (str(get(object_, "metadata", key) or "") for key in ("name", "namespace"))
    return Identity(gvk, name, namespace, gvk.cluster_scoped)


def _name(object_: Mapping[str, Json]) -> str:
    identity = _identity(object_)
    return object_name(identity.gvk.kind, identity.namespace, identity.name)


def _applicable(objects: Sequence[Json]) -> list[Map]:
    """The objects that Flux applies: lists opened, kustomize's own files and things without a name left out."""
    found: list[Map] = []
    for object_ in objects:
        if isinstance(object_.get("items"), list):
            found += [freeze(item) for item in object_["items"]]
            continue
        identity = _identity(object_)
        kustomize_file = (
            identity.gvk.kind.lower() == "kustomization" and identity.gvk.group == "kustomize.config.k8s.io"
        )
        if identity.name and identity.gvk.kind and object_.get("apiVersion") and not kustomize_file:
            found.append(freeze(object_))
    return found


def _with_metadata(object_: Mapping[str, Json], common: Mapping[str, Json]) -> Map:
    metadata = dict(get(object_, "metadata") or {})
    for key in ("labels", "annotations"):
        merged = {**(metadata.get(key) or {}), **(common.get(key) or {})}
        if merged:
            metadata[key] = merged
    return Map({**object_, "metadata": freeze(metadata)})
