"""The files that image automation looks at: which ones below a path, in which order, through which links.

Source: image-automation-controller v1.2.1 internal/update/filereader.go and internal/policy/applier.go.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import NamedTuple

TOKEN = b'"$imagepolicy"'
"""A file without this text, quotes included, is not even parsed."""
LINKS_MAX = 255


class ManifestFile(NamedTuple):
    """A file as the walk meets it: `name` relative to the path, `real` behind all links in the tree."""

    name: str
    real: str
    data: bytes


class NoSuchPath(ValueError):
    """The update's path does not exist, in the words of Go's file walk."""


def manifests(files: Mapping[str, bytes], path: str, symlinks: Mapping[str, str]) -> tuple[str, list[ManifestFile]]:
    """Return the directory that names are relative to, and the files with a marker in the order of a walk.

    Regular files and links to files count if they end in .yaml or .yml or are called Kustomization, in hidden
    directories too. Links to directories are not followed below the path. Raises NoSuchPath.
    """
    root = joined(path, symlinks) if path else ""
    below = f"{root}/" if root else ""
    found = [
        (file.split("/"), file, file, data)
        for file, data in files.items()
        # The token comes first: of thousands of files few have it.
        if TOKEN in data and (file == root or file.startswith(below)) and _is_manifest(file)
    ]
    for link in symlinks:
        if link.startswith(below) and _is_manifest(link):
            real = _target(link, symlinks)
            data = files.get(real) if real is not None else None
            if real is not None and data is not None and TOKEN in data:
                found.append((link.split("/"), link, real, data))
    if not found and root and not any(_exists(file, root, below) for file in (*files, *symlinks)):
        raise NoSuchPath(f"walking path for files: lstat {root}: no such file or directory")
    found.sort()
    directory = posixpath.dirname(root) if root in files else root
    start = len(directory) + 1 if directory else 0
    return directory, [ManifestFile(name[start:], real, data) for _, name, real, data in found]


def joined(path: str, symlinks: Mapping[str, str]) -> str:
    """Return the path inside the checkout: `..` stops at the root, and links cannot lead out of it."""
    at = ""
    steps = path.split("/")[::-1]
    links = 0
    while steps:
        step = steps.pop()
        if step in {"", "."}:
            continue
        if step == "..":
            at = posixpath.dirname(at)
            continue
        here = f"{at}/{step}" if at else step
        target = symlinks.get(here)
        if target is None:
            at = here
            continue
        links += 1
        if links > LINKS_MAX:
            raise NoSuchPath(f"failed to secure join manifest path: too many levels of symbolic links: {path}")
        if target.startswith("/"):
            at = ""
        steps += target.split("/")[::-1]
    return at


def _target(link: str, symlinks: Mapping[str, str]) -> str | None:
    """Return what a link leads to, None if that is outside the tree or a circle."""
    at: list[str] = []
    steps = link.split("/")[::-1]
    links = 0
    while steps:
        step = steps.pop()
        if step in {"", "."}:
            continue
        if step == "..":
            if not at:
                return None
            at.pop()
            continue
        target = symlinks.get("/".join((*at, step)))
        if target is None:
            at.append(step)
            continue
        links += 1
        if links > LINKS_MAX or target.startswith("/"):
            return None
        steps += target.split("/")[::-1]
    return "/".join(at)


def _exists(file: str, root: str, below: str) -> bool:
    return file == root or file.startswith(below)


def _is_manifest(file: str) -> bool:
    name = file[file.rfind("/") + 1 :]
    return name.endswith((".yaml", ".yml")) or name == "Kustomization"
