"""`kubectl get`: objects as tables, JSON, YAML, names, JSONPath or columns of one's own.

Source: kubectl v1.32 pkg/cmd/get/get.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fluxsim.drivers.terminal.api import Api
from fluxsim.drivers.terminal.console import Console, Failed
from fluxsim.drivers.terminal.kubectl import output
from fluxsim.drivers.terminal.kubectl.printers import printer_for
from fluxsim.drivers.terminal.tables import kubectl_table
from fluxsim.formats.selectortext import InvalidSelectorText
from fluxsim.formats.selectortext import parsed as parsed_selector
from fluxsim.formats.tree import Json, get
from fluxsim.kube.errors import NotFound
from fluxsim.kube.kinds import served
from fluxsim.kube.lookup import kind_named
from fluxsim.kube.meta import EVENT, Key, Kind
from fluxsim.world.commandline import Arguments, Flag

FLAGS = (
    Flag("all-namespaces", "A", "switch"),
    Flag("output", "o"),
    Flag("selector", "l"),
    Flag("field-selector"),
    Flag("no-headers", takes="switch"),
    Flag("show-labels", takes="switch"),
    Flag("show-managed-fields", takes="switch"),
    Flag("ignore-not-found", takes="switch"),
)
_ALL = ("pods", "services", "deployments", "replicasets")


@dataclass(frozen=True, slots=True)
class _Asked:
    """One kind, and the names of it; no names for all."""

    kind: Kind
    names: tuple[str, ...]


def get_objects(api: Api, namespace: str, given: Arguments, words: Sequence[str], console: Console) -> int:
    """Print what `kubectl get WORDS` prints; return the exit code. Failed with its error."""
    asked = _asked(words)
    everywhere = given.on("all-namespaces")
    if everywhere and any(one.names for one in asked):
        raise Failed("error: a resource cannot be retrieved by name across all namespaces")
    missing: list[str] = []
    found: list[tuple[Kind, Sequence[Json]]] = []
    for one in asked:
        found.append((one.kind, _listed(api, one, "" if everywhere else namespace, given, missing)))
    single = len(asked) == 1 and len(asked[0].names) == 1
    if given.text("output") not in ("", "wide"):
        objects = [obj for _kind, several in found for obj in several]
        if objects or not single:
            console.out(output.written(objects, given, single=single))
    else:
        _tables(api, found, namespace, given, console, any_missing=bool(missing))
    for text in missing:
        if not given.on("ignore-not-found"):
            console.err(f"Error from server (NotFound): {text}\n")
    return 1 if missing and not given.on("ignore-not-found") else 0


def _asked(words: Sequence[str]) -> list[_Asked]:
    if not words:
        raise Failed(
            "You must specify the type of resource to get. "
            'Use "kubectl api-resources" for a complete list of supported resources.\n\n'
            "error: Required resource not specified."
        )
    if "/" in words[0]:
        pairs = [word.partition("/") for word in words]
        if not all(slash for _kind, slash, _name in pairs):
            raise Failed(
                "error: there is no need to specify a resource type as a separate argument when passing arguments in "
                "resource/name form (e.g. 'kubectl get resource/<resource_name>' instead of "
                "'kubectl get resource resource/<resource_name>'"
            )
        return [_Asked(_kind(kind), (name,)) for kind, _slash, name in pairs]
    kinds = _ALL if words[0] == "all" else words[0].split(",")
    return [_Asked(_kind(kind), tuple(dict.fromkeys(words[1:]))) for kind in kinds]


def _kind(word: str) -> Kind:
    found = kind_named(word)
    if found is None:
        raise Failed(f'error: the server doesn\'t have a resource type "{word}"')
    return found


def _listed(api: Api, asked: _Asked, namespace: str, given: Arguments, missing: list[str]) -> Sequence[Json]:
    row = served(asked.kind)
    where = namespace if row.namespaced else ""
    if not asked.names:
        return _selected(api, asked.kind, where, given)
    found: list[Json] = []
    for name in asked.names:
        try:
            found.append(api.get(Key(asked.kind, where, name)))
        except NotFound as error:
            missing.append(error.message)
    return found


def _selected(api: Api, kind: Kind, namespace: str, given: Arguments) -> Sequence[Json]:
    labels = given.text("selector")
    try:
        parsed_selector(labels)
    except InvalidSelectorText as error:
        raise Failed(f"error: {error}") from error
    fields = _fields(given.text("field-selector"))
    involved = None
    if kind == EVENT:
        involved = (fields.pop("involvedObject.kind", ""), fields.pop("involvedObject.name", ""))
    name = fields.pop("metadata.name", "")
    if fields:
        raise Failed(
            f'Error from server (BadRequest): Unable to find "{served(kind).plural}" that match the field selector'
        )
    return api.list(kind, namespace, name=name, labels=labels, involved=involved if any(involved or ()) else None)


def _fields(text: str) -> dict[str, str]:
    pairs = [one.replace("==", "=").partition("=") for one in text.split(",") if one]
    return {name: value for name, _equals, value in pairs}


def _tables(
    api: Api,
    found: Sequence[tuple[Kind, Sequence[Json]]],
    namespace: str,
    given: Arguments,
    console: Console,
    *,
    any_missing: bool,
) -> None:
    """Print a table a kind, with an empty line between; several kinds show theirs before the name."""
    first = True
    for kind, objects in found:
        if not objects:
            continue
        if not first:
            console.out("\n")
        first = False
        console.out(_table(api, kind, objects, given, prefixed=len(found) > 1))
    if first and not any_missing:
        namespaced = any(served(kind).namespaced for kind, _objects in found)
        where = "" if given.on("all-namespaces") or not namespaced else f" in {namespace} namespace."
        console.err(f"No resources found{where}\n")


def _table(api: Api, kind: Kind, objects: Sequence[Json], given: Arguments, *, prefixed: bool) -> str:
    wide = given.text("output") == "wide"
    printer = printer_for(kind.name, objects[0]["apiVersion"])
    in_namespaces = given.on("all-namespaces") and served(kind).namespaced
    headings = [*(["NAMESPACE"] if in_namespaces else []), *printer.headings(wide=wide)]
    rows: list[list[str]] = []
    for obj in objects:
        cells = [str(cell) for cell in printer.row(obj, api.now_ms, wide=wide)]
        if prefixed and printer.headings(wide=wide)[0] == "NAME":
            cells[0] = f"{output.prefix_of(obj)}/{cells[0]}"
        if in_namespaces:
            cells.insert(0, str(get(obj, "metadata", "namespace", default="")))
        if given.on("show-labels"):
            cells.append(_labels(obj))
        rows.append(cells)
    if given.on("show-labels"):
        headings.append("LABELS")
    return kubectl_table([] if given.on("no-headers") else headings, rows)


def _labels(obj: Json) -> str:
    labels = get(obj, "metadata", "labels", default=None) or {}
    return ",".join(f"{name}={labels[name]}" for name in sorted(labels)) or "<none>"
