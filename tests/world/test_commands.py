"""Command lines as actions: the tools' words that change something, and what is said where they do not."""

from __future__ import annotations

import pytest

from fluxsim.kernel.errors import InputError
from fluxsim.world import actions
from fluxsim.world.actions import AnyAction
from fluxsim.world.commands import parsed
from fluxsim.world.wording import told


@pytest.mark.parametrize(
    ("command", "action"),
    [
        (
            "flux suspend image update backend -n production",
            actions.Suspend(kind="ImageUpdateAutomation", name="backend", namespace="production"),
        ),
        ("flux -n a resume ks apps --wait=false", actions.Resume(kind="Kustomization", name="apps", namespace="a")),
        ("flux reconcile source git lab --timeout 1m", actions.Reconcile(kind="GitRepository", name="lab")),
        (
            "kubectl -n p set image deploy/backend backend=r/x:1",
            actions.SetImage(deployment="backend", namespace="p", container="backend", image="r/x:1"),
        ),
        (
            "kubectl rollout undo deployment backend --to-revision=3 --namespace p",
            actions.RolloutUndo(deployment="backend", namespace="p", to_revision=3),
        ),
        ("kubectl -n p rollout restart deploy/web", actions.RolloutRestart(deployment="web", namespace="p")),
        (
            "kubectl -n flux-system rollout restart deployment/source-controller",
            actions.RestartController(controller="source-controller"),
        ),
        ("kubectl -n p scale deploy/web --replicas 0", actions.Scale(deployment="web", namespace="p", replicas=0)),
        (
            """kubectl -n p patch ks apps --type merge -p '{"spec": {"suspend": true}}'""",
            actions.Patch(kind="ks", name="apps", namespace="p", patch={"spec": {"suspend": True}}),
        ),
        (
            "kubectl -n p annotate deploy/web kubernetes.io/change-cause='1.2 out' old-",
            actions.Patch(
                kind="deploy",
                name="web",
                namespace="p",
                patch={"metadata": {"annotations": {"kubernetes.io/change-cause": "1.2 out", "old": None}}},
                manager="kubectl-annotate",
            ),
        ),
        ("kubectl -n p delete pod web-1 --now", actions.Delete(kind="pod", name="web-1", namespace="p")),
        (
            "gh workflow run promote-production.yml -R acme/web -f staging_tag=a=b --ref develop",
            actions.RunWorkflow(
                service="web", workflow="promote-production", branch="develop", inputs={"staging_tag": "a=b"}
            ),
        ),
        ("git revert --no-edit HEAD~2 && git push", actions.Revert(commit="HEAD~2")),
        ("git -C backend revert abc1234", actions.Revert(repository="backend", commit="abc1234")),
        ("git push --force origin abc:main", actions.ForcePush(commit="abc", branch="main")),
        ("crane tag r.local:5000/a/web:1 2", actions.PushTag(image="r.local:5000/a/web", tag="2", source="1")),
        ("crane delete r.local/a/web:1", actions.DeleteTag(image="r.local/a/web", tag="1")),
    ],
)
def test_a_line_is_an_action(command: str, action: AnyAction) -> None:
    assert parsed(command).actions == (action,)


def test_several_names_are_several_actions() -> None:
    typed = parsed("flux suspend images policy a b")
    assert [one.name for one in typed.actions if one.do == "suspend"] == ["a", "b"]


@pytest.mark.parametrize(
    ("command", "text"),
    [
        ("", "an empty command"),
        ("helm upgrade x", "unknown tool 'helm'; known are crane, flux, gh, git, kubectl"),
        ("flux get ks", "'flux get' changes nothing here"),
        ("flux suspend", "unknown object ''"),
        ("flux suspend ks", "no name; name the Kustomization"),
        ("flux reconcile ks apps --with-source", "'--with-source' is two commands"),
        ("flux suspend ks apps --frob", "unknown flag: --frob"),
        ("kubectl apply -f x", "unknown shorthand flag: 'f' in -f"),
        ("kubectl get pods", "'kubectl get' changes nothing here"),
        ("kubectl scale deploy/web --replicas=two", "--replicas is no whole number: 'two'"),
        ("kubectl scale service/web --replicas=2", "expected deployment/NAME, found 'service'"),
        ("kubectl set image deploy/web", "no image; write it as CONTAINER=IMAGE"),
        ("kubectl set env deploy/web a=b", "only 'kubectl set image' is known"),
        ("kubectl patch ks apps -p '[1]'", "the patch is no JSON object"),
        ("kubectl patch ks apps --type json -p '[]'", "patches of type 'json' are not known; write"),
        ("kubectl rollout undo", "a word is missing at the end of 'kubectl rollout undo'"),
        ("gh pr create", "only 'gh workflow run' is known"),
        ("gh workflow run x.yml", "no repository"),
        ("gh workflow run x.yml -R a/b -f x", "field 'x' has no value"),
        ("git commit -m x", "unknown shorthand flag: 'm' in -m"),
        ("git push --force origin main", "no branch in 'main'; write it as COMMIT:BRANCH"),
        ("crane tag web 2", "'web' has no tag; write it as IMAGE:TAG"),
        ("crane ls web", "unknown words"),
    ],
)
def test_what_changes_nothing_says_what_would(command: str, text: str) -> None:
    with pytest.raises(InputError) as error:
        parsed(command)
    assert text in str(error.value).replace(f" in '{command}'", "")


@pytest.mark.parametrize(
    "command",
    [
        "flux suspend image update backend -n production",
        "flux reconcile source git flux-system -n flux-system",
        "kubectl -n production rollout undo deployment/backend --to-revision=2",
        "kubectl -n production scale deployment/backend --replicas=3",
        "crane delete registry.lab.local/acme/backend:v1",
        "kubectl -n flux-system rollout restart deployment/kustomize-controller",
    ],
)
def test_what_an_action_is_told_as_is_that_action(command: str) -> None:
    assert told(parsed(command).actions[0]) == command
