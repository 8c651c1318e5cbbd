"""`kubectl rollout status` and `history`: how far a Deployment is, and its revisions.

Source: kubectl v1.32 pkg/polymorphichelpers/rollout_status.go, history.go; pkg/cmd/rollout.
"""

from __future__ import annotations

from collections.abc import Sequence

from fluxsim.drivers.terminal.api import Api
from fluxsim.drivers.terminal.console import Console, Failed
from fluxsim.drivers.terminal.tables import tabbed
from fluxsim.formats.durations import InvalidDuration, parse_millis
from fluxsim.formats.goyaml_write import dump
from fluxsim.formats.tree import Json, get
from fluxsim.kernel.units import HOUR, Millis
from fluxsim.kube.errors import NotFound
from fluxsim.kube.meta import DEPLOYMENT, REPLICA_SET, Key, annotations_of, condition, controller_of
from fluxsim.world.commandline import Arguments, Flag

STATUS_FLAGS = (Flag("watch", "w", "switch"), Flag("timeout"), Flag("revision"))
HISTORY_FLAGS = (Flag("revision"), Flag("output", "o"))
REVISION = "deployment.kubernetes.io/revision"
CHANGE_CAUSE = "kubernetes.io/change-cause"
PATIENCE_MS: Millis = 24 * HOUR
"""How long `status` without a timeout looks at what does not end, a paused Deployment: a person presses Ctrl-C."""


def status(api: Api, key: Key, given: Arguments, console: Console) -> int:
    """Print how the rollout goes until it is over; return the exit code. Failed with kubectl's error."""
    wanted = given.text("revision", "0")
    try:
        timeout_ms = parse_millis(given.text("timeout", "0s")) or PATIENCE_MS
    except InvalidDuration as error:
        raise Failed(f'error: invalid argument "{given.text("timeout")}" for "--timeout" flag: {error}') from error
    api.get(key)
    for obj in api.watch(DEPLOYMENT, key.namespace, name=key.name, timeout_ms=timeout_ms):
        text, done = progress(obj, wanted)
        console.out(text)
        if done or not given.on("watch", default=True):
            return 0
    try:
        api.get(key)
    except NotFound:
        raise Failed("error: object has been deleted") from None
    raise Failed("error: timed out waiting for the condition")


def progress(obj: Json, wanted: str = "0") -> tuple[str, bool]:
    """Return the line that tells how far a rollout is, and whether it is over; Failed where it cannot end well."""
    name = obj["metadata"]["name"]
    running = annotations_of(obj).get(REVISION, "0")
    if wanted not in ("0", running):
        raise Failed(f"error: desired revision ({wanted}) is different from the running revision ({running})")
    if obj["metadata"].get("generation", 0) > get(obj, "status", "observedGeneration", default=0):
        return "Waiting for deployment spec update to be observed...\n", False
    progressing = condition(obj, "Progressing")
    if progressing is not None and progressing.get("reason") == "ProgressDeadlineExceeded":
        raise Failed(f'error: deployment "{name}" exceeded its progress deadline')
    replicas = get(obj, "spec", "replicas", default=None)
    total, updated, available = (
        int(get(obj, "status", field, default=0) or 0) for field in ("replicas", "updatedReplicas", "availableReplicas")
    )
    waiting = f'Waiting for deployment "{name}" rollout to finish: '
    if replicas is not None and updated < replicas:
        return f"{waiting}{updated} out of {replicas} new replicas have been updated...\n", False
    if total > updated:
        return f"{waiting}{total - updated} old replicas are pending termination...\n", False
    if available < updated:
        return f"{waiting}{available} of {updated} updated replicas are available...\n", False
    return f'deployment "{name}" successfully rolled out\n', True


def history(api: Api, key: Key, given: Arguments, console: Console) -> None:
    """Print the revisions of a Deployment, or one of them."""
    deployment = api.get(key)
    sets = {
        int(annotations_of(one).get(REVISION, "0")): one
        for one in api.list(REPLICA_SET, key.namespace)
        if (controller_of(one) or {}).get("uid") == deployment["metadata"].get("uid")
    }
    wanted = given.text("revision")
    if wanted:
        console.out(_one(key, sets, wanted, given))
        return
    console.out(f"deployment.apps/{key.name} \n")
    if not sets:
        console.out("No rollout history found.\n")
        return
    rows: list[Sequence[str]] = [("REVISION", "CHANGE-CAUSE")]
    rows += [(str(number), annotations_of(sets[number]).get(CHANGE_CAUSE) or "<none>") for number in sorted(sets)]
    console.out(tabbed(rows, padding=2, width_min=0) + "\n")


def _one(key: Key, sets: dict[int, Json], wanted: str, given: Arguments) -> str:
    if not wanted.lstrip("-").isdecimal() or int(wanted) < 0:
        raise Failed(f"error: revision must be a positive integer: {wanted}")
    found = sets.get(int(wanted))
    if found is None:
        raise Failed("error: unable to find the specified revision")
    if given.text("output") == "yaml":
        return dump(found)
    return f"deployment.apps/{key.name} with revision #{int(wanted)}\n{_template(found['spec']['template'])}\n"


def _template(template: Json) -> str:
    """Return what tells one revision from another: labels and containers as `kubectl describe` writes them."""
    labels = [f"{name}={value}" for name, value in sorted((get(template, "metadata", "labels") or {}).items())]
    lines = [
        "Pod Template:",
        f"  Labels:\t{labels[0] if labels else '<none>'}",
        *(f"\t{label}" for label in labels[1:]),
    ]
    lines.append("  Containers:")
    for container in get(template, "spec", "containers", default=None) or ():
        ports = [f"{port['containerPort']}/{port.get('protocol', 'TCP')}" for port in container.get("ports") or ()]
        lines += [f"   {container['name']}:", f"    Image:\t{container['image']}"]
        lines += [
            f"    Port:\t{', '.join(ports) or '<none>'}",
            f"    Host Port:\t{', '.join('0/TCP' for _ in ports) or '<none>'}",
        ]
        environment = container.get("env") or ()
        if not environment:
            lines.append("    Environment:\t<none>")
        else:
            lines.append("    Environment:")
            lines += [f"      {one['name']}:\t{one.get('value', '')}" for one in environment]
        lines.append("    Mounts:\t<none>")
    lines += ["  Volumes:\t<none>", "  Node-Selectors:\t<none>", "  Tolerations:\t<none>"]
    return "\n".join(lines) + "\n"
