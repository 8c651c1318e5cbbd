"""Where a running image comes from: pod, ReplicaSet, applied revision, bot commit, policy, tag, digest, promotion, build, service commit.

A fold over the log: it joins on what an engineer would join on (image, tag, digest, commit, revision).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from fluxsim.formats.imagetag import split
from fluxsim.formats.tree import get
from fluxsim.kernel.log import Event


@dataclass(frozen=True, slots=True)
class Link:
    """One step back. `seq` is the event that proves it, None where the world began with it."""

    step: str
    text: str
    seq: int | None = None
    at_ms: int | None = None


@dataclass(slots=True)
class Lineage:
    """Everything that a lineage can be asked for, indexed as the log goes by."""

    _pods: dict[tuple[str, str], Event] = field(default_factory=dict[tuple[str, str], Event])
    _tags: dict[tuple[str, str], Event] = field(default_factory=dict[tuple[str, str], Event])
    _start: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict[tuple[str, str], dict[str, str]])
    _started: Event | None = None
    _elected: dict[tuple[str, str], Event] = field(default_factory=dict[tuple[str, str], Event])
    _commits: dict[str, Event] = field(default_factory=dict[str, Event])
    _set_by: dict[str, list[Event]] = field(default_factory=dict[str, list[Event]])
    _applied: dict[str, list[Event]] = field(default_factory=dict[str, list[Event]])
    _built: dict[tuple[str, str], Event] = field(default_factory=dict[tuple[str, str], Event])
    _ready_in: dict[tuple[str, str], Event] = field(default_factory=dict[tuple[str, str], Event])

    def observe(self, event: Event) -> None:
        data = event.data
        match event.kind:
            case "world.created":
                self._started = event
                self._start = {(row["image"], row["tag"]): row for row in data["images"]}
            case "pod.ready":
                self._pods[(data["namespace"], data["deployment"])] = event
                self._ready_in.setdefault((data["namespace"], data["digest"]), event)
            case "tag.pushed":
                self._tags[(data["image"], data["tag"])] = event
                if data["reason"] in ("build", "rebuild") and not data.get("alias"):
                    self._built.setdefault((data["image"], data["digest"]), event)
            case "tag.elected":
                self._elected[(data["image"], data["tag"])] = event
            case "commit.pushed":
                self._commits[data["commit"]] = event
                for change in data.get("images", ()):
                    self._set_by.setdefault(change["new"], []).append(event)
            case "kustomization.applied":
                for change in data["changes"]:
                    self._applied.setdefault(change.rpartition(" ")[0], []).append(event)
            case _:
                pass

    def of(self, namespace: str, deployment: str) -> list[Link]:
        """Return the lineage of what a Deployment runs, newest step first; nothing where no pod of it was ever ready."""
        pod = self._pods.get((namespace, deployment))
        if pod is None:
            return []
        data = pod.data
        reference = split(data["image"])
        links = [
            Link("pod", f"{namespace}/{data['pod']} runs {data['image']}", pod.seq, pod.at_ms),
            Link("replicaset", f"ReplicaSet {namespace}/{data['replicaset']}", pod.seq, pod.at_ms),
        ]
        links += self._git_part(namespace, deployment, data["image"], reference.tag, pod)
        links += self._registry_part(reference.name, reference.tag, data["digest"])
        return links

    def _git_part(self, namespace: str, deployment: str, image: str, tag: str, pod: Event) -> Iterable[Link]:
        applied = self._last(self._applied.get(f"Deployment/{namespace}/{deployment}", []), pod)
        if applied is not None:
            yield Link(
                "applied", f"{applied.data['key']} applied {applied.data['revision']}", applied.seq, applied.at_ms
            )
        setters = [event for value in (tag, image) for event in self._set_by.get(value, []) if event.seq < pod.seq]
        commit = max(setters, key=lambda event: event.seq, default=None)
        if commit is None:
            yield Link("commit", "in Git since time zero")
        else:
            who = commit.data["author"]["name"]
            paths = ", ".join(commit.data["paths"])
            yield Link("commit", f"{commit.data['commit'][:7]} by {who}: {paths}", commit.seq, commit.at_ms)
        elected = self._elected.get((split(image).name, tag))
        if elected is not None and elected.seq < pod.seq:
            yield Link("policy", f"{elected.data['key']} elected {tag}", elected.seq, elected.at_ms)

    def _registry_part(self, image: str, tag: str, digest: str) -> Iterable[Link]:
        pushed = self._tags.get((image, tag))
        if pushed is None:
            yield Link("tag", f"{tag} → {digest} in the registry since time zero")
            origin = self._start.get((image, tag), {}).get("from", "")
        else:
            yield Link("tag", f"{tag} → {digest} pushed by {pushed.actor}", pushed.seq, pushed.at_ms)
            origin = pushed.data.get("from", "")
        if pushed is not None and pushed.data["reason"] == "promotion":
            yield Link("promotion", f"{tag} is the same digest as {origin}", pushed.seq, pushed.at_ms)
        elif origin:
            yield Link("promotion", f"{tag} is the same digest as {origin} (time zero)")
        ready = self._ready_in.get(("staging", digest))
        if tag.startswith("production-") and ready is not None:
            yield Link(
                "staging",
                f"{ready.data['namespace']}/{ready.data['pod']} was ready with this digest",
                ready.seq,
                ready.at_ms,
            )
        built = self._built.get((image, digest))
        if built is None:
            origin_row = self._start.get((image, origin or tag), {})
            if origin_row.get("commit"):
                yield Link(
                    "build", f"built from {origin_row.get('service', '')} {origin_row['commit'][:7]} before time zero"
                )
            return
        yield Link(
            "build",
            f"run {built.data.get('run', '')} of {built.data.get('service', '')} pushed {built.data['tag']}",
            built.seq,
            built.at_ms,
        )
        source = self._commits.get(str(built.data.get("commit", "")))
        if source is not None:
            author = source.data["author"]["name"]
            text = f"{source.data['commit'][:7]} by {author} on {source.data['branch']}: {source.data['subject']}"
            yield Link("service commit", text, source.seq, source.at_ms)

    def _last(self, events: list[Event], before: Event) -> Event | None:
        return max((event for event in events if event.seq < before.seq), key=lambda event: event.seq, default=None)

    def digest_of_pod(self, namespace: str, deployment: str) -> str:
        pod = self._pods.get((namespace, deployment))
        return str(get(pod.data, "digest", default="")) if pod is not None else ""


def lineage(events: Iterable[Event]) -> Lineage:
    """Return the index of a whole log."""
    collected = Lineage()
    for event in events:
        collected.observe(event)
    return collected
