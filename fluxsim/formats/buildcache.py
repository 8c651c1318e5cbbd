"""Builds that are remembered: a Kustomization whose files did not change is not built again.

Two ways lead to an earlier build. The `content_id` that the caller gives (the artifact's digest, or the id of its Git
tree; the same id must mean the same files) answers at once. For a new id the tree is asked what the earlier builds
asked: where each file they read and each directory they listed is the same, so is the result. A commit below
`apps/develop` thus costs the production build some reads, not a build.
What substituteFrom names is looked up again each time and must be equal. Objects that a new build has in common with the
one before it are the very same objects, so that whoever compares them later finds that out by identity.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import orjson

from fluxsim.formats.fluxbuild import Build, BuildFailed, build
from fluxsim.formats.kustomize.files import FileTree
from fluxsim.formats.postbuild import Lookup
from fluxsim.formats.tree import Json, Map, get

KUSTOMIZATIONS_MAX = 256
"""How many specs are remembered at once; the least recently built falls out."""

BUILDS_OF_ONE_MAX = 64
"""How many builds of one spec: a play of a scenario and the next one of it go through the same few dozen."""

IDS_MAX = 512
"""How many content ids of one spec are kept; an older one is compared by its files again."""

_Question: TypeAlias = tuple[str, str]
"""What is asked, and of which path; `variables` of kind/namespace/name, `location` of the place that a failure names."""
_Answer: TypeAlias = "bytes | bool | tuple[str, ...] | None"
_Answers: TypeAlias = tuple[_Answer, ...]


@dataclass(slots=True, eq=False)
class _Entry:
    questions: tuple[_Question, ...]
    answers: _Answers
    outcome: Build | BuildFailed

    def variables(self) -> list[tuple[_Question, _Answer]]:
        """Return what was asked of the cluster: the same files do not answer that."""
        pairs = zip(self.questions, self.answers, strict=True)
        return [(question, answer) for question, answer in pairs if question[0] in ("variables", "location")]


@dataclass(slots=True)
class _Spec:
    """The builds of one spec, the one used last at the end."""

    entries: OrderedDict[tuple[tuple[_Question, ...], _Answers], _Entry] = field(default_factory=OrderedDict)
    by_content: OrderedDict[str, _Entry] = field(default_factory=OrderedDict)


class BuildCache:
    """Like fluxbuild.build, with a memory."""

    def __init__(self) -> None:
        self._specs: OrderedDict[tuple[str, bytes, bool], _Spec] = OrderedDict()
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
        """Return the build, made or remembered. Raises BuildFailed, which is remembered for its `location` too."""
        namespace: str = get(kustomization, "metadata", "namespace", default="")
        name = (namespace, _text(kustomization.get("spec")), strict)
        spec = self._specs.setdefault(name, _Spec())
        self._specs.move_to_end(name)
        asked = _Asked(files, lookup, location)
        entry = _found(spec, asked, content_id)
        if entry is None:
            entry = _made(spec, asked, kustomization, strict=strict)
            self.built += 1
        _remember(spec, entry, content_id)
        while len(self._specs) > KUSTOMIZATIONS_MAX:
            self._specs.popitem(last=False)
        if isinstance(entry.outcome, BuildFailed):
            failed = entry.outcome
            raise BuildFailed(str(failed), reason=failed.reason, generated=failed.generated)
        return entry.outcome


class _Asked:
    """The files and the cluster that a build asks, and what they answered."""

    def __init__(self, files: FileTree, lookup: Lookup, location: str) -> None:
        self._files = files
        self._lookup = lookup
        self.location = location
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

    def lookup(self, kind: str, namespace: str, name: str) -> Mapping[str, Json] | None:
        found = self._lookup(kind, namespace, name)
        self.answers["variables", f"{kind}/{namespace}/{name}"] = _variables(found)
        return found

    def answer(self, question: _Question) -> _Answer:
        """Answer a question that an earlier build asked."""
        what, name = question
        match what:
            case "read":
                return self._files.read(name)
            case "is_dir":
                return self._files.is_dir(name)
            case "list":
                return tuple(self._files.list(name))
            case "variables":
                kind, _, rest = name.partition("/")
                namespace, _, name = rest.partition("/")
                return _variables(self._lookup(kind, namespace, name))
            case _:
                return name == self.location


def _variables(found: Mapping[str, Json] | None) -> bytes | None:
    """Return the part of a ConfigMap or Secret that a build looks at; None where there is none."""
    return None if found is None else _text(found.get("data") or {})


def _found(spec: _Spec, asked: _Asked, content_id: str) -> _Entry | None:
    """Return the entry that fits, by the id of its content, or by the answers to what builds asked before."""
    entry = spec.by_content.get(content_id)
    if entry is not None and all(asked.answer(question) == answer for question, answer in entry.variables()):
        return entry
    for questions in dict.fromkeys(entry.questions for entry in reversed(spec.entries.values())):
        entry = spec.entries.get((questions, tuple([asked.answer(question) for question in questions])))
        if entry is not None:
            return entry
    return None


def _made(spec: _Spec, asked: _Asked, kustomization: Mapping[str, Json], *, strict: bool) -> _Entry:
    outcome: Build | BuildFailed
    try:
        outcome = _shared(build(asked, kustomization, asked.lookup, strict=strict, location=asked.location), spec)
    except BuildFailed as failed:
        outcome = failed.with_traceback(None)
        asked.answers["location", asked.location] = True
    return _Entry(tuple(asked.answers), tuple(asked.answers.values()), outcome)


def _remember(spec: _Spec, entry: _Entry, content_id: str) -> None:
    name = (entry.questions, entry.answers)
    spec.entries[name] = entry
    spec.entries.move_to_end(name)
    while len(spec.entries) > BUILDS_OF_ONE_MAX:
        _, gone = spec.entries.popitem(last=False)
        for known in [known for known, other in spec.by_content.items() if other is gone]:
            del spec.by_content[known]
    spec.by_content[content_id] = entry
    spec.by_content.move_to_end(content_id)
    while len(spec.by_content) > IDS_MAX:
        spec.by_content.popitem(last=False)


def _shared(made: Build, spec: _Spec) -> Build:
    """Return the build with the objects of the build before it where they are equal."""
    former = next(
        (entry.outcome for entry in reversed(spec.entries.values()) if isinstance(entry.outcome, Build)), None
    )
    if former is None:
        return made
    known = {_name(obj): obj for obj in former.objects}
    objects: list[Map] = []
    for obj in made.objects:
        same = known.get(_name(obj))
        objects.append(same if same is not None and _equal(same, obj) else obj)
    return replace(made, objects=tuple(objects))


def _name(obj: Map) -> tuple[str, str, str, str]:
    metadata: Mapping[str, str] = obj["metadata"]
    return (str(obj["apiVersion"]), str(obj["kind"]), str(metadata.get("namespace")), str(metadata["name"]))


def _equal(one: Map, other: Map) -> bool:
    """Compare as text, key order and all: `1`, `1.0` and `true` are equal to Python."""
    return one == other and json.dumps(one) == json.dumps(other)


def _text(spec: Json) -> bytes:
    try:
        return orjson.dumps(spec, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # numbers beyond 64 bits, lone surrogates
        return json.dumps(spec, sort_keys=True).encode()
