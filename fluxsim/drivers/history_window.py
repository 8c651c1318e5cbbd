"""Which part of a history is replayed: a window given, the one where the machinery stayed the same, or a day's episode."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from fluxsim.drivers.history_record import Record, Recorded
from fluxsim.drivers.history_undone import touched
from fluxsim.formats.goyaml import YamlError, load_with_lines
from fluxsim.formats.tree import Map, freeze
from fluxsim.kernel.errors import Fault, InputError
from fluxsim.kernel.units import SECOND, rfc3339, unix_millis
from fluxsim.kube.meta import FLUX_IMAGE, group_of

IMAGE_KINDS = ("ImageRepository", "ImagePolicy", "ImageUpdateAutomation")
SERVED = "v1"
OLD_VERSION = re.compile(rb"(?m)^(apiVersion:[ \t]*[\"']?image\.toolkit\.fluxcd\.io/)v1(?:alpha|beta)\d+\b")
ENOUGH = 2
"""A window is long enough if it has at least one of so many of the bot's commits since the image objects are served."""


@dataclass(frozen=True, slots=True)
class Window:
    """From the first commit that is replayed to the last second in which the bot's commits count. Seconds since 1970."""

    from_s: int
    to_s: int
    lift: bool = False
    """Whether image objects of versions that are no longer served are read as v1."""

    def holds(self, commit: Recorded) -> bool:
        return self.from_s <= commit.at_s <= self.to_s


def window(record: Record, *, start: str, end: str, episode: str, lift: bool) -> Window:
    """Return the window that the words mean; InputError where they mean none or nothing happened in it."""
    if episode:
        found = _episode(record, episode)
    else:
        first = _seconds(start, "--from") if start else _default_start(record, lift=lift)
        last = _seconds(end, "--to") if end else (record.commits[-1].at_s // 60 + 1) * 60
        found = Window(first, last, lift)
    if found.from_s >= found.to_s:
        raise InputError(Fault("--from", f"{_text(found.from_s)} is not before {_text(found.to_s)}", "turn them round"))
    if record.before(found.from_s) is None:
        told = f"no commit before {_text(found.from_s)}"
        raise InputError(Fault("--from", told, f"the history begins {_text(record.commits[0].at_s)}"))
    if not any(found.holds(commit) for commit in record.bots):
        told = f"no commit by the bot from {_text(found.from_s)} to {_text(found.to_s)}"
        spans = f"its commits go from {_text(record.bots[0].at_s)} to {_text(record.bots[-1].at_s)}"
        raise InputError(Fault("--from", told, spans))
    return found


def lifted(data: bytes) -> bytes:
    """Return a manifest with image objects of older versions called v1, which reads the same."""
    return OLD_VERSION.sub(rb"\1v1", data)


def _default_start(record: Record, *, lift: bool) -> int:
    """Return when a person last changed an image object, so that from there on the same machinery runs.

    Not so late that most of the bot's commits since the objects are served would be left out: then the first such time.
    """
    files: dict[str, list[Map]] = {}
    candidates: list[Recorded] = []
    for commit in record.commits:
        if commit.bot or not _changes_objects(record, commit, files):
            continue
        objects = [obj for found in files.values() for obj in found]
        served = lift or all(obj["apiVersion"].endswith(f"/{SERVED}") for obj in objects)
        complete = {obj["kind"] for obj in objects} >= set(IMAGE_KINDS)
        candidates = [*candidates, commit] if served and complete else []
    if not candidates:
        told = f"at its end the image objects are not all {SERVED}, or not all there"
        raise InputError(
            Fault(record.setup.name, told, "give --from and --to, and --lift to read older versions as v1")
        )
    since = sum(bot.at_s >= candidates[0].at_s for bot in record.bots)
    second_s = record.commits[:2][-1].at_s  # nothing stands before the very first commit
    for commit in reversed(candidates):
        if ENOUGH * sum(bot.at_s >= commit.at_s for bot in record.bots) >= since:
            return max(commit.at_s, second_s)
    return max(candidates[0].at_s, second_s)


def _changes_objects(record: Record, commit: Recorded, files: dict[str, list[Map]]) -> bool:
    """Bring the image objects of each file up to a commit, and tell whether it changed any."""
    changed = False
    for path, _old, new in record.differences(commit):
        if path.endswith((".yaml", ".yml")):
            found = _image_objects(record.repository.objects.blob(new.sha)) if new is not None and new.is_file else []
            before = files.pop(path, [])
            if found:
                files[path] = found
            changed = changed or found != before
    return changed


def _image_objects(data: bytes) -> list[Map]:
    if FLUX_IMAGE.encode() not in data:
        return []
    try:
        documents = load_with_lines(data, dialect="resource")
    except YamlError:
        return []
    return [
        freeze(document)
        for document, _line in documents
        if isinstance(document, dict)
        and document.get("kind") in IMAGE_KINDS
        and group_of(str(document.get("apiVersion", ""))) == FLUX_IMAGE
    ]


def _episode(record: Record, day: str) -> Window:
    """Return the span of a day from the first person's change that the bot undid to the last undoing."""
    try:
        date = dt.date.fromisoformat(day)
    except ValueError as error:
        raise InputError(Fault("--episode", f"'{day}' is no day", "write it like 2026-02-06")) from error
    undone = [one for one in touched(record.commits) if one.undone is not None]
    fitting = [one for one in undone if dt.datetime.fromtimestamp(one.commit.at_s, dt.UTC).date() == date]
    if not fitting:
        days = sorted({dt.datetime.fromtimestamp(one.commit.at_s, dt.UTC).date().isoformat() for one in undone})
        told = f"on {day} the bot undid no person's change to a marked field"
        raise InputError(Fault("--episode", told, f"it did on {', '.join(days)}" if days else "it never did"))
    last = max(one.undone.at_s for one in fitting if one.undone is not None)
    return Window(fitting[0].commit.at_s, (last // 60 + 1) * 60, lift=True)


def _seconds(text: str, where: str) -> int:
    try:
        return unix_millis(text) // SECOND
    except ValueError as error:
        raise InputError(Fault(where, f"'{text}' is no time", "write it like 2026-02-06T17:21:53Z")) from error


def _text(at_s: int) -> str:
    return rfc3339(at_s * SECOND)
