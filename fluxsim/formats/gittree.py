"""Git trees: directories by name, each with the id that Git itself gives it.

A tree is never changed: `tree_with` gives a new root in which all directories that no change touched are the old
ones, under their old ids. A changed leaf is 20 patched bytes and one hash for each directory above it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import NamedTuple, Protocol, TypeAlias

Sha: TypeAlias = bytes
"""An object id as 20 bytes. Where people and controllers see ids they are 40 hexadecimal digits, `str`."""

REGULAR = 0o100644
EXECUTABLE = 0o100755
SYMLINK = 0o120000
DIRECTORY = 0o040000
SUBMODULE = 0o160000


class Entry(NamedTuple):
    """What a name stands for in a directory."""

    mode: int
    sha: Sha

    @property
    def is_dir(self) -> bool:
        return self.mode == DIRECTORY

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file, executable or not; symbolic links and submodules are neither file nor directory."""
        return self.mode >> 12 == 0o10


class File(NamedTuple):
    """Content to write with a mode of its own. Plain bytes keep the mode of the file that they replace."""

    content: bytes
    mode: int = REGULAR


Change: TypeAlias = bytes | File | Entry | None
"""New content, or an object that is stored already, or None to delete."""


class Difference(NamedTuple):
    """A path that two trees do not agree on; None where a side has nothing there."""

    path: str
    old: Entry | None
    new: Entry | None


class InvalidPath(ValueError):
    """A path that cannot be written or deleted."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.path = path


class BadTree(ValueError):
    """Bytes that are no tree, or names in it that are no UTF-8."""


class TreeTable(Protocol):
    """Where trees and blobs are kept by id. Adding says nothing new of any id, so reading stays pure."""

    def tree(self, sha: Sha) -> Tree: ...
    def add_blob(self, content: bytes) -> Sha: ...
    def add_tree(self, tree: Tree, base: Tree | None = None, patches: Patches = ()) -> None: ...


Patches: TypeAlias = tuple[tuple[int, Sha], ...]
"""(offset, id) for each entry of a tree that differs from a tree of the same layout."""


class _Layout:
    """The names and modes of a directory and where their ids stand in its bytes; shared by all versions that differ in ids only."""

    __slots__ = ("_names", "_offsets", "places")

    def __init__(self, places: dict[str, tuple[int, int]]) -> None:
        self.places = places
        self._names: list[str] | None = None
        self._offsets: tuple[list[str], list[int]] | None = None

    @property
    def names(self) -> list[str]:
        if self._names is None:
            self._names = sorted(self.places)
        return self._names

    @property
    def offsets(self) -> tuple[list[str], list[int]]:
        """The names in Git's order, and where their ids stand."""
        if self._offsets is None:
            self._offsets = list(self.places), [at for _, at in self.places.values()]
        return self._offsets


