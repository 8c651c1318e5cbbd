"""Why the real bot and the simulated one did not write the same: the most likely reason, from both histories and the log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from fluxsim.drivers.history_comparison import Comparison, Fate, Pair, undone_own
from fluxsim.drivers.history_record import Change, Recorded
from fluxsim.formats.tree import Json, get
from fluxsim.kernel.log import Event
from fluxsim.kernel.units import SECOND
from fluxsim.kube.meta import IMAGE_UPDATE_AUTOMATION, Key
from fluxsim.observe.narrative import Told, chain_of

Reason: TypeAlias = Literal[
    "clock", "superseded", "a person set it", "policy", "suspended", "race", "two writers", "never pushed", "unknown"
]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A thing that one side did and the other did not, or at another time."""

    side: Literal["real", "simulated", "both"]
    at_s: int
    file: str
    tag: str
    commit: str
    reason: Reason
    text: str


def disagreements(comparison: Comparison) -> list[Disagreement]:
    """Return all of them in the order of time."""
    fates = [fate for fate in comparison.fates if not fate.agreed]
    told = {one.undone.id for fate in fates for one in (fate.real, fate.simulated) if one is not None and one.undone}
    found = [
        _of_pair(comparison, pair)
        for pair in comparison.pairs
        if not pair.matched and not told & {commit.id for commit in (pair.real, pair.simulated) if commit is not None}
    ]
    found += [_of_fate(comparison, fate) for fate in fates]
    found += _again(comparison)
    return sorted(found, key=lambda one: (one.at_s, one.file, one.tag))


def _of_pair(comparison: Comparison, pair: Pair) -> Disagreement:
    change = pair.change
    if pair.real is not None and pair.simulated is not None:
        apart = abs(pair.apart_s or 0)
        word = "later" if (pair.apart_s or 0) > 0 else "earlier"
        text = f"simulated {apart} s {word}, more than the {pair.tolerance_s} s of one scan and one run"
        reason, why = _why_apart(comparison, pair)
        return Disagreement("both", pair.real.at_s, change.file, change.new, pair.real.id, reason, f"{text}: {why}")
    if pair.real is not None:
        reason, text = _why_not_simulated(comparison, pair, pair.real)
        return Disagreement("real", pair.real.at_s, change.file, change.new, pair.real.id, reason, text)
    assert pair.simulated is not None, f"a pair of nothing: {change}"
    reason, text = _why_not_real(comparison, pair, pair.simulated)
    return Disagreement("simulated", pair.simulated.at_s, change.file, change.new, pair.simulated.id, reason, text)


def _why_apart(comparison: Comparison, pair: Pair) -> tuple[Reason, str]:
    assert pair.real is not None, "asked of a pair that has both"
    if pair.stamp_s is not None and pair.real.at_s - pair.stamp_s > 2 * comparison.plan.estimates.delay_s:
        return (
            "clock",
            f"the real commit came {pair.real.at_s - pair.stamp_s} s after the tag's time, longer than usual: a slow build, or it waited for something that Git does not tell",
        )
    return "clock", "the build or the scan fell otherwise than estimated"


def _why_not_simulated(comparison: Comparison, pair: Pair, real: Recorded) -> tuple[Reason, str]:
    change, replayed = pair.change, comparison.replayed
    setter = _person_who_set(replayed.commits, change, real.at_s + pair.tolerance_s)
    if setter is not None:
        return "a person set it", f"{setter.author}'s commit {_short(comparison, setter)} had set it already"
    if not _pushed(comparison, change):
        return "never pushed", "the tag did not come to the simulated registry"
    elected = [event for event in _elections(comparison, change) if event.data["tag"] == change.new]
    if elected:
        at_s = replayed.at_s(elected[0].at_ms)
        other = _next_election(comparison, change, elected[0])
        if other is not None and replayed.at_s(other.at_ms) - at_s <= pair.tolerance_s:
            return (
                "superseded",
                f"elected, and {other.data['tag']} {replayed.at_s(other.at_ms) - at_s:.0f} s later, before the automation had run",
            )
        if _suspended(comparison, change, at_s):
            return "suspended", "elected while the automation was suspended"
        return "unknown", f"elected {at_s - real.at_s:+.0f} s from the real commit, but not written"
    standing = [
        event for event in _elections(comparison, change) if replayed.at_s(event.at_ms) <= real.at_s + pair.tolerance_s
    ]
    if standing:
        other = standing[-1].data["tag"]
        newer = _came_within_scan(comparison, change, other)
        if newer is not None:
            return "superseded", f"{other} came {newer:.0f} s after it: one scan found both"
        return "policy", f"the policy elected {other} over it"
    return "policy", "the policy never elected it"


