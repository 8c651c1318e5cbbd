"""The objects of a Git repository by id, in memory.

Objects are only ever added, and an id always means the same bytes, so whoever holds an id may read at any time.
Nothing is compressed until it leaves: zlib costs five times what a commit does.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from typing import Literal, NamedTuple, TypeAlias

from fluxsim.formats.gitcommit import Commit, Tag
from fluxsim.formats.gittree import EMPTY, Entry, Patches, Sha, Tree, walk

Kind: TypeAlias = Literal["commit", "tree", "blob", "tag"]

PATCHED_FROM = 2048
"""Bytes from which a directory is stored as what differs from its former version: 1 000 entries are 35 kB a commit otherwise."""
CHAIN_MAX = 128
"""Versions between two whole copies of a large directory."""
RECENT_MAX = 64
"""Large directories that are kept whole because they were read or written last."""


class MissingObject(KeyError):
    """An id that names nothing here."""

    def __str__(self) -> str:
        return f"object not found: {self.args[0]}"


class _Patched(NamedTuple):
    base: Sha
    patches: Patches
    chain: int


class Objects:
    """Blobs, trees, commits and tags by their ids."""

    __slots__ = ("_deflated", "_recent", "_stored")

    def __init__(self) -> None:
        self._stored: dict[Sha, bytes | Tree | _Patched | Commit | Tag] = {EMPTY.sha: EMPTY}
        self._recent: dict[Sha, Tree] = {}
        self._deflated: dict[Sha, bytes] = {}

    def __contains__(self, sha: object) -> bool:
        return sha in self._stored

    def __len__(self) -> int:
        return len(self._stored)

    def __iter__(self) -> Iterator[Sha]:
        """Yield the ids in the order in which they were added."""
        return iter(self._stored)

    def fork(self) -> Objects:
        """Return a table that begins with what is here and then goes its own way. Only the index is copied."""
        fresh = Objects()
        fresh._stored = dict(self._stored)
        return fresh

    # -- reading

    def blob(self, sha: Sha) -> bytes:
        stored = self._stored.get(sha)
        if not isinstance(stored, bytes):
            raise MissingObject(sha.hex())
        return stored

    def tree(self, sha: Sha) -> Tree:
        stored = self._stored.get(sha)
        if isinstance(stored, Tree):
            return stored
        if not isinstance(stored, _Patched):
            raise MissingObject(sha.hex())
        return self._recent.get(sha) or self._rebuilt(sha, stored)

    def commit(self, sha: Sha) -> Commit:
        stored = self._stored.get(sha)
        if not isinstance(stored, Commit):
            raise MissingObject(sha.hex())
        return stored

    def peeled(self, sha: Sha) -> Commit | None:
        """Return the commit that an id names, directly or through annotated tags; None where it is another thing."""
        stored = self._stored.get(sha)
        while isinstance(stored, Tag):
            stored = self._stored.get(stored.target)
        return stored if isinstance(stored, Commit) else None

    def raw(self, sha: Sha) -> tuple[Kind, bytes]:
        """Return the kind and the bytes of any object."""
        stored = self._stored.get(sha)
        if isinstance(stored, bytes):
            return "blob", stored
        if isinstance(stored, Tree | _Patched):
            return "tree", self.tree(sha).raw
        if isinstance(stored, Commit):
            return "commit", stored.raw
        if isinstance(stored, Tag):
            return "tag", stored.raw
        raise MissingObject(sha.hex())

    def deflated(self, sha: Sha) -> bytes:
        """Return the bytes as a pack holds them, compressed once and kept."""
        known = self._deflated.get(sha)
        if known is None:
            known = self._deflated[sha] = zlib.compress(self.raw(sha)[1], 1)
        return known

    def starting_with(self, digits: str) -> list[Sha]:
        """Return the ids whose hexadecimal form starts so, as abbreviated ids are meant."""
        return [sha for sha in self._stored if sha.hex().startswith(digits)]

    # -- adding

    def add_blob(self, content: bytes) -> Sha:
        sha = hashlib.sha1(b"blob %d\0" % len(content) + content).digest()
        self._stored.setdefault(sha, content)
        return sha

    def add_tree(self, tree: Tree, base: Tree | None = None, patches: Patches = ()) -> None:
        """Add a tree; `base` and `patches` say how it came from one that is here, so that it need not be stored whole."""
        sha = tree.sha
        if sha in self._stored:
            return
        if base is not None and len(tree.raw) >= PATCHED_FROM:
            below = self._stored.get(base.sha)
            chain = below.chain + 1 if isinstance(below, _Patched) else 1
            if below is not None and chain < CHAIN_MAX:
                self._stored[sha] = _Patched(base.sha, patches, chain)
                self._keep(sha, tree)
                return
        self._stored[sha] = tree

    def add_commit(self, commit: Commit) -> None:
        self._stored.setdefault(commit.sha, commit)

    def add_tag(self, tag: Tag) -> None:
        self._stored.setdefault(tag.sha, tag)

    def add(self, kind: Kind, raw: bytes) -> Sha:
        """Add an object as Git holds it; BadCommit where a commit or tag cannot be read."""
        if kind == "blob":
            return self.add_blob(raw)
        if kind == "tree":
            tree = Tree(raw)
            self.add_tree(tree)
            return tree.sha
        if kind == "commit":
            commit = Commit.parse(raw)
            self.add_commit(commit)
            return commit.sha
        tag = Tag.parse(raw)
        self.add_tag(tag)
        return tag.sha

    # -- large trees

    def _rebuilt(self, sha: Sha, stored: _Patched) -> Tree:
        links: list[_Patched] = []
        base: Tree | None = None
        link: object = stored
        while isinstance(link, _Patched):
            links.append(link)
            base = self._recent.get(link.base)
            link = self._stored[link.base] if base is None else base
        assert isinstance(link, Tree), f"the chain of {sha.hex()} ends in a {type(link).__name__}"
        raw = bytearray(link.raw)
        for patched in reversed(links):
            for at, below in patched.patches:
                raw[at : at + 20] = below
        tree = Tree(bytes(raw), sha, like=link)
        self._keep(sha, tree)
        return tree

    def _keep(self, sha: Sha, tree: Tree) -> None:
        self._recent[sha] = tree
        if len(self._recent) > RECENT_MAX:
            del self._recent[next(iter(self._recent))]


class Files:
    """The regular files of a tree by path.

    Symbolic links and submodules are left out, as source-controller leaves them out of an artifact (v1.9.1,
    internal/storage Archive). `.` and the empty path are the root.
    """

    __slots__ = ("_directories", "objects", "root")

    def __init__(self, objects: Objects, root: Sha) -> None:
        self.objects = objects
        self.root = root
        self._directories: dict[str, Tree | None] = {}

    def read(self, path: str) -> bytes | None:
        entry = self.entry(path)
        return self.objects.blob(entry.sha) if entry is not None and entry.is_file else None

    def is_dir(self, path: str) -> bool:
        return self._directory(path) is not None

    def list(self, path: str) -> list[str]:
        """Return the names in a directory, sorted by bytes; none where there is no directory."""
        tree = self._directory(path)
        if tree is None:
            return []
        return [
            name for name in tree.names if (entry := tree.get(name)) is not None and (entry.is_file or entry.is_dir)
        ]

    def entry(self, path: str) -> Entry | None:
        parent, _, name = path.rpartition("/")
        tree = self._directory(parent)
        return tree.get(name) if tree is not None else None

    def id_of(self, path: str) -> str:
        """Return the id of a file or directory, empty where there is none: equal ids, equal content all the way down."""
        if path in ("", "."):
            return self.root.hex()
        entry = self.entry(path)
        return entry.sha.hex() if entry is not None else ""

    def walk(self) -> Iterator[tuple[str, Entry]]:
        """Yield (path, entry) of all files, executable ones too, in Git's order."""
        return ((path, entry) for path, entry in walk(self.objects, self.root) if entry.is_file)

    def _directory(self, path: str) -> Tree | None:
        if path in self._directories:
            return self._directories[path]
        if path in ("", "."):
            tree: Tree | None = self.objects.tree(self.root)
        else:
            entry = self.entry(path)
            tree = self.objects.tree(entry.sha) if entry is not None and entry.is_dir else None
        self._directories[path] = tree
        return tree
