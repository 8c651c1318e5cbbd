"""`flux get`: tables of Flux's objects.

Source: flux2 v2.9.4 cmd/flux/get.go, get_all.go.
"""

from __future__ import annotations

from collections.abc import Sequence

from fluxsim.drivers.terminal.api import Api
from fluxsim.drivers.terminal.console import Console, Failed
from fluxsim.drivers.terminal.flux import kinds
from fluxsim.drivers.terminal.flux.kinds import FluxKind
from fluxsim.drivers.terminal.flux.settings import Settings
from fluxsim.drivers.terminal.tables import flux_table
from fluxsim.formats.selectortext import InvalidSelectorText
from fluxsim.formats.selectortext import parsed as parsed_selector
from fluxsim.formats.tree import Json, get
from fluxsim.kube.errors import NoKindMatch
from fluxsim.world.commandline import Flag

FLAGS = (
    Flag("all-namespaces", "A", "switch"),
    Flag("no-header", takes="switch"),
    Flag("watch", "w", "switch"),
    Flag("label-selector", "l"),
    Flag("status-selector"),
    Flag("show-source", takes="switch"),
)


def get_objects(api: Api, settings: Settings, words: Sequence[str], console: Console) -> None:
    """Print what `flux get WORDS` prints; Failed with its error."""
    together = _all_of(words)
    if together is not None:
        if settings.given.on("watch"):
            raise Failed("expected a single resource type, but found all")
        for kind in together:
            _several(api, settings, kind, console)
        return
    found = kinds.chosen(words, kinds.KINDS)
    if found is None:
        console.out(_help(words))
        return
    kind, names = found
    if settings.given.on("watch"):
        _watch(api, settings, kind, names, console)
        return
    objects = _listed(api, settings, kind, names)
    if not objects:
        raise Failed(_none(kind, names, settings))
    rows = _rows(objects, settings, kind)
    console.out(flux_table(_headings(kind, settings), rows))


def _all_of(words: Sequence[str]) -> Sequence[FluxKind] | None:
    if len(words) == 1 and words[0] == "all":
        return kinds.ALL
    if len(words) == 2 and words[1] == "all":
        return {"source": kinds.SOURCES, "image": kinds.IMAGES}.get(words[0].removesuffix("s"))
    return None


def _several(api: Api, settings: Settings, kind: FluxKind, console: Console) -> None:
    """Print a kind among others: named with its kind, followed by an empty line, left out where it has no rows."""
    try:
        objects = _listed(api, settings, kind, ())
    except NoKindMatch:
        return
    rows = _rows(objects, settings, kind, with_kind=True)
    if rows:
        console.out(flux_table(_headings(kind, settings), rows) + "\n")


def _watch(api: Api, settings: Settings, kind: FluxKind, names: Sequence[str], console: Console) -> None:
    first = True
    namespace = "" if settings.given.on("all-namespaces") else settings.namespace
    for obj in api.watch(
        kind.kind,
        namespace,
        name=names[0] if names else "",
        labels=_labels(settings),
        timeout_ms=settings.timeout_ms,
    ):
        rows = _rows([obj], settings, kind)
        if rows:
            console.out(flux_table(_headings(kind, settings) if first else (), rows))
            first = False
    raise Failed("timed out waiting for the condition")


def _listed(api: Api, settings: Settings, kind: FluxKind, names: Sequence[str]) -> Sequence[Json]:
    namespace = "" if settings.given.on("all-namespaces") else settings.namespace
    return api.list(kind.kind, namespace, name=names[0] if names else "", labels=_labels(settings))


def _labels(settings: Settings) -> str:
    labels = settings.given.text("label-selector")
    try:
        parsed_selector(labels)
    except InvalidSelectorText as error:
        raise Failed(f"unable to parse label selector: {error}") from error
    return labels


