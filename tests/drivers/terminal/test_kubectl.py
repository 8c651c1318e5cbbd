"""kubectl before a world."""

from __future__ import annotations

import json

import pytest
from syrupy.assertion import SnapshotAssertion

from fluxsim.drivers.terminal import Terminal
from fluxsim.kernel.units import SECOND
from fluxsim.world.world import World
from tests.drivers.terminal.scene import promoted, settled

IMAGE = "kubectl -n production get deploy backend -o jsonpath='{.spec.template.spec.containers[0].image}{\"\\n\"}'"


@pytest.fixture(scope="module")
def quiet() -> tuple[World, Terminal]:
    """A world that its tests only look at."""
    return promoted()


@pytest.mark.parametrize(
    "command",
    [
        IMAGE,
        "kubectl get deploy -A",
        "kubectl -n production get deploy,rs",
        "kubectl -n production get pods",
        "kubectl -n production get deploy -o wide",
        "kubectl -n production get deploy backend frontend nope -o name",
        "kubectl -n production get deploy/backend rs/nope",
        "kubectl -n production get deploy backend --show-labels --no-headers",
        "kubectl -n production get deploy -o custom-columns=NAME:.metadata.name,ODD:.spec.nothing",
        "kubectl -n flux-system get ks",
        "kubectl -n flux-system get imagerepositories -o wide",
        "kubectl get ns",
        "kubectl -n production get svc -l app=backend",
        "kubectl -n production get events --field-selector involvedObject.kind=Deployment",
        "kubectl -n nowhere get pods",
        "kubectl get pods -A -l app=nothing",
        "kubectl -n production get deploy nope",
        "kubectl -n production get deploy nope --ignore-not-found",
        "kubectl get frobs",
        "kubectl get",
        "kubectl get deploy x -A",
        "kubectl get deploy -o frob",
        "kubectl -n production get deploy backend -o jsonpath='{.spec'",
        "kubectl -n production get deploy backend --frob",
        "kubectl -n production rollout status deployment/backend",
        "kubectl -n production rollout status deployment/backend --revision=9",
        "kubectl -n production rollout history deployment/backend",
        "kubectl -n production rollout history deployment/backend --revision=1",
        "kubectl -n production rollout history deployment/backend --revision=9",
        "kubectl -n production rollout status deployment/nope",
        "kubectl -n production rollout frob deployment/backend",
        "kubectl describe pod x",
        "kubectl",
    ],
)
def test_looks_as_the_real_tool(quiet: tuple[World, Terminal], command: str, snapshot: SnapshotAssertion) -> None:
    result = quiet[1].run(command)
    assert (result.exit_code, result.stdout, result.stderr) == snapshot


def test_json_leaves_managed_fields_out_unless_they_are_asked_for(quiet: tuple[World, Terminal]) -> None:
    plain = quiet[1].run("kubectl -n production get deploy backend -o json").stdout
    asked = quiet[1].run("kubectl -n production get deploy backend -o json --show-managed-fields").stdout
    assert plain.startswith('{\n    "apiVersion": "apps/v1",\n    "kind": "Deployment",\n')
    assert "managedFields" not in json.loads(plain)["metadata"]
    assert "managedFields" in json.loads(asked)["metadata"]


def test_several_objects_are_a_list(quiet: tuple[World, Terminal]) -> None:
    found = json.loads(quiet[1].run("kubectl -n production get deploy -o json").stdout)
    assert (found["kind"], [item["metadata"]["name"] for item in found["items"]]) == ("List", ["backend", "frontend"])
    assert quiet[1].run("kubectl -n production get deploy -o yaml").stdout.startswith("apiVersion: v1\nitems:\n- api")


def test_undo_returns_to_the_former_image_and_status_tells_the_rollout() -> None:
    world, terminal = promoted()
    new = terminal.run(IMAGE).stdout
    undone = terminal.run("kubectl -n production rollout undo deployment/backend")
    assert (undone.exit_code, undone.stdout) == (0, "deployment.apps/backend rolled back\n")
    before = world.now_ms
    status = terminal.run("kubectl -n production rollout status deployment/backend")
    lines = status.stdout.splitlines()
    assert lines[0] == "Waiting for deployment spec update to be observed..."
    assert lines[-1] == 'deployment "backend" successfully rolled out'
    assert world.now_ms > before
    assert terminal.run(IMAGE).stdout != new


def test_status_gives_up_after_its_timeout() -> None:
    world, terminal = settled()
    terminal.run("kubectl -n production set image deployment/backend backend=registry.lab.local/acme/backend:nope")
    before = world.now_ms
    status = terminal.run("kubectl -n production rollout status deployment/backend --timeout=30s")
    assert (status.exit_code, status.stderr) == (1, "error: timed out waiting for the condition\n")
    assert world.now_ms - before == 30 * SECOND


@pytest.mark.parametrize(
    ("command", "shown", "code"),
    [
        ("set image deployment/backend nope=x:1", 'error: unable to find container named "nope"\n', 1),
        ("set image deployment/backend '*=x:1'", "deployment.apps/backend image updated\n", 0),
        ("scale deployment/backend --replicas=5", "deployment.apps/backend scaled\n", 0),
        ("scale deployment/nope --replicas=5", 'Error from server (NotFound): deployments.apps "nope" not found\n', 1),
        ("scale deployment/backend --replicas=many", "error: --replicas is no whole number: 'many'\n", 1),
        ("rollout restart deployment/backend", "deployment.apps/backend restarted\n", 0),
        (
            "rollout undo deployment/backend --to-revision=42",
            "error: unable to find specified revision 42 in history\n",
            1,
        ),
        ("rollout pause deployment/backend", "deployment.apps/backend paused\n", 0),
        ("rollout resume deployment/backend", 'error: deployments.apps "backend" is not paused\n', 1),
        ("annotate deployment/backend a/b=c", "deployment.apps/backend annotated\n", 0),
        ("label deployment/backend a=b", "deployment.apps/backend labeled\n", 0),
        ("annotate deployment/backend", "error: at least one annotation update is required\n", 1),
        ("patch deployment backend -p '{}'", "deployment.apps/backend patched (no change)\n", 0),
        ("patch deployment backend -p '{'", None, 1),
    ],
)
def test_changes_are_told_in_kubectls_words(command: str, shown: str | None, code: int) -> None:
    _world, terminal = settled()
    result = terminal.run(f"kubectl -n production {command}")
    assert result.exit_code == code
    if shown is not None:
        assert result.shown == shown


def test_pausing_twice_is_refused() -> None:
    _world, terminal = settled()
    terminal.run("kubectl -n production rollout pause deployment/backend")
    again = terminal.run("kubectl -n production rollout pause deployment/backend")
    assert (again.exit_code, again.stderr) == (1, 'error: deployments.apps "backend" is already paused\n')
