"""Flux's kinds as its command line knows them: words, names in messages, columns of `get`, and when they are done.

Source: flux2 v2.9.4 cmd/flux: get_*.go, reconcile_*.go, suspend_*.go, resume_*.go.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fluxsim.drivers.terminal.console import Failed
from fluxsim.formats.gotext import truncated_hashes
from fluxsim.formats.tree import Json, get
from fluxsim.kube.meta import FLUX_IMAGE, FLUX_KUSTOMIZE, FLUX_SOURCE, Kind, condition

NOTIFICATION = "notification.toolkit.fluxcd.io"
UNSEEN = "waiting to be reconciled"


@dataclass(frozen=True, slots=True)
class FluxKind:
    """A kind of Flux. `words` are what is typed, alternatives parted by `|`; `human` is its name in suspend and resume."""

    kind: Kind
    words: str
    human: str
    columns: tuple[str, ...]
    cells: Callable[[Json], Sequence[str]]
    done: Callable[[Json], str] = lambda obj: ready_of(obj)[1]
    """What `reconcile` and `resume` say at the end."""

    def named(self, words: Sequence[str]) -> bool:
        """Return whether these words name the kind."""
        wanted = self.words.split()
        return len(words) == len(wanted) and all(
            word in alternatives.split("|") for word, alternatives in zip(words, wanted, strict=True)
        )

    @property
    def length(self) -> int:
        return len(self.words.split())


def chosen(words: Sequence[str], kinds: Sequence[FluxKind]) -> tuple[FluxKind, list[str]] | None:
    """Return the kind that the first words name, and the words behind it."""
    for kind in kinds:
        if kind.named(words[: kind.length]):
            return kind, list(words[kind.length :])
    return None


def changed(verb: str, words: Sequence[str]) -> tuple[FluxKind, list[str]]:
    """Return the kind that a changing command names, and the names behind it; Failed where it names none."""
    found = chosen(words, CHANGEABLE)
    if found is None:
        known = ", ".join(" ".join(word.split("|")[0] for word in kind.words.split()) for kind in CHANGEABLE)
        raise Failed(f"fluxsim's flux {verb} does not know '{' '.join(words[:2])}'; it knows {known}")
    return found


def ready_of(obj: Json) -> tuple[str, str]:
    """Return READY and MESSAGE. Alerts and providers have no status and count as ready."""
    ready = condition(obj, "Ready")
    if ready is not None:
        return str(ready["status"]), str(ready["message"])
    if obj["kind"] in ("Alert", "Provider"):
        return "True", f"{obj['kind']} is Ready"
    return "False", UNSEEN


def conditions_of(obj: Json) -> list[Json]:
    """Return what a status selector asks: the conditions, and the one that flux makes up for alerts and providers."""
    if obj["kind"] in ("Alert", "Provider"):
        status, message = ready_of(obj)
        return [{"type": "Ready", "status": status, "message": message}]
    found: Sequence[Json] = get(obj, "status", "conditions", default=None) or ()
    return list(found)


def suspended(obj: Json) -> bool:
    return bool(get(obj, "spec", "suspend", default=False))


def _text(obj: Json, *path: str | int) -> str:
    found = get(obj, *path)
    return "" if found is None else str(found)


def _suspended(obj: Json) -> str:
    return "True" if suspended(obj) else "False"


def _source(obj: Json) -> Sequence[str]:
    status, message = ready_of(obj)
    revision = truncated_hashes(_text(obj, "status", "artifact", "revision"))
    return (revision, _suspended(obj), status, truncated_hashes(message))


def _external(obj: Json) -> Sequence[str]:
    status, message = ready_of(obj)
    reference = get(obj, "spec", "sourceRef", default=None) or {}
    source = "/".join(str(reference.get(name, "")) for name in ("kind", "namespace", "name"))
    return (truncated_hashes(_text(obj, "status", "artifact", "revision")), source, status, truncated_hashes(message))


def _kustomization(obj: Json) -> Sequence[str]:
    status, message = ready_of(obj)
    revision = truncated_hashes(_text(obj, "status", "lastAppliedRevision"))
    return (revision, _suspended(obj), status, truncated_hashes(message))


def _release(obj: Json) -> Sequence[str]:
    return (_text(obj, "status", "history", 0, "chartVersion"), _suspended(obj), *ready_of(obj))


def _scan(obj: Json) -> Sequence[str]:
    return (_text(obj, "status", "lastScanResult", "scanTime"), _suspended(obj), *ready_of(obj))


def _policy(obj: Json) -> Sequence[str]:
    latest = get(obj, "status", "latestRef", default=None) or {}
    return (str(latest.get("name", "")), str(latest.get("tag", "")), *ready_of(obj))


def _automation(obj: Json) -> Sequence[str]:
    return (_text(obj, "status", "lastAutomationRunTime"), _suspended(obj), *ready_of(obj))


def _switched(obj: Json) -> Sequence[str]:
    return (_suspended(obj), *ready_of(obj))


def _fetched(obj: Json) -> str:
    return f"fetched revision {_text(obj, 'status', 'artifact', 'revision')}"


def _applied(obj: Json) -> str:
    return f"applied revision {_text(obj, 'status', 'lastAppliedRevision')}"


def _scanned(obj: Json) -> str:
    return f"scan fetched {get(obj, 'status', 'lastScanResult', 'tagCount', default=0)} tags"


def _selected(obj: Json) -> str:
    latest = get(obj, "status", "latestRef", default=None) or {}
    digest = f"@{latest['digest']}" if latest.get("digest") else ""
    return f"selected ref {latest.get('name', '')}:{latest.get('tag', '')}{digest}"


_SOURCE = ("Name", "Revision", "Suspended", "Ready", "Message")
_SWITCHED = ("Name", "Suspended", "Ready", "Message")

OCI = FluxKind(Kind("OCIRepository", FLUX_SOURCE), "source|sources oci", "source oci", _SOURCE, _source, _fetched)
BUCKET = FluxKind(Kind("Bucket", FLUX_SOURCE), "source|sources bucket", "source bucket", _SOURCE, _source, _fetched)
GIT = FluxKind(Kind("GitRepository", FLUX_SOURCE), "source|sources git", "source git", _SOURCE, _source, _fetched)
HELM = FluxKind(Kind("HelmRepository", FLUX_SOURCE), "source|sources helm", "source helm", _SOURCE, _source, _fetched)
CHART = FluxKind(Kind("HelmChart", FLUX_SOURCE), "source|sources chart", "source chart", _SOURCE, _source, _fetched)
EXTERNAL = FluxKind(
    Kind("ExternalArtifact", FLUX_SOURCE),
    "source|sources external",
    "source external",
    ("Name", "Revision", "Source", "Ready", "Message"),
    _external,
)
REPOSITORY = FluxKind(
    Kind("ImageRepository", FLUX_IMAGE),
    "image|images repository",
    "image repository",
    ("Name", "Last scan", "Suspended", "Ready", "Message"),
    _scan,
    _scanned,
)
POLICY = FluxKind(
    Kind("ImagePolicy", FLUX_IMAGE),
    "image|images policy",
    "image policy",
    ("Name", "Image", "Tag", "Ready", "Message"),
    _policy,
    _selected,
)
UPDATE = FluxKind(
    Kind("ImageUpdateAutomation", FLUX_IMAGE),
    "image|images update",
    "image update automation",
    ("Name", "Last run", "Suspended", "Ready", "Message"),
    _automation,
)
RELEASE = FluxKind(
    Kind("HelmRelease", "helm.toolkit.fluxcd.io"),
    "helmrelease|helmreleases|hr",
    "helmrelease",
    _SOURCE,
    _release,
)
KUSTOMIZATION = FluxKind(
    Kind("Kustomization", FLUX_KUSTOMIZE),
    "kustomization|kustomizations|ks",
    "kustomization",
    _SOURCE,
    _kustomization,
    _applied,
)
RECEIVER = FluxKind(Kind("Receiver", NOTIFICATION), "receivers|receiver", "receiver", _SWITCHED, _switched)
PROVIDER = FluxKind(
    Kind("Provider", NOTIFICATION),
    "alert-providers|alert-provider",
    "alert provider",
    ("Name", "Ready", "Message"),
    ready_of,
)
ALERT = FluxKind(Kind("Alert", NOTIFICATION), "alerts|alert", "alert", _SWITCHED, _switched)
GENERATOR = FluxKind(
    Kind("ArtifactGenerator", "source.extensions.fluxcd.io"),
    "artifacts|artifact generators|generator",
    "artifact generator",
    ("Name", "Ready", "Message"),
    ready_of,
)

SOURCES = (OCI, BUCKET, GIT, HELM, CHART, EXTERNAL)
IMAGES = (REPOSITORY, POLICY, UPDATE)
ALL = (*SOURCES, *IMAGES, RELEASE, KUSTOMIZATION, RECEIVER, PROVIDER, ALERT)
KINDS = (*ALL, GENERATOR)
CHANGEABLE = (GIT, *IMAGES, KUSTOMIZATION)
"""What fluxsim's reconcile, suspend and resume know: the kinds whose controllers it simulates."""
