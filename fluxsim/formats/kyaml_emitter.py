"""Nodes to YAML text, as go-yaml v3 writes them with kyaml's settings: indent 2, wide or compact sequences.

The original is a machine fed with events; comments that an event brings wait until some state writes them, which is
not always at that event. `_arrive` is where the event of a node arrives.
Source: go.yaml.in/yaml/v3 v3.0.4, emitterc.go and encode.go (`node`).
"""

from __future__ import annotations

from typing import Literal, TypeAlias
from urllib.parse import quote

from fluxsim.formats.kyaml_node import LONG_TAG, STR, Document, Node, Style, kind_of, resolved
from fluxsim.formats.kyaml_page import Page
from fluxsim.formats.kyaml_style import Allowed, allowed, block_hints, double_quoted, selected

SequenceStyle: TypeAlias = Literal["wide", "compact"]

INDENT = 2
SIMPLE_KEY_LENGTH_MAX = 128

_EMPTY = allowed("")
_TAG_SAFE = ";/?:@&=+$,_.~*'()[]-"


class Emitter(Page):
    """Writes documents one after the other; `text()` is what has been written."""

    def __init__(self) -> None:
        super().__init__()
        self.first = True
        self.compact = False
        self.flow_level = 0
        self.head = self.line_comment = self.foot = self.tail = self.key_line_comment = ""
        self.can: Allowed = _EMPTY
        self.anchor = self.tag = ""
        self.style: Style = "plain"

    def document(self, document: Document, sequences: SequenceStyle) -> None:
        self.compact = sequences == "compact"
        self.head = document.head or self.head
        if not self.first:
            self.write_indent()
            self.indicator("---", space=True)
            self.write_indent()
        self.first = False
        if self.head:
            self._write_head()
            self.line_break()
        root = document.root
        self._arrive(root)
        self._write_head()
        self._start(root)
        self._write_line_and_foot()
        self._finish(root)
        self.foot = document.foot or self.foot
        self.foot_indent = 0
        self._write_foot()
        self.foot_indent = -1
        self.write_indent()

    # Nodes. `in_sequence` says that the node is an item of a block sequence, `in_mapping` a key or a value.

    def _arrive(self, node: Node, tail: str = "") -> None:
        """Take the comments of a node's first event, and see what its text allows."""
        self.head = node.head or self.head
        self.tail = tail or self.tail
        self.anchor = node.anchor
        self.tag = node.tag if node.tagged else ""
        if node.kind in {"scalar", "alias"}:
            self.line_comment = node.line_comment or self.line_comment
            self.foot = node.foot or self.foot
        if node.kind == "scalar":
            self.can = allowed(node.value)
            self.style, self.tag = _style_and_tag(node)

    def _start(self, node: Node, *, in_sequence: bool = False, simple_key: bool = False) -> None:
        """Write a scalar or an alias whole, and of a collection what stands before its content."""
        if node.kind == "alias":
            self.indicator("*", space=True)
            self.put(node.value)
            self.whitespace = self.indention = False
            return
        if node.kind == "scalar":
            self.style = selected(self.style, node.value, self.can, in_flow=self.flow_level > 0, simple_key=simple_key)
        if self.anchor:
            self.indicator("&", space=True)
            self.put(self.anchor)
            self.whitespace = self.indention = False
        if self.tag:
            self._write_tag(self.tag)
        if node.kind == "scalar":
            indent = self.indent
            self.indent = self._deeper(flow=True, in_sequence=in_sequence)
            self._write_scalar(node.value)
            self.indent = indent

    def _finish(self, node: Node, *, in_mapping: bool = False, in_sequence: bool = False) -> None:
        """Write the content of a collection, and its end."""
        if node.kind not in {"mapping", "sequence"}:
            return
        flow = self.flow_level > 0 or node.flow or not node.content
        indent = self.indent
        if flow:
            self._write_flow(node, self._deeper(flow=True, in_sequence=in_sequence), indent)
        elif node.kind == "mapping":
            self.indent = self._deeper(flow=False, in_sequence=in_sequence)
            self._write_block_mapping(node, indent)
        else:
            self.indent = self._deeper(flow=False, in_sequence=in_sequence)
            if in_mapping and self.compact and (self.column == 0 or not self.indention):
                self.indent -= 2
            self._write_block_sequence(node, indent)

    def _deeper(self, *, flow: bool, in_sequence: bool) -> int:
        if self.indent < 0:
            return INDENT if flow else 0
        return self.indent + 2 if in_sequence else INDENT * ((self.indent + INDENT) // INDENT)

    def _write_block_sequence(self, node: Node, outer: int) -> None:
        for item in node.content:
            self._arrive(item)
            self._write_head()
            self.write_indent()
            self.indicator("-", space=True, indention=True)
            self._start(item, in_sequence=True)
            self._write_line_and_foot()
            self._finish(item, in_sequence=True)
        self._end_comments(node)
        self.indent = outer

    def _write_block_mapping(self, node: Node, outer: int) -> None:
        tail = ""
        for key, value in node.pairs():
            foot, key.foot = key.foot, ""
            self._arrive(key, tail if key.kind in {"scalar", "mapping"} else "")
            tail = foot
            self._write_head()
            self.write_indent()
            if self.line_comment:
                self.key_line_comment, self.line_comment = self.line_comment, ""
            simple = self._is_simple_key(key)
            if not simple:
                self.indicator("?", space=True, indention=True)
            self._start(key, simple_key=simple)
            self._finish(key, in_mapping=True)
            key.foot = foot
            self._arrive(value)
            if simple:
                self.indicator(":")
            else:
                self.write_indent()
                self.indicator(":", space=True, indention=True)
            self._write_key_line_comment(value)
            self._start(value)
            self._write_line_and_foot()
            self._finish(value, in_mapping=True)
        self.tail = tail or self.tail
        self._end_comments(node)
        self._write_head()
        self.indent = outer

    def _write_key_line_comment(self, value: Node) -> None:
        if not self.key_line_comment:
            return
        if value.kind == "scalar":
            if not self.line_comment:
                self.line_comment, self.key_line_comment = self.key_line_comment, ""
        elif value.kind != "alias" and not value.flow:
            self.line_comment, self.key_line_comment = self.key_line_comment, self.line_comment
            self._write_line_comment()
            self.line_comment, self.key_line_comment = self.key_line_comment, self.line_comment

    def _end_comments(self, node: Node) -> None:
        self.line_comment = node.line_comment or self.line_comment
        self.foot = node.foot or self.foot

    def _is_simple_key(self, key: Node) -> bool:
        if key.kind == "alias":
            return len(key.value.encode()) <= SIMPLE_KEY_LENGTH_MAX
        if key.kind == "scalar":
            if self.can.multiline:
                return False
            length = len(key.value.encode()) if len(key.value) > 30 else len(key.value)
        elif key.content:
            return False
        else:
            length = 0
        return length + len(self.anchor) + len("".join(_handle_and_suffix(self.tag))) <= SIMPLE_KEY_LENGTH_MAX

    # Flow collections.

    def _write_flow(self, node: Node, inner: int, outer: int) -> None:
        mapping = node.kind == "mapping"
        self.indicator("{" if mapping else "[", space=True, whitespace=True)
        self.indent = inner
        self.flow_level += 1
        state = (self._flow_pairs if mapping else self._flow_items)(node)
        self._end_comments(node)
        if mapping:
            if (self.head or self.foot or self.tail) and state == "item":
                self.indicator(",")
            self._write_head()
        self.flow_level -= 1
        self.indent = outer
        if not mapping and self.column == 0:
            self.write_indent()
        self.indicator("}" if mapping else "]")
        self._write_line_and_foot()

    def _flow_items(self, node: Node) -> str:
        state = "first"
        for item in node.content:
            self._arrive(item)
            self._before_flow_entry(state)
            commented = self._is_commented()
            self._start(item)
            self._after_flow_entry(item, in_mapping=False)
            state = "trail" if commented else "item"
        return state

    def _flow_pairs(self, node: Node) -> str:
        state, tail = "first", ""
        for key, value in node.pairs():
            foot, key.foot = key.foot, ""
            self._arrive(key, tail if key.kind in {"scalar", "mapping"} else "")
            tail = foot
            self._before_flow_entry(state)
            simple = self._is_simple_key(key)
            if not simple:
                self.indicator("?", space=True)
            self._start(key, simple_key=simple)
            self._finish(key, in_mapping=True)
            key.foot = foot
            self._arrive(value)
            self.indicator(":", space=not simple)
            commented = self._is_commented()
            self._start(value)
            self._after_flow_entry(value, in_mapping=True)
            state = "trail" if commented else "item"
        self.tail = tail or self.tail
        return state

    def _before_flow_entry(self, state: str) -> None:
        if state == "item":
            self.indicator(",")
        self._write_head()
        if self.column == 0:
            self.write_indent()

    def _after_flow_entry(self, node: Node, *, in_mapping: bool) -> None:
        if self._is_commented():
            self.indicator(",")
        self._write_line_and_foot()
        self._finish(node, in_mapping=in_mapping)

    def _is_commented(self) -> bool:
        return bool(self.line_comment or self.foot or self.tail)

    # Comments.

    def _write_head(self) -> None:
        if self.tail:
            self.write_indent()
            self.comment(self.tail)
            self.tail = ""
            self.foot_indent = max(self.indent, 0)
        if self.head:
            self.write_indent()
            self.comment(self.head)
            self.head = ""

    def _write_line_comment(self) -> None:
        if self.line_comment:
            if not self.whitespace:
                self.put(" ")
            self.comment(self.line_comment)
            self.line_comment = ""

    def _write_foot(self) -> None:
        if self.foot:
            self.write_indent()
            self.comment(self.foot)
            self.foot = ""
            self.foot_indent = max(self.indent, 0)

    def _write_line_and_foot(self) -> None:
        if self.line_comment:
            self._write_line_comment()
        if self.foot:
            self._write_foot()

    # Scalars and tags.

    def _write_scalar(self, value: str) -> None:
        style = self.style
        if style == "plain":
            if value:
                self.put(value if self.whitespace else f" {value}")
                self.whitespace = False
            self.indention = False
        elif style == "double":
            self.indicator(double_quoted(value), space=True)
            self.indention = False
        elif style == "single":
            if self.can.multiline:
                self.single_quoted_lines(value)
            else:
                self.indicator("'" + value.replace("'", "''") + "'", space=True)
            self.indention = False
        else:
            self._write_block_scalar(value, folds=style == "folded")

    def _write_block_scalar(self, value: str, *, folds: bool) -> None:
        self.indicator(">" if folds else "|", space=True)
        if hints := block_hints(value, INDENT):
            self.indicator(hints)
        if self.line_comment:
            self._write_line_comment()
        else:
            self.line_break()
        self.block_lines(value, folds=folds)

    def _write_tag(self, tag: str) -> None:
        handle, suffix = _handle_and_suffix(tag)
        if not self.whitespace:
            self.put(" ")
        self.put(f"{handle}{quote(suffix, safe=_TAG_SAFE)}" if handle else f"!<{quote(suffix, safe=_TAG_SAFE)}>")
        self.whitespace = self.indention = False


def _style_and_tag(node: Node) -> tuple[Style, str]:
    """Return the wanted style, and the tag to spell out: one the file has, or that the new text does not imply."""
    style = node.style
    if node.tagged:
        tag = node.tag
    else:
        tag = ""
        if style == "plain":
            # Only a text that was set, or a merge key, can differ from what it means.
            kind = kind_of(node) if node.tag or node.value == "<<" else ""
            if kind and resolved(node.value) != kind:
                if kind == STR:
                    style = "double" if "\n" not in node.value else "literal"
                else:
                    tag = kind
        elif node.tag and node.tag != STR and resolved(node.value) != node.tag:
            tag = node.tag
    if style == "plain" and "\n" in node.value:
        style = "literal"
    return style, tag


def scalar_text(node: Node) -> str | None:
    """Return how a scalar reads behind a key or a dash in block context; None if that takes a tag or several lines."""
    style, tag = _style_and_tag(node)
    if tag or "\n" in node.value:
        return None
    style = selected(style, node.value, allowed(node.value), in_flow=False, simple_key=False)
    if style == "double":
        return double_quoted(node.value)
    if style == "single":
        return "'" + node.value.replace("'", "''") + "'"
    return node.value if style == "plain" and node.value else None


def _handle_and_suffix(tag: str) -> tuple[str, str]:
    if not tag:
        return "", ""
    if tag.startswith("!!"):
        return "!!", tag[2:]
    if tag.startswith("!"):
        return "!", tag[1:]
    if tag.startswith(LONG_TAG):
        return "!!", tag[len(LONG_TAG) :]
    return "", tag
