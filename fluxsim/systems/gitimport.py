"""Repositories of people: read from disk into memory, or refused with a reason that helps.

Objects are read through dulwich, checked against their ids, and kept as they are, so every id stays what it was.
"""

from __future__ import annotations

import os
import stat
import zlib
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from dulwich.bundle import read_bundle
from dulwich.errors import (
    ApplyDeltaError,
    ChecksumMismatch,
    FileFormatException,
    NotGitRepository,
    ObjectFormatException,
)
from dulwich.object_store import MemoryObjectStore
from dulwich.objects import ObjectID
from dulwich.refs import Ref
from dulwich.repo import Repo, UnsupportedExtension, UnsupportedVersion

from fluxsim.formats.gitcommit import BadCommit, Commit, Tag
from fluxsim.formats.gitobjects import Objects
from fluxsim.formats.gittree import EXECUTABLE, REGULAR, SUBMODULE, SYMLINK, BadTree, File, Sha, parsed
from fluxsim.kernel.errors import Fault, InputError, did_you_mean
from fluxsim.systems.gitrepository import HEADS, TAGS, GitRepository
from fluxsim.systems.gitstore import KINDS

OBJECTS_MAX = 500_000
BYTES_MAX = 512 * 1024 * 1024
FILES_MAX = 50_000

REMOTE = "refs/remotes/origin/"

_UNREADABLE = (
    ApplyDeltaError,
    AssertionError,
    ChecksumMismatch,
    EOFError,
    FileFormatException,
    NotGitRepository,
    ObjectFormatException,
    UnsupportedExtension,
    UnsupportedVersion,
    ValueError,
    zlib.error,
)
"""What dulwich raises on files that are not what they should be."""


def load(path: Path, *, branch: str = "", url: str = "") -> GitRepository:
    """Read a repository: a directory with a work tree, a `.git` directory, a bare repository, or a bundle file.

    What is committed counts, not what lies in the work tree. All branches and tags come along; `branch` becomes the
    default one, and may be one that only `origin` has. Without it HEAD says which, or the only branch there is.
    Raises InputError: not a repository, shallow, partial, too large, broken, no such branch, names that are not UTF-8.
    """
    where = str(path)
    if not path.exists():
        raise InputError(
            Fault(where, "no such file or directory", "give the directory of a Git repository, or a bundle")
        )
    with _explained(where), (_bundle if path.is_file() else _directory)(path) as source:
        chosen = _branch(where, source, branch)
        kept = {name: sha for name, sha in source.refs.items() if name.startswith((HEADS, TAGS))}
        if HEADS + chosen not in kept:
            kept[HEADS + chosen] = source.refs[REMOTE + chosen]
        objects = _copied(where, source, [kept[name] for name in sorted(kept)])
    repository = GitRepository(url or where, default_branch=chosen, objects=objects)
    repository.set_refs({name: sha.hex() for name, sha in kept.items()})
    if objects.peeled(kept[HEADS + chosen]) is None:
        raise InputError(Fault(where, f"the branch '{chosen}' does not name a commit"))
    return repository


def read_directory(path: Path) -> dict[str, File]:
    """Return the files below a directory as a first commit would hold them: paths with `/`, without `.git`.

    Symbolic links are kept as links. Raises InputError, all faults at once: links that lead out of the directory, names
    that are not UTF-8, what is neither file nor directory, too much.
    """
    if not path.is_dir():
        raise InputError(Fault(str(path), "no such directory"))
    files: dict[str, File] = {}
    faults: list[Fault] = []
    size = 0
    for found in _below(path, faults):
        try:
            file = _read_file(path, found)
        except InputError as error:
            faults += error.faults
            continue
        size += len(file.content)
        if size > BYTES_MAX or len(files) >= FILES_MAX:
            limit = f"more than {FILES_MAX} files or {BYTES_MAX >> 20} MiB"
            raise InputError(Fault(str(path), limit, "give the directory of the manifests only"))
        files[found.relative_to(path).as_posix()] = file
    if faults:
        raise InputError(*faults)
    return files


