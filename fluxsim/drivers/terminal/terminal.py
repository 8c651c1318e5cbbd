"""A terminal in front of a world: command lines are answered as the real tools answer them, in virtual time."""

from __future__ import annotations

import shlex

from fluxsim.drivers.terminal.api import WorldApi
from fluxsim.drivers.terminal.console import Console, Result
from fluxsim.drivers.terminal.flux.command import flux
from fluxsim.drivers.terminal.gh import gh
from fluxsim.drivers.terminal.git.clone import Clone
from fluxsim.drivers.terminal.git.command import git
from fluxsim.drivers.terminal.kubectl.command import kubectl
from fluxsim.kernel.errors import InputError
from fluxsim.world.acting import Outcome
from fluxsim.world.actions import GITOPS, AnyAction
from fluxsim.world.commandline import words_of
from fluxsim.world.commands import parsed
from fluxsim.world.world import World

NOT_FOUND_CODE = 127
SYNTAX_CODE = 2
_AND = "&&"


class Terminal:
    """Runs command lines of flux, kubectl, git, gh and crane against a world, as `author`.

    A command that waits lets virtual time pass; no other takes any. `&&` goes on only after success.
    """

    def __init__(self, world: World, author: str = "you") -> None:
        self._world = world
        self._author = author
        self._api = WorldApi(world, author)
        self._clones = {GITOPS: Clone(world, GITOPS, world.gitops, world.setup.branch, author)}
        for name, repository in world.ci.repositories():
            self._clones[name] = Clone(world, name, repository, repository.default_branch, author)

    def run(self, command_line: str) -> Result:
        """Run a command line and return what it printed; a line that cannot be read ends as in a shell."""
        console = Console()
        try:
            parts = _parts(words_of(command_line))
        except InputError as error:
            console.err(f"{error}\n")
            return console.result(SYNTAX_CODE)
        code = 0
        for part in parts:
            try:
                code = self._run(part, console)
            except InputError as error:
                console.err(f"{error}\n")
                code = 1
            if code:
                break
        return console.result(code)

    def _run(self, tokens: list[str], console: Console) -> int:
        tool, rest = tokens[0], tokens[1:]
        match tool:
            case "flux":
                return flux(self._api, rest, console)
            case "kubectl":
                return kubectl(self._api, self._do, rest, console)
            case "git" if rest[:1] != ["push"] or not ({"--force", "-f"} & set(rest)):
                return git(self._clones, rest, console)
            case "gh":
                return gh(self._world, self._author, shlex.join(tokens), console, list(self._clones))
            case "crane" | "git":
                return self._action(tokens, console)
            case _:
                console.err(f"{tool}: command not found\n")
                return NOT_FOUND_CODE

    def _action(self, tokens: list[str], console: Console) -> int:
        for action in parsed(shlex.join(tokens)).actions:
            outcome = self._do(action)
            if outcome.error:
                console.err(f"{outcome.error}\n")
                return 1
            for line in outcome.lines:
                console.out(f"{line}\n")
        return 0

    def _do(self, action: AnyAction) -> Outcome:
        return self._world.do(action.model_copy(update={"by": self._author}))


def _parts(tokens: list[str]) -> list[list[str]]:
    """Return the commands between `&&`."""
    parts: list[list[str]] = [[]]
    for token in tokens:
        if token == _AND:
            parts.append([])
        else:
            parts[-1].append(token)
    return [part for part in parts if part]
