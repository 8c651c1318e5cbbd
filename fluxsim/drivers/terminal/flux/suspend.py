"""`flux suspend`. A name that is not found is told and is no error.

Source: flux2 v2.9.4 cmd/flux/suspend.go.
"""

from __future__ import annotations

from collections.abc import Sequence

from fluxsim.drivers.terminal.api import Api
from fluxsim.drivers.terminal.console import Console, Failed
from fluxsim.drivers.terminal.flux import kinds
from fluxsim.drivers.terminal.flux.settings import Settings
from fluxsim.world.commandline import Flag

FLAGS = (Flag("all", takes="switch"), Flag("message"))


def suspend(api: Api, settings: Settings, words: Sequence[str], console: Console) -> None:
    """Do what `flux suspend WORDS` does; Failed with its error."""
    kind, names = kinds.changed("suspend", words)
    everything = settings.given.on("all")
    if not names and not everything:
        raise Failed(f"{kind.human} name is required")
    if everything:
        objects = api.list(kind.kind, settings.namespace)
        if not objects:
            raise Failed("no objects found")
    else:
        objects = []
        for name in dict.fromkeys(names):
            found = api.list(kind.kind, settings.namespace, name=name)
            if not found:
                console.failure(f"{kind.kind.name} {name} not found in {settings.namespace} namespace")
            objects = [*objects, *found]
    for obj in objects:
        console.action(f"suspending {kind.human} {obj['metadata']['name']} in {settings.namespace} namespace")
        api.suspend(obj)
        console.success(f"{kind.human} suspended")
