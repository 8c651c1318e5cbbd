"""A played scenario in words: its timeline, its goals, and for a lost goal what led to it."""

from __future__ import annotations

from rich.console import Console

from fluxsim.drivers.play import GoalResult, Performance, Played
from fluxsim.kernel.units import clock_text
from fluxsim.observe.narrative import chain_of
from fluxsim.observe.timeline import timeline
from fluxsim.report import text

WIDTH = 100


def tell(console: Console, performance: Performance) -> None:
    """Print one scenario: what it is about, what happened, what became of its goals."""
    scenario = performance.scenario
    console.print(f"[bold]{scenario.name}[/bold]", markup=True)
    for part in text.wrapped(scenario.why, WIDTH - 2):
        console.print(f"  {part}", style="italic")
    for number, play in enumerate(performance.plays):
        if len(performance.plays) > 1 and performance.matrix is None:
            console.print(
                f"\n  {'without the cure' if number == 0 else 'with the cure'} · seed {play.world.seed}", style="bold"
            )
        elif performance.matrix is None:
            console.print(
                f"\n  seed {play.world.seed} · time zero {play.world.clock.text_at(0)} · digest {play.log.digest()[:16]}",
                style="dim",
            )
        if performance.matrix is None:
            _tell_play(console, play)
    if performance.matrix is not None:
        console.print()
        console.print(performance.matrix.table())
    for fault in performance.faults:
        console.print(f"  ✗ {fault}", style="bold red")
    console.print()


def _tell_play(console: Console, play: Played) -> None:
    for line in text.lines(timeline(play.log.events)):
        console.print(line)
    refused = [told for told in play.told if told.error]
    for told in refused:
        console.print(f"  refused at {clock_text(told.at_ms)}: {told.command}", style="yellow", markup=False)
        for part in told.error.splitlines():
            console.print(f"    {part}", markup=False)
    console.print("\n  goals", style="bold")
    for result in play.goals:
        _tell_goal(console, play, result)
    for violation in play.violations:
        if violation in play.findings:
            continue
        expected = violation not in play.unexpected
        mark, style = ("✓", "green") if expected else ("✗", "red")
        console.print(
            f"  {mark} broken{' as declared' if expected else ''}: {violation.invariant} ({clock_text(violation.at_ms)})",
            style=style,
            markup=False,
        )
        for part in text.wrapped(violation.message, WIDTH - 6):
            console.print(f"      {part}", markup=False)
    for finding in play.findings:
        console.print(f"  ! finding: {finding.invariant} ({clock_text(finding.at_ms)})", style="yellow", markup=False)
        for part in text.wrapped(finding.message, WIDTH - 6):
            console.print(f"      {part}", markup=False)
    for fault in play.faults:
        console.print(f"  ✗ {fault}", style="bold red", markup=False)
    if (not play.passed or not play.world.setup.ours) and play.world.assumptions:
        console.print("  assumed", style="dim")
        for assumption in play.world.assumptions:
            console.print(f"    {assumption}", style="dim", markup=False)


def _tell_goal(console: Console, play: Played, result: GoalResult) -> None:
    style = "green" if result.as_expected else "red"
    for number, part in enumerate(text.wrapped(goal_text(result), WIDTH - 4)):
        console.print(
            f"  {('✓' if result.as_expected else '✗') if number == 0 else ' '} {part}", style=style, markup=False
        )
    tracker = result.tracker
    if tracker.lost_by is not None:
        for link in chain_of(play.log.events, tracker.lost_by):
            for number, part in enumerate(text.wrapped(link.text, WIDTH - 20)):
                clock = clock_text(link.at_ms) if number == 0 else ""
                console.print(f"      {clock:>11} {'←' if number == 0 else ' '} {part}", markup=False)


def goal_text(result: GoalResult) -> str:
    """Return a goal and what became of it, in one line."""
    goal, tracker = result.goal, result.tracker
    when = (
        "now"
        if goal.now
        else "never"
        if goal.never
        else " and ".join(
            part
            for part in (
                f"within {goal.within}" if goal.within else "",
                f"holds for {goal.holds_for}" if goal.holds_for else "",
            )
            if part
        )
    )
    ends = {
        "met": f"reached {clock_text(tracker.reached_ms)}" if tracker.reached_ms is not None else "never seen",
        "lost": f"reached {clock_text(tracker.reached_ms or 0)}, LOST {clock_text(tracker.lost_ms or 0)}: {tracker.seen}",
        "missed": f"not reached: {tracker.seen}",
        "violated": f"seen {clock_text(tracker.lost_ms or 0)}: {tracker.seen}",
        None: "open",
    }
    declared = "" if goal.expect == "met" else ", as declared" if result.as_expected else f", expected {goal.expect}"
    return f"{goal.name + ': ' if goal.name else ''}{tracker.told} ({when}) — {ends[tracker.outcome]}{declared}"


def one_line(performance: Performance) -> str:
    mark = "[green]✓[/green]" if performance.passed else "[red]✗[/red]"
    events = sum(len(play.log.events) for play in performance.plays)
    return f"{mark} {performance.scenario.name} [dim]({len(performance.plays)} play{'s' if len(performance.plays) > 1 else ''}, {events} events)[/dim]"
