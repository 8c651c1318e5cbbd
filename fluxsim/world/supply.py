"""Images on their way: what CI and people push, logged as tags, and what nodes pull."""

from __future__ import annotations

from collections.abc import Sequence

from fluxsim.controllers.workloads.kubelet import Image, PullRefused
from fluxsim.formats.ociimage import Build
from fluxsim.formats.tree import Json
from fluxsim.kernel.log import Log
from fluxsim.kube.clock import Clock
from fluxsim.systems.imagerepository import Manifest
from fluxsim.systems.registry import InvalidName, Mode, PullError, Registry, RegistryError
from fluxsim.world.setup import STAMPED, Seeded, Service

BEHAVIOUR = "fluxsim.app"
"""The image label that says how the program behaves."""


class Supply:
    """The registry with a pen in hand: every change of a tag becomes an event."""

    def __init__(self, registry: Registry, log: Log, clock: Clock) -> None:
        self._registry = registry
        self._log = log
        self._clock = clock

    # -- the start

    def seed(self, images: Sequence[Seeded], services: Sequence[Service]) -> list[dict[str, Json]]:
        """Put the images of time zero in; return them as the log shows them."""
        rows: list[dict[str, Json]] = []
        for seeded in images:
            commit = self._commit_of(seeded, services)
            if seeded.digest:
                digest = self._pin(seeded, _first_build(seeded, commit))
            elif seeded.source and self._registry.resolve(seeded.image, seeded.source):
                digest = self._registry.retag(seeded.image, seeded.source, seeded.tag)
            else:
                digest = self._registry.push(seeded.image, seeded.tag, _first_build(seeded, commit))
            row: dict[str, Json] = {"image": seeded.image, "tag": seeded.tag, "digest": digest}
            if seeded.source:
                row["from"] = seeded.source
            if commit:
                row |= {"commit": commit, "service": seeded.image.rpartition("/")[2]}
            rows.append(row)
        return rows

    def _pin(self, seeded: Seeded, build: Build) -> str:
        """Put a stand-in under a digest that manifests name, whose bytes nobody here has; return the digest."""
        repository = self._registry.create(seeded.image)
        if not self._registry.resolve(seeded.image, seeded.digest):
            made = repository.add_build(build)
            repository.add_manifest(Manifest.of_bytes(made.media_type, made.raw, seeded.digest))
        if seeded.tag and not repository.digest(seeded.tag):
            repository.put_tag(seeded.tag, seeded.digest)
        return seeded.digest

    def _commit_of(self, seeded: Seeded, services: Sequence[Service]) -> str:
        """Return the service commit that a tag of the lab's shape names, in full where the service repository has it."""
        found = STAMPED.match(seeded.tag)
        if found is None:
            return ""
        for service in services:
            if service.image == seeded.image:
                known = service.repository.objects.starting_with(found["sha"])
                if len(known) == 1:
                    return known[0].hex()
        return found["sha"]

    # -- what is pushed

    def push(self, image: str, tags: Sequence[str], build: Build, facts: dict[str, Json], actor: str) -> str:
        """Push a build under all its tags; the first is its name, the others move. Return the digest."""
        digest = ""
        for number, tag in enumerate(tags):
            digest = self._registry.push(image, tag, build)
            self._told(image, tag, digest, facts | {"alias": number > 0}, actor)
        return digest

    def retag(self, image: str, source: str, tags: Sequence[str], facts: dict[str, Json], actor: str) -> str:
        """Point tags at the image of another tag; return the digest, which stays the same."""
        digest = ""
        for number, tag in enumerate(tags):
            digest = self._registry.retag(image, source, tag)
            self._told(image, tag, digest, facts | {"alias": number > 0, "from": source}, actor)
        return digest

    def push_by_hand(self, image: str, tag: str, source: str, app: str, actor: str) -> str:
        """Point a tag at another image, or at one built for the purpose; return the digest."""
        facts: dict[str, Json] = {"reason": "person"}
        if source:
            return self.retag(image, source, [tag], facts, actor)
        name = image.rpartition("/")[2]
        build = Build(name, built_s=self._clock.unix_s, builder=actor, labels=((BEHAVIOUR, app),))
        return self.push(image, [tag], build, facts, actor)

    def delete(self, image: str, tag: str, actor: str) -> None:
        digest = self._registry.delete_tag(image, tag)
        self._log.append("tag.deleted", actor, {"image": image, "tag": tag, "digest": digest, "reason": "person"})

    def retain(self, image: str, keep: int, *, per_family: bool, protect: Sequence[str]) -> list[str]:
        """Run the registry's clean-up; return the tags that went."""
        gone = self._registry.retain(image, keep, per_family=per_family, protect=protect)
        for tag, digest in gone:
            self._log.append(
                "tag.deleted", "registry", {"image": image, "tag": tag, "digest": digest, "reason": "retention"}
            )
        return [tag for tag, _digest in gone]

    def _told(self, image: str, tag: str, digest: str, facts: dict[str, Json], actor: str) -> None:
        self._log.append("tag.pushed", actor, {"image": image, "tag": tag, "digest": digest} | facts)

    # -- weather

    def fail(self, mode: Mode, image: str, drop: int) -> None:
        self._registry.fail(mode, image, drop=drop)

    def heal(self, image: str) -> None:
        self._registry.heal(image)

    # -- what nodes pull

    def pull(self, reference: str) -> Image:
        """Return the image; PullRefused with containerd's text."""
        try:
            pulled = self._registry.pull(reference)
        except (PullError, InvalidName) as error:
            raise PullRefused(str(error)) from error
        return Image(pulled.digest, pulled.size, pulled.labels.get(BEHAVIOUR, "ok"))


def _first_build(seeded: Seeded, commit: str) -> Build:
    found = STAMPED.match(seeded.tag)
    stamp = int(found["time"]) if found is not None else 0
    return Build(seeded.image.rpartition("/")[2], commit, stamp, builder="time zero")


__all__ = ["BEHAVIOUR", "RegistryError", "Supply"]