# -- sources


class _Source(NamedTuple):
    refs: dict[str, Sha]
    head: str
    """The branch that HEAD names, empty where there is no HEAD or it names none."""
    read: Callable[[ObjectID], tuple[int, bytes]]


@contextmanager
def _directory(path: Path) -> Generator[_Source]:
    if not ((path / ".git").exists() or ((path / "objects").is_dir() and (path / "refs").is_dir())):
        raise InputError(
            Fault(str(path), "not a Git repository", "run `git init` and commit there, or give another one")
        )
    with Repo(path) as repo:
        if repo.object_format.name != "sha1":
            raise InputError(Fault(str(path), f"its objects are named by {repo.object_format.name}, not by sha1"))
        if repo.get_shallow():
            raise InputError(
                Fault(str(path), "the clone is shallow: its history is cut off", "run `git fetch --unshallow`")
            )
        refs = {name: sha for name, sha in repo.refs.as_dict().items() if name != b"HEAD"}
        symbolic = repo.refs.get_symrefs().get(Ref(b"HEAD"), b"")
        head = symbolic.removeprefix(b"refs/heads/").decode() if symbolic.startswith(b"refs/heads/") else ""
        yield _Source(_shas(refs), head, repo.object_store.get_raw)


@contextmanager
def _bundle(path: Path) -> Generator[_Source]:
    if path.stat().st_size > BYTES_MAX:
        raise InputError(Fault(str(path), f"the file is larger than {BYTES_MAX >> 20} MiB"))
    with path.open("rb") as file:
        if not file.readline().startswith(b"# v"):
            raise InputError(
                Fault(str(path), "neither a Git repository nor a bundle", "make one: `git bundle create FILE --all`")
            )
        file.seek(0)
        with read_bundle(file) as bundle:
            if bundle.prerequisites:
                text = "the bundle builds on commits that are not in it"
                raise InputError(
                    Fault(str(path), text, "make one of the whole history: `git bundle create FILE --all`")
                )
            refs = {name: sha for name, sha in bundle.references.items() if name != b"HEAD"}
            named = bundle.references.get(Ref(b"HEAD"))
            heads = [name for name, sha in sorted(refs.items()) if sha == named and name.startswith(b"refs/heads/")]
            store = MemoryObjectStore()
            bundle.store_objects(store)
            yield _Source(_shas(refs), heads[0].removeprefix(b"refs/heads/").decode() if heads else "", store.get_raw)


def _shas(refs: Mapping[Ref, ObjectID]) -> dict[str, Sha]:
    return {name.decode(): bytes.fromhex(sha.decode()) for name, sha in refs.items()}


