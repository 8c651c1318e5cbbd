"""The git command line, as far as the lab goes: log, show, revert, push, pull, status.

Source: git 2.39.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from fluxsim.drivers.terminal.console import Console, Failed
from fluxsim.drivers.terminal.git.clone import Clone
from fluxsim.drivers.terminal.git.difference import changes_of, short_stat, stat
from fluxsim.formats.gitcommit import Commit
from fluxsim.systems.gitserver import GitError
from fluxsim.world.commandline import Arguments, Flag, FlagError, arguments

Verb: TypeAlias = Callable[[Clone, Arguments, Console], None]
USAGE_CODE = 129
FATAL_CODE = 128
ABBREVIATION_MIN = 7


def git(clones: Mapping[str, Clone], tokens: Sequence[str], console: Console) -> int:
    """Run `git TOKENS`; `-C NAME` chooses the clone, the GitOps repository's where none is named. Return the exit code."""
    tokens = list(tokens)
    name = next(iter(clones))
    while tokens[:1] == ["-C"] and len(tokens) > 1:
        name, tokens = tokens[1].rstrip("/").rpartition("/")[2], tokens[2:]
    if name not in clones:
        console.err(f"fatal: cannot change to '{name}': No such file or directory\n")
        return FATAL_CODE
    verb, rest = (tokens[0], tokens[1:]) if tokens else ("", [])
    if verb not in _VERBS:
        known = ", ".join(f"git {one}" for one in sorted(_VERBS))
        console.err(f"git: '{verb}' is not a git command that fluxsim has; it has {known}\n")
        return 1
    run, flags = _VERBS[verb]
    try:
        run(clones[name], arguments(_numbered(rest), flags), console)
    except FlagError as error:
        console.err(f"error: {error}\n")
        return USAGE_CODE
    except GitError as error:
        text = getattr(error, "printed", str(error))
        console.err(f"{text}\n")
        return FATAL_CODE if text.startswith("fatal: ") else 1
    except Failed as error:
        console.err(f"{error.message}\n")
        return error.exit_code
    return 0


def _numbered(tokens: Sequence[str]) -> list[str]:
    """Return the words with `-3` written as `--max-count=3`."""
    return [f"--max-count={token[1:]}" if token[:1] == "-" and token[1:].isdecimal() else token for token in tokens]


# -- looking

_LOG = (
    Flag("oneline", takes="switch"),
    Flag("max-count", "n"),
    Flag("author"),
    Flag("format"),
    Flag("pretty"),
    Flag("stat", takes="switch"),
    Flag("no-decorate", takes="switch"),
)


def _log(clone: Clone, given: Arguments, console: Console) -> None:
    start = clone.repository.resolve(given.words[0], clone.branch) if given.words else clone.head
    most = given.text("max-count", "-1")
    if not most.lstrip("-").isdecimal():
        raise Failed(f"fatal: '{most}': not an integer", FATAL_CODE)
    paths = [path.removeprefix("./").rstrip("/") for path in given.rest]
    for shown, commit in enumerate(_commits(clone, start, paths, given.text("author"))):
        if shown == int(most):
            return
        _show_one(clone, commit, given, console, first=shown == 0)
        if given.on("stat"):
            gap = "" if given.on("oneline") or given.given("format") else "\n"
            console.out(gap + stat(changes_of(clone.repository, commit.id)))


def _commits(clone: Clone, start: str, paths: Sequence[str], author: str) -> Sequence[Commit]:
    found = list(clone.repository.log(start, paths[0] if len(paths) == 1 else ""))
    if len(paths) > 1:
        chosen = {commit.id for path in paths for commit in clone.repository.log(start, path)}
        found = [commit for commit in found if commit.id in chosen]
    return [commit for commit in found if author in f"{commit.author.name} <{commit.author.email}>"]


def _show_one(clone: Clone, commit: Commit, given: Arguments, console: Console, *, first: bool) -> None:
    form = given.text("format") or given.text("pretty")
    if given.on("oneline") or form == "oneline":
        console.out(f"{short(clone, commit.id)} {commit.subject}\n")
    elif form not in ("", "medium"):
        console.out(_formatted(clone, commit, form.removeprefix("format:").removeprefix("tformat:")) + "\n")
    else:
        console.out(("" if first else "\n") + _full(commit))


def _show(clone: Clone, given: Arguments, console: Console) -> None:
    commit = clone.repository.commit_of(
        clone.repository.resolve(given.words[0], clone.branch) if given.words else clone.head
    )
    _show_one(clone, commit, given, console, first=True)
    changes = changes_of(clone.repository, commit.id)
    if given.rest:
        changes = [change for change in changes if any(_under(change.path, path) for path in given.rest)]
    gap = "" if given.on("oneline") else "\n"
    console.out(gap + (stat(changes) if given.on("stat") else "".join(change.text() for change in changes)))


def _under(path: str, folder: str) -> bool:
    folder = folder.removeprefix("./").rstrip("/")
    return path == folder or path.startswith(f"{folder}/")


