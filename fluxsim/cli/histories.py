"""`fluxsim replay --history`: a world driven by a recorded history, and how near its bot came to the real one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

import orjson
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from fluxsim.drivers.history import Plan, Replayed, planned, replayed
from fluxsim.drivers.history_comparison import Comparison, Errors, Fate, Spread
from fluxsim.drivers.history_reasons import Disagreement, disagreements, suspension, why_undone
from fluxsim.drivers.history_record import Recorded, recorded
from fluxsim.drivers.history_undone import touched
from fluxsim.drivers.history_window import window
from fluxsim.formats.tree import Json
from fluxsim.kernel.units import DAY, SECOND, Millis, rfc3339
from fluxsim.report import text
from fluxsim.world.setup import of_repo

Odds: TypeAlias = tuple[int, int]
"""Under how many seeds something happened, of how many."""

WIDTH = 100
SEEDS = 8
"""How many further seeds an episode is played with: its clocks are a matter of luck."""
FORESIGHT = (
    "The tags are taken from the bot's commits: this measures the machinery from a tag to its commit, not foresight."
)


def history(
    place: str,
    *,
    path: str,
    start: str,
    end: str,
    episode: str,
    lift: bool,
    follow: bool,
    seed: int,
    output: str,
    log: Path | None,
) -> int:
    """Replay a window of a repository's history and compare; return 1 where it came out less like the real one than it should."""
    record = recorded(of_repo(place, path))
    plan = planned(record, window(record, start=start, end=end, episode=episode, lift=lift), path=path, follow=follow)
    further = range(seed + 1, seed + 1 + SEEDS) if episode else range(0)
    plays = _played(plan, [seed, *further])
    comparison = Comparison(plays[0])
    found = disagreements(comparison)
    odds = _odds(comparison, plays)
    if output == "json":
        tree = as_json(comparison, found, odds)
        sys.stdout.write(orjson.dumps(tree, option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        _tell(Console(width=WIDTH, highlight=False, soft_wrap=True), comparison, found, odds)
    if log is not None:
        world = plays[0].world
        log.write_bytes(b"".join(world.log.line(event) for event in world.log.events))
    return 0 if all(reached for _text, reached in comparison.verdicts) else 1


def _played(plan: Plan, seeds: Sequence[int]) -> list[Replayed]:
    """Play the plan under each seed, with a progress bar on a terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        return [replayed(plan, seed=seed) for seed in seeds]
    plays: list[Replayed] = []
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("replaying", total=len(seeds) * (plan.end_s - plan.epoch_s))
        done = 0

        def advance(now_ms: Millis, _end_ms: Millis) -> None:
            at = rfc3339(plan.epoch_s * SECOND + now_ms)
            bar.update(task, completed=done + now_ms // SECOND, description=f"{at[:16]}Z")

        for seed in seeds:
            plays.append(replayed(plan, seed=seed, progress=advance))
            done += plan.end_s - plan.epoch_s
    return plays


def _odds(comparison: Comparison, plays: Sequence[Replayed]) -> list[Odds]:
    """Return for each person's change under how many seeds the simulated bot undid it."""
    counts = [0] * len(comparison.fates)
    for play in plays:
        undone = {
            (play.origins.get(one.commit.id, ""), one.change.file)
            for one in touched(play.commits)
            if one.undone is not None
        }
        for number, fate in enumerate(comparison.fates):
            counts[number] += (fate.real.commit.id, fate.real.change.file) in undone
    return [(count, len(plays)) for count in counts]


# -- text


def _tell(console: Console, comparison: Comparison, found: Sequence[Disagreement], odds: Sequence[Odds]) -> None:
    def say(line: str = "", style: str = "") -> None:
        console.print(line, style=style or None, markup=False)

    _tell_head(comparison, say)
    _tell_figures(console, comparison, say)
    if comparison.fates:
        _tell_fates(comparison, odds, say)
    _tell_disagreements(found, say)
    _tell_assumed(comparison, say)
    say()
    for told, reached in comparison.verdicts:
        say(f"  {'✓' if reached else '✗'} {told}", "green" if reached else "red")


def _tell_head(comparison: Comparison, say: Callable[..., None]) -> None:
    plan, play = comparison.plan, comparison.replayed
    record = plan.record
    names = ", ".join(sorted({commit.author for commit in record.bots}))
    say(
        f"{record.setup.name}, branch {record.setup.branch}: {len(record.commits)} commits, {len(record.bots)} by {names}",
        "bold",
    )
    days = (plan.window.to_s - plan.window.from_s) * SECOND / DAY
    say(
        f"  {_time(plan.window.from_s)} to {_time(plan.window.to_s)}, {days:.1f} days; the state before it is that of {plan.start.id[:7]}"
    )
    say(
        f"  in: {len(plan.commits)} people's commits, {len(plan.tags)} tags; "
        f"out: {len(play.bots)} commits by the bot, really {len(plan.bots)}"
    )
    say(f"  seed {play.world.seed} · time zero {_time(plan.epoch_s)} · digest {play.world.log.digest()[:16]}", "dim")
    for part in text.wrapped(FORESIGHT, WIDTH - 2):
        say(f"  {part}", "italic")


def _tell_figures(console: Console, comparison: Comparison, say: Callable[..., None]) -> None:
    pairs = comparison.pairs
    hits = sum(pair.matched for pair in pairs)
    real = sum(pair.real is not None for pair in pairs)
    simulated = sum(pair.simulated is not None for pair in pairs)
    say()
    say(
        f"  recall     {comparison.recall:.2f}  {hits} of {real} (file, tag) that the real bot wrote, within one scan and one run"
    )
    say(f"  precision  {comparison.precision:.2f}  {hits} of {simulated} (file, tag) that the simulated bot wrote")
    delays = comparison.latencies
    if not delays[0].count:
        say("  no tag tells when it was built, so there are no figures of time")
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2))
    for title in ("tag to commit, s", "n", "min", "median", "p90", "max"):
        table.add_column(title, justify="left" if title.endswith("s") else "right")
    for name, spread in zip(("real", "simulated"), delays, strict=True):
        values = (spread.least, spread.median, spread.ninth, spread.most)
        table.add_row(name, str(spread.count), *(f"{value:.0f}" for value in values))
    console.print()
    console.print(table)
    table = Table(box=None, pad_edge=False, padding=(0, 2))
    for title in ("error of commit times, s", "n", "mean", "median", "within a minute"):
        table.add_column(title, justify="left" if title.endswith(", s") else "right")
    baseline = f"“tag + {comparison.plan.estimates.delay_s:.0f} s”"
    for usual, told in ((False, ""), (True, ", none that waited for a person")):
        ours, theirs = comparison.errors(usual=usual)
        for name, errors in (("fluxsim", ours), (baseline, theirs)) if ours.count else ():
            table.add_row(
                f"{name}{told}",
                str(errors.count),
                f"{errors.mean_s:.1f}",
                f"{errors.median_s:.1f}",
                f"{errors.near:.0%}",
            )
    console.print()
    console.print(table)