def _why_not_real(comparison: Comparison, pair: Pair, simulated: Recorded) -> tuple[Reason, str]:
    change, plan = pair.change, comparison.plan
    if simulated.at_s < plan.window.from_s:
        return (
            "policy",
            "written before the window, as the world settled: the registry is not known to have held other tags",
        )
    setter = _person_who_set(plan.record.commits, change, simulated.at_s + pair.tolerance_s)
    if setter is not None:
        return "a person set it", f"{setter.author}'s commit {setter.id[:7]} had set it already"
    for fate in comparison.fates:
        if fate.simulated is not None and fate.simulated.undone is simulated:
            return (
                "race",
                f"undoes {fate.real.commit.author}'s commit {fate.real.commit.id[:7]}, which the real bot let stand",
            )
    for commit in plan.record.bots:
        for other in commit.changes:
            same = (other.file, other.policy) == (change.file, change.policy)
            if same and 0 <= commit.at_s - simulated.at_s <= pair.tolerance_s:
                return "superseded", f"the real bot went on to {other.new} {commit.at_s - simulated.at_s} s later"
    return "policy", "the simulated policy elected it, the real one did not"


def _of_fate(comparison: Comparison, fate: Fate) -> Disagreement:
    """A person's change that only one of the bots undid."""
    change, commit = fate.real.change, fate.real.commit
    if fate.simulated is None:
        text = "the change was not there to be made: the simulated head held the same or another value"
        return Disagreement("real", commit.at_s, change.file, change.new, commit.id, "race", text)
    if fate.real.undone is not None:
        cure = _cured(comparison, fate) or suspension(comparison, fate)
        text = f"the real bot undid it after {fate.real.after_s} s, the simulated one did not: {cure}"
        return Disagreement("real", commit.at_s, change.file, change.new, commit.id, "race", text)
    text = f"the simulated bot undid it after {fate.simulated.after_s} s, the real one did not: {suspension(comparison, fate)}"
    return Disagreement("simulated", commit.at_s, change.file, change.new, commit.id, "race", text)


def _cured(comparison: Comparison, fate: Fate) -> str:
    """Return how the simulated policy came to elect what a person had set, which leaves the bot nothing to undo."""
    commit_s = fate.real.commit.at_s
    for event in _elections(comparison, fate.real.change):
        at_s = comparison.replayed.at_s(event.at_ms)
        if event.data["tag"] == fate.real.change.new and commit_s <= at_s <= _next_touch(comparison, fate):
            return f"its policy elected the same {at_s - commit_s:.0f} s after the commit, before the automation ran"
    return ""


def suspension(comparison: Comparison, fate: Fate) -> str:
    """Return what became of a suspension of the automation around a person's change, in words; "no suspension" where there was none."""
    replayed, change = comparison.replayed, fate.real.change
    commit_s = fate.real.commit.at_s
    undone_s = fate.simulated.undone.at_s if fate.simulated is not None and fate.simulated.undone is not None else None
    if _suspended(comparison, change, commit_s):
        return "its automation was suspended when it came"
    for event in _automation_events(comparison, change):
        at_s = replayed.at_s(event.at_ms)
        if at_s >= _next_touch(comparison, fate):
            break
        if at_s >= commit_s and get(event.data["object"], "spec", "suspend", default=False):
            told = f"the suspension was applied {at_s - commit_s:.0f} s after the commit"
            return f"{told}, {at_s - undone_s:.0f} s too late" if undone_s is not None and undone_s < at_s else told
    return "no suspension"


def _next_touch(comparison: Comparison, fate: Fate) -> float:
    """Return when a person changed the same field the next time."""
    place = (fate.real.change.file, fate.real.change.policy)
    later = [
        other.real.commit.at_s
        for other in comparison.fates
        if (other.real.change.file, other.real.change.policy) == place
        and other.real.commit.at_s > fate.real.commit.at_s
    ]
    return min(later, default=float("inf"))


