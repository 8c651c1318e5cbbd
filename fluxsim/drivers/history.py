"""Drives a world with what people did in a real repository, and lets the controllers do the rest.

People's commits come at their times with their content; tags come to the registry when the builds that the bot's commits
name must have pushed them. All that the real bot wrote is left out: what the simulated one writes in its place is compared
with it afterwards (`history_comparison`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

from fluxsim.controllers.latencies import Latencies
from fluxsim.drivers.history_inputs import Estimates, Follow, Tag, estimated, follows, in_millis, ordinary, tags_of
from fluxsim.drivers.history_merge import carried
from fluxsim.drivers.history_record import Change, Record, Recorded, tag_in
from fluxsim.drivers.history_registry import at_start
from fluxsim.drivers.history_window import Window, lifted
from fluxsim.formats.gittree import walk
from fluxsim.formats.tree import Json
from fluxsim.kernel.units import MINUTE, SECOND, Millis
from fluxsim.systems.gitserver import Author, GitRepository
from fluxsim.world.actions import Commit, Edit, PushTag, Reconcile
from fluxsim.world.setup import Seeded, Setup, setup_at
from fluxsim.world.world import World

WARM_UP_S = 30 * 60
"""How long the world runs before the window: every controller has settled by then."""
TELLING_MIN = 10
"""A window with fewer delays than this leaves the estimates to the whole history."""
CI, CLOCKS = "ci", "history"


@dataclass(frozen=True)
class Plan:
    """All that goes into the world."""

    record: Record
    window: Window
    start: Recorded
    """The state of the repository when the window begins."""
    epoch_s: int
    end_s: int
    """The window's end, and time enough for what was on its way."""
    commits: tuple[Recorded, ...]
    tags: tuple[Tag, ...]
    """All that the commits of the window name."""
    pushes: tuple[Tag, ...]
    """Those of them that are not in the registry when the world begins."""
    follows: tuple[Follow, ...]
    estimates: Estimates
    setup: Setup

    @property
    def bots(self) -> list[Recorded]:
        """The real bot's commits in the window."""
        return [commit for commit in self.record.bots if self.window.holds(commit)]

    def tolerance_s(self, change: Change) -> int:
        """Return how far apart two commits of the same may lie: one scan and one interval of the automation."""
        return (self.record.scan_ms_of(change.policy) + self.record.automation_ms_of(change)) // SECOND


@dataclass
class Replayed:
    """The world after the window, and its commits in the shape of the real ones."""

    plan: Plan
    world: World
    commits: list[Recorded] = field(default_factory=list[Recorded])
    seqs: dict[str, int] = field(default_factory=dict[str, int])
    """Simulated commit to its event."""
    origins: dict[str, str] = field(default_factory=dict[str, str])
    """Simulated commit of a person to the real one."""
    faults: list[str] = field(default_factory=list[str])
    """What could not be done as it was."""

    @property
    def bots(self) -> list[Recorded]:
        return [commit for commit in self.commits if commit.bot]

    def at_s(self, at_ms: Millis) -> float:
        return self.plan.epoch_s + at_ms / SECOND


def planned(record: Record, window: Window, *, path: str = "", follow: bool = True) -> Plan:
    """Return what a replay of the window takes."""
    start = record.before(window.from_s)
    assert start is not None, f"nothing before {window.from_s}"
    epoch_s = window.from_s - WARM_UP_S
    repository = record.repository.copy()
    commit = _lifted_commit(repository, start) if window.lift else start.id
    setup = setup_at(repository, commit, branch=record.setup.branch, path=path, epoch_ms=epoch_s * SECOND)
    record = record.seeing(setup.closure.objects)
    inside = [one for one in record.commits if window.holds(one)]
    bots = [one for one in inside if one.bot]
    usual = Latencies()
    telling = bots if len(ordinary(bots)) >= TELLING_MIN else record.bots
    estimates = estimated(record, telling, usual)
    tags = tags_of(record, inside, estimates)
    seeds = [Seeded(tag.image, tag.tag, source=tag.source) for tag in tags if tag.at_s <= epoch_s]
    images = at_start(record, setup, start, inside, seeds)
    there = {(one.image, one.tag) for one in images}
    setup = replace(setup, images=images, latencies=replace(usual, list_tags=estimates.listing))
    slack_s = max(
        (record.scan_ms_of(change.policy) + record.automation_ms_of(change)) // SECOND
        for bot in bots
        for change in bot.changes
    )
    return Plan(
        record,
        window,
        start,
        epoch_s,
        window.to_s + slack_s,
        tuple(one for one in inside if not one.bot),
        tuple(tags),
        tuple(tag for tag in tags if tag.at_s > epoch_s and (tag.image, tag.tag) not in there),
        tuple(follows(record, bots, estimates, usual)) if follow else (),
        estimates,
        setup,
    )


def replayed(plan: Plan, *, seed: int | str = 1, progress: Callable[[Millis, Millis], None] | None = None) -> Replayed:
    """Play the plan; `progress` is told (now, end) from time to time."""
    world = World(plan.setup, seed=seed)
    result = Replayed(plan, world)
    end_ms = in_millis(plan.end_s, plan.epoch_s)
    for at_ms, do in _inputs(plan, result):
        _run_to(world, at_ms, end_ms, progress)
        do()
    _run_to(world, end_ms, end_ms, progress)
    result.commits = list(_simulated(result))
    result.seqs = {event.data["commit"]: event.seq for event in world.commits("gitops")}
    return result


