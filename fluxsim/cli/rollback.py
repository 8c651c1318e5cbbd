"""The rollback that passes the check: the lab's drill with the lab's commands, and what a day does to it."""

from __future__ import annotations

from dataclasses import dataclass, field

from rich.console import Console
from rich.text import Text

from fluxsim.cli.screen import Screen
from fluxsim.kernel.log import Event
from fluxsim.kernel.units import DAY, MINUTE, SECOND, Millis, clock_text
from fluxsim.observe.narrative import chain_of
from fluxsim.report.html import GoalLine
from fluxsim.world.actions import PushCode
from fluxsim.world.setup import of_example
from fluxsim.world.world import World

NAME = "The rollback that passes the check"
WHY = "A revert in Git passes the lab's check and is undone by the bot: the policy still elects the bad tag."
SEED = 7
BOT = "image-automation-controller"
PRODUCTION = "flux/apps/backend/production"
IMAGE_COMMAND = (
    "kubectl -n production get deploy backend -o jsonpath='{.spec.template.spec.containers[0].image}{\"\\n\"}'"
)
_PROMOTED_MS: Millis = 8 * MINUTE
_NOTICED_MS: Millis = 5 * MINUTE
_CAUSES_MAX = 2


@dataclass(slots=True)
class Story:
    """The world that was played, and whether it went as it should: each `False` of `kept` is a promise broken."""

    world: World
    kept: list[bool]
    told: list[GoalLine] = field(default_factory=list[GoalLine])
    """The verdicts, as the page shows them."""

    @property
    def passed(self) -> bool:
        return all(self.kept)


def tell(console: Console) -> Story:
    """Play and print the story."""
    world = World(of_example(), seed=SEED)
    story = Story(world, [])
    screen = Screen(console, world)
    console.print(Text(NAME, style="bold"))
    screen.say(
        f"One process, no cluster, seed {SEED}. The clock is virtual time since {world.clock.text_at(0)}. A new backend was built at 00:02:00."
    )
    world.run_to(2 * MINUTE)
    world.do(PushCode(by="Jonas Okafor", service="backend", branch="main", message="Add a cache"))
    world.run_to(10 * MINUTE)
    screen.run("flux get kustomizations")
    screen.run("flux get images all -A", rows=("production", "/backend"))
    good = screen.run(IMAGE_COMMAND).stdout.strip()
    _promote(screen, story, good)
    checked_ms = _roll_back(screen, story, good)
    _lose(screen, story, good, checked_ms)
    _cure(screen, story, good)
    return story


def _promote(screen: Screen, story: Story, good: str) -> None:
    screen.run("gh workflow run promote-production.yml -R acme/backend")
    story.world.run_to(story.world.now_ms + _PROMOTED_MS)
    screen.say("Eight minutes later the bot has committed the new tag. It is bad: back to the old one, through Git.")
    story.kept.append(screen.run(IMAGE_COMMAND).stdout.strip() != good)


def _roll_back(screen: Screen, story: Story, good: str) -> Millis:
    found = screen.run(f"git log --oneline -2 -- {PRODUCTION}").stdout.partition(" ")[0]
    screen.run(f"git revert --no-edit {found} && git push")
    screen.run("flux reconcile source git flux-system")
    screen.run("flux reconcile kustomization apps-production")
    holds = screen.run(IMAGE_COMMAND).stdout.strip() == good
    story.kept.append(holds)
    text = "the check passes: production runs the old image again. The lab ends here."
    screen.verdict(text, good=holds)
    story.told.append(GoalLine(f"{clock_text(story.world.now_ms)} {text}", holds))
    return story.world.now_ms


def _lose(screen: Screen, story: Story, good: str, checked_ms: Millis) -> None:
    world = story.world
    screen.say("Time passes; nobody touches anything.")
    lost = _first_loss(world, good, world.now_ms + DAY)
    commit = _bot_commit(world, lost) if lost is not None else None
    story.kept.append(commit is not None)
    if lost is None or commit is None:
        screen.verdict("nothing undid the revert within a day, which is not what Flux does", good=False)
        return
    after = clock_text(lost.at_ms - checked_ms)
    screen.verdict(
        f"LOST {after} after the check: production runs {_tag(lost.data['image'])}", good=False, at_ms=lost.at_ms
    )
    story.told.append(GoalLine(f"{clock_text(lost.at_ms)} the rollback is lost", ok=False, seq=commit.seq))
    for link in chain_of(world.log.events, commit)[:_CAUSES_MAX]:
        screen.because(link.at_ms, link.text)
    elected = _election(world, _tag(lost.data["image"]))
    if elected is not None:
        screen.because(elected.at_ms, f"{elected.data['key']} elected {elected.data['tag']}, and still does")
    world.run_to(world.now_ms + _NOTICED_MS)


def _cure(screen: Screen, story: Story, good: str) -> None:
    world = story.world
    screen.say("The cure: suspend the automation, see it applied, then revert.")
    screen.run("flux suspend image update backend -n production")
    suspended = screen.run(
        "kubectl -n production get imageupdateautomation backend -o jsonpath='{.spec.suspend}{\"\\n\"}'"
    )
    screen.run("git revert --no-edit HEAD && git push")
    world.run_to(world.now_ms + _NOTICED_MS)
    back = screen.run(IMAGE_COMMAND).stdout.strip() == good
    lost = _first_loss(world, good, world.now_ms + DAY)
    holds = suspended.stdout.strip() == "true" and back and lost is None
    story.kept.append(holds)
    story.told.append(GoalLine(f"{clock_text(world.now_ms)} the cure holds for 24 h", holds))
    if holds:
        screen.verdict("24 h later production still runs it, in Git and in the cluster", good=True)
    else:
        screen.verdict("the cure does not hold", good=False, at_ms=lost.at_ms if lost is not None else None)


def _first_loss(world: World, good: str, until_ms: Millis) -> Event | None:
    """Let time pass until production runs another image, or Git says so, or `until_ms`; return the event of the loss."""
    at = len(world.log.events)
    while world.now_ms < until_ms:
        due = world.next_due()
        world.run_to(min(until_ms, max(due, world.now_ms + SECOND) if due is not None else until_ms))
        for event in world.log.events[at:]:
            if event.kind == "pod.ready" and _of_backend(event) and event.data["image"] != good:
                return event
        at = len(world.log.events)
    return None


def _of_backend(event: Event) -> bool:
    return (event.data["namespace"], event.data["deployment"]) == ("production", "backend")


def _bot_commit(world: World, event: Event) -> Event | None:
    """Return the bot's commit that brought the image of a pod: the newest one before it that writes that image."""
    wanted = (event.data["image"], _tag(event.data["image"]))
    for commit in reversed(world.log.events[: event.seq]):
        if commit.kind == "commit.pushed" and any(change["new"] in wanted for change in commit.data.get("images", ())):
            return commit if commit.actor == BOT else None
    return None


def _election(world: World, tag: str) -> Event | None:
    """Return the election of the tag that production's policy still elects, if that is the tag."""
    if world.elected("production:backend") != tag:
        return None
    found = [event for event in world.log.events if event.kind == "tag.elected" and event.data["tag"] == tag]
    return found[-1] if found else None


def _tag(image: str) -> str:
    return image.rpartition(":")[2]
