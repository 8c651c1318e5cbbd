"""kubectl's words that change something, turned into actions. The manager of each is the one that kubectl gives itself."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import get_args

from fluxsim.formats.tree import Json
from fluxsim.world import actions
from fluxsim.world.actions import AnyAction
from fluxsim.world.commandline import Arguments, Flag, Unreadable, arguments

FLAGS = (
    Flag("namespace", "n"),
    Flag("field-manager"),
    Flag("to-revision"),
    Flag("replicas"),
    Flag("patch", "p"),
    Flag("type"),
    Flag("overwrite", takes="switch"),
    Flag("context"),
    Flag("kubeconfig"),
    Flag("now", takes="switch"),
    Flag("wait", takes="switch"),
)
CONTROLLERS: tuple[str, ...] = get_args(actions.RestartController.model_fields["controller"].annotation)
_DEPLOYMENTS = ("deployment", "deployments", "deploy", "deployment.apps", "deployments.apps")


def kubectl(tokens: Sequence[str]) -> list[AnyAction]:
    """Return the actions; Unreadable where the words mean none, IndexError where one is missing at the end."""
    given = arguments(tokens, FLAGS)
    namespace = given.text("namespace", "default")
    manager = given.text("field-manager")
    words = list(given.words)
    verb = words.pop(0)
    match verb:
        case "rollout":
            return [_rollout(words, given, namespace)]
        case "set":
            if words.pop(0) != "image":
                raise Unreadable("only 'kubectl set image' is known")
            name = _deployment(words)
            pairs = [word.partition("=") for word in words]
            if not pairs or not all(equals for _container, equals, _image in pairs):
                raise Unreadable("no image", "write it as CONTAINER=IMAGE")
            return [
                actions.SetImage(
                    deployment=name,
                    namespace=namespace,
                    container="" if container == "*" else container,
                    image=image,
                    manager=manager or "kubectl-set",
                )
                for container, _equals, image in pairs
            ]
        case "scale":
            replicas = _whole(given.text("replicas"), "--replicas")
            return [
                actions.Scale(deployment=name, namespace=namespace, replicas=replicas) for name in [_deployment(words)]
            ]
        case "patch":
            return [_patch(words, given, namespace)]
        case "annotate" | "label":
            return [_marked(verb, words, namespace, manager)]
        case "delete":
            kind, name = kind_and_name(words)
            return [actions.Delete(kind=kind, name=name, namespace=namespace)]
        case _:
            raise Unreadable(
                f"'kubectl {verb}' changes nothing here",
                "known are rollout undo|restart|pause|resume, set image, scale, patch, annotate, label, delete",
            )


def _rollout(words: list[str], given: Arguments, namespace: str) -> AnyAction:
    verb = words.pop(0)
    name = _deployment(words)
    match verb:
        case "undo":
            revision = _whole(given.text("to-revision", "0"), "--to-revision")
            return actions.RolloutUndo(deployment=name, namespace=namespace, to_revision=revision)
        case "restart":
            if namespace == "flux-system" and name in CONTROLLERS:
                return actions.RestartController.model_validate({"controller": name})
            return actions.RolloutRestart(deployment=name, namespace=namespace)
        case "pause" | "resume":
            return actions.Patch(
                kind="Deployment",
                name=name,
                namespace=namespace,
                patch={"spec": {"paused": True if verb == "pause" else None}},
                manager="kubectl-rollout",
            )
        case _:
            raise Unreadable(f"'kubectl rollout {verb}' changes nothing here", "known are undo, restart, pause, resume")


def _patch(words: list[str], given: Arguments, namespace: str) -> AnyAction:
    kind, name = kind_and_name(words)
    if given.text("type", "strategic") not in ("merge", "strategic"):
        raise Unreadable(f"patches of type '{given.text('type')}' are not known", "write a merge patch")
    try:
        patch: Json = json.loads(given.text("patch"))
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"the patch is no JSON: {error}") from error
    if not isinstance(patch, dict):
        raise Unreadable("the patch is no JSON object", 'write it as {"spec": {…}}')
    manager = given.text("field-manager") or "kubectl-patch"
    return actions.Patch(kind=kind, name=name, namespace=namespace, patch=patch, manager=manager)


def _marked(verb: str, words: list[str], namespace: str, manager: str) -> AnyAction:
    """`kubectl annotate` and `label`: NAME=VALUE sets, NAME- takes away."""
    kind, name = kind_and_name(words)
    changes: dict[str, str | None] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals and not word.endswith("-"):
            raise Unreadable(f"'{word}' changes nothing", "write it as NAME=VALUE, or NAME- to take it away")
        changes[key if equals else word[:-1]] = value if equals else None
    if not changes:
        raise Unreadable(f"at least one {'annotation' if verb == 'annotate' else 'label'} update is required")
    field = "annotations" if verb == "annotate" else "labels"
    return actions.Patch(
        kind=kind,
        name=name,
        namespace=namespace,
        patch={"metadata": {field: changes}},
        manager=manager or f"kubectl-{verb}",
    )


def kind_and_name(words: list[str]) -> tuple[str, str]:
    """Take `KIND NAME` or `KIND/NAME` from the front of the words."""
    word = words.pop(0)
    kind, slash, name = word.partition("/")
    return (kind, name) if slash else (word, words.pop(0))


def _deployment(words: list[str]) -> str:
    kind, name = kind_and_name(words)
    if kind.lower() not in _DEPLOYMENTS:
        raise Unreadable(f"expected deployment/NAME, found '{kind}'")
    return name


def _whole(text: str, flag: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise Unreadable(f"{flag} is no whole number: '{text}'")
    return int(text)
