"""Command lines as people type them, turned into actions: the lab's own words of flux, kubectl, gh and git.

What only looks (`flux get`, `kubectl get`, `git log`) is no action; drivers.terminal prints it.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass

from pydantic import ValidationError

from fluxsim.kernel.errors import Fault, InputError, did_you_mean
from fluxsim.world import actions
from fluxsim.world.actions import AnyAction

_FLUX_KINDS = {
    ("kustomization",): "Kustomization",
    ("kustomizations",): "Kustomization",
    ("ks",): "Kustomization",
    ("source", "git"): "GitRepository",
    ("image", "repository"): "ImageRepository",
    ("image", "policy"): "ImagePolicy",
    ("image", "update"): "ImageUpdateAutomation",
}
_VALUED = (
    "-n",
    "--namespace",
    "-R",
    "--repo",
    "-f",
    "--raw-field",
    "--field",
    "-p",
    "--patch",
    "--type",
    "--field-manager",
    "--to-revision",
    "--replicas",
    "--ref",
)


@dataclass(frozen=True, slots=True)
class Typed:
    """A command line and the actions it stands for."""

    command: str
    actions: tuple[AnyAction, ...]


@dataclass(slots=True)
class _Line:
    """A command line taken apart: words, flags by name (repeated ones in order)."""

    command: str
    words: list[str]
    flags: dict[str, list[str]]

    def flag(self, *names: str, default: str = "") -> str:
        return next((self.flags[name][-1] for name in names if self.flags.get(name)), default)

    def refuse(self, what: str, instead: str = "") -> InputError:
        return InputError(Fault("", f"{what} in '{self.command}'", instead))


def parsed(command: str) -> Typed:
    """Return the actions of a command line; InputError where it is none that changes a world."""
    line = _taken_apart(command)
    if not line.words:
        raise InputError(Fault("", "an empty command", ""))
    tool = line.words.pop(0)
    reader = _TOOLS.get(tool)
    if reader is None:
        raise line.refuse(f"unknown tool '{tool}'", did_you_mean(tool, _TOOLS))
    try:
        return Typed(command, tuple(reader(line)))
    except ValidationError as error:
        first = error.errors()[0]
        raise line.refuse(f"{'.'.join(str(part) for part in first['loc'])}: {first['msg'].lower()}") from error
    except IndexError as error:
        raise line.refuse("a word is missing at the end") from error


def _taken_apart(command: str) -> _Line:
    try:
        tokens = shlex.split(command)
    except ValueError as error:
        raise InputError(Fault("", f"cannot read '{command}': {error}", "")) from error
    line = _Line(command, [], {})
    waiting = ""
    for token in tokens:
        if waiting:
            line.flags.setdefault(waiting, []).append(token)
            waiting = ""
        elif token.startswith("-") and "=" in token:
            name, _equals, value = token.partition("=")
            line.flags.setdefault(name, []).append(value)
        elif token in _VALUED:
            waiting = token
        elif token.startswith("-"):
            line.flags.setdefault(token, []).append("true")
        else:
            line.words.append(token)
    if waiting:
        raise line.refuse(f"flag '{waiting}' has no value")
    return line


def _flux(line: _Line) -> list[AnyAction]:
    verb = line.words.pop(0)
    makers: dict[str, type[actions.Suspend | actions.Resume | actions.Reconcile]] = {
        "suspend": actions.Suspend,
        "resume": actions.Resume,
        "reconcile": actions.Reconcile,
    }
    if verb not in makers:
        raise line.refuse(f"'flux {verb}' changes nothing here", did_you_mean(verb, makers))
    kind = ""
    for words, name in _FLUX_KINDS.items():
        if tuple(line.words[: len(words)]) == words:
            kind = name
            del line.words[: len(words)]
            break
    if not kind:
        raise line.refuse(
            f"unknown object '{' '.join(line.words[:2])}'",
            "known are kustomization, source git, image repository, image policy, image update",
        )
    namespace = line.flag("-n", "--namespace", default="flux-system")
    return [makers[verb](kind=kind, name=name, namespace=namespace) for name in line.words or [""]]


def _kubectl(line: _Line) -> list[AnyAction]:
    namespace = line.flag("-n", "--namespace", default="default")
    verb = line.words.pop(0)
    manager = line.flag("--field-manager")
    match verb:
        case "rollout":
            verb = line.words.pop(0)
            name = _deployment(line)
            if verb == "undo":
                return [
                    actions.RolloutUndo(
                        deployment=name, namespace=namespace, to_revision=int(line.flag("--to-revision", default="0"))
                    )
                ]
            if verb == "restart":
                return [actions.RolloutRestart(deployment=name, namespace=namespace)]
            raise line.refuse(f"'kubectl rollout {verb}' changes nothing here", "known are undo and restart")
        case "set":
            if line.words.pop(0) != "image":
                raise line.refuse("only 'kubectl set image' is known")
            name = _deployment(line)
            container, _equals, image = line.words.pop(0).partition("=")
            return [
                actions.SetImage(
                    deployment=name,
                    namespace=namespace,
                    container="" if container == "*" else container,
                    image=image,
                    manager=manager or "kubectl-set",
                )
            ]
        case "scale":
            return [
                actions.Scale(
                    deployment=_deployment(line),
                    namespace=namespace,
                    replicas=int(line.flag("--replicas", default="-1")),
                )
            ]
        case "patch":
            kind, name = _kind_and_name(line)
            try:
                patch = json.loads(line.flag("-p", "--patch", default="{}"))
            except ValueError as error:
                raise line.refuse(f"the patch is no JSON: {error}") from error
            return [
                actions.Patch(
                    kind=kind, name=name, namespace=namespace, patch=patch, manager=manager or "kubectl-patch"
                )
            ]
        case "delete":
            kind, name = _kind_and_name(line)
            return [actions.Delete(kind=kind, name=name, namespace=namespace)]
        case _:
            raise line.refuse(
                f"'kubectl {verb}' changes nothing here",
                "known are rollout undo|restart, set image, scale, patch, delete",
            )


def _gh(line: _Line) -> list[AnyAction]:
    if line.words[:2] != ["workflow", "run"]:
        raise line.refuse("only 'gh workflow run' is known")
    workflow = line.words[2]
    fields = [*line.flags.get("-f", []), *line.flags.get("--raw-field", []), *line.flags.get("--field", [])]
    inputs = {name: value for name, _equals, value in (field.partition("=") for field in fields)}
    service = line.flag("-R", "--repo").rpartition("/")[2]
    return [
        actions.RunWorkflow(
            service=service,
            workflow=workflow.removesuffix(".yml"),
            branch=line.flag("--ref", default="main"),
            inputs=inputs,
        )
    ]


def _deployment(line: _Line) -> str:
    word = line.words.pop(0)
    if "/" in word:
        return word.partition("/")[2]
    if word in ("deployment", "deployments", "deploy"):
        return line.words.pop(0)
    raise line.refuse(f"expected deployment/NAME, found '{word}'")


def _kind_and_name(line: _Line) -> tuple[str, str]:
    word = line.words.pop(0)
    kind, slash, name = word.partition("/")
    return (kind, name) if slash else (word, line.words.pop(0))


_TOOLS: dict[str, Callable[[_Line], list[AnyAction]]] = {"flux": _flux, "kubectl": _kubectl, "gh": _gh}