def _full(commit: Commit) -> str:
    author = f"{commit.author.name} <{commit.author.email}>"
    message = "".join(f"    {line}".rstrip(" ") + "\n" for line in commit.message.rstrip("\n").split("\n"))
    return f"commit {commit.id}\nAuthor: {author}\nDate:   {git_date(commit.authored_s)}\n\n{message}"


def _formatted(clone: Clone, commit: Commit, form: str) -> str:
    values: dict[str, Callable[[], str]] = {
        "%H": lambda: commit.id,
        "%h": lambda: short(clone, commit.id),
        "%an": lambda: commit.author.name,
        "%ae": lambda: commit.author.email,
        "%ad": lambda: git_date(commit.authored_s),
        "%aI": lambda: _iso(commit.authored_s),
        "%cI": lambda: _iso(commit.committed_s),
        "%s": lambda: commit.subject,
        "%n": lambda: "\n",
        "%%": lambda: "%",
    }
    text, left = "", form
    while left:
        name = next((name for name in values if left.startswith(name)), "")
        text += values[name]() if name else left[0]
        left = left[len(name) or 1 :]
    return text


def short(clone: Clone, commit: str) -> str:
    """Return the shortest beginning of an id, of seven digits or more, that nothing else has."""
    length = ABBREVIATION_MIN
    while length < len(commit) and len(clone.repository.objects.starting_with(commit[:length])) > 1:
        length += 1
    return commit[:length]


def git_date(unix_s: int) -> str:
    """Return `Mon Mar 2 09:30:00 2026 +0000`."""
    moment = dt.datetime.fromtimestamp(unix_s, dt.UTC)
    return f"{moment:%a %b} {moment.day} {moment:%H:%M:%S %Y} +0000"


def _iso(unix_s: int) -> str:
    return f"{dt.datetime.fromtimestamp(unix_s, dt.UTC):%Y-%m-%dT%H:%M:%S}+00:00"


def _status(clone: Clone, _given: Arguments, console: Console) -> None:
    count = len(clone.unpushed)
    told = f"Your branch is up to date with 'origin/{clone.branch}'.\n"
    if count:
        told = f"Your branch is ahead of 'origin/{clone.branch}' by {count} commit{'s' if count > 1 else ''}.\n"
        told += '  (use "git push" to publish your local commits)\n'
    console.out(f"On branch {clone.branch}\n{told}\nnothing to commit, working tree clean\n")


# -- changing

_REVERT = (Flag("no-edit", takes="switch"), Flag("mainline", "m"))
_PUSH = (Flag("quiet", "q", "switch"), Flag("set-upstream", "u", "switch"))
_PULL = (Flag("rebase", "r", "switch"), Flag("ff-only", takes="switch"), Flag("quiet", "q", "switch"))


def _revert(clone: Clone, given: Arguments, console: Console) -> None:
    if not given.words:
        raise Failed("usage: git revert [--no-edit] <commit>...", USAGE_CODE)
    if given.given("mainline"):
        raise Failed("fluxsim's git revert does not know -m: the lab's history has no merges", USAGE_CODE)
    for name in given.words:
        commit = clone.repository.resolve(name, clone.branch)
        reverted = clone.revert(commit)
        made = clone.repository.commit_of(reverted)
        console.out(f"[{clone.branch} {short(clone, made.id)}] {made.subject}\n Date: {git_date(made.authored_s)}\n")
        console.out(f"{short_stat(changes_of(clone.repository, made.id))}\n")


def _push(clone: Clone, given: Arguments, console: Console) -> None:
    if given.words not in ([], ["origin"], ["origin", clone.branch], ["origin", "HEAD"]):
        raise Failed(f"fluxsim's git push knows the branch {clone.branch} of origin only", 1)
    if not clone.unpushed:
        console.err("Everything up-to-date\n")
        return
    before = clone.origin.head(clone.branch)
    refused = clone.push()
    if refused:
        raise Failed(refused, 1)
    after = clone.origin.head(clone.branch)
    if not given.on("quiet"):
        console.err(f"To {clone.origin.url}\n   {short(clone, before)}..{short(clone, after)}  ")
        console.err(f"{clone.branch} -> {clone.branch}\n")


def _pull(clone: Clone, given: Arguments, console: Console) -> None:
    if not clone.unpushed:
        console.out("Already up to date.\n")
        return
    if not given.on("rebase"):
        raise Failed("fatal: Need to specify how to reconcile divergent branches.", FATAL_CODE)
    clone.rebase()
    console.out(f"Successfully rebased and updated refs/heads/{clone.branch}.\n")


_VERBS: Mapping[str, tuple[Verb, Sequence[Flag]]] = {
    "log": (_log, _LOG),
    "show": (_show, _LOG),
    "status": (_status, ()),
    "revert": (_revert, _REVERT),
    "push": (_push, _PUSH),
    "pull": (_pull, _PULL),
}
