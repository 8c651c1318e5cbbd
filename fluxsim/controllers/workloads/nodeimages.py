"""Images on the node: which are there, and how a container gets its own.

Source: kubernetes v1.33 pkg/kubelet/images/image_manager.go (one pull at a time; texts of 1.32 to 1.34).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from fluxsim.controllers.latencies import Latencies
from fluxsim.controllers.workloads.backoff import ContainerBackoff
from fluxsim.formats.durations import millis_text
from fluxsim.formats.imagetag import fault
from fluxsim.formats.tree import Json
from fluxsim.kernel.chance import Stream
from fluxsim.kernel.steps import Steps
from fluxsim.kernel.units import SECOND, Millis
from fluxsim.kube.clock import Clock
from fluxsim.kube.events import Level

SYNC_MS: Millis = 10 * SECOND
"""The kubelet looks at a pod with a problem again after this time, and up to half of it more."""

NOTICED_MS: Millis = 1 * SECOND
"""How soon the kubelet looks again after something has just happened to a pod."""


@dataclass(frozen=True, slots=True)
class Image:
    """What a reference resolves to: the digest that runs, and how the program in it behaves."""

    digest: str
    size: int
    app: str


class PullRefused(Exception):
    """The runtime could not pull; the text is containerd's."""


class Images(Protocol):
    """Where the node pulls from."""

    def pull(self, reference: str) -> Image:
        """Return the image, or raise PullRefused."""
        ...


@dataclass(frozen=True, slots=True)
class Found:
    """The image for a container; `pulled` where it came from the registry now."""

    image: Image
    pulled: bool


@dataclass(frozen=True, slots=True)
class NoImage:
    """Why a container waits for its image, and when to look again; `failed` where something was tried in vain."""

    reason: str
    message: str
    again_ms: Millis
    failed: bool


class Tell(Protocol):
    """Records an Event about the container; `again` where it only repeats what was told."""

    def __call__(self, kind: Level, reason: str, message: str, *, again: bool = False) -> None: ...


class NodeImages:
    """The image manager of the node."""

    def __init__(self, registry: Images, *, clock: Clock, latencies: Latencies) -> None:
        self._registry = registry
        self._clock = clock
        self._takes = latencies
        self._present: dict[str, Image] = {}
        self._digests: dict[str, None] = {}
        self._pulling: dict[str, None] = {}
        self._busy_ms: Millis = 0

    def ensure(
        self, container: Json, backoffs: dict[str, ContainerBackoff], tell: Tell, stream: Stream
    ) -> Steps[Found | NoImage]:
        """Return the image for a container as its pull policy wants it, or why there is none for now."""
        reference: str = container["image"]
        policy = container.get("imagePullPolicy", "IfNotPresent")
        wrong = fault(reference)
        if wrong:
            text = f'Failed to apply default image tag "{reference}": couldn\'t parse image name "{reference}": {wrong}'
            return self._refused("InspectFailed", text, "InvalidImageName", backoffs, tell, stream)
        present = self._present.get(reference)
        if present is not None and policy != "Always":
            tell("Normal", "Pulled", f'Container image "{reference}" already present on machine')
            return Found(present, pulled=False)
        if policy == "Never":
            text = f'Container image "{reference}" is not present with pull policy of Never'
            return self._refused("ErrImageNeverPull", text, "ErrImageNeverPull", backoffs, tell, stream)
        backoff = backoffs.get(reference)
        left_ms = backoff.left(backoff.since_ms, self._clock.now_ms) if backoff is not None else 0
        if backoff is not None and left_ms:
            return self._backing_off(reference, backoff, left_ms, tell, stream)
        return (yield from self._pulled(reference, backoffs, tell, stream))

    def _pulled(
        self, reference: str, backoffs: dict[str, ContainerBackoff], tell: Tell, stream: Stream
    ) -> Steps[Found | NoImage]:
        backoff = backoffs.get(reference)
        again = backoff is not None and backoff.failures > 1
        tell("Normal", "Pulling", f'Pulling image "{reference}"', again=again)
        asked_ms = self._clock.now_ms
        known = reference in self._pulling or reference in self._present
        takes_ms = (self._takes.head_manifest if known else self._takes.pull_image).draw(stream)
        starts_ms = max(asked_ms, self._busy_ms)
        self._busy_ms = starts_ms + takes_ms
        self._pulling[reference] = None
        yield starts_ms - asked_ms
        try:
            image = self._registry.pull(reference)
        except PullRefused as refused:
            self._pulling.pop(reference, None)
            self._busy_ms = self._clock.now_ms
            yield self._takes.pull_refused.draw(stream)
            return self._failed(reference, str(refused), backoffs, tell, stream)
        if known and image.digest not in self._digests:
            takes_ms = self._takes.pull_image.draw(stream)
        yield takes_ms
        self._pulling.pop(reference, None)
        self._present[reference] = image
        self._digests[image.digest] = None
        backoffs.pop(reference, None)
        took, waited = millis_text(takes_ms), millis_text(self._clock.now_ms - asked_ms)
        text = f'Successfully pulled image "{reference}" in {took} ({waited} including waiting). Image size: {image.size} bytes.'
        tell("Normal", "Pulled", text)
        return Found(image, pulled=True)

    def _failed(
        self, reference: str, text: str, backoffs: dict[str, ContainerBackoff], tell: Tell, stream: Stream
    ) -> NoImage:
        backoff = backoffs.setdefault(reference, ContainerBackoff())
        backoff.raise_at(self._clock.now_ms)
        backoff.error = text
        again = backoff.failures > 1
        tell("Warning", "Failed", f'Failed to pull image "{reference}": {text}', again=again)
        tell("Warning", "Failed", "Error: ErrImagePull", again=again)
        return NoImage("ErrImagePull", text, NOTICED_MS + stream.below(SECOND), failed=True)

    def _backing_off(
        self, reference: str, backoff: ContainerBackoff, left_ms: Millis, tell: Tell, stream: Stream
    ) -> NoImage:
        again = backoff.failures > 1
        tell("Normal", "BackOff", f'Back-off pulling image "{reference}"', again=again)
        tell("Warning", "Failed", "Error: ImagePullBackOff", again=again)
        text = f'Back-off pulling image "{reference}": ErrImagePull: {backoff.error}'
        return NoImage("ImagePullBackOff", text, left_ms + stream.below(SYNC_MS // 2), failed=False)

    def _refused(
        self,
        event: str,
        text: str,
        reason: str,
        backoffs: dict[str, ContainerBackoff],
        tell: Tell,
        stream: Stream,
    ) -> NoImage:
        """Say that there is nothing to try; the kubelet only looks again."""
        told = backoffs.setdefault(reason, ContainerBackoff())
        told.raise_at(self._clock.now_ms)
        tell("Warning", event, text, again=told.failures > 1)
        tell("Warning", "Failed", f"Error: {reason}", again=told.failures > 1)
        return NoImage(reason, text, SYNC_MS + stream.below(SYNC_MS // 2), failed=True)
