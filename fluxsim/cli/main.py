"""The command line. Each command imports what it needs when it runs: `fluxsim --help` must be quick.

Exit codes: 0 all goals met, 1 a goal or an invariant failed, 2 the input or the usage was wrong.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

app = typer.Typer(
    name="fluxsim",
    help="Simulate a Flux GitOps environment: registry, CI, Git, image automation, Kustomizations and Deployments, in virtual time.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Files = Annotated[list[Path], typer.Argument(help="Scenario files, or directories of them.", show_default=False)]
Seed = Annotated[int | None, typer.Option("--seed", help="Another seed than the file's.", show_default=False)]
Repo = Annotated[
    str,
    typer.Option(
        "--repo", help="A directory, bare repository or bundle instead of the bundled example.", show_default=False
    ),
]
RootPath = Annotated[
    str,
    typer.Option(
        "--path", help="The path of the root Kustomization, where a repository has several.", show_default=False
    ),
]
AsItIs = Annotated[
    bool, typer.Option("--as-it-is", help="Play a repository of which a part can never be applied, as Flux would.")
]
At = Annotated[str, typer.Option("--at", help="Virtual time since the start, like 30m.", show_default="10m")]
Format = Annotated[Literal["text", "json", "junit"], typer.Option("--format", help="text, json or junit.")]
Play = Annotated[
    Path | None,
    typer.Option(
        "--scenario", help="Play this scenario first; it is looked at where it ends, or at --at.", show_default=False
    ),
]


@app.command()
def run(
    files: Files,
    seed: Seed = None,
    output: Format = "text",
    log: Annotated[
        Path | None, typer.Option("--log", help="Write every event with its causes to this file.", show_default=False)
    ] = None,
    journal: Annotated[
        Path | None,
        typer.Option(
            "--journal",
            help="Write what was done, and when, to this file; fluxsim replay plays it.",
            show_default=False,
        ),
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write a page with the swim lanes to this file.", show_default=False)
    ] = None,
    repo: Repo = "",
    path: RootPath = "",
    as_it_is: AsItIs = False,
    brief: Annotated[bool, typer.Option("--brief", help="One line a scenario.")] = False,
) -> None:
    """Play scenarios in virtual time: timeline, goals, and for a lost goal the causes."""
    from fluxsim.cli import runs
    from fluxsim.cli.repositories import Repository

    repository = Repository(repo, path, as_it_is)
    raise typer.Exit(
        runs.run(
            files, seed=seed, output=output, log=log, journal=journal, html=html, repository=repository, brief=brief
        )
    )


@app.command()
def demo(
    html: Annotated[Path, typer.Option("--html", help="Where the page goes.")] = Path("demo.html"),
    scenarios: Annotated[
        Path | None, typer.Option("--scenarios", help="Play the scenarios of this directory too.", show_default=False)
    ] = None,
) -> None:
    """The rollback that passes the check: the lab's commands, the check, the loss, the cure; then every scenario."""
    from fluxsim.cli import demonstration

    raise typer.Exit(demonstration.demo(html, scenarios))


@app.command()
def why(
    target: Annotated[str, typer.Argument(help="NAMESPACE/DEPLOYMENT, production/backend.")],
    at: At = "",
    scenario: Play = None,
    repo: Repo = "",
    path: RootPath = "",
    as_it_is: AsItIs = False,
    seed: Seed = None,
    output: Annotated[Literal["text", "json"], typer.Option("--format")] = "text",
) -> None:
    """Walk from a running image back to the commit of the service repository."""
    from fluxsim.cli import looks
    from fluxsim.cli.repositories import Repository

    raise typer.Exit(looks.why(target, looks.Where(scenario, at, Repository(repo, path, as_it_is), seed), output))


@app.command(name="next")
def next_(
    at: At = "",
    scenario: Play = None,
    repo: Repo = "",
    path: RootPath = "",
    as_it_is: AsItIs = False,
    seed: Seed = None,
    output: Annotated[Literal["text", "json"], typer.Option("--format")] = "text",
) -> None:
    """Who wakes when, and because of what."""
    from fluxsim.cli import looks
    from fluxsim.cli.repositories import Repository

    raise typer.Exit(looks.upcoming(looks.Where(scenario, at, Repository(repo, path, as_it_is), seed), output))