PROGRESS_STEP: Millis = 60 * MINUTE


def _run_to(world: World, at_ms: Millis, end_ms: Millis, progress: Callable[[Millis, Millis], None] | None) -> None:
    if progress is not None:
        while world.now_ms + PROGRESS_STEP < at_ms:
            world.run_to(world.now_ms + PROGRESS_STEP)
            progress(world.now_ms, end_ms)
    world.run_to(max(at_ms, world.now_ms))


def _inputs(plan: Plan, result: Replayed) -> list[tuple[Millis, Callable[[], None]]]:
    """Return what is done and when; of one instant tags come first, then commits, then what was learnt of the clocks."""
    found: list[tuple[Millis, Callable[[], None]]] = []
    for tag in plan.pushes:
        found.append((in_millis(tag.at_s, plan.epoch_s), partial(_push, result, tag)))
    for commit in plan.commits:
        found.append((in_millis(commit.at_s, plan.epoch_s), partial(_commit, result, commit)))
    for follow in plan.follows:
        if follow.at_s <= plan.end_s:
            found.append((in_millis(follow.at_s, plan.epoch_s), partial(_follow, result, follow)))
    return sorted(found, key=lambda one: one[0])


def _push(result: Replayed, tag: Tag) -> None:
    source = tag.source if tag.source and result.world.registry.resolve(tag.image, tag.source) else ""
    outcome = result.world.do(PushTag(by=CI, image=tag.image, tag=tag.tag, source=source))
    if outcome.error:
        result.faults.append(f"{tag.image}:{tag.tag} was not pushed: {outcome.error}")


def _follow(result: Replayed, follow: Follow) -> None:
    namespace, _slash, name = result.plan.record.scans[follow.image].partition("/")
    result.world.do(Reconcile(by=CLOCKS, kind="ImageRepository", name=name, namespace=namespace))


def _commit(result: Replayed, commit: Recorded) -> None:
    edits = _edits(result, commit)
    if not edits:
        return
    message = commit.message.strip() or "(no message)"
    outcome = result.world.do(Commit(by=commit.author, message=message, edits=tuple(edits)))
    if outcome.commit:
        result.origins[outcome.commit] = commit.id
    elif outcome.error and "nothing to commit" not in outcome.error:
        result.faults.append(f"{commit.id[:7]} ({commit.subject}): {outcome.error}")


def _edits(result: Replayed, commit: Recorded) -> list[Edit]:
    """Return a person's change as edits of the simulated head, which may hold other tags than the real one did."""
    plan, gitops = result.plan, result.world.gitops
    head = gitops.files(gitops.head(plan.setup.branch))
    lift = lifted if plan.window.lift else bytes
    edits: list[Edit] = []
    for path, old, new in plan.record.differences(commit):
        ours = head.read(path)
        if new is None or not new.is_file:
            if new is None and ours is not None:
                edits.append(Edit(path=path, delete=True))
            continue
        base = gitops.objects.blob(old.sha) if old is not None and old.is_file else b""
        theirs = gitops.objects.blob(new.sha)
        if ours == theirs:
            continue
        wanted = carried(lift(base), ours, lift(theirs)) if ours is not None and base != ours else lift(theirs)
        edits.append(_edit(path, wanted, theirs, commit))
    return edits


def _edit(path: str, wanted: bytes, theirs: bytes, commit: Recorded) -> Edit:
    """Return an edit that writes the bytes: by name where they are the person's own, since an edit holds only text."""
    if wanted == theirs:
        return Edit(path=path, take=commit.id)
    try:
        return Edit(path=path, content=wanted.decode("utf-8"))
    except UnicodeDecodeError:
        return Edit(path=path, take=commit.id)


def _simulated(result: Replayed) -> list[Recorded]:
    """Return the commits of the simulated branch as the record has the real ones."""
    found: list[Recorded] = []
    for event in result.world.commits("gitops"):
        data: Json = event.data
        changes = tuple(
            Change(row["file"], row["policy"], tag_in(row["old"]), tag_in(row["new"]))
            for row in data["images"]
            if row["policy"]
        )
        author = data["author"]
        at_s = int(result.at_s(event.at_ms))
        bot = data["commit"] not in result.origins
        found.append(
            Recorded(
                data["commit"], data["parent"], at_s, author["name"], author["email"], data["message"], bot, changes
            )
        )
    return found


def _lifted_commit(repository: GitRepository, start: Recorded) -> str:
    """Return a commit on the start in which all image objects are v1."""
    root = repository.commit_of(start.id).tree
    changes: dict[str, bytes] = {}
    for path, entry in walk(repository.objects, root):
        if entry.is_file and path.endswith((".yaml", ".yml")):
            data = repository.objects.blob(entry.sha)
            if lifted(data) != data:
                changes[path] = lifted(data)
    author = Author("fluxsim", "fluxsim@example.com")
    message = "Read image objects of older versions as v1\n"
    return repository.add_commit(start.id, changes, author=author, when_s=start.at_s, message=message)
