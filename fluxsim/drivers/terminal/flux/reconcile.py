"""`flux reconcile`: asks for a reconciliation and waits until it was handled.

A Kustomization that fails stays InProgress, so the command waits until its timeout and does not show the failure.
Source: flux2 v2.9.4 cmd/flux/reconcile.go, reconcile_with_source.go.
"""

from __future__ import annotations

from collections.abc import Sequence

from fluxsim.drivers.terminal.api import Api
from fluxsim.drivers.terminal.console import Console, Failed
from fluxsim.drivers.terminal.flux import kinds
from fluxsim.drivers.terminal.flux.kinds import FluxKind
from fluxsim.drivers.terminal.flux.settings import Settings
from fluxsim.drivers.terminal.flux.waiting import until_current
from fluxsim.formats.tree import Json, get
from fluxsim.kube.meta import Key
from fluxsim.world.commandline import Flag

FLAGS = (Flag("with-source", takes="switch"), Flag("force", takes="switch"), Flag("reset", takes="switch"))


def reconcile(api: Api, settings: Settings, words: Sequence[str], console: Console) -> None:
    """Do what `flux reconcile WORDS` does; Failed with its error."""
    kind, names = kinds.changed("reconcile", words)
    if not names:
        raise Failed(f"{kind.kind.name} name is required")
    key = Key(kind.kind, settings.namespace, names[0])
    if kind is kinds.KUSTOMIZATION and settings.given.on("with-source"):
        obj = api.get(key)
        if kinds.suspended(obj):
            raise Failed("resource is suspended")
        _reconcile(api, settings, _source_of(obj), console)
    _reconcile(api, settings, key, console)


def _source_of(obj: Json) -> Key:
    reference = obj["spec"]["sourceRef"]
    for kind in kinds.SOURCES:
        if kind.kind.name == reference["kind"]:
            return Key(kind.kind, reference.get("namespace") or obj["metadata"]["namespace"], reference["name"])
    raise Failed(f"unsupported source kind {reference['kind']}")


def _reconcile(api: Api, settings: Settings, key: Key, console: Console) -> None:
    obj = api.get(key)
    if kinds.suspended(obj):
        raise Failed("resource is suspended")
    name = key.kind.name
    console.action(f"annotating {name} {key.name} in {key.namespace} namespace")
    before = _handled(obj)
    api.reconcile(obj)
    console.success(f"{name} annotated")
    console.waiting(f"waiting for {name} reconciliation")
    obj = until_current(api, key, settings.timeout_ms, lambda now: _handled(now) != before)
    status, message = kinds.ready_of(obj)
    if status != "True":
        raise Failed(f"{name} reconciliation failed: {message}")
    console.success(_kind_of(key).done(obj))


def _handled(obj: Json) -> str:
    return str(get(obj, "status", "lastHandledReconcileAt", default=""))


def _kind_of(key: Key) -> FluxKind:
    return next(kind for kind in kinds.KINDS if kind.kind == key.kind)
