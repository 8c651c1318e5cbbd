"""Functions of slash-separated paths; the os variants are the same on Linux.

Source: Go 1.26 path/path.go, path/filepath/path.go.
"""

from __future__ import annotations

import posixpath

from fluxsim.formats.gotemplate.values import Function


def clean(path: str) -> str:
    """Resolve `.`, `..` and doubled slashes; unlike Python's, a doubled slash at the start becomes one."""
    if path.startswith("/"):
        path = "/" + path.lstrip("/")
    return posixpath.normpath(path) if path else "."


def base(path: str) -> str:
    if not path:
        return "."
    return path.rstrip("/").rpartition("/")[2] or "/"


def directory(path: str) -> str:
    return clean(path[: path.rfind("/") + 1])


def extension(path: str) -> str:
    name = path.rpartition("/")[2]
    return name[name.rfind(".") :] if "." in name else ""


def is_absolute(path: str) -> bool:
    return path.startswith("/")


_PATH = ("string",)

FUNCTIONS: dict[str, Function] = {
    "base": Function(base, _PATH),
    "dir": Function(directory, _PATH),
    "clean": Function(clean, _PATH),
    "ext": Function(extension, _PATH),
    "isAbs": Function(is_absolute, _PATH),
    "osBase": Function(base, _PATH),
    "osDir": Function(directory, _PATH),
    "osClean": Function(clean, _PATH),
    "osExt": Function(extension, _PATH),
    "osIsAbs": Function(is_absolute, _PATH),
}
