"""`flux resume`: of one object it waits for the reconciliation that follows, of several only with `--wait`.

Source: flux2 v2.9.4 cmd/flux/resume.go.
"""

from __future__ import annotations

from collections.abc import Sequence

from fluxsim.drivers.terminal.api import Api
from fluxsim.drivers.terminal.console import Console, Failed
from fluxsim.drivers.terminal.flux import kinds
from fluxsim.drivers.terminal.flux.settings import Settings
from fluxsim.drivers.terminal.flux.waiting import until_current
from fluxsim.formats.tree import Json
from fluxsim.kube.meta import key_of
from fluxsim.world.commandline import Flag

FLAGS = (Flag("all", takes="switch"), Flag("wait", takes="switch"))


def resume(api: Api, settings: Settings, words: Sequence[str], console: Console) -> None:
    """Do what `flux resume WORDS` does; Failed with its error."""
    kind, names = kinds.changed("resume", words)
    everything = settings.given.on("all")
    if not names and not everything:
        raise Failed(f"{kind.human} name is required")
    resumed: list[Json] = []
    for name in [""] if everything else dict.fromkeys(names):
        found = api.list(kind.kind, settings.namespace, name=name)
        if not found:
            # With several names the message names the first one, whichever is missing.
            missing = (
                f"{kind.kind.name} object '{names[0]}' not found" if names else f"no {kind.kind.name} objects found"
            )
            console.failure(f"{missing} in {settings.namespace} namespace")
        for obj in found:
            console.action(f"resuming {kind.human} {obj['metadata']['name']} in {settings.namespace} namespace")
            api.resume(obj)
            console.success(f"{kind.human} resumed")
            resumed.append(obj)
    if resumed and settings.given.on("wait", default=len(names) == 1):
        _wait(api, settings, kind, resumed, console)


def _wait(api: Api, settings: Settings, kind: kinds.FluxKind, resumed: Sequence[Json], console: Console) -> None:
    """Wait for all of them at once, as far as one after the other can."""
    deadline_ms = api.now_ms + settings.timeout_ms
    for _obj in resumed:
        console.waiting(f"waiting for {kind.kind.name} reconciliation")
    failed = 0
    for obj in resumed:
        key = key_of(obj)
        try:
            current = until_current(api, key, max(deadline_ms - api.now_ms, 0))
        except Failed as error:
            console.failure(f"{kind.kind.name} {key.name} reconciliation failed: {error.message}")
            failed += 1
        else:
            console.success(f"{kind.kind.name} {key.name} reconciliation completed")
            console.success(kind.done(current))
    if failed:
        raise Failed(f"reconciliation failed for {failed} {kind.kind.name}(s)")
