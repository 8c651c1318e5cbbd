"""The parts of a world, each against what it is measured by: another library, or itself at another size."""

from __future__ import annotations

import io
import itertools
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from dulwich.object_store import commit_tree_changes
from dulwich.objects import Blob, ObjectID, Tree
from dulwich.objects import Commit as DulwichCommit
from dulwich.repo import MemoryRepo
from ruamel.yaml import YAML

from bench.measure import Row, medians, ratio, seconds, skipped
from bench.samples import DEPLOYMENT, OVERLAY, tags
from fluxsim.formats import goregex, goyaml, kustomize, tagpolicy
from fluxsim.formats.gitcommit import Author
from fluxsim.formats.kustomize import DictTree
from fluxsim.formats.markers import ImageRef, apply_setters
from fluxsim.formats.taglist import TagList
from fluxsim.kernel.chance import Chance
from fluxsim.kernel.log import Log
from fluxsim.kernel.schedule import Schedule
from fluxsim.kube.admission import admit
from fluxsim.kube.clock import Clock
from fluxsim.kube.meta import CONFIG_MAP, Key
from fluxsim.kube.store import Store
from fluxsim.systems.gitserver import GitRepository

AUTHOR = Author("Ada", "ada@example.com")


def rows() -> Iterator[Row]:
    yield _git_commit()
    yield _yaml_load()
    yield _setters()
    yield _kustomize()
    yield from _policies()
    yield _bad_pattern()
    yield _store()
    yield _log_line()


def _git_commit(count: int = 50) -> Row:
    """Change one of so many files: our repository against dulwich's in memory."""
    files = {f"apps/app{number}/app.yaml": DEPLOYMENT.encode() for number in range(count)}
    ours = GitRepository("https://git.example/bench")
    ours.commit("main", files, author=AUTHOR, when_s=1, message="Begin")
    theirs: Any = MemoryRepo()  # its ids are of types of its own, which are bytes
    blobs: dict[str, Blob] = {path: Blob.from_string(data) for path, data in files.items()}
    theirs.object_store.add_objects([(blob, None) for blob in blobs.values()])
    empty = Tree()
    theirs.object_store.add_object(empty)
    root = commit_tree_changes(
        theirs.object_store, empty, [(path.encode(), 0o100644, blob.id) for path, blob in blobs.items()]
    )
    head: list[ObjectID] = []
    place = b"apps/app7/app.yaml"
    numbers = itertools.count()

    def commit() -> None:
        change = {place.decode(): f"{DEPLOYMENT}# {next(numbers)}\n".encode()}
        ours.commit("main", change, author=AUTHOR, when_s=2, message="Change")

    def dulwich_commit() -> None:
        nonlocal root
        blob = Blob.from_string(f"{DEPLOYMENT}# {next(numbers)}\n".encode())
        theirs.object_store.add_object(blob)
        tree = theirs.object_store[root]
        root = commit_tree_changes(theirs.object_store, tree.copy(), [(place, 0o100644, blob.id)])
        made = DulwichCommit()
        made.tree, made.parents, made.message = root, head[-1:], b"Change"
        made.author = made.committer = b"Ada <ada@example.com>"
        made.author_time = made.commit_time = made.author_timezone = made.commit_timezone = 0
        theirs.object_store.add_object(made)
        theirs.refs.set_if_equals(b"refs/heads/main", head[-1] if head else None, made.id)
        head[:] = [made.id]

    return ratio(f"a commit among {count} files", 0.25, commit, dulwich_commit, of="dulwich in memory")


def _yaml_load() -> Row:
    text = DEPLOYMENT
    return ratio(
        "a manifest is read",
        1.0,
        partial(goyaml.load_all, text, dialect="resource"),
        partial(yaml.load, text, yaml.CSafeLoader),
        of="yaml.CSafeLoader",
    )


def _setters() -> Row:
    """Set an image in a file that was never seen before; every call gets another one."""
    round_trip = YAML()
    numbers = itertools.count()

    def setters() -> None:
        files = {"app.yaml": DEPLOYMENT.replace("replicas: 2", f"replicas: {next(numbers)}").encode()}
        assert apply_setters(files, {"apps:web": ImageRef("registry.example/web", "1.2.4")}).changed

    def ruamel() -> None:
        loaded: Any = round_trip.load(DEPLOYMENT.replace("replicas: 2", f"replicas: {next(numbers)}"))
        loaded["spec"]["template"]["spec"]["containers"][0]["image"] = "registry.example/web:1.2.4"
        round_trip.dump(loaded, io.StringIO())

    return ratio("an image is set, cold", 0.1, setters, ruamel, of="ruamel round trip")


