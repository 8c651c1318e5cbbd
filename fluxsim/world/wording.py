"""An action in words: the command that does it, or a sentence where there is none."""

from __future__ import annotations

from fluxsim.world import actions
from fluxsim.world.actions import AnyAction


def told(action: AnyAction) -> str:
    """Return the command that does an action, or a sentence where there is none."""
    match action:
        case actions.Commit():
            return f"git commit -m '{action.message.splitlines()[0]}' && git push"
        case actions.Revert():
            which = (
                action.commit
                if action.commit != "newest"
                else f"the newest commit of {action.author or 'all'} under {action.path or '.'}"
            )
            return f"git revert {which} && git push"
        case actions.ForcePush():
            return f"git push --force origin {action.commit}:{action.branch or 'main'}"
        case actions.ProtectBranch():
            return f"branch {action.branch or 'main'} is {'no longer ' if action.off else ''}protected"
        case actions.DeployKey():
            return f"the deploy key becomes {action.access}"
        case actions.PushCode():
            return f"git push origin {action.branch}: {action.message} ({action.service})"
        case actions.RunWorkflow():
            inputs = "".join(f" -f {name}={value}" for name, value in action.inputs.items())
            return f"gh workflow run {action.workflow} -R {action.service}{inputs}"
        case actions.PushTag():
            return f"crane tag {action.image}:{action.source or '(a new build)'} {action.tag}"
        case actions.DeleteTag():
            return f"crane delete {action.image}:{action.tag}"
        case actions.Retention():
            return f"registry retention of {action.image}: keep {action.keep}"
        case actions.Break():
            return f"{action.what} breaks: {action.mode}"
        case actions.Heal():
            return f"{action.what} heals"
        case actions.Suspend() | actions.Resume() | actions.Reconcile():
            return f"flux {action.do} {_flux_words(action.kind)} {action.name} -n {action.namespace}"
        case actions.Patch():
            where = f" -n {action.namespace}" if action.namespace else ""
            return f"kubectl patch {action.kind} {action.name}{where} --field-manager={action.manager}"
        case actions.Apply():
            return f"kubectl apply -f {action.manifest.get('kind', '')}"
        case actions.Delete():
            return f"kubectl delete {action.kind} {action.name} -n {action.namespace}"
        case actions.SetImage():
            return f"kubectl -n {action.namespace} set image deployment/{action.deployment} {action.container or '*'}={action.image}"
        case actions.RolloutUndo():
            target = f" --to-revision={action.to_revision}" if action.to_revision else ""
            return f"kubectl -n {action.namespace} rollout undo deployment/{action.deployment}{target}"
        case actions.RolloutRestart():
            return f"kubectl -n {action.namespace} rollout restart deployment/{action.deployment}"
        case actions.Scale():
            return f"kubectl -n {action.namespace} scale deployment/{action.deployment} --replicas={action.replicas}"
        case actions.RestartController():
            return f"kubectl -n flux-system rollout restart deployment/{action.controller}"
        case actions.Command():
            return action.command


def _flux_words(kind: str) -> str:
    words = {
        "GitRepository": "source git",
        "Kustomization": "kustomization",
        "ImageRepository": "image repository",
        "ImagePolicy": "image policy",
        "ImageUpdateAutomation": "image update",
    }
    return words.get(kind, kind)
