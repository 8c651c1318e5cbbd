"""One YAML document from libyaml's events to a JSON tree, by go-yaml's rules for keys, aliases and merges.

Source: go-yaml v3.0.4 and v2.4.2 decode.go, kyaml v0.21 yaml/rnode.go (`deAnchor`), sigs.k8s.io/yaml v1.5 yaml.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from yaml._yaml import CParser
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from fluxsim.formats.gotext import float_text
from fluxsim.formats.govalues import go_syntax
from fluxsim.formats.goyaml_errors import Stage, YamlError, repeated_keys, repetition
from fluxsim.formats.goyaml_scalars import NUMBERS, WORDS, Dialect, ScalarError, tagged, timestamp
from fluxsim.formats.tree import Json, thaw

DEPTH_MAX = 250
"""Levels of nesting. go-yaml allows 10000; what walks our trees recurses, and no manifest comes near."""


class MapWithBlanks(dict[str, Json]):
    """A map that knows which of its nulls were written as nothing at all, `key:`, and not as `null` or `~`.

    Only kustomize's patches tell them apart. A copy of the map forgets it.
    """

    __slots__ = ("blanks",)

    def __init__(self, entries: Mapping[str, Json], blanks: Iterable[str]) -> None:
        super().__init__(entries)
        self.blanks = frozenset(blanks)


_MISSING = object()
_MERGE = object()
_DROPPED = object()
_NUMERIC = frozenset("+-.0123456789")


_RANKS: Mapping[Stage, int] = {"parse": 0, "anchors": 0, "decode": 1}
_REPEATED_RANK = 2


class _Anchor(NamedTuple):
    value: Json
    nodes: int
    closed: bool


_OPEN = _Anchor(None, 0, closed=False)
"""An anchor whose value is still being read. One of the same name inside takes its place."""


def document_tree(text: str, dialect: Dialect, *, strict: bool) -> Json:
    """Return the first document as an ordinary tree, None when there is none. Raises YamlError and PyYAML's errors."""
    next_event = CParser(text).get_event
    next_event()
    if type(next_event()) is StreamEndEvent:
        return None
    words, number = WORDS[dialect], NUMBERS[dialect]
    numeric, missing, merge = _NUMERIC, _MISSING, _MERGE
    reading = _Reading(dialect)
    stack: list[tuple[Any, bool, Any, str | None, int]] = []
    root: list[Json] = []
    container: Any = root
    in_map = False
    key: Any = missing
    nodes = 0
    repeated = False
    while True:
        event: Any = next_event()
        kind = type(event)
        if kind is ScalarEvent:
            nodes += 1
            value = event.value
            if in_map and key is missing:
                if event.tag is not None or (
                    not event.style and (value in words or value[0] in numeric or value == "<<")
                ):
                    key = reading.key(event, top=len(stack) == 1)
                else:
                    key = value
                if strict and key in container:
                    repeated = True
                if event.anchor is not None:
                    reading.anchors[event.anchor] = _Anchor(value, 1, closed=True)
                continue
            if event.tag is not None:
                value = reading.tagged(event)
            elif event.style:
                pass
            elif value in words:
                if not value and type(key) is str:
                    container = MapWithBlanks(container, (*getattr(container, "blanks", ()), key))
                value = words[value]
                if type(value) is float and dialect == "yaml1.1":
                    reading.fail(
                        f"json: unsupported value: {float_text(value)}", stage="decode", event=event, late=True
                    )
            elif value[0] in numeric:
                value = number(value)
            if event.anchor is not None:
                reading.anchors[event.anchor] = _Anchor(value, 1, closed=True)
        elif kind is MappingStartEvent or kind is SequenceStartEvent:
            nodes += 1
            stack.append((container, in_map, key, event.anchor, nodes))
            if len(stack) > DEPTH_MAX:
                line = event.start_mark.line + 1
                raise YamlError(f"yaml: line {line}: exceeded max depth of {DEPTH_MAX}", line=line)
            if event.anchor is not None:
                reading.anchors[event.anchor] = _OPEN
            in_map = kind is MappingStartEvent
            container = {} if in_map else []
            key = missing
            continue
        elif kind is MappingEndEvent or kind is SequenceEndEvent:
            value = container
            if in_map and merge in value:
                reading.merge(value)
            container, in_map, key, anchor, before = stack.pop()
            if anchor is not None and reading.anchors[anchor] is _OPEN:
                reading.anchors[anchor] = _Anchor(value, nodes - before + 1, closed=True)
        elif kind is AliasEvent:
            value, size = reading.aliased(event, nodes, merging=key is merge)
            nodes += 1 + size
        elif kind is DocumentEndEvent:
            break
        else:
            continue
        if not in_map:
            container.append(value)
        elif key is missing:
            key = reading.value_as_key(event, value, top=len(stack) == 1)
            if strict and key in container:
                repeated = True
        else:
            container[key] = value
            if key is merge and dialect == "yaml1.1":
                reading.merge(container)
            key = missing
    if repeated:
        keys = repeated_keys(text, dialect)
        failure = YamlError(repetition(keys, dialect), line=keys[0].line if keys else 0, stage="decode", repeated=keys)
        reading.keep(failure, _REPEATED_RANK)
    if reading.failure is not None:
        raise reading.failure
    if isinstance(root[0], dict):
        root[0].pop(_DROPPED, None)
    return root[0]