@app.command()
def policy(
    target: Annotated[str, typer.Argument(help="NAMESPACE/NAME of an ImagePolicy, production/backend.")],
    at: At = "",
    scenario: Play = None,
    repo: Repo = "",
    path: RootPath = "",
    as_it_is: AsItIs = False,
    seed: Seed = None,
    output: Annotated[Literal["text", "json"], typer.Option("--format")] = "text",
) -> None:
    """Each tag's fate under a policy: filtered out, key, rank, selected, or error."""
    from fluxsim.cli import looks
    from fluxsim.cli.repositories import Repository

    raise typer.Exit(looks.policy(target, looks.Where(scenario, at, Repository(repo, path, as_it_is), seed), output))


@app.command()
def lint(
    repo: Repo = "",
    path: RootPath = "",
    output: Annotated[Literal["text", "json"], typer.Option("--format")] = "text",
) -> None:
    """The guardrails of a repository, before anything is promoted: each fault with its file and line."""
    from fluxsim.cli import guardrails

    raise typer.Exit(guardrails.lint(repo, path, output))


@app.command()
def verify(
    seed: Annotated[int, typer.Option("--seed", help="Where the search begins.")] = 0,
    seconds: Annotated[int, typer.Option("--seconds", help="How long to look.")] = 60,
    cure: Annotated[bool, typer.Option("--cure", help="Every person suspends the automation before a revert.")] = False,
    repo: Repo = "",
    path: RootPath = "",
    as_it_is: AsItIs = False,
    save: Annotated[
        Path | None, typer.Option("--save", help="Write the counterexample to this scenario file.", show_default=False)
    ] = None,
) -> None:
    """Search for a broken invariant with random people, releases and faults; shrink what is found to a scenario file."""
    from fluxsim.cli import verification
    from fluxsim.cli.repositories import Repository

    repository = Repository(repo, path, as_it_is)
    raise typer.Exit(verification.verify(seed=seed, seconds=seconds, cure=cure, repository=repository, save=save))


@app.command()
def replay(
    file: Annotated[
        Path | None, typer.Argument(help="A journal, as fluxsim run --journal writes it.", show_default=False)
    ] = None,
    log: Annotated[
        Path | None, typer.Option("--log", help="Write every event with its causes to this file.", show_default=False)
    ] = None,
    history: Annotated[
        str,
        typer.Option(
            "--history",
            help="Instead: drive a world with what people did in this repository, and compare with what its bot did.",
            show_default=False,
        ),
    ] = "",
    path: RootPath = "",
    start: Annotated[
        str, typer.Option("--from", help="Begin here, like 2026-02-06T17:21:53Z.", show_default=False)
    ] = "",
    end: Annotated[str, typer.Option("--to", help="End here.", show_default=False)] = "",
    episode: Annotated[
        str, typer.Option("--episode", help="The day, 2026-02-06, on which the bot undid people.", show_default=False)
    ] = "",
    lift: Annotated[bool, typer.Option("--lift", help="Read image objects of older versions as v1.")] = False,
    free: Annotated[
        bool, typer.Option("--free-clocks", help="Do not set a scan's clock by the real commits before.")
    ] = False,
    seed: Annotated[int, typer.Option("--seed", help="The seed of a replayed history.")] = 1,
    output: Annotated[Literal["text", "json"], typer.Option("--format")] = "text",
) -> None:
    """Play a journal: what was done, when, under which seed. The log comes out byte for byte as it was."""
    from fluxsim.kernel.errors import Fault, InputError

    if history and file is None:
        from fluxsim.cli import histories

        raise typer.Exit(
            histories.history(
                history,
                path=path,
                start=start,
                end=end,
                episode=episode,
                lift=lift,
                follow=not free,
                seed=seed,
                output=output,
                log=log,
            )
        )
    if file is None or history:
        raise InputError(Fault("replay", "give a journal, or a repository with --history", "one of both"))
    from fluxsim.cli import replays

    raise typer.Exit(replays.replay(file, log))


@app.command()
def version() -> None:
    """Print the version."""
    from fluxsim import __version__

    typer.echo(__version__)


def main() -> None:
    """Run the command line; a person's mistake is a sentence and exit code 2, never a traceback."""
    from fluxsim.kernel.errors import InputError
    from fluxsim.kernel.garbage import collect_rarely

    collect_rarely()
    try:
        app()
    except InputError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
    except BrokenPipeError:
        sys.exit(141)
    except OSError as error:
        sys.stderr.write(f"{error.filename or 'file'}: {error.strerror}\n")
        sys.exit(2)
