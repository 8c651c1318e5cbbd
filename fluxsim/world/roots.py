"""Where a cluster starts: the GitRepository and the root Kustomization that `flux bootstrap` left in the repository.

A root is a Kustomization whose path holds the very file in which it stands, and whose GitRepository is in the repository too.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from fluxsim.formats.goyaml import YamlError, load_with_lines
from fluxsim.formats.tree import Json, Map, freeze, get
from fluxsim.kernel.errors import Fault, InputError
from fluxsim.kube.meta import FLUX_KUSTOMIZE, FLUX_SOURCE, group_of
from fluxsim.systems.gitserver import Files

FILE_BYTES_MAX = 4 << 20


@dataclass(frozen=True, slots=True)
class Root:
    """A GitRepository and the Kustomization that everything else follows from; `file` is where the latter stands."""

    git_repository: Map
    kustomization: Map
    file: str

    @property
    def path(self) -> str:
        return _directory(self.kustomization)


def roots(files: Files) -> list[Root]:
    """Return all possible roots of a checkout, in order of their files."""
    sources: dict[tuple[str, str], Map] = {}
    candidates: list[tuple[str, Map]] = []
    for path, obj in flux_objects(files):
        if obj["kind"] == "GitRepository" and group_of(obj["apiVersion"]) == FLUX_SOURCE:
            sources.setdefault((_namespace(obj), obj["metadata"]["name"]), obj)
        elif (
            obj["kind"] == "Kustomization"
            and group_of(obj["apiVersion"]) == FLUX_KUSTOMIZE
            and _holds(_directory(obj), path)
        ):
            candidates.append((path, obj))
    found: list[Root] = []
    for path, obj in candidates:
        namespace, name = (get(obj, "spec", "sourceRef", field, default=None) for field in ("namespace", "name"))
        source = sources.get((str(namespace or _namespace(obj)), str(name or "")))
        if source is not None:
            found.append(Root(source, obj, path))
    return found


def chosen(files: Files, path: str, *, where: str) -> Root:
    """Return the root, the one at `path` where there are several; InputError that lists them otherwise."""
    found = roots(files)
    wanted = posixpath.normpath(path.removeprefix("./")) if path else ""
    fitting = [root for root in found if not wanted or root.path == wanted]
    if (
        len({root.path for root in fitting}) == 1
    ):  # of those that apply one directory bootstrap's is called like its source
        fitting = [root for root in fitting if _is_called_like_its_source(root)] or fitting
    if len(fitting) == 1:
        return fitting[0]
    listed = ", ".join(f"{root.path} ({root.kustomization['metadata']['name']} in {root.file})" for root in found)
    if not found:
        told = "no GitRepository with a Kustomization that applies its own directory, as `flux bootstrap` leaves it"
        raise InputError(
            Fault(where, f"no root found: {told}", "is this the GitOps repository, and the branch that Flux reads?")
        )
    if not fitting:
        raise InputError(Fault(where, f"no root at path '{path}'", f"roots are {listed}"))
    raise InputError(Fault(where, f"{len(fitting)} possible roots: {listed}", "choose one with --path"))


def flux_objects(files: Files) -> Iterator[tuple[str, Map]]:
    """Yield (file, object) for every object of a Flux group in the YAML files of a checkout; what is no YAML is passed over."""
    for path in _yaml_files(files, ""):
        data = files.read(path) or b""
        if b"toolkit.fluxcd.io/" not in data or len(data) > FILE_BYTES_MAX:
            continue
        try:
            documents = load_with_lines(data, dialect="resource")
        except YamlError:
            continue
        for document, _line in documents:
            if (
                isinstance(document, dict)
                and isinstance(document.get("metadata"), dict)
                and document["metadata"].get("name")
            ):
                api_version = str(document.get("apiVersion", ""))
                if group_of(api_version).endswith(".toolkit.fluxcd.io") and document.get("kind"):
                    yield path, freeze(document)


def _yaml_files(files: Files, directory: str) -> Iterator[str]:
    for name in files.list(directory):
        path = f"{directory}/{name}" if directory else name
        if files.is_dir(path):
            yield from _yaml_files(files, path)
        elif name.endswith((".yaml", ".yml")):
            yield path


def _directory(kustomization: Json) -> str:
    path = str(get(kustomization, "spec", "path", default=None) or "./")
    found = posixpath.normpath(path.removeprefix("./").lstrip("/") or ".")
    return "" if found == "." else found


def _is_called_like_its_source(root: Root) -> bool:
    return bool(root.kustomization["metadata"]["name"] == root.git_repository["metadata"]["name"])


def _holds(directory: str, file: str) -> bool:
    return not directory or file.startswith(f"{directory}/")


def _namespace(obj: Json) -> str:
    return str(obj["metadata"].get("namespace") or "flux-system")