class _Reading:
    """What has been met in one document, and the rarer cases."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect: Dialect = dialect
        self.anchors: dict[str, _Anchor] = {}
        self.aliased_nodes = 0
        self.failure: YamlError | None = None
        self.rank = 0

    def fail(self, message: str, *, stage: Stage, event: Event | None = None, late: bool = False) -> None:
        """Keep what Go would say first: it parses the whole document before it looks at values.

        `late` is for what even decoding lets pass, and only the writing of JSON refuses.
        """
        mark = event.start_mark if event is not None else None
        line, column = (mark.line + 1, mark.column + 1) if mark is not None else (0, 0)
        self.keep(YamlError(message, line=line, column=column, stage=stage), 3 if late else _RANKS[stage])

    def keep(self, failure: YamlError, rank: int) -> None:
        """Keep a failure unless one that Go meets earlier is known."""
        if self.failure is None or rank < self.rank:
            self.failure, self.rank = failure, rank

    def tagged(self, event: ScalarEvent) -> Json:
        assert event.tag is not None, event
        try:
            return tagged(event.tag, event.value, self.dialect, quoted=bool(event.style))
        except ScalarError as error:
            self.fail(f"yaml: {error}", stage="decode", event=event)
            return event.value

    def key(self, event: ScalarEvent, *, top: bool) -> Any:
        if not event.style and event.value == "<<" and event.tag in {None, "!", "tag:yaml.org,2002:merge"}:
            return _MERGE
        value = self.tagged(event) if event.tag is not None else _plain(event.value, self.dialect)
        if isinstance(value, str) and (
            self.dialect == "yaml1.1" or event.tag is not None or not timestamp(event.value)
        ):
            return value
        if self.dialect == "resource" and top and value is not None:
            return event.value
        return self.value_as_key(event, value, top=top)

    def value_as_key(self, event: Event, value: Json, *, top: bool) -> Any:
        """Return the key that a value makes: sigs.k8s.io/yaml writes numbers and booleans out, kyaml refuses them."""
        if isinstance(value, str) and not (self.dialect == "resource" and timestamp(value)):
            return value
        if isinstance(value, dict | list) and top and self.dialect == "resource":
            kind = "map" if isinstance(value, dict) else "seq"
            line = event.start_mark.line + 1 if event.start_mark else 0
            self.fail(
                f"yaml: unmarshal errors:\n  line {line}: cannot unmarshal !!{kind} into string",
                stage="decode",
                event=event,
            )
        elif isinstance(value, dict | list):
            generic = self.dialect == "yaml1.1"
            self.fail(f"yaml: invalid map key: {go_syntax(value, generic=generic)}", stage="decode", event=event)
        elif self.dialect == "resource":
            if top and value is None:
                return _DROPPED  # a null goes into no string
            if not top:
                self.fail(
                    "json: unsupported type: map[interface {}]interface {}", stage="decode", event=event, late=True
                )
        elif isinstance(value, bool):
            return "true" if value else "false"
        elif isinstance(value, float):
            return {"+Inf": ".inf", "-Inf": "-.inf", "NaN": ".nan"}.get(float_text(value), float_text(value))
        elif value is None:
            self.fail("unsupported map key of type: %!s(<nil>), key: <nil>", stage="decode", event=event, late=True)
        return str(value)

    def aliased(self, event: AliasEvent, nodes: int, *, merging: bool) -> tuple[Json, int]:
        assert event.anchor is not None, event
        assert event.start_mark is not None, event
        anchor = self.anchors.get(event.anchor)
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        if anchor is None:
            raise YamlError(f"yaml: unknown anchor '{event.anchor}' referenced", line=line, column=column)
        if not anchor.closed:
            stage: Stage = "anchors" if self.dialect == "resource" else "decode"
            self.fail(f"yaml: anchor '{event.anchor}' value contains itself", stage=stage, event=event)
            return None, 0
        self.aliased_nodes += anchor.nodes
        total = nodes + 1 + anchor.nodes
        if self.aliased_nodes > 100 and total > 1000 and self.aliased_nodes / total > _aliased_share_max(total):
            raise YamlError("yaml: document contains excessive aliasing", line=line, column=column, stage="anchors")
        if merging and not isinstance(anchor.value, dict):
            self._cannot_merge("invalid map merge: received alias for a non-map value")
        return thaw(anchor.value), anchor.nodes

    def merge(self, entries: dict[Any, Json]) -> None:
        """Put the entries of `<<` into the map.

        kyaml (v3): what the map itself says wins, of several maps the first. v2: a merged entry also replaces one
        that stands before the `<<`.
        """
        merged = entries.pop(_MERGE)
        maps = merged if isinstance(merged, list) else [merged]
        if any(isinstance(item, list) for item in maps):
            self._cannot_merge("invalid map merge: received a nested sequence")
        elif not all(isinstance(item, dict) for item in maps):
            self._cannot_merge("map merge requires map or sequence of maps as the value")
        elif self.dialect == "yaml1.1":
            for item in reversed(maps):
                entries.update(item)
        else:
            for item in maps:
                for key, value in item.items():
                    entries.setdefault(key, value)

    def _cannot_merge(self, kyaml: str) -> None:
        if self.dialect == "resource":
            self.fail(kyaml, stage="anchors")
        else:
            self.fail("yaml: map merge requires map or sequence of maps as the value", stage="decode")


def _plain(text: str, dialect: Dialect) -> Json:
    words = WORDS[dialect]
    return words[text] if text in words else NUMBERS[dialect](text) if text[0] in _NUMERIC else text


def _aliased_share_max(nodes: int) -> float:
    """Return how much of a document may come from aliases: 99 % of a small one, 10 % of a very large one."""
    low, high = 400_000, 4_000_000
    if nodes <= low:
        return 0.99
    return 0.10 if nodes >= high else 0.99 - 0.89 * ((nodes - low) / (high - low))
