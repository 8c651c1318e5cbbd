"""The story of a run: what people would call events, one line each, in lanes. A fold over the log."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from fluxsim.formats.imagetag import split
from fluxsim.kernel.log import Event
from fluxsim.kernel.units import Millis

Lane: TypeAlias = Literal["registry", "ci", "policies", "bot", "git", "flux", "pods", "people", "world"]
LANES: tuple[Lane, ...] = ("people", "ci", "registry", "policies", "bot", "git", "flux", "pods", "world")

QUIET_ACTIONS = frozenset({"push-code"})
"""Actions whose effect tells the same in the next line."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the story. `seq` is the event that it tells; `actor` is who acted, as people call him."""

    at_ms: Millis
    lane: Lane
    actor: str
    text: str
    seq: int
    bad: bool = False


class Timeline:
    """Collects the rows of a run."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self._running: dict[tuple[str, str], str] = {}
        self._failing: set[tuple[str, str, str]] = set()
        self._warned: dict[str, str] = {}
        self._tellers: dict[str, Callable[[Event], None]] = {
            "action.taken": self._action,
            "commit.pushed": self._commit,
            "push.refused": self._refused,
            "build.started": self._build,
            "workflow.finished": self._workflow,
            "tag.pushed": self._pushed,
            "tag.deleted": self._deleted,
            "release.recorded": self._released,
            "tag.elected": self._elected,
            "artifact.stored": self._stored,
            "kustomization.applied": self._applied,
            "pod.ready": self._pod_ready,
            "pod.failed": self._pod_failed,
            "event.recorded": self._recorded,
            "fault.started": self._fault,
            "fault.healed": self._fault,
            "controller.restarted": self._restarted,
        }

    def observe(self, event: Event) -> None:
        tell = self._tellers.get(event.kind)
        if tell is not None:
            tell(event)

    def _add(self, event: Event, lane: Lane, actor: str, text: str, *, bad: bool = False) -> None:
        self.rows.append(Row(event.at_ms, lane, actor, text, event.seq, bad))

    def _action(self, event: Event) -> None:
        action = event.data["action"]
        if action["do"] not in QUIET_ACTIONS and event.data.get("told"):
            self._add(event, "people", event.actor, event.data["told"])

    def _commit(self, event: Event) -> None:
        data = event.data
        bot = event.actor == "image-automation-controller"
        who = data["author"]["name"]
        images = [f"{_tag(change['old'])} → {_tag(change['new'])}" for change in data.get("images", ())]
        what = "; ".join(images) if images else data["subject"]
        where = "" if data["repository"] == "gitops" else f"{data['repository']} "
        lane: Lane = "bot" if bot else "git"
        self._add(event, lane, who, f"commit {data['commit'][:7]} {where}{data['branch']}: {what}")

    def _refused(self, event: Event) -> None:
        self._add(
            event, "git", event.actor, f"push to {event.data['branch']} refused: {event.data['reason']}", bad=True
        )

    def _build(self, event: Event) -> None:
        data = event.data
        self._add(event, "ci", "ci", f"build of {data['service']} {data['commit'][:7]} on {data['branch']} started")

    def _workflow(self, event: Event) -> None:
        data = event.data
        failed = data["conclusion"] != "success"
        if data["workflow"] != "build" or failed:
            self._add(
                event, "ci", "ci", f"workflow {data['workflow']} of {data['service']}: {data['conclusion']}", bad=failed
            )

    def _pushed(self, event: Event) -> None:
        data = event.data
        if data.get("alias"):
            return
        origin = f" = {data['from']}" if data.get("from") else ""
        self._add(
            event, "registry", event.actor, f"{_short(data['image'])}:{data['tag']}{origin} ({data['digest'][7:19]})"
        )

    def _deleted(self, event: Event) -> None:
        self._add(event, "registry", event.actor, f"{_short(event.data['image'])}:{event.data['tag']} deleted")

    def _released(self, event: Event) -> None:
        data = event.data
        self._add(event, "ci", "ci", f"release {data['version']} of {data['service']} recorded: {data['tag']}")

    def _elected(self, event: Event) -> None:
        data = event.data
        before = f" (was {data['previous']})" if data.get("previous") else ""
        self._add(event, "policies", _name(data["key"]), f"elected {data['tag']}{before}")

    def _stored(self, event: Event) -> None:
        self._add(
            event,
            "flux",
            _name(event.data["key"]),
            f"fetched {_revision(event.data['revision'])} '{event.data['subject']}'",
        )

    def _applied(self, event: Event) -> None:
        data = event.data
        changes = [*data["changes"], *data["pruned"]]
        told = ", ".join(changes[:3]) + (f" and {len(changes) - 3} more" if len(changes) > 3 else "")
        self._add(event, "flux", _name(data["key"]), f"applied {_revision(data['revision'])}: {told}")

    def _pod_ready(self, event: Event) -> None:
        data = event.data
        where = (data["namespace"], data["deployment"] or data["pod"])
        if self._running.get(where) != data["image"]:
            self._running[where] = data["image"]
            self._add(event, "pods", f"{where[0]}/{where[1]}", f"runs {split(data['image']).tag or data['image']}")

    def _pod_failed(self, event: Event) -> None:
        data = event.data
        where = (data["namespace"], data.get("image", data["pod"]), data["reason"])
        if where not in self._failing:
            self._failing.add(where)
            image = split(data["image"]).tag if data.get("image") else data["pod"]
            self._add(
                event,
                "pods",
                f"{data['namespace']}/{data['pod'].rsplit('-', 2)[0]}",
                f"{image}: {data['reason']}",
                bad=True,
            )

    def _recorded(self, event: Event) -> None:
        data = event.data
        if data["type"] == "Warning" and data["kind"].endswith("fluxcd.io") and data["count"] == 1:
            key = data["key"]
            if self._warned.get(key) != data["message"]:
                self._warned[key] = data["message"]
                self._add(event, "flux", _name(key), f"{data['reason']}: {data['message'].splitlines()[0]}", bad=True)

    def _fault(self, event: Event) -> None:
        word = "breaks" if event.kind == "fault.started" else "works again"
        where = f" for {_short(event.data['image'])}" if event.data.get("image") else ""
        mode = f" ({event.data['mode']})" if event.data.get("mode") and word == "breaks" else ""
        self._add(event, "world", event.data["what"], f"{word}{where}{mode}", bad=word == "breaks")

    def _restarted(self, event: Event) -> None:
        self._add(event, "world", event.data["controller"], "restarted", bad=True)


def timeline(events: Iterable[Event]) -> list[Row]:
    """Return the story that a log tells."""
    collected = Timeline()
    for event in events:
        collected.observe(event)
    return collected.rows


def _name(key: str) -> str:
    """`ImagePolicy/production/backend` → `policy production/backend`."""
    kind, _slash, rest = key.partition("/")
    short = {
        "GitRepository": "source",
        "Kustomization": "ks",
        "ImageRepository": "images",
        "ImagePolicy": "policy",
        "ImageUpdateAutomation": "automation",
    }
    return f"{short.get(kind, kind)} {rest.removeprefix('flux-system/')}"


def _tag(value: str) -> str:
    return split(value).tag or value or "nothing"


def _short(image: str) -> str:
    return image.rpartition("/")[2]


def _revision(revision: str) -> str:
    branch, _at, commit = revision.partition("@sha1:")
    return f"{branch}@{commit[:7]}" if commit else revision[:20]
