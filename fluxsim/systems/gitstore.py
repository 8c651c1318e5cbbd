"""Our Git objects shown to dulwich, so that its walkers, packs and protocol work on a simulated repository."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import cast

from dulwich.object_store import MemoryObjectStore
from dulwich.objects import ObjectID, RawObjectID, ShaFile
from dulwich.pack import UnpackedObject
from dulwich.refs import Ref
from dulwich.repo import MemoryRepo

from fluxsim.formats.gitobjects import Kind, Objects
from fluxsim.formats.gittree import SUBMODULE, Sha, parsed
from fluxsim.systems.gitrepository import GitRepository

TYPE_NUMBERS: dict[Kind, int] = {"commit": 1, "tree": 2, "blob": 3, "tag": 4}
KINDS: dict[int, Kind] = {number: kind for kind, number in TYPE_NUMBERS.items()}


class RawStore(MemoryObjectStore):
    """An object store of dulwich over ours: nothing is copied until dulwich asks for it.

    What dulwich adds is added to ours: objects only, refs are the repository's business.
    """

    def __init__(self, objects: Objects) -> None:
        super().__init__()
        self._objects = objects

    def contains_loose(self, sha: ObjectID | RawObjectID) -> bool:
        return _raw_id(sha) in self._objects

    def __iter__(self) -> Iterator[ObjectID]:
        return (ObjectID(sha.hex().encode()) for sha in self._objects)

    def get_raw(self, name: RawObjectID | ObjectID) -> tuple[int, bytes]:
        kind, raw = self._objects.raw(_raw_id(name))
        return TYPE_NUMBERS[kind], raw

    def __getitem__(self, name: ObjectID | RawObjectID) -> ShaFile:
        sha = _raw_id(name)
        kind, raw = self._objects.raw(sha)
        return ShaFile.from_raw_string(TYPE_NUMBERS[kind], raw, sha=ObjectID(sha.hex().encode()))

    def __delitem__(self, name: ObjectID) -> None:
        raise TypeError("objects of a simulated repository stay")

    def add_object(self, obj: ShaFile) -> None:
        self._objects.add(KINDS[obj.type_num], obj.as_raw_string())


def memory_repo(repository: GitRepository) -> MemoryRepo:
    """Return a repository of dulwich over the same objects, with the refs as they are now.

    Refs that dulwich moves in it move nowhere else: read them back and push them to the repository, which may refuse.
    """
    repo = MemoryRepo()
    repo.object_store = RawStore(repository.objects)
    for name, sha in repository.refs().items():
        repo.refs.set_if_equals(Ref(name.encode()), None, ObjectID(sha.encode()))
    repo.refs.set_symbolic_ref(Ref(b"HEAD"), Ref(f"refs/heads/{repository.default_branch}".encode()))
    return repo


def reachable(objects: Objects, starts: Iterable[Sha], known: Iterable[Sha] = ()) -> dict[Sha, Kind]:
    """Return the objects that refs need, in the order of a walk, less those that `known` ones need.

    Raises MissingObject where one is not there.
    """
    seen: dict[Sha, Kind] = reachable(objects, known) if known else {}
    hidden = len(seen)
    waiting = list(starts)[::-1]
    while waiting:
        sha = waiting.pop()
        if sha in seen:
            continue
        kind, raw = objects.raw(sha)
        seen[sha] = kind
        if kind == "commit":
            commit = objects.commit(sha)
            waiting += [commit.tree, *commit.parents]
        elif kind == "tree":
            waiting += [
                raw[at : at + 20] for _, mode, at in parsed(raw) if mode != SUBMODULE and raw[at : at + 20] not in seen
            ]
        elif kind == "tag":
            waiting.append(bytes.fromhex(raw[7:47].decode()))
    return dict(list(seen.items())[hidden:])


def unpacked(objects: Objects, shas: Iterable[Sha]) -> Iterator[UnpackedObject]:
    """Yield objects as dulwich writes them into a pack."""
    for sha in shas:
        kind, raw = objects.raw(sha)
        yield UnpackedObject(TYPE_NUMBERS[kind], sha=sha, decomp_chunks=[raw])


def _raw_id(name: ObjectID | RawObjectID) -> Sha:
    if len(name) == 20:
        return cast("bytes", name)
    return bytes.fromhex(name.decode())
