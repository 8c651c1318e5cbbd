"""`flux events`: the Events of Flux's objects, oldest first; for one object those of its source as well.

Source: flux2 v2.9.4 cmd/flux/events.go.
"""

from __future__ import annotations

from collections.abc import Sequence

from fluxsim.drivers.terminal.api import Api
from fluxsim.drivers.terminal.console import Console, Failed
from fluxsim.drivers.terminal.flux import kinds
from fluxsim.drivers.terminal.flux.settings import Settings
from fluxsim.drivers.terminal.tables import flux_table
from fluxsim.formats.durations import MILLISECOND, human_duration
from fluxsim.formats.tree import Json, get
from fluxsim.kernel.units import Millis, unix_millis
from fluxsim.kube.meta import EVENT, Key
from fluxsim.world.commandline import Flag

FLAGS = (
    Flag("all-namespaces", "A", "switch"),
    Flag("for"),
    Flag("types", takes="many"),
    Flag("watch", "w", "switch"),
)
_TYPES = ("Normal", "Warning")
_HEADINGS = ("Last seen", "Type", "Reason", "Object", "Message")


def events(api: Api, settings: Settings, _words: Sequence[str], console: Console) -> None:
    """Print what `flux events` prints; Failed with its error."""
    types = [kind.title() for kind in settings.given.many("types")]
    for kind in types:
        if kind not in _TYPES:
            raise Failed(f"type '{kind}' not supported. Supported types are {', '.join(_TYPES)}")
    everywhere = settings.given.on("all-namespaces")
    namespace = "" if everywhere else settings.namespace
    asked = _asked(api, settings)
    found: list[Json] = []
    if not asked:
        found += api.list(EVENT, namespace)
    for where, involved in asked:
        found += api.list(EVENT, where, involved=involved)
    wide = everywhere or any(where != namespace for where, _involved in asked)
    known = {kind.kind.name for kind in kinds.KINDS}
    rows = [
        _row(event, api.now_ms, wide=wide)
        for event in sorted(found, key=_last_ms)
        if event["involvedObject"].get("kind") in known and (not types or event.get("type") in types)
    ]
    if rows:
        console.out(flux_table(("Namespace", *_HEADINGS) if wide else _HEADINGS, rows))
    else:
        console.failure("No events found." if everywhere else f"No events found in {settings.namespace} namespace.")


def _asked(api: Api, settings: Settings) -> list[tuple[str, tuple[str, str]]]:
    """Return namespace, kind and name of what `--for` asks: the object, then what it refers to."""
    wanted = settings.given.text("for")
    if not wanted:
        return []
    word, _slash, name = wanted.partition("/")
    if not word:
        raise Failed("--for selector must be of format <kind>[/<name>]")
    kind = next((one for one in kinds.KINDS if one.kind.name.lower() == word.lower()), None)
    if kind is None:
        raise Failed(f"'{word}' is not a recognized Flux kind")
    namespace = "" if settings.given.on("all-namespaces") else settings.namespace
    asked = [(namespace, (kind.kind.name, name))]
    if name and kind.kind.name in _REFERENCES:
        obj = api.get(Key(kind.kind, settings.namespace, name))
        path, default = _REFERENCES[kind.kind.name]
        found = get(obj, *path, default=None) or ()
        for reference in [found] if isinstance(found, dict) else found:
            where = reference.get("namespace") or settings.namespace
            asked.append((where, (reference.get("kind") or default, reference.get("name", ""))))
    return asked


_REFERENCES = {
    "Kustomization": (("spec", "sourceRef"), ""),
    "HelmChart": (("spec", "sourceRef"), ""),
    "HelmRelease": (("spec", "chart", "spec", "sourceRef"), ""),
    "ImagePolicy": (("spec", "imageRepositoryRef"), "ImageRepository"),
    "Alert": (("spec", "eventSources"), ""),
    "Receiver": (("spec", "resources"), ""),
}
"""Where an object names the objects whose events belong to it, and their kind where it is not said."""


def _row(event: Json, now_ms: Millis, *, wide: bool) -> list[str]:
    involved = event["involvedObject"]
    cells = [
        _last_seen(event, now_ms),
        event.get("type", ""),
        event.get("reason", ""),
        f"{involved.get('kind', '')}/{involved.get('name', '')}",
        str(event.get("message", "")).strip(),
    ]
    return [event["metadata"].get("namespace", ""), *cells] if wide else cells


def _last_seen(event: Json, now_ms: Millis) -> str:
    first = _since(event.get("eventTime") or event.get("firstTimestamp"), now_ms)
    series = event.get("series")
    if series:
        return f"{_since(series.get('lastObservedTime'), now_ms)} (x{series.get('count', 0)} over {first})"
    if (event.get("count") or 0) > 1:
        return f"{_since(event.get('lastTimestamp'), now_ms)} (x{event['count']} over {first})"
    return first


def _last_ms(event: Json) -> Millis:
    when = get(event, "series", "lastObservedTime") or event.get("lastTimestamp") or event.get("eventTime")
    return unix_millis(when) if when else 0


def _since(when: str | None, now_ms: Millis) -> str:
    return human_duration((now_ms - unix_millis(when)) * MILLISECOND) if when else "<unknown>"
