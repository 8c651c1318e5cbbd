"""Questions about what runs: a Deployment's image in Git and in its pods, and where it comes from."""

from __future__ import annotations

from typing import Literal

from fluxsim.drivers.question import Answer, Names, Predicate, shown, tag_shown
from fluxsim.formats.imagetag import split
from fluxsim.kernel.log import Event
from fluxsim.observe.lineage import lineage
from fluxsim.world.lookup import git_image, running_images
from fluxsim.world.world import World


class ImageIs(Predicate):
    """A Deployment's image has this tag: in Git (what the head of the branch renders), running (every ready pod), or both."""

    namespace: str
    deployment: str
    container: str = ""
    tag: str = ""
    reference: str = ""
    where: Literal["git", "running", "both"] = "both"

    def told(self, names: Names) -> str:
        places = {"git": "Git says", "running": "pods run", "both": "Git says and pods run"}[self.where]
        return f"{places} {shown(self.tag or self.reference, names)} for {self.namespace}/{self.deployment}"

    def ask(self, world: World, names: Names) -> Answer:
        wanted = names.filled(self.tag or self.reference)
        seen: list[str] = []
        holds = True
        if self.where != "running":
            line = git_image(world, self.namespace, self.deployment, self.container)
            holds = holds and line is not None and self._matches(line, wanted)
            seen.append(f"Git {tag_shown(line)}")
        if self.where != "git":
            images = running_images(world, self.namespace, self.deployment, self.container)
            holds = holds and bool(images) and all(self._matches(image, wanted) for image in images)
            seen.append(f"running {', '.join(tag_shown(image) for image in images) or 'nothing'}")
        return Answer(holds=holds, seen=", ".join(seen))

    def _matches(self, image: str, wanted: str) -> bool:
        return image == wanted if self.reference else split(image).tag == wanted

    def touched_by(self, event: Event) -> bool:
        if event.kind == "commit.pushed":
            return self.where != "running" and event.data["repository"] == "gitops"
        if self.where == "git" or event.data.get("namespace") != self.namespace:
            return False
        return event.kind in ("pod.ready", "pod.running", "pod.deleted", "pod.failed") or (
            event.kind.startswith("api.") and event.data["kind"] == "Pod"
        )


class ImagesMatchPolicies(Predicate):
    """Every Deployment that an ImagePolicy elects for runs what is elected, in Git and in the cluster."""

    namespaces: tuple[str, ...] = ()
    count: int = 0

    def told(self, names: Names) -> str:
        return f"{self.count or 'all'} images match their policies in Git and in the cluster"

    def ask(self, world: World, names: Names) -> Answer:
        rows = world.image_lines()
        rows = [row for row in rows if row.policy and (not self.namespaces or row.namespace in self.namespaces)]
        wrong: list[str] = []
        for row in rows:
            elected = world.elected(row.policy)
            running = running_images(world, row.namespace, row.deployment, row.container)
            if (
                elected is None
                or split(row.image).tag != elected
                or {split(image).tag for image in running} != {elected}
            ):
                wrong.append(
                    f"{row.namespace}/{row.deployment} (elected {elected}, Git {tag_shown(row.image)}, running {', '.join(map(tag_shown, running)) or 'nothing'})"
                )
        if self.count and len(rows) != self.count:
            return Answer(holds=False, seen=f"{len(rows)} images with a policy")
        return Answer(holds=bool(rows) and not wrong, seen="; ".join(wrong) or f"{len(rows)} match")

    def touched_by(self, event: Event) -> bool:
        return event.kind in ("commit.pushed", "pod.ready", "pod.deleted", "tag.elected") or (
            event.kind.startswith("api.") and event.data["kind"] == "Pod"
        )


CHAIN = ("pod", "applied", "commit", "policy", "tag", "build", "service commit")
PROMOTED = ("promotion", "staging")


class LineageIs(Predicate):
    """From the running pod back to the commit of the service, every link is proved by an event of this run.

    In production the promotion and the time in staging are links too.
    """

    namespace: str
    deployment: str
    complete: bool = True

    def told(self, names: Names) -> str:
        return f"the lineage of {self.namespace}/{self.deployment} is {'' if self.complete else 'not '}complete"

    def ask(self, world: World, names: Names) -> Answer:
        proved = {
            link.step for link in lineage(world.log.events).of(self.namespace, self.deployment) if link.seq is not None
        }
        wanted = (*CHAIN, *PROMOTED) if self.namespace == "production" else CHAIN
        missing = [step for step in wanted if step not in proved]
        return Answer(
            holds=(not missing) == self.complete, seen=f"no {', no '.join(missing)}" if missing else "complete"
        )

    def touched_by(self, event: Event) -> bool:
        return event.kind in ("pod.ready", "tag.pushed", "commit.pushed")
