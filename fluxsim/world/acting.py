"""How each action is done. What an action refuses is in its outcome, in the words of the tool that people would have used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fluxsim.controllers.flux.lifecycle import REQUESTED_AT
from fluxsim.controllers.workloads import revisions
from fluxsim.formats.durations import parse_millis
from fluxsim.formats.tree import Json, Map, evolve, get
from fluxsim.kernel.errors import Fault, InputError, did_you_mean
from fluxsim.kernel.units import rfc3339_millis
from fluxsim.kube.errors import ApiError, NotFound
from fluxsim.kube.kinds import served
from fluxsim.kube.lookup import kind_named
from fluxsim.kube.meta import DEPLOYMENT, REPLICA_SET, Key, annotations_of
from fluxsim.systems.gitserver import Author, GitError, GitRepository, InvalidPath
from fluxsim.systems.registry import RegistryError
from fluxsim.world import actions, example
from fluxsim.world.actions import GITOPS, AnyAction
from fluxsim.world.edits import EditRefused, changes_of
from fluxsim.world.setup import Service
from fluxsim.world.wording import told

if TYPE_CHECKING:
    from fluxsim.world.world import World

PEOPLE_DOMAIN = "acme.example"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an action came to. `seq` is its event; `command` what people would have typed; `lines` what was printed."""

    seq: int
    command: str
    lines: tuple[str, ...] = ()
    error: str = ""
    commit: str = ""


class Refusal(Exception):
    """The tool said no; the text is the tool's."""


@dataclass(slots=True)
class _Done:
    lines: tuple[str, ...] = ()
    commit: str = ""


@dataclass(slots=True)
class _Taken:
    """An action in progress: the cause of what it does."""

    seq: int

    def seqs(self) -> tuple[int, ...]:
        return (self.seq,)