def _kustomize() -> Row:
    """Build an overlay that was never built before, against the process that people start for it."""
    name, budget = "an overlay is built, cold", 1 / 50
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        return skipped(name, budget, "no kubectl on PATH")
    numbers = itertools.count()

    def ours() -> None:
        files = OVERLAY | {"base/extra.yaml": f"{OVERLAY['base/extra.yaml']}  extra: '{next(numbers)}'\n"}
        kustomize.build(DictTree(files), "overlay")

    with tempfile.TemporaryDirectory() as directory:
        for path, text in OVERLAY.items():
            target = Path(directory, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        command = [kubectl, "kustomize", f"{directory}/overlay"]
        try:
            subprocess.run(command, capture_output=True, check=True)
        except subprocess.CalledProcessError as error:
            return skipped(name, budget, f"kubectl kustomize fails: {error.stderr.decode()[:80]}")
        (theirs,) = medians(lambda: subprocess.run(command, capture_output=True, check=True), rounds=5, wall=True)
    (mine,) = medians(ours)
    return Row(name, budget, mine / theirs, absolute=f"{seconds(mine)} / {seconds(theirs)} (kubectl kustomize)")


def _policies(count: int = 100_000) -> Iterator[Row]:
    """Elect among many tags anew, and again after a scan that brought one more."""
    policy = tagpolicy.policy_of(
        {
            "filterTags": {"pattern": r"^main-[0-9a-f]+-(?P<time>\d+)$", "extract": "$time"},
            "policy": {"numerical": {"order": "asc"}},
        }
    )
    listed = TagList(tags(count))
    indexes = tagpolicy.PolicyIndexes()
    indexes.latest("image", policy, listed)
    numbers = itertools.count(2_000_000_000)

    def scan() -> None:
        nonlocal listed
        listed = listed.changed(added=[f"main-0123abc-{next(numbers)}"])
        indexes.latest("image", policy, listed)

    once, again = medians(lambda: tagpolicy.PolicyIndexes().latest("image", policy, listed), scan, rounds=5)
    yield Row(f"a policy elects among {count} tags", 0.5, once, "s", f"{seconds(once / count)} a tag")
    yield Row(
        "one new tag, against all of them", 1 / 1000, again / once, absolute=f"{seconds(again)} / {seconds(once)}"
    )


def _bad_pattern() -> Row:
    """A pattern at which backtracking needs 2^n steps: twice the text must not take much more than twice the time."""
    pattern = goregex.compiled("^(a+)+$")
    short, long = medians(lambda: pattern.matches("a" * 1000 + "!"), lambda: pattern.matches("a" * 2000 + "!"))
    hopeless = re.compile("^(a+)+$")
    (backtracking,) = medians(lambda: hopeless.search("a" * 18 + "!"), rounds=3)
    absolute = f"{seconds(long)} / {seconds(short)}; stdlib re at 18 letters {seconds(backtracking)}"
    return Row("^(a+)+$ at twice the length", 3, long / short, absolute=absolute)


def _store() -> Row:
    """Write a status while so many objects are there."""

    def writer(count: int) -> partial[None]:
        schedule = Schedule()
        log = Log(0, lambda: 0)
        store = Store(log, Clock(schedule, Chance(1), 0), admit)
        store.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "bench"}})
        for number in range(count):
            metadata = {"name": f"map-{number}", "namespace": "bench"}
            store.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": "0"}})
        numbers = itertools.count(1)

        def write() -> None:
            number = next(numbers)
            store.patch(Key(CONFIG_MAP, "bench", f"map-{number * 7919 % count}"), {"data": {"a": str(number)}})
            log.events.clear()

        return partial(write)

    few, many = medians(writer(1000), writer(30_000))
    return Row("a write among 30 000 objects, not 1 000", 1.5, many / few, absolute=f"{seconds(many)} / {seconds(few)}")


def _log_line() -> Row:
    """Append an event and hash its line, at the size of a typical object."""
    obj = goyaml.load_all(DEPLOYMENT, dialect="resource")[0]
    log = Log(0, lambda: 0)
    data = {"key": "Deployment/apps/web", "kind": "Deployment.apps", "namespace": "apps", "name": "web", "object": obj}

    def event() -> None:
        log.append("api.modified", "kustomize-controller", data, because=(1,))
        log.digest()

    (spent,) = medians(event)
    size = len(log.line(log.events[0]))
    return Row("a line of the log", 25, spent * 1e6, "µs", f"{size} bytes, written and hashed")