@contextmanager
def _explained(where: str) -> Generator[None]:
    """Turn what dulwich raises on broken files into a fault of the input."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise InputError(Fault(where, f"a name in it is not UTF-8: {error.object!r}", "rename it")) from error
    except OSError as error:
        raise InputError(Fault(where, f"cannot read it: {error.strerror or error}")) from error
    except _UNREADABLE as error:
        raise InputError(Fault(where, f"the repository is broken: {error}", "look with `git fsck`")) from error


def _branch(where: str, source: _Source, wanted: str) -> str:
    names = [name.removeprefix(HEADS) for name in sorted(source.refs) if name.startswith(HEADS)]
    names += [
        name.removeprefix(REMOTE)
        for name in sorted(source.refs)
        if name.startswith(REMOTE) and name != REMOTE + "HEAD" and name.removeprefix(REMOTE) not in names
    ]
    if not names:
        raise InputError(Fault(where, "the repository has no commits", "commit something first"))
    if wanted:
        if wanted not in names:
            raise InputError(Fault(where, f"there is no branch '{wanted}'", did_you_mean(wanted, names)))
        return wanted
    if source.head in names:
        return source.head
    if len(names) > 1:
        raise InputError(Fault(where, "it does not say which branch is meant", f"name one of {', '.join(names)}"))
    return names[0]


# -- objects


def _copied(where: str, source: _Source, starts: list[Sha]) -> Objects:
    """Return all objects that the starts need, each checked against its id."""
    objects = Objects()
    waiting = starts[::-1]
    size = 0
    while waiting:
        sha = waiting.pop()
        if sha in objects:
            continue
        try:
            number, raw = source.read(ObjectID(sha.hex().encode()))
        except KeyError as error:
            text = f"the object {sha.hex()} is missing: the clone is partial or broken"
            raise InputError(Fault(where, text, "clone it anew, without --filter")) from error
        except (TypeError, IndexError) as error:  # what dulwich makes of a file that was cut off
            raise InputError(
                Fault(where, f"the repository is broken: object {sha.hex()}", "look with `git fsck`")
            ) from error
        size += len(raw)
        if size > BYTES_MAX or len(objects) >= OBJECTS_MAX:
            limit = f"the history has more than {OBJECTS_MAX} objects or {BYTES_MAX >> 20} MiB"
            raise InputError(Fault(where, limit, "give a copy with less history"))
        try:
            waiting += _needed(number, raw)
            added = objects.add(KINDS[number], raw)
        except (BadTree, BadCommit) as error:
            raise InputError(
                Fault(where, f"in the object {sha.hex()}: {error}", "rename the file, or look with `git fsck`")
            ) from error
        if added != sha:
            raise InputError(Fault(where, f"the object {sha.hex()} is broken: its bytes are those of {added.hex()}"))
    return objects


def _needed(number: int, raw: bytes) -> list[Sha]:
    match KINDS[number]:
        case "commit":
            commit = Commit.parse(raw)
            return [commit.tree, *commit.parents[::-1]]
        case "tree":
            return [sha for _, mode, sha in _checked_entries(raw) if mode != SUBMODULE]
        case "tag":
            return [Tag.parse(raw).target]
        case "blob":
            return []


def _checked_entries(raw: bytes) -> Iterator[tuple[str, int, Sha]]:
    for name, mode, at in parsed(raw):
        if name in ("", ".", "..") or "/" in name or name.lower() == ".git":
            raise BadTree(f"the name {name!r} would leave the directory")
        yield name, mode, raw[at : at + 20]


# -- files


def _below(path: Path, faults: list[Fault]) -> Iterator[Path]:
    """Yield what is below a directory but directories themselves, sorted; links are not followed."""
    try:
        found = sorted(path.iterdir())
    except OSError as error:
        faults.append(Fault(str(path), f"cannot read it: {error.strerror or error}"))
        return
    for child in found:
        if child.name == ".git":
            continue
        if child.is_dir() and not child.is_symlink():
            yield from _below(child, faults)
        else:
            yield child


def _read_file(root: Path, path: Path) -> File:
    where = os.fsencode(path).decode("utf-8", "replace")
    try:
        os.fsencode(path.relative_to(root)).decode()
    except UnicodeDecodeError:
        raise InputError(Fault(where, "the name is not UTF-8", "rename it")) from None
    try:
        if path.is_symlink():
            target = str(path.readlink())
            if not path.resolve().is_relative_to(root.resolve()):
                raise InputError(
                    Fault(where, f"the link leads out of the directory, to '{target}'", "put a copy there")
                )
            return File(os.fsencode(target), SYMLINK)
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            raise InputError(Fault(where, "neither a file nor a directory", "remove it"))
        return File(path.read_bytes(), EXECUTABLE if mode & stat.S_IXUSR else REGULAR)
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle, before Python 3.13
        raise InputError(Fault(where, f"cannot read it: {getattr(error, 'strerror', None) or error}")) from error
