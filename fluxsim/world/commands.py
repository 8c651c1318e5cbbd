"""Command lines as people type them, turned into actions: the words of flux, kubectl, gh, git and crane that change something.

What only looks (`flux get`, `kubectl get`, `git log`) is no action; drivers.terminal prints it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from fluxsim.kernel.errors import Fault, InputError, did_you_mean
from fluxsim.world import actions
from fluxsim.world.actions import AnyAction
from fluxsim.world.commandline import Arguments, Flag, FlagError, Unreadable, arguments, words_of
from fluxsim.world.kubectlwords import kubectl

_FLUX_KINDS = {
    "kustomization": "Kustomization",
    "kustomizations": "Kustomization",
    "ks": "Kustomization",
    "source git": "GitRepository",
    "sources git": "GitRepository",
    "image repository": "ImageRepository",
    "images repository": "ImageRepository",
    "image policy": "ImagePolicy",
    "images policy": "ImagePolicy",
    "image update": "ImageUpdateAutomation",
    "images update": "ImageUpdateAutomation",
}
_FLUX_FLAGS = (Flag("namespace", "n"), Flag("timeout"), Flag("wait", takes="switch"))
_GH_FLAGS = (Flag("repo", "R"), Flag("raw-field", "f"), Flag("field", "F"), Flag("ref", "r"))
_GIT_FLAGS = (Flag("no-edit", takes="switch"), Flag("force", "f", "switch"), Flag("C", "C"))


@dataclass(frozen=True, slots=True)
class Typed:
    """A command line and the actions it stands for."""

    command: str
    actions: tuple[AnyAction, ...]


def parsed(command: str) -> Typed:
    """Return the actions of a command line; InputError where it is none that changes a world.

    `git revert` stands for the push as well: a revert that nobody sees is no action. An `&& git push` behind it says the same.
    """
    tokens = words_of(command)
    if not tokens:
        raise InputError(Fault("", "an empty command", "write one like 'flux suspend kustomization apps'"))
    if tokens[0] == "git" and tokens[-3:] == ["&&", "git", "push"]:
        tokens = tokens[:-3]
    reader = _TOOLS.get(tokens[0])
    try:
        if reader is None:
            raise Unreadable(f"unknown tool '{tokens[0]}'", did_you_mean(tokens[0], _TOOLS))
        return Typed(command, tuple(reader(tokens[1:])))
    except Unreadable as error:
        raise InputError(Fault("", f"{error.what} in '{command}'", error.instead)) from error
    except FlagError as error:
        raise InputError(Fault("", f"{error} in '{command}'", "")) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(Fault("", f"{where}: {first['msg'].lower()} in '{command}'", "")) from error
    except IndexError as error:
        raise InputError(Fault("", f"a word is missing at the end of '{command}'", "")) from error


def _flux(tokens: Sequence[str]) -> list[AnyAction]:
    makers: dict[str, type[actions.Suspend | actions.Resume | actions.Reconcile]] = {
        "suspend": actions.Suspend,
        "resume": actions.Resume,
        "reconcile": actions.Reconcile,
    }
    if "--with-source" in tokens:
        raise Unreadable("'--with-source' is two commands", "reconcile the source in a step before")
    given = arguments(tokens, _FLUX_FLAGS)
    verb, *words = given.words or [""]
    if verb not in makers:
        raise Unreadable(f"'flux {verb}' changes nothing here", did_you_mean(verb, makers))
    for length in (2, 1):
        kind = _FLUX_KINDS.get(" ".join(words[:length]))
        if kind is not None:
            names = words[length:]
            break
    else:
        raise Unreadable(
            f"unknown object '{' '.join(words[:2])}'",
            "known are kustomization, source git, image repository, image policy, image update",
        )
    if not names:
        raise Unreadable("no name", f"name the {kind}")
    namespace = given.text("namespace", "flux-system")
    return [makers[verb](kind=kind, name=name, namespace=namespace) for name in names]


def _gh(tokens: Sequence[str]) -> list[AnyAction]:
    given = arguments(tokens, _GH_FLAGS)
    if given.words[:2] != ["workflow", "run"]:
        raise Unreadable("only 'gh workflow run' is known")
    service = given.text("repo").rpartition("/")[2]
    if not service:
        raise Unreadable("no repository", "say which service's, -R backend")
    inputs: dict[str, str] = {}
    for field in [*given.many("raw-field"), *given.many("field")]:
        name, equals, value = field.partition("=")
        if not equals:
            raise Unreadable(f"field '{field}' has no value", "write it as name=value")
        inputs[name] = value
    workflow = given.words[2].removesuffix(".yml").removesuffix(".yaml")
    return [actions.RunWorkflow(service=service, workflow=workflow, branch=given.text("ref", "main"), inputs=inputs)]


def _git(tokens: Sequence[str]) -> list[AnyAction]:
    given = arguments(tokens, _GIT_FLAGS)
    repository = given.text("C", actions.GITOPS)
    match given.words:
        case ["revert", commit]:
            return [actions.Revert(repository=repository, commit=commit)]
        case ["push", "origin", refspec] if given.on("force") or refspec.startswith("+"):
            commit, colon, branch = refspec.removeprefix("+").partition(":")
            if not colon:
                raise Unreadable(f"no branch in '{refspec}'", "write it as COMMIT:BRANCH")
            return [actions.ForcePush(repository=repository, commit=commit, branch=branch.removeprefix("refs/heads/"))]
        case _:
            verb = given.words[0] if given.words else ""
            raise Unreadable(
                f"'git {verb}' changes nothing here",
                "known are git revert COMMIT and git push --force origin COMMIT:BRANCH",
            )


def _crane(tokens: Sequence[str]) -> list[AnyAction]:
    given: Arguments = arguments(tokens, ())
    match given.words:
        case ["tag", reference, tag]:
            image, source = _reference(reference)
            return [actions.PushTag(image=image, tag=tag, source=source)]
        case ["delete", reference]:
            image, tag = _reference(reference)
            return [actions.DeleteTag(image=image, tag=tag)]
        case _:
            raise Unreadable("unknown words", "known are crane tag IMAGE:TAG NEW and crane delete IMAGE:TAG")


def _reference(reference: str) -> tuple[str, str]:
    image, separator, source = reference.partition("@")
    if not separator:
        image, separator, source = reference.rpartition(":")
    if not separator or "/" in source:
        raise Unreadable(f"'{reference}' has no tag", "write it as IMAGE:TAG")
    return image, source


_TOOLS: dict[str, Callable[[Sequence[str]], list[AnyAction]]] = {
    "flux": _flux,
    "kubectl": kubectl,
    "gh": _gh,
    "git": _git,
    "crane": _crane,
}
