"""One YAML document from libyaml's events to a JSON tree, by go-yaml's rules for keys, aliases and merges.

Source: go-yaml v3.0.4 and v2.4.2 decode.go, kyaml v0.21 yaml/rnode.go (`deAnchor`), sigs.k8s.io/yaml v1.5 yaml.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

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

from fluxsim.formats.gotext import float_text, quoted
from fluxsim.formats.govalues import go_syntax
from fluxsim.formats.goyaml_scalars import NUMBERS, WORDS, Dialect, ScalarError, tagged
from fluxsim.formats.tree import Json, thaw

Stage: TypeAlias = Literal["parse", "anchors", "decode"]

DEPTH_MAX = 250
"""Levels of nesting. go-yaml allows 10000; what walks our trees recurses, and no manifest comes near."""

DUPLICATES_MAX = 100
"""Repeated keys that one error names."""


class RepeatedKey(NamedTuple):
    """A key that stands twice in its map, with lines from the start of the document."""

    key: str
    line: int
    first_line: int
    value_line: int


class YamlError(ValueError):
    """Text that Go refuses as YAML.

    str() is Go's message (`yaml: line 4: did not find expected key`). `line` is the 1-based line where a person
    should look, counted from the start of the whole text; it may differ from the line in the message, which
    go-yaml counts from the start of the document, and for grammar errors from zero. 0 means that no line is known.
    `stage` says when Go notices: "parse" (kyaml puts `MalformedYAMLError: ` before), "anchors" right after,
    "decode" only when the tree is turned into JSON: in kustomize at the very end of a build.
    `repeated` holds the keys that stand twice in a map; `whole_file` says that the text could not even be cut into
    documents.
    """

    def __init__(
        self,
        message: str,
        *,
        line: int = 0,
        column: int = 0,
        stage: Stage = "parse",
        repeated: Sequence[RepeatedKey] = (),
        whole_file: bool = False,
    ) -> None:
        super().__init__(message)
        self.repeated = tuple(repeated)
        self.whole_file = whole_file
        self.message = message
        self.line = line
        self.column = column
        self.stage: Stage = stage


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
_NUMERIC = frozenset("+-.0123456789")


class _Anchor(NamedTuple):
    value: Json
    nodes: int
    closed: bool


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
                reading.anchors[event.anchor] = _Anchor(None, 0, closed=False)
            in_map = kind is MappingStartEvent
            container = {} if in_map else []
            key = missing
            continue
        elif kind is MappingEndEvent or kind is SequenceEndEvent:
            value = container
            if in_map and merge in value:
                reading.merge(value)
            container, in_map, key, anchor, before = stack.pop()
            if anchor is not None:
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
        keys = _repeated_keys(text)
        failure = YamlError(_repetition(keys, dialect), line=keys[0].line if keys else 0, stage="decode", repeated=keys)
        reading.failure = reading.failure if reading.failure and reading.failure.stage != "decode" else failure
    if reading.failure is not None:
        raise reading.failure
    return root[0]


class _Reading:
    """What has been met in one document, and the rarer cases."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect: Dialect = dialect
        self.anchors: dict[str, _Anchor] = {}
        self.aliased_nodes = 0
        self.failure: YamlError | None = None

    def fail(self, message: str, *, stage: Stage, event: Event | None = None) -> None:
        """Keep the first thing that is wrong: Go parses the whole document before it looks at values."""
        order: tuple[Stage, ...] = ("parse", "anchors", "decode")
        if self.failure is None or order.index(stage) < order.index(self.failure.stage):
            mark = event.start_mark if event is not None else None
            line, column = (mark.line + 1, mark.column + 1) if mark is not None else (0, 0)
            self.failure = YamlError(message, line=line, column=column, stage=stage)

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
        if isinstance(value, str) and (self.dialect == "yaml1.1" or value == event.value):
            return value
        if self.dialect == "resource":
            if not top:
                self.fail("json: unsupported type: map[interface {}]interface {}", stage="decode", event=event)
            return event.value
        return self.value_as_key(event, value, top=top)

    def value_as_key(self, event: Event, value: Json, *, top: bool) -> str:
        """Return the key that a value makes: sigs.k8s.io/yaml writes numbers and booleans out, kyaml refuses them."""
        if isinstance(value, str):
            return value
        if isinstance(value, dict | list):
            generic = self.dialect == "yaml1.1"
            self.fail(f"yaml: invalid map key: {go_syntax(value, generic=generic)}", stage="decode", event=event)
        elif self.dialect == "resource":
            if not top:
                self.fail("json: unsupported type: map[interface {}]interface {}", stage="decode", event=event)
        elif isinstance(value, bool):
            return "true" if value else "false"
        elif isinstance(value, float):
            return {"+Inf": ".inf", "-Inf": "-.inf", "NaN": ".nan"}.get(float_text(value), float_text(value))
        elif value is None:
            self.fail("unsupported map key of type: %!s(<nil>), key: <nil>", stage="decode", event=event)
        return str(value)

    def aliased(self, event: AliasEvent, nodes: int, *, merging: bool) -> tuple[Json, int]:
        assert event.anchor is not None, event
        assert event.start_mark is not None, event
        anchor = self.anchors.get(event.anchor)
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        if anchor is None:
            raise YamlError(f"yaml: unknown anchor '{event.anchor}' referenced", line=line, column=column)
        if not anchor.closed:
            text = f"yaml: anchor '{event.anchor}' value contains itself"
            raise YamlError(text, line=line, column=column, stage="anchors")
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


def _repeated_keys(text: str) -> list[RepeatedKey]:
    """Find every key that stands twice in its map. Only called when there is one."""
    repeated: list[RepeatedKey] = []
    maps: list[dict[str, list[int]] | None] = []
    expects_key: list[bool] = []
    pending: list[tuple[str, int, int]] = []
    parser = CParser(text)
    while len(repeated) < DUPLICATES_MAX:
        event: Any = parser.get_event()
        kind = type(event)
        if kind is DocumentEndEvent:
            break
        if kind is MappingEndEvent or kind is SequenceEndEvent:
            maps.pop()
            expects_key.pop()
        elif kind in {ScalarEvent, AliasEvent, MappingStartEvent, SequenceStartEvent}:
            seen = maps[-1] if maps else None
            if seen is not None:
                line = event.start_mark.line + 1
                if not expects_key[-1]:
                    repeated.extend(RepeatedKey(*key, line) for key in pending)
                    pending = []
                elif kind is ScalarEvent:
                    lines = seen.setdefault(event.value, [])
                    pending = [(event.value, line, first) for first in lines]
                    lines.append(line)
                expects_key[-1] = not expects_key[-1]
            if kind is MappingStartEvent or kind is SequenceStartEvent:
                maps.append({} if kind is MappingStartEvent else None)
                expects_key.append(True)
    return repeated[:DUPLICATES_MAX]


def _repetition(repeated: Sequence[RepeatedKey], dialect: Dialect) -> str:
    """Name repeated keys in go-yaml's words: v3 finds them before it decodes, v2 in strict mode while it does."""
    lines: dict[str, None] = {"yaml: unmarshal errors:": None}
    for key, line, first_line, value_line in repeated:
        if dialect == "resource":
            lines[f"  line {line}: mapping key {quoted(key)} already defined at line {first_line}"] = None
        else:
            lines[f"  line {value_line}: key {quoted(key)} already set in map"] = None
    return "\n".join(lines)
