"""The kubectl command line: get and rollout are looked at here, what changes something is an action of the world."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from fluxsim.drivers.terminal.api import Api
from fluxsim.drivers.terminal.console import Console, Failed
from fluxsim.drivers.terminal.kubectl import get, rollout
from fluxsim.kube.errors import ApiError
from fluxsim.kube.meta import DEPLOYMENT, Key
from fluxsim.world import kubectlwords
from fluxsim.world.acting import Outcome
from fluxsim.world.actions import AnyAction
from fluxsim.world.commandline import Arguments, Flag, FlagError, Unreadable, arguments, without_verb

Do: TypeAlias = Callable[[AnyAction], Outcome]

FLAGS = (Flag("namespace", "n"), Flag("context"), Flag("kubeconfig"), Flag("help", "h", "switch"))
_CHANGING = ("annotate", "delete", "label", "patch", "scale", "set")
_CHANGING_ROLLOUTS = ("pause", "restart", "resume", "undo")
_ANOTHER_WORD = {"annotate": "annotated", "label": "labeled", "pause": "paused", "resume": "resumed"}
"""What kubectl prints where the action says `patched`."""


def kubectl(api: Api, do: Do, tokens: Sequence[str], console: Console) -> int:
    """Run `kubectl TOKENS`; return the exit code."""
    verb, rest = without_verb(tokens, FLAGS)
    try:
        if verb == "get":
            given = arguments(rest, (*FLAGS, *get.FLAGS))
            return get.get_objects(api, given.text("namespace", "default"), given, given.words, console)
        if verb == "rollout":
            looked, rest = without_verb(rest, FLAGS)
            if looked == "status":
                given = arguments(rest, (*FLAGS, *rollout.STATUS_FLAGS))
                return rollout.status(api, _deployment(given), given, console)
            if looked == "history":
                given = arguments(rest, (*FLAGS, *rollout.HISTORY_FLAGS))
                rollout.history(api, _deployment(given), given, console)
                return 0
            if looked not in _CHANGING_ROLLOUTS:
                raise Failed(f"error: unknown command \"{looked}\"\nSee 'kubectl rollout -h' for help and examples")
            return _change(api, do, looked, tokens, console)
        if verb not in _CHANGING:
            has = ", ".join(("get", "rollout", *_CHANGING))
            raise Failed(f"error: fluxsim's kubectl does not have '{verb}'; it has {has}")
        return _change(api, do, verb, tokens, console)
    except FlagError as error:
        console.err(f"error: {error}\nSee 'kubectl {verb} --help' for usage.\n")
    except Unreadable as error:
        console.err(f"error: {error.what}{f'; {error.instead}' if error.instead else ''}\n")
    except IndexError:
        console.err(f"error: a word is missing at the end of 'kubectl {' '.join(tokens)}'\n")
    except ApiError as error:
        console.err(f"Error from server ({error.reason}): {error.message}\n")
    except Failed as error:
        console.err(f"{error.message}\n")
        return error.exit_code
    return 1


def _change(api: Api, do: Do, verb: str, tokens: Sequence[str], console: Console) -> int:
    for action in kubectlwords.kubectl(tokens):
        if action.do == "patch" and verb in ("pause", "resume"):
            _check_paused(api, Key(DEPLOYMENT, action.namespace, action.name), verb)
        outcome = do(action)
        if outcome.error:
            console.err(f"{outcome.error}\n")
            return 1
        for line in outcome.lines:
            if verb in _ANOTHER_WORD:
                line = line.removesuffix(" (no change)").replace(" patched", f" {_ANOTHER_WORD[verb]}")
            console.out(f"{line}\n")
    return 0


def _check_paused(api: Api, key: Key, verb: str) -> None:
    paused = bool(api.get(key)["spec"].get("paused"))
    if paused is (verb == "pause"):
        raise Failed(f'error: deployments.apps "{key.name}" is {"already" if paused else "not"} paused')


def _deployment(given: Arguments) -> Key:
    words = list(given.words)
    kind, name = kubectlwords.kind_and_name(words)
    if kind not in ("deployment", "deployments", "deploy", "deployment.apps", "deployments.apps"):
        raise Failed(f"error: fluxsim knows rollouts of Deployments, not of '{kind}'")
    return Key(DEPLOYMENT, given.text("namespace", "default"), name)
