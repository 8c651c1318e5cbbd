"""Builds that are remembered: a Kustomization whose files did not change is not built again.

Two keys find an earlier build. The `content_id` that the caller gives (the artifact's digest, or the id of its Git
tree; the same id must mean the same files) answers at once. A new id is compared by what the earlier build asked of
the tree: when each file it read and each directory it listed is the same, so is the result. A commit below
`apps/develop` thus costs the production build some reads, not a build.
What substituteFrom names is looked up again each time and must be equal.
"""

from __future__ import annotations

import json
from collections import OrderedDict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from fluxsim.formats.fluxbuild import Build, BuildFailed, build
from fluxsim.formats.kustomize.files import FileTree
from fluxsim.formats.postbuild import Lookup
from fluxsim.formats.tree import Json, get

KUSTOMIZATIONS_MAX = 512
"""How many specs are remembered at once; the least recently built falls out."""

BUILDS_OF_ONE_MAX = 4
"""How many builds of one spec: enough for a change and its way back."""

IDS_MAX = 64
"""How many content ids of one build are kept; an older one is compared by its files again."""

_Question: TypeAlias = tuple[str, str]
_Answer: TypeAlias = "bytes | bool | tuple[str, ...] | None"


@dataclass(slots=True)
class _Entry:
    content_ids: deque[str]
    asked: dict[_Question, _Answer]
    looked_up: dict[tuple[str, str, str], Mapping[str, Json] | None]
    outcome: Build | BuildFailed


class BuildCache:
    """Like fluxbuild.build, with a memory."""

    def __init__(self) -> None:
        self._entries: OrderedDict[tuple[str, str, str, bool], list[_Entry]] = OrderedDict()
        self.built = 0
        """How many builds were really made."""

    def build(
        self,
        files: FileTree,
        kustomization: Mapping[str, Json],
        lookup: Lookup,
        *,
        content_id: str,
        strict: bool = True,
        location: str,
    ) -> Build:
        """Return the build, made or remembered. Raises BuildFailed, which is remembered too."""
        namespace = get(kustomization, "metadata", "namespace", default="")
        spec = json.dumps(kustomization.get("spec"), sort_keys=True)
        entries = self._entries.setdefault((namespace, spec, location, strict), [])
        self._entries.move_to_end((namespace, spec, location, strict))
        entry = next((entry for entry in entries if _fits(entry, files, lookup, content_id)), None)
        if entry is None:
            entry = self._made(files, kustomization, lookup, content_id, strict=strict, location=location)
        else:
            if content_id not in entry.content_ids:
                entry.content_ids.append(content_id)
            entries.remove(entry)
        entries.insert(0, entry)
        del entries[BUILDS_OF_ONE_MAX:]
        while len(self._entries) > KUSTOMIZATIONS_MAX:
            self._entries.popitem(last=False)
        if isinstance(entry.outcome, BuildFailed):
            failed = entry.outcome
            raise BuildFailed(str(failed), reason=failed.reason, generated=failed.generated)
        return entry.outcome

    def _made(
        self,
        files: FileTree,
        kustomization: Mapping[str, Json],
        lookup: Lookup,
        content_id: str,
        *,
        strict: bool,
        location: str,
    ) -> _Entry:
        self.built += 1
        tree = _Asked(files)
        looked_up: dict[tuple[str, str, str], Mapping[str, Json] | None] = {}

        def looked(kind: str, namespace: str, name: str) -> Mapping[str, Json] | None:
            looked_up[kind, namespace, name] = found = lookup(kind, namespace, name)
            return found

        outcome: Build | BuildFailed
        try:
            outcome = build(tree, kustomization, looked, strict=strict, location=location)
        except BuildFailed as failed:
            outcome = failed.with_traceback(None)
        return _Entry(deque([content_id], maxlen=IDS_MAX), tree.answers, looked_up, outcome)


class _Asked:
    """A FileTree that keeps what it was asked and what it answered."""

    def __init__(self, files: FileTree) -> None:
        self._files = files
        self.answers: dict[_Question, _Answer] = {}

    def read(self, path: str, /) -> bytes | None:
        self.answers["read", path] = found = self._files.read(path)
        return found

    def is_dir(self, path: str, /) -> bool:
        self.answers["is_dir", path] = found = self._files.is_dir(path)
        return found

    def list(self, path: str, /) -> Sequence[str]:
        found = self._files.list(path)
        self.answers["list", path] = tuple(found)
        return found


def _fits(entry: _Entry, files: FileTree, lookup: Lookup, content_id: str) -> bool:
    if any(lookup(*asked) != found for asked, found in entry.looked_up.items()):
        return False
    if content_id in entry.content_ids:
        return True
    return all(_answer(files, question) == answer for question, answer in entry.asked.items())


def _answer(files: FileTree, question: _Question) -> _Answer:
    what, path = question
    match what:
        case "read":
            return files.read(path)
        case "is_dir":
            return files.is_dir(path)
        case _:
            return tuple(files.list(path))