def _tell_fates(comparison: Comparison, odds: Sequence[Odds], say: Callable[..., None]) -> None:
    say()
    say("  people's changes to marked fields", "bold")
    for fate, odd in zip(comparison.fates, odds, strict=True):
        commit, change = fate.real.commit, fate.real.change
        say(
            f"  {'✓' if fate.agreed else '✗'} {_time(commit.at_s)} {commit.id[:7]} {commit.author}: {commit.subject}",
            "green" if fate.agreed else "red",
        )
        say(f"      {change.file}: {change.new}")
        say(f"      real       {_fate_text(fate.real.undone, fate.real.after_s)}")
        undone, after_s = (
            (fate.simulated.undone, fate.simulated.after_s) if fate.simulated is not None else (None, None)
        )
        times, plays = odd
        seeds = f"; under {times} of {plays} seeds" if plays > 1 else ""
        told = f"{_fate_text(undone, after_s)}{seeds}; {suspension(comparison, fate)}"
        for number, part in enumerate(text.wrapped(told, WIDTH - 17)):
            say(f"      {'simulated' if number == 0 else '':10} {part}")
        for link in why_undone(comparison, fate):
            for number, part in enumerate(text.wrapped(link.text, WIDTH - 30)):
                clock = _time(int(comparison.replayed.at_s(link.at_ms)))[11:] if number == 0 else ""
                say(f"      {clock:>10} {'←' if number == 0 else ' '} {part}", "dim")


def _fate_text(undone: Recorded | None, after_s: int | None) -> str:
    return f"undone after {after_s} s by {undone.id[:7]}" if undone is not None else "not undone"


def _tell_disagreements(found: Sequence[Disagreement], say: Callable[..., None]) -> None:
    say()
    if not found:
        say("  no disagreements", "bold")
        return
    say(f"  {len(found)} disagreements, each with its most likely reason", "bold")
    for one in found:
        say(f"  {_time(one.at_s)} {one.commit[:7]} {one.tag} in {one.file}")
        for part in text.wrapped(f"{one.reason}: {one.text}", WIDTH - 6):
            say(f"      {part}")


def _tell_assumed(comparison: Comparison, say: Callable[..., None]) -> None:
    say()
    say("  assumed", "bold")
    for line in [*_assumed(comparison), *comparison.replayed.faults]:
        for number, part in enumerate(text.wrapped(line, WIDTH - 6)):
            say(f"  {'-' if number == 0 else ' '} {part}", "dim")