def why_undone(comparison: Comparison, fate: Fate) -> list[Told]:
    """Return what led to the simulated bot's undoing of a person's change, back to what a person did; nothing where it let it stand."""
    if fate.simulated is None or fate.simulated.undone is None:
        return []
    events = comparison.replayed.world.log.events
    undoing = events[comparison.replayed.seqs[fate.simulated.undone.id]]
    links: list[Told] = []
    for link in chain_of(events, undoing):
        links.append(link)
        if events[link.seq].kind == "action.taken":
            break
    change = fate.real.change
    elected = [event for event in _elections(comparison, change) if event.seq < undoing.seq]
    if elected:
        rule = _rule(comparison, change, undoing)
        text = f"{elected[-1].data['key']} elects {elected[-1].data['tag']} ({rule}) since then"
        links.append(Told(elected[-1].at_ms, elected[-1].seq, text))
    return links


def _rule(comparison: Comparison, change: Change, at: Event) -> str:
    """Return how a policy elects at the time of an event: `numerical, order desc`."""
    key = f"ImagePolicy/{change.policy.replace(':', '/')}"
    spec: Json = {}
    for event in comparison.replayed.world.log.events[: at.seq]:
        if event.kind in ("api.created", "api.modified") and event.data["key"] == key:
            spec = get(event.data["object"], "spec", "policy", default=None) or {}
    return ", ".join(
        f"{kind}, {', '.join(f'{name} {value}' for name, value in rule.items())}" for kind, rule in spec.items() if rule
    )


def _again(comparison: Comparison) -> Iterator[Disagreement]:
    """Yield where the real bot undid itself, which one bot with one view of the registry does not do."""
    plan = comparison.plan
    mine = [
        (change.file, change.new, commit.at_s) for commit, change, _before in undone_own(comparison.replayed.commits)
    ]
    for commit, change, before in undone_own(plan.record.commits):
        same = [at_s for file, tag, at_s in mine if (file, tag) == (change.file, change.new)]
        if not plan.window.holds(commit) or any(abs(at_s - commit.at_s) <= plan.tolerance_s(change) for at_s in same):
            continue
        text = (
            f"the real bot undid its own {before.id[:7]} after {commit.at_s - before.at_s} s: two controllers write to this "
            "branch with different views of the registry (a second cluster), or one was given an old list of tags"
        )
        yield Disagreement("real", commit.at_s, change.file, change.new, commit.id, "two writers", text)


# -- what the log tells


def _elections(comparison: Comparison, change: Change) -> list[Event]:
    key = f"ImagePolicy/{change.policy.replace(':', '/')}"
    return [
        event
        for event in comparison.replayed.world.log.events
        if event.kind == "tag.elected" and event.data["key"] == key
    ]


def _next_election(comparison: Comparison, change: Change, after: Event) -> Event | None:
    return next((event for event in _elections(comparison, change) if event.seq > after.seq), None)


def _pushed(comparison: Comparison, change: Change) -> bool:
    image = comparison.plan.record.images.get(change.policy, "")
    return bool(comparison.replayed.world.registry.resolve(image, change.new))


def _came_within_scan(comparison: Comparison, change: Change, other: str) -> float | None:
    """Return how long after a change's tag another came, if that was within one scan."""
    image = comparison.plan.record.images.get(change.policy, "")
    at_s = {tag.tag: tag.at_s for tag in comparison.plan.tags if tag.image == image}
    if change.new not in at_s or other not in at_s:
        return None
    apart = at_s[other] - at_s[change.new]
    return apart if 0 <= apart <= comparison.plan.record.scan_ms_of(change.policy) / SECOND else None


def _automation_events(comparison: Comparison, change: Change) -> Iterator[Event]:
    """Yield the changes of the automations that write a marked field."""
    namespace = change.policy.partition(":")[0]
    names = {one.name for one in comparison.plan.record.automations if one.writes(namespace, change.file)}
    keys = {str(Key(IMAGE_UPDATE_AUTOMATION, namespace, name)) for name in names}
    for event in comparison.replayed.world.log.events:
        if event.kind in ("api.created", "api.modified") and event.data["key"] in keys:
            yield event


def _suspended(comparison: Comparison, change: Change, at_s: float) -> bool:
    state = False
    for event in _automation_events(comparison, change):
        if comparison.replayed.at_s(event.at_ms) > at_s:
            break
        state = bool(get(event.data["object"], "spec", "suspend", default=False))
    return state


def _person_who_set(commits: list[Recorded] | tuple[Recorded, ...], change: Change, until_s: int) -> Recorded | None:
    for commit in commits:
        if not commit.bot and commit.at_s <= until_s:
            for other in commit.changes:
                if (other.file, other.policy, other.new) == (change.file, change.policy, change.new):
                    return commit
    return None


def _short(comparison: Comparison, commit: Recorded) -> str:
    return comparison.replayed.origins.get(commit.id, commit.id)[:7]