class Acting:
    """Does actions to a world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def do(self, action: AnyAction) -> Outcome:
        """Do it; InputError where it names what cannot be."""
        if isinstance(action, actions.Command):
            from fluxsim.world.commands import parsed

            typed = parsed(action.command)
            outcome: Outcome | None = None
            for one in typed.actions:
                outcome = self.do(one.model_copy(update={"by": action.by}))
            seq = outcome.seq if outcome is not None else self._log(action, action.command)
            return Outcome(
                seq,
                action.command,
                outcome.lines if outcome else (),
                outcome.error if outcome else "",
                outcome.commit if outcome else "",
            )
        command = told(action)
        do: Callable[[Any], _Done] = getattr(self, f"_{action.do.replace('-', '_')}")
        seq = self._log(action, command)
        with self._world.log.caused_by(_Taken(seq)):
            try:
                done = do(action)
            except ApiError as error:
                return Outcome(seq, command, error=f"Error from server ({error.reason}): {error.message}")
            except (GitError, RegistryError, Refusal, EditRefused, InvalidPath) as error:
                printed = getattr(error, "printed", str(error))
                return Outcome(seq, command, error=printed)
        return Outcome(seq, command, done.lines, commit=done.commit)

    def _log(self, action: AnyAction, command: str) -> int:
        data = {"action": action.model_dump(mode="json", exclude_defaults=True) | {"do": action.do}, "told": command}
        return self._world.log.append("action.taken", action.by, data).seq

    # -- Git

    def _commit(self, action: actions.Commit) -> _Done:
        repository, branch = self._repository(action.repository, action.branch)
        changes = changes_of(action.edits, repository, branch)
        commit = repository.commit(
            branch,
            changes,
            author=person(action.by),
            when_s=self._world.clock.unix_s,
            message=action.message,
            actor=action.by,
        )
        return _Done((f"[{branch} {commit[:7]}] {action.message.splitlines()[0]}",), commit)

    def _revert(self, action: actions.Revert) -> _Done:
        repository, branch = self._repository(action.repository, action.branch)
        wanted = self._named_commit(repository, branch, action)
        commit = repository.revert(
            wanted,
            branch,
            author=person(action.by),
            when_s=self._world.clock.unix_s,
            actor=action.by,
            note={"reverts": wanted},
        )
        return _Done((f'[{branch} {commit[:7]}] Revert "{repository.commit_of(wanted).subject}"',), commit)

    def _named_commit(self, repository: GitRepository, branch: str, action: actions.Revert) -> str:
        if action.commit != "newest":
            return repository.resolve(action.commit, branch)
        for commit in repository.log(repository.head(branch), action.path, author=action.author):
            return commit.id
        raise Refusal(f"no commit by {action.author or 'anyone'} under {action.path or 'the repository'}")

    def _force_push(self, action: actions.ForcePush) -> _Done:
        repository, branch = self._repository(action.repository, action.branch)
        wanted = repository.resolve(action.commit, branch)
        repository.push(f"refs/heads/{branch}", repository.head(branch), wanted, action.by, force=True)
        return _Done((f" + {branch} -> {wanted[:7]} (forced update)",), wanted)

    def _protect_branch(self, action: actions.ProtectBranch) -> _Done:
        repository, branch = self._repository(action.repository, action.branch)
        if action.off:
            repository.unprotect(branch)
        else:
            repository.protect(branch, action.allow)
        return _Done()

    def _deploy_key(self, action: actions.DeployKey) -> _Done:
        source = self._world.setup.root.git_repository
        name = get(source, "spec", "secretRef", "name")
        namespace = source["metadata"].get("namespace") or "flux-system"
        self._world.gitops.grant(f"{namespace}/{name}" if name else "fluxcdbot", action.access)
        return _Done()

    def _repository(self, name: str, branch: str) -> tuple[GitRepository, str]:
        if name == GITOPS:
            return self._world.gitops, branch or self._world.setup.branch
        return self._world.ci.repository(self._service(name).name), branch or "main"

    # -- CI and registry

    def _push_code(self, action: actions.PushCode) -> _Done:
        service = self._service(action.service)
        workflow = example.workflow(action.workflow, service.image) if action.workflow is not None else None
        repository = self._world.ci.repository(service.name)
        author = person(action.by)
        commit = self._world.ci.push_code(repository, action.branch, action.message, action.app, author, workflow)
        return _Done((f"[{action.branch} {commit[:7]}] {action.message}",), commit)

    def _run_workflow(self, action: actions.RunWorkflow) -> _Done:
        service = self._service(action.service)
        run = self._world.ci.dispatch(service.name, action.workflow, action.branch, action.inputs, action.by)
        return _Done((f"✓ Created workflow_dispatch event for {action.workflow}.yml at {action.branch}", f"run {run}"))

    def _push_tag(self, action: actions.PushTag) -> _Done:
        digest = self._world.supply.push_by_hand(action.image, action.tag, action.source, action.app, action.by)
        return _Done((f"{action.image}:{action.tag} {digest}",))

    def _delete_tag(self, action: actions.DeleteTag) -> _Done:
        self._world.supply.delete(action.image, action.tag, action.by)
        return _Done((f"{action.image}:{action.tag} deleted",))

    def _retention(self, action: actions.Retention) -> _Done:
        gone = self._world.supply.retain(
            action.image, action.keep, per_family=action.per_family, protect=action.protect
        )
        return _Done(tuple(f"{action.image}:{tag} deleted" for tag in gone))

    def _service(self, name: str) -> Service:
        for service in self._world.setup.services:
            if service.name == name:
                return service
        known = [service.name for service in self._world.setup.services]
        raise InputError(Fault("", f"no service '{name}'", did_you_mean(name, known)))

    # -- mischief

    def _break(self, action: actions.Break) -> _Done:
        self._check_mode(action)
        if action.what == "git":
            self._world.git.fail("auth" if action.mode in ("auth", "expired-token") else "outage")
        else:
            self._world.supply.fail(action.mode, action.image, action.drop)
        data = {"what": action.what, "mode": action.mode} | ({"image": action.image} if action.image else {})
        event = self._world.log.append("fault.started", action.by, data)
        if action.lasts:
            heal = actions.Heal(by=action.by, what=action.what, image=action.image)
            self._world.later(parse_millis(action.lasts), lambda: self._healed(heal, (event.seq,)))
        return _Done()

    def _heal(self, action: actions.Heal) -> _Done:
        self._healed(action, None)
        return _Done()

    def _healed(self, action: actions.Heal, because: tuple[int, ...] | None) -> None:
        if action.what == "git":
            self._world.git.heal()
        else:
            self._world.supply.heal(action.image)
        data = {"what": action.what} | ({"image": action.image} if action.image else {})
        self._world.log.append("fault.healed", action.by, data, because=because)

    def _check_mode(self, action: actions.Break) -> None:
        fitting = {
            "git": ("outage", "auth", "expired-token"),
            "registry": ("outage", "rate-limit", "expired-token", "truncated-list", "stale-list"),
        }
        if action.mode not in fitting[action.what]:
            raise InputError(
                Fault(
                    "",
                    f"'{action.what}' cannot break by '{action.mode}'",
                    f"choose one of {', '.join(fitting[action.what])}",
                )
            )

    def _restart_controller(self, action: actions.RestartController) -> _Done:
        event = self._world.log.append("controller.restarted", action.by, {"controller": action.controller})
        self._world.cluster.restart(action.controller, (event.seq,))
        return _Done()

    # -- the API

    def _suspend(self, action: actions.Suspend) -> _Done:
        key = self._key(action.kind, action.namespace, action.name)
        self._world.store.need(key)
        self._world.store.patch(key, {"spec": {"suspend": True}}, manager=action.manager)
        return _Done()

    def _resume(self, action: actions.Resume) -> _Done:
        key = self._key(action.kind, action.namespace, action.name)
        self._world.store.need(key)
        self._world.store.patch(key, {"spec": {"suspend": None}}, manager=action.manager)
        return _Done()

    def _reconcile(self, action: actions.Reconcile) -> _Done:
        key = self._key(action.kind, action.namespace, action.name)
        obj = self._world.store.need(key)
        if get(obj, "spec", "suspend"):
            raise Refusal("✗ resource is suspended")
        stamp = rfc3339_millis(self._world.clock.epoch_ms + self._world.now_ms)
        self._world.store.patch(key, {"metadata": {"annotations": {REQUESTED_AT: stamp}}}, manager="flux")
        return _Done()

    def _patch(self, action: actions.Patch) -> _Done:
        key = self._key(action.kind, action.namespace, action.name)
        before = self._world.store.need(key)
        after = self._world.store.patch(key, action.patch, manager=action.manager)
        word = "patched" if after is not before else "patched (no change)"
        return _Done((f"{_resource(key)} {word}",))

    def _apply(self, action: actions.Apply) -> _Done:
        obj = self._world.store.apply(action.manifest, manager=action.manager, force=action.force)
        return _Done((f"{obj['kind'].lower()}/{obj['metadata']['name']} serverside-applied",))

    def _delete(self, action: actions.Delete) -> _Done:
        key = self._key(action.kind, action.namespace, action.name)
        self._world.store.delete(key, manager="kubectl-delete")
        return _Done((f'{_resource(key).partition("/")[0]} "{key.name}" deleted',))

    def _set_image(self, action: actions.SetImage) -> _Done:
        deployment = self._world.store.need(Key(DEPLOYMENT, action.namespace, action.deployment))
        containers = deployment["spec"]["template"]["spec"]["containers"]
        name = action.container or containers[0]["name"]
        if name not in {container["name"] for container in containers}:
            raise Refusal(f'error: unable to find container named "{name}"')
        changed = [
            container | {"image": action.image} if container["name"] == name else container for container in containers
        ]
        return self._changed(
            deployment, ("spec", "template", "spec", "containers"), changed, action.manager, "image updated"
        )

    def _scale(self, action: actions.Scale) -> _Done:
        deployment = self._world.store.need(Key(DEPLOYMENT, action.namespace, action.deployment))
        self._world.store.replace(
            deployment,
            evolve(deployment, ("spec", "replicas"), action.replicas),
            manager="kubectl",
            subresource="scale",
        )
        return _Done((f"deployment.apps/{action.deployment} scaled",))

    def _rollout_restart(self, action: actions.RolloutRestart) -> _Done:
        deployment = self._world.store.need(Key(DEPLOYMENT, action.namespace, action.deployment))
        path = ("spec", "template", "metadata", "annotations", "kubectl.kubernetes.io/restartedAt")
        return self._changed(deployment, path, self._world.clock.now_text(), "kubectl-rollout", "restarted")

    def _rollout_undo(self, action: actions.RolloutUndo) -> _Done:
        deployment = self._world.store.need(Key(DEPLOYMENT, action.namespace, action.deployment))
        if deployment["spec"].get("paused"):
            raise Refusal(
                "error: you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and try again"
            )
        target = self._revision(deployment, action.to_revision)
        template = revisions.plain_template(target)
        if template == deployment["spec"]["template"]:
            text = f"skipped rollback (current template already matches revision {action.to_revision})"
            return _Done((f"deployment.apps/{action.deployment} {text}",))
        kept = {name: value for name, value in annotations_of(deployment).items() if name in revisions.NOT_COPIED}
        taken = {name: value for name, value in annotations_of(target).items() if name not in revisions.NOT_COPIED}
        new = evolve(evolve(deployment, ("spec", "template"), template), ("metadata", "annotations"), kept | taken)
        self._world.store.replace(deployment, new, manager="kubectl")
        return _Done((f"deployment.apps/{action.deployment} rolled back",))

    def _revision(self, deployment: Map, wanted: int) -> Map:
        store = self._world.store
        sets = [store.need(key) for key in store.owned_by(deployment["metadata"]["uid"]) if key.kind == REPLICA_SET]
        by_number = {revisions.number(one): one for one in sets}
        if wanted:
            if wanted not in by_number:
                raise Refusal(f"error: unable to find specified revision {wanted} in history")
            return by_number[wanted]
        ordered = sorted(by_number, reverse=True)
        if len(ordered) < 2:
            raise Refusal(f'error: no rollout history found for deployment "{deployment["metadata"]["name"]}"')
        return by_number[ordered[1]]

    def _changed(self, deployment: Map, path: tuple[str | int, ...], value: Json, manager: str, word: str) -> _Done:
        after = self._world.store.replace(deployment, evolve(deployment, path, value), manager=manager)
        name = f"deployment.apps/{deployment['metadata']['name']}"
        return _Done((f"{name} {word}",) if after is not deployment else ())

    def _key(self, kind: str, namespace: str, name: str) -> Key:
        found = kind_named(kind)
        if found is None:
            raise NotFound(f'the server doesn\'t have a resource type "{kind}"')
        return Key(found, namespace if served(found).namespaced else "", name)


def person(name: str) -> Author:
    """Return a person of the lab as Git knows them."""
    return Author(name, f"{name.lower().replace(' ', '.')}@{PEOPLE_DOMAIN}")


def _resource(key: Key) -> str:
    row = served(key.kind)
    name = key.kind.name.lower()
    return f"{name}.{row.kind.group}/{key.name}" if row.kind.group else f"{name}/{key.name}"