class Tree:
    """One directory. Two trees are the same content exactly if their ids are equal."""

    __slots__ = ("_layout", "raw", "sha")

    def __init__(self, raw: bytes, sha: Sha | None = None, like: Tree | None = None) -> None:
        """Make a tree of its bytes in Git; `like` is a tree with the same names and modes."""
        self.raw = raw
        self.sha = sha or hashlib.sha1(b"tree %d\0" % len(raw) + raw).digest()
        self._layout: _Layout | None = like._layout if like is not None else None

    @classmethod
    def of(cls, entries: Mapping[str, Entry]) -> Tree:
        """Return the tree with these entries, in whatever order they come."""
        ordered = sorted((_sort_key(name, entry.mode), name, entry) for name, entry in entries.items())
        return cls(b"".join(b"%o %s\0%s" % (entry.mode, name.encode(), entry.sha) for _, name, entry in ordered))

    @property
    def id(self) -> str:
        return self.sha.hex()

    @property
    def names(self) -> list[str]:
        """All names in the order of their bytes, as a file system walk of Go sorts them. Do not change the list."""
        return self._laid_out().names

    def get(self, name: str) -> Entry | None:
        place = self._laid_out().places.get(name)
        if place is None:
            return None
        mode, at = place
        return Entry(mode, self.raw[at : at + 20])

    def entries(self) -> Iterator[tuple[str, Entry]]:
        """Yield the entries in Git's order, in which a directory sorts as if its name ended in `/`."""
        raw = self.raw
        for name, (mode, at) in self._laid_out().places.items():
            yield name, Entry(mode, raw[at : at + 20])

    def patched(self, patches: Patches) -> Tree:
        """Return the tree with other ids at some places."""
        raw = self.raw
        if len(patches) == 1:
            ((at, sha),) = patches
            return Tree(raw[:at] + sha + raw[at + 20 :], like=self)
        buffer = bytearray(raw)
        for at, sha in patches:
            buffer[at : at + 20] = sha
        return Tree(bytes(buffer), like=self)

    def place(self, name: str) -> tuple[int, int] | None:
        """Return the mode of a name and where its id stands in `raw`."""
        return self._laid_out().places.get(name)

    def differing(self, other: Tree) -> Iterator[tuple[str, Entry | None, Entry | None]]:
        """Yield (name, own entry, other's entry) where the two differ, in Git's order."""
        layout = self._laid_out()
        if layout is other._laid_out():
            names, offsets = layout.offsets
            for index in _differing_places(self.raw, other.raw, offsets):
                mode, at = layout.places[names[index]]
                yield names[index], Entry(mode, self.raw[at : at + 20]), Entry(mode, other.raw[at : at + 20])
            return
        mine, theirs = dict(self.entries()), dict(other.entries())
        names = [name for name in mine if mine[name] != theirs.get(name)] + [
            name for name in theirs if name not in mine
        ]
        for name in sorted(names, key=lambda name: _sort_key(name, (mine.get(name) or theirs[name]).mode)):
            yield name, mine.get(name), theirs.get(name)

    def _laid_out(self) -> _Layout:
        if self._layout is None:
            self._layout = _Layout({name: (mode, at) for name, mode, at in parsed(self.raw)})
        return self._layout


EMPTY = Tree(b"")


def parsed(raw: bytes) -> Iterator[tuple[str, int, int]]:
    """Yield (name, mode, offset of the id) for each entry of a tree's bytes."""
    at, end = 0, len(raw)
    while at < end:
        space = raw.find(b" ", at)
        nul = raw.find(b"\0", space)
        if space < 0 or nul < 0 or nul + 21 > end:
            raise BadTree("the tree is cut off")
        name = raw[space + 1 : nul]
        try:
            yield name.decode(), int(raw[at:space], 8), nul + 1
        except ValueError as error:
            raise BadTree(f"the name {name!r} is not UTF-8") from error
        at = nul + 21


def find(table: TreeTable, root: Sha, path: str) -> Entry | None:
    """Return what stands at a path below a root tree; the root itself for the empty path."""
    entry: Entry | None = Entry(DIRECTORY, root)
    for name in path.split("/") if path else ():
        if entry is None or not entry.is_dir:
            return None
        entry = table.tree(entry.sha).get(name)
    return entry


def walk(table: TreeTable, root: Sha, prefix: str = "") -> Iterator[tuple[str, Entry]]:
    """Yield (path, entry) of everything below a tree but the directories themselves, in Git's order."""
    for name, entry in table.tree(root).entries():
        path = f"{prefix}{name}"
        if entry.is_dir:
            yield from walk(table, entry.sha, f"{path}/")
        else:
            yield path, entry


def differences(table: TreeTable, old: Sha | None, new: Sha | None, prefix: str = "") -> Iterator[Difference]:
    """Yield the paths that differ, in Git's order. Equal subtrees are never opened: the cost is that of the difference."""
    if old == new:
        return
    left = table.tree(old) if old is not None else EMPTY
    right = table.tree(new) if new is not None else EMPTY
    for name, before, after in left.differing(right):
        path = f"{prefix}{name}"
        old_dir = before.sha if before is not None and before.is_dir else None
        new_dir = after.sha if after is not None and after.is_dir else None
        old_leaf = None if old_dir is not None else before
        new_leaf = None if new_dir is not None else after
        if old_leaf != new_leaf:
            yield Difference(path, old_leaf, new_leaf)
        if old_dir is not None or new_dir is not None:
            yield from differences(table, old_dir, new_dir, f"{path}/")


def tree_with(table: TreeTable, root: Sha, changes: Mapping[str, Change]) -> Sha:
    """Return the root with files written and deleted; a directory that loses its last file is gone, as in Git.

    The same root comes back where nothing really changes. InvalidPath where a path could not be checked out, where a
    file to delete is not there, and where a file would stand in the place of a directory or the other way round.
    """
    edits = _Edits()
    for path, change in changes.items():
        edits.add(path, change)
    tree = _applied(table, table.tree(root), edits, "")
    if tree is None:
        table.add_tree(EMPTY)
        return EMPTY.sha
    return tree.sha