def _assumed(comparison: Comparison) -> Iterator[str]:
    plan = comparison.plan
    guess = plan.estimates
    yield (
        f"a tag reaches the registry {guess.build_s:.0f} s after the time in its name: the median real delay of "
        f"{guess.delay_s:.0f} s less {guess.machinery_s:.0f} s of simulated machinery"
    )
    listing = f"{(guess.listing.low + guess.listing.high) / 2 / SECOND:.2f} s"
    yield (
        f"listing the tags takes {listing}: the bot's own rhythm, from {guess.pairs} pairs of commits"
        if guess.pairs
        else f"listing the tags takes {listing}, as usual"
    )
    if plan.follows:
        yield f"after {len(plan.follows)} real commits the clock of their scan was set, for what came later (--free-clocks leaves them alone)"
    for tag in plan.tags:
        if tag.why != "built":
            words = {"promoted": "promoted", "unknown": "pushed", "person": "there for a person to name"}[tag.why]
            yield f"{tag.image}:{tag.tag} was {words} {rfc3339(round(tag.at_s) * SECOND)}; it is in no figure of time"
    if plan.window.lift:
        yield "image objects of older versions are read as v1"
    yield from comparison.replayed.world.assumptions


def _time(at_s: int) -> str:
    return rfc3339(at_s * SECOND)


# -- JSON


def as_json(comparison: Comparison, found: Sequence[Disagreement], odds: Sequence[Odds]) -> dict[str, Json]:
    """Return all that the text tells, and every pair."""
    plan, play = comparison.plan, comparison.replayed
    real, simulated = comparison.latencies
    return {
        "repository": plan.record.setup.name,
        "branch": plan.record.setup.branch,
        "from": _time(plan.window.from_s),
        "to": _time(plan.window.to_s),
        "lifted": plan.window.lift,
        "start": plan.start.id,
        "epoch": _time(plan.epoch_s),
        "seed": play.world.seed,
        "digest": play.world.log.digest(),
        "simulated_ms": play.world.now_ms,
        "note": FORESIGHT,
        "commits": {"people": len(plan.commits), "real": len(plan.bots), "simulated": len(play.bots)},
        "recall": comparison.recall,
        "precision": comparison.precision,
        "latency_s": {"real": _spread_json(real), "simulated": _spread_json(simulated)},
        "errors_s": {name: _errors_json(comparison, usual=usual) for name, usual in (("all", False), ("usual", True))},
        "baseline": f"tag + {plan.estimates.delay_s:.0f} s",
        "estimates": {
            "delay_s": plan.estimates.delay_s,
            "machinery_s": plan.estimates.machinery_s,
            "build_s": plan.estimates.build_s,
            "listing_ms": [plan.estimates.listing.low, plan.estimates.listing.high],
            "clocks_followed": len(plan.follows),
        },
        "verdicts": [{"text": told, "reached": reached} for told, reached in comparison.verdicts],
        "passed": all(reached for _text, reached in comparison.verdicts),
        "people": [_fate_json(comparison, fate, odd) for fate, odd in zip(comparison.fates, odds, strict=True)],
        "disagreements": [
            {
                "side": one.side,
                "at": _time(one.at_s),
                "commit": one.commit,
                "file": one.file,
                "tag": one.tag,
                "reason": one.reason,
                "text": one.text,
            }
            for one in found
        ],
        "pairs": [
            {
                "file": pair.change.file,
                "policy": pair.change.policy,
                "tag": pair.change.new,
                "real": _time(pair.real.at_s) if pair.real is not None else None,
                "simulated": _time(pair.simulated.at_s) if pair.simulated is not None else None,
                "apart_s": pair.apart_s,
                "matched": pair.matched,
                "timed": pair.stamp_s is not None,
            }
            for pair in comparison.pairs
        ],
        "assumed": list(_assumed(comparison)),
        "faults": play.faults,
    }


def _spread_json(spread: Spread) -> dict[str, Json]:
    return {
        "count": spread.count,
        "min": spread.least,
        "median": spread.median,
        "p90": spread.ninth,
        "max": spread.most,
    }


def _errors_json(comparison: Comparison, *, usual: bool) -> dict[str, Json]:
    def tree(errors: Errors) -> dict[str, Json]:
        return {"count": errors.count, "mean": errors.mean_s, "median": errors.median_s, "within_a_minute": errors.near}

    ours, baseline = comparison.errors(usual=usual)
    return {"fluxsim": tree(ours), "baseline": tree(baseline)}


def _fate_json(comparison: Comparison, fate: Fate, odd: Odds) -> dict[str, Json]:
    times, plays = odd
    simulated = fate.simulated
    return {
        "at": _time(fate.real.commit.at_s),
        "commit": fate.real.commit.id,
        "author": fate.real.commit.author,
        "subject": fate.real.commit.subject,
        "file": fate.real.change.file,
        "tag": fate.real.change.new,
        "real": {"undone_by": fate.real.undone.id if fate.real.undone else None, "after_s": fate.real.after_s},
        "simulated": {
            "undone_by": simulated.undone.id if simulated is not None and simulated.undone is not None else None,
            "after_s": simulated.after_s if simulated is not None else None,
        },
        "agreed": fate.agreed,
        "suspension": suspension(comparison, fate),
        "seeds": {"played": plays, "undone": times},
        "because": [
            {"at": _time(int(comparison.replayed.at_s(link.at_ms))), "seq": link.seq, "text": link.text}
            for link in why_undone(comparison, fate)
        ],
    }
