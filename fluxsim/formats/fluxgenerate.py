"""The kustomization.yaml that Flux builds from: the one in the directory, or one made from what the directory holds.

Source: fluxcd/pkg kustomize v1.35.4 kustomize_generator.go.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from fluxsim.formats import goyaml, goyaml_write
from fluxsim.formats.kustomizationoverlay import NAMES, generated, with_spec
from fluxsim.formats.kustomizationstruct import KustomizationFileError, read
from fluxsim.formats.kustomize.files import FileTree
from fluxsim.formats.tree import Json, get

Action: TypeAlias = Literal["created", "unchanged"]
Checked: TypeAlias = Callable[[bytes], None]
"""Raises ValueError for a manifest that kustomize cannot read; the message is kustomize's."""


class GenerateFailed(ValueError):
    """There is no kustomization.yaml to build; the message is Flux's."""


@dataclass(frozen=True, slots=True)
class Generated:
    """The file that is built: its path in the tree, its text, and whether it stood there before."""

    action: Action
    path: str
    text: str


def directory_of(files: FileTree, path: str, location: str) -> str:
    """Return spec.path as a path in the tree; it cannot lead out of it. Raises GenerateFailed where nothing is.

    `location` is the directory in which the tree lies for messages.
    """
    directory = posixpath.normpath(f"/{path}").lstrip("/")
    if not files.is_dir(directory) and files.read(directory) is None:
        raise GenerateFailed(
            f"kustomization path not found: stat {_shown(location, directory)}: {_absence(files, directory)}"
        )
    return directory


def generate(
    files: FileTree, directory: str, kustomization: Mapping[str, Json], *, location: str, check: Checked
) -> Generated:
    """Return the kustomization.yaml for a directory of the tree, with the spec of the Flux object laid over it.

    Raises GenerateFailed.
    """
    spec: Mapping[str, Json] = kustomization.get("spec") or {}
    action, path, file = _found_or_made(files, directory, location, check)

    def exists(component: str) -> bool:
        target = posixpath.normpath(posixpath.join(f"/{directory}", component)).lstrip("/")
        return files.is_dir(target) or files.read(target) is not None

    try:
        made = with_spec(file, spec, exists)
    except KustomizationFileError as error:
        raise GenerateFailed(str(error)) from error
    return Generated(action, path, goyaml_write.dump(made))


def _found_or_made(
    files: FileTree, directory: str, location: str, check: Checked
) -> tuple[Action, str, dict[str, Json]]:
    for name in NAMES:
        path = _below(directory, name)
        data = files.read(path)
        if data is not None:
            return "unchanged", path, _parsed(data)
    resources = [f"./{path[len(directory) :].lstrip('/')}" for path in _manifests(files, directory, location, check)]
    return "created", _below(directory, NAMES[0]), generated(resources)


def _parsed(data: bytes) -> dict[str, Json]:
    try:
        document = goyaml.load(data, dialect="yaml1.1")
    except goyaml.YamlError as error:
        raise GenerateFailed(f"error converting YAML to JSON: {error}") from error
    try:
        file = read(document)
    except KustomizationFileError as error:
        raise GenerateFailed(str(error)) from error
    if not get(file, "resources"):
        file["buildMetadata"] = ["originAnnotations"]  # or kustomize would call the file empty
    return file


def _manifests(files: FileTree, directory: str, location: str, check: Checked) -> Iterator[str]:
    """The paths below a directory, depth first in the order of names: manifests, and directories to build."""
    for name in _sorted(files.list(directory)):
        path = _below(directory, name)
        if files.is_dir(path):
            if any(files.read(_below(path, known)) is not None for known in NAMES):
                yield path
            else:
                yield from _manifests(files, path, location, check)
        elif name.endswith((".yaml", ".yml")):
            data = files.read(path)
            assert data is not None, f"{path} is listed but cannot be read"
            try:
                check(data)
            except ValueError as error:
                shown = _shown(location, path)
                raise GenerateFailed(f"failed to decode Kubernetes YAML from {shown}: {error}") from error
            yield path


def _sorted(names: Sequence[str]) -> list[str]:
    return sorted(names, key=lambda name: name.encode("utf-8", "surrogateescape"))


def _below(directory: str, name: str) -> str:
    return f"{directory}/{name}" if directory else name


def _shown(location: str, path: str) -> str:
    return posixpath.join(location, path) if path else location


def _absence(files: FileTree, path: str) -> str:
    """Say why a path is not there: some directory on the way may be a file."""
    parts = path.split("/")
    on_the_way = ("/".join(parts[:count]) for count in range(1, len(parts)))
    blocked = any(not files.is_dir(above) and files.read(above) is not None for above in on_the_way)
    return "not a directory" if blocked else "no such file or directory"