_ABSENT = object()


class _Edits:
    """What to do in one directory: by name a leaf to put or delete, or edits of the directory of that name, or both."""

    __slots__ = ("inner", "leaves")

    def __init__(self) -> None:
        self.leaves: dict[str, Change] = {}
        self.inner: dict[str, _Edits] = {}

    def add(self, path: str, change: Change) -> None:
        *parents, name = path.split("/")
        edits = self
        for parent in parents:
            _check_name(parent, path)
            edits = edits.inner.setdefault(parent, _Edits())
        _check_name(name, path)
        edits.leaves[name] = change


def _applied(table: TreeTable, tree: Tree, edits: _Edits, prefix: str) -> Tree | None:
    """Return the edited directory, None where nothing is left in it."""
    patches: list[tuple[int, Sha]] = []
    rebuilt: dict[str, Entry | None] = {}
    for name in edits.leaves if not edits.inner else {**edits.leaves, **edits.inner}:
        place = tree.place(name)
        old = Entry(place[0], tree.raw[place[1] : place[1] + 20]) if place is not None else None
        new = _entry(table, old, edits, name, prefix)
        if new == old:
            continue
        if place is not None and new is not None and new.mode == place[0]:
            patches.append((place[1], new.sha))
        else:
            rebuilt[name] = new
    if rebuilt:
        entries = dict((tree.patched(tuple(patches)) if patches else tree).entries())
        for name, new in rebuilt.items():
            if new is None:
                del entries[name]
            else:
                entries[name] = new
        if not entries:
            return None
        tree = Tree.of(entries)
        table.add_tree(tree)
    elif patches:
        base, tree = tree, tree.patched(tuple(patches))
        table.add_tree(tree, base, tuple(patches))
    return tree


def _entry(table: TreeTable, old: Entry | None, edits: _Edits, name: str, prefix: str) -> Entry | None:
    """Return what the name stands for once its edits are done."""
    path = f"{prefix}{name}"
    leaf = edits.leaves.get(name, _ABSENT)
    inner = edits.inner.get(name)
    if inner is not None:
        if old is not None and not old.is_dir and leaf is not None:
            raise InvalidPath(path, f"'{path}' is a file, not a directory")
        before = table.tree(old.sha) if old is not None and old.is_dir else EMPTY
        tree = _applied(table, before, inner, f"{path}/")
        after = Entry(DIRECTORY, tree.sha) if tree is not None and tree is not EMPTY else None
        if leaf is _ABSENT or (leaf is None and old is not None and not old.is_dir):
            return after
        if after is not None:
            raise InvalidPath(path, f"'{path}' is a directory, not a file")
        old = None
    elif old is not None and old.is_dir:
        raise InvalidPath(path, f"'{path}' is a directory, not a file")
    if isinstance(leaf, Entry):
        return leaf
    if isinstance(leaf, File):
        return Entry(leaf.mode, table.add_blob(leaf.content))
    if isinstance(leaf, bytes):
        return Entry(old.mode if old is not None and old.is_file else REGULAR, table.add_blob(leaf))
    if old is None:
        raise InvalidPath(path, f"pathspec '{path}' did not match any files")
    return None


def _check_name(name: str, path: str) -> None:
    if name in ("", ".", "..") or "\0" in name or name.lower() == ".git":
        raise InvalidPath(path, f"invalid path '{path}'")


def _sort_key(name: str, mode: int) -> bytes:
    return name.encode() + b"/" if mode == DIRECTORY else name.encode()


def _differing_places(left: bytes, right: bytes, offsets: list[int]) -> Iterator[int]:
    """Yield the indexes of the ids that differ. Halves that compare equal are left out whole: k changes cost k * log(n)."""
    stack = [(0, len(offsets))]
    while stack:
        low, high = stack.pop()
        start, end = offsets[low], offsets[high - 1] + 20
        if left[start:end] == right[start:end]:
            continue
        if high - low == 1:
            yield low
            continue
        middle = (low + high) // 2
        stack.append((middle, high))
        stack.append((low, middle))
