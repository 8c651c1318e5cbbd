"""What must hold for production whatever people, CI and Flux do: where its images come from and how they get there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from fluxsim.formats.imagetag import split
from fluxsim.kernel.log import Event
from fluxsim.observe.invariant import API, APPLIERS, ENVIRONMENTS, PRODUCTION, STAGING, Noted, images_of

MUTABLE_TAGS = frozenset({"", "latest", "develop", "staging", "production", "main", "master", "stable", "edge"})


@dataclass(slots=True)
class EnvironmentIsolation(Noted):
    """A pod never runs an image whose tag belongs to another environment."""

    reads: ClassVar[tuple[str, ...]] = ("pod.running",)
    name: str = "environment isolation"

    def observe(self, event: Event) -> None:
        namespace, image = event.data["namespace"], event.data["image"]
        if namespace not in ENVIRONMENTS:
            return
        family = split(image).tag.partition("-")[0]
        if family in ENVIRONMENTS and family != namespace:
            self.note(self.name, (namespace, image), event, f"{image} runs in {namespace}")


@dataclass(slots=True)
class ProductionWasHealthyInStaging(Noted):
    """A digest runs in production only if a pod with it was ready in staging before, or if production had it at time zero.

    Images that no environment claims by their tags (databases, proxies) are not judged, nor is a cluster without staging.
    """

    reads: ClassVar[tuple[str, ...]] = ("world.created", "pod.running", "pod.ready")
    name: str = "production digests were healthy in staging"
    healthy: set[str] = field(default_factory=set[str])
    staged: bool = False

    def observe(self, event: Event) -> None:
        if event.kind == "world.created":
            rows = event.data["images"]
            self.healthy.update(row["digest"] for row in rows if row["tag"].startswith(f"{PRODUCTION}-"))
            return
        namespace, image, digest = event.data["namespace"], event.data["image"], event.data["digest"]
        if namespace == STAGING:
            self.staged = True
            if event.kind == "pod.ready":
                self.healthy.add(digest)
        elif (
            namespace == PRODUCTION
            and event.kind == "pod.running"
            and self.staged
            and digest not in self.healthy
            and split(image).tag.partition("-")[0] in ENVIRONMENTS
        ):
            text = f"{image} ({digest[:19]}) runs in production and was never healthy in staging"
            self.note(self.name, (image, digest), event, text)


@dataclass(slots=True)
class ProductionChangesAfterPromotion(Noted):
    """A tag of a built image runs in production only if a promotion made it, or if it stood in Git at time zero.

    Judged are images that CI builds or promotes: of others nobody expects a promotion.
    """

    reads: ClassVar[tuple[str, ...]] = ("world.created", "tag.pushed", "pod.running")
    name: str = "production changes only after a promotion"
    promoted: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    built: set[str] = field(default_factory=set[str])

    def observe(self, event: Event) -> None:
        if event.kind == "world.created":
            self.promoted.update((row["image"], row["tag"]) for row in event.data["images"])
            self.built.update(row["image"] for row in event.data["images"] if row.get("service"))
        elif event.kind == "tag.pushed":
            self.built.add(event.data["image"])
            if event.data["reason"] in ("promotion", "rebuild"):
                self.promoted.add((event.data["image"], event.data["tag"]))
        elif event.data["namespace"] == PRODUCTION:
            reference = split(event.data["image"])
            if reference.name in self.built and (reference.name, reference.tag) not in self.promoted:
                text = f"{event.data['image']} runs in production and no promotion made its tag"
                self.note(self.name, event.data["image"], event, text)


@dataclass(slots=True)
class NoMutableTagInProduction(Noted):
    """No workload in production names an image by a tag that moves, unless its digest stands beside it."""

    reads: ClassVar[tuple[str, ...]] = ("api.created", "api.modified")
    name: str = "no mutable tag in production"

    def observe(self, event: Event) -> None:
        if event.data["namespace"] != PRODUCTION:
            return
        for container, image in images_of(event).items():
            reference = split(image)
            if reference.tag in MUTABLE_TAGS and not reference.digest:
                key = event.data["key"]
                self.note(self.name, (key, image), event, f"{key} container {container} names {image}")


@dataclass(slots=True)
class EveryProductionChangeHasACommit(Noted):
    """The images of a workload in production are changed by what applies Git, and by nobody else."""

    reads: ClassVar[tuple[str, ...]] = API
    name: str = "every production image change has a commit"
    images: dict[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])

    def observe(self, event: Event) -> None:
        if event.data["namespace"] != PRODUCTION or event.data.get("subresource") == "status":
            return
        images, key = images_of(event), event.data["key"]
        if not images:
            return
        if event.kind == "api.deleted":
            self.images.pop(key, None)
            return
        before = self.images.get(key)
        self.images[key] = images
        if before is not None and before != images and event.actor not in APPLIERS:
            text = f"{event.actor} changed {key} from {_listed(before)} to {_listed(images)}, past Git"
            self.note(self.name, event.seq, event, text)


def _listed(images: Mapping[str, str]) -> str:
    return ", ".join(images.values())