def _none(kind: FluxKind, names: Sequence[str], settings: Settings) -> str:
    where = "any namespace" if settings.given.on("all-namespaces") else f'"{settings.namespace}" namespace'
    if names:
        return f"{kind.kind.name} object '{names[0]}' not found in {where}"
    return f"no {kind.kind.name} objects found in {where}"


def _headings(kind: FluxKind, settings: Settings) -> Sequence[str]:
    if settings.given.on("no-header"):
        return ()
    first, *others = kind.columns
    source = ["Source"] if _shows_source(kind, settings) else []
    namespace = ["Namespace"] if settings.given.on("all-namespaces") else []
    return [*namespace, first, *source, *others]


def _rows(
    objects: Sequence[Json], settings: Settings, kind: FluxKind, *, with_kind: bool = False
) -> list[Sequence[str]]:
    wanted = settings.given.text("status-selector")
    return [_row(obj, settings, kind, with_kind=with_kind) for obj in objects if not wanted or _selected(obj, wanted)]


def _row(obj: Json, settings: Settings, kind: FluxKind, *, with_kind: bool) -> Sequence[str]:
    metadata = obj["metadata"]
    name = f"{kind.kind.name.lower()}/{metadata['name']}" if with_kind else metadata["name"]
    namespace = [metadata.get("namespace", "")] if settings.given.on("all-namespaces") else []
    source = [_source_of(obj)] if _shows_source(kind, settings) else []
    return [*namespace, name, *source, *kind.cells(obj)]


def _shows_source(kind: FluxKind, settings: Settings) -> bool:
    return kind is kinds.KUSTOMIZATION and settings.given.on("show-source")


def _source_of(obj: Json) -> str:
    reference = get(obj, "spec", "sourceRef", default=None) or {}
    namespace = reference.get("namespace") or obj["metadata"].get("namespace", "")
    return f"{reference.get('kind', '')}/{namespace}/{reference.get('name', '')}"


def _selected(obj: Json, wanted: str) -> bool:
    """Return whether the object has the condition of `type=status`, or has it not of `type!=status`; case does not matter."""
    kind, equals, status = wanted.partition("=")
    if not equals:
        raise Failed(f"expected status selector in type=status or type!=status format, but found: {wanted}")
    other = kind.endswith("!")
    kind = kind.removesuffix("!").lower()
    states = [str(one["status"]).lower() for one in kinds.conditions_of(obj) if str(one["type"]).lower() == kind]
    return (bool(states) and states[-1] == status.lower()) is not other


_GROUPS = {
    "source": ("sources", "Get source statuses"),
    "image": ("images", "Get image automation object status"),
    "artifact": ("artifacts", "Get artifact object status"),
}


def _help(words: Sequence[str]) -> str:
    """Return what flux prints where no kind was named: its commands, by name."""
    rows = [("all", "Get all resources and statuses"), *_GROUPS.values()]
    rows += [
        (f"{kind.words.split('|')[0].removesuffix('s')}s", f"Get {kind.kind.name} statuses")
        for kind in (kinds.PROVIDER, kinds.ALERT, kinds.RELEASE, kinds.KUSTOMIZATION, kinds.RECEIVER)
    ]
    usage, about = "flux get [command]", "The get sub-commands print the statuses of Flux resources."
    group = words[0].removesuffix("s") if words else ""
    if group in ("source", "image"):
        usage, about = f"flux get {group}s [command]", f"The get {group} sub-commands print the {group} statuses."
        members = kinds.SOURCES if group == "source" else kinds.IMAGES
        rows = [("all", f"Get all {group} statuses")]
        rows += [
            (kind.words.split()[1], f"Get {kind.kind.name} {'source ' * (group == 'source')}statuses")
            for kind in members
        ]
    width = max(len(name) for name, _text in rows)
    listed = "".join(f"  {name:{width}} {text}\n" for name, text in sorted(rows))
    return f"{about}\n\nUsage:\n  {usage}\n\nAvailable Commands:\n{listed}\n"
