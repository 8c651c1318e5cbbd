"""The flux command line: finds the verb, reads its flags, prints its error.

Source: flux2 v2.9.4 cmd/flux/main.go and spf13/cobra.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from fluxsim.drivers.terminal.api import Api, Refused
from fluxsim.drivers.terminal.console import Console, Failed
from fluxsim.drivers.terminal.flux import events, get, reconcile, resume, settings, suspend
from fluxsim.drivers.terminal.flux.settings import Settings, settings_of
from fluxsim.kube.errors import ApiError
from fluxsim.world.commandline import Flag, FlagError, arguments, without_verb

Verb: TypeAlias = Callable[[Api, Settings, Sequence[str], Console], None]

VERBS: Mapping[str, tuple[Verb, Sequence[Flag]]] = {
    "events": (events.events, events.FLAGS),
    "get": (get.get_objects, get.FLAGS),
    "reconcile": (reconcile.reconcile, reconcile.FLAGS),
    "resume": (resume.resume, resume.FLAGS),
    "suspend": (suspend.suspend, suspend.FLAGS),
}
REAL_VERBS = frozenset(
    [
        "bootstrap",
        "build",
        "check",
        "completion",
        "create",
        "debug",
        "delete",
        "diff",
        "envsubst",
        "events",
        "export",
        "get",
        "help",
        "install",
        "list",
        "logs",
        "migrate",
        "pull",
        "push",
        "reconcile",
        "resume",
        "stats",
        "suspend",
        "tag",
        "trace",
        "tree",
        "uninstall",
        "version",
    ]
)
"""What the real tool has."""


def flux(api: Api, tokens: Sequence[str], console: Console) -> int:
    """Run `flux TOKENS`; return the exit code."""
    try:
        verb, rest = without_verb(tokens, settings.FLAGS)
        if verb not in VERBS:
            raise Failed(_unknown(verb))
        run, flags = VERBS[verb]
        given = arguments(rest, (*settings.FLAGS, *flags))
        run(api, settings_of(given), given.words, console)
    except (Failed, FlagError) as error:
        console.failure(str(error))
        return 1
    except ApiError as error:
        console.failure(error.message)
        return 1
    except Refused as error:
        console.err(f"{error}\n")
        return 1
    return 0


def _unknown(verb: str) -> str:
    known = ", ".join(f"flux {name}" for name in sorted(VERBS))
    if not verb or verb in REAL_VERBS:
        return f"fluxsim does not have 'flux {verb}'; it has {known}"
    near = [name for name in sorted(REAL_VERBS) if _distance(verb, name) <= 2 or name.startswith(verb.lower())]
    hint = "\n\nDid you mean this?\n" + "".join(f"\t{name}\n" for name in near) if near else ""
    return f'unknown command "{verb}" for "flux"{hint}'


def _distance(left: str, right: str) -> int:
    """Return the Levenshtein distance, case ignored, by which cobra suggests commands."""
    left, right = left.lower(), right.lower()
    row = list(range(len(right) + 1))
    for place, one in enumerate(left, 1):
        before, row[0] = row[0], place
        for column, other in enumerate(right, 1):
            before, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, before + (one != other))
    return row[-1]
