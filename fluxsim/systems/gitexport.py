"""A simulated repository written to disk as a bare Git repository that git itself can work with."""

from __future__ import annotations

from pathlib import Path

from dulwich.objects import ObjectID
from dulwich.refs import Ref
from dulwich.repo import Repo

from fluxsim.kernel.errors import Fault, InputError
from fluxsim.systems.gitrepository import GitRepository
from fluxsim.systems.gitstore import reachable, unpacked


def export(repository: GitRepository, directory: Path) -> None:
    """Write the whole history, all branches and tags, into a directory that is empty or not there yet.

    HEAD is the default branch. Objects that no ref needs stay behind. Raises InputError where the directory is in use.
    """
    try:
        if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
            raise InputError(Fault(str(directory), "the directory is not empty", "name one that does not exist yet"))
        directory.mkdir(parents=True, exist_ok=True)
        _write(repository, directory)
    except OSError as error:
        raise InputError(Fault(str(directory), f"cannot write there: {error.strerror or error}")) from error


def _write(repository: GitRepository, directory: Path) -> None:
    refs = repository.refs()
    head = f"refs/heads/{repository.default_branch}"
    with Repo.init_bare(directory, default_branch=repository.default_branch.encode()) as repo:
        needed = reachable(repository.objects, [bytes.fromhex(sha) for sha in refs.values()])
        if needed:
            repo.object_store.add_pack_data(len(needed), unpacked(repository.objects, needed))
        for name, sha in refs.items():
            repo.refs.set_if_equals(Ref(name.encode()), None, ObjectID(sha.encode()))
        repo.refs.set_symbolic_ref(Ref(b"HEAD"), Ref(head.encode()))
