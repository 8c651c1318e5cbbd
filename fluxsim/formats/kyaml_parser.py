"""YAML text to nodes with their comments, as go-yaml v3 attaches them.

A comment is handed out when a token at or behind its place is looked at, and goes to the next node that takes
comments; block collections take none at their start, so that a comment above one belongs to its first key.
Source: go.yaml.in/yaml/v3 v3.0.4, parserc.go and decode.go (`parser`).
"""

from __future__ import annotations

from typing import cast

from fluxsim.formats.kyaml_node import LONG_TAG, Document, Node, Style, YamlSyntaxError
from fluxsim.formats.kyaml_reader import Mark, T, Token
from fluxsim.formats.kyaml_scanner import Scanner

_NO_KEY_CONTENT = frozenset((T.KEY, T.VALUE, T.BLOCK_END))
_NO_FLOW_CONTENT = frozenset((T.VALUE, T.FLOW_ENTRY, T.FLOW_SEQUENCE_END, T.FLOW_MAPPING_END))
_NO_DOCUMENT = frozenset((T.VERSION, T.TAG_DIRECTIVE, T.DOCUMENT_START, T.DOCUMENT_END, T.STREAM_END))
DEPTH_MAX = 150
"""Nodes inside nodes; Go has no such bound, Python's stack has."""


def parse(text: str) -> Document | None:
    """Read the first document of the text; None if there is none. What follows it is not looked at.

    Raises YamlSyntaxError.
    """
    return Parser(text).document()


class Parser:
    """Reads one document. `head`, `line_comment` and `foot` wait for the next node that takes comments."""

    def __init__(self, text: str) -> None:
        self.scanner = Scanner(text)
        self.available = False
        self.handed = 0
        """How many of the scanner's comments have been handed out."""
        self.head = ""
        self.stem = ""
        self.line_comment = ""
        self.foot = ""
        self.anchors: set[str] = set()
        self.prefixes: dict[str, str] = {}
        self.depth = 0

    def document(self) -> Document | None:
        self._skip()
        token = self._peek()
        if token.kind == T.STREAM_END:
            return None
        explicit = token.kind in _NO_DOCUMENT
        self._directives()
        head = ""
        if explicit:
            token = self._peek()
            if token.kind != T.DOCUMENT_START:
                raise self._fault("did not find expected <document start>", token.start)
            self._skip()
            empty = self._peek().kind in _NO_DOCUMENT
            root = Node("scalar") if empty else self._node(block=True)
        else:
            head = self._split_head()
            root = self._node(block=True)
        if self._peek().kind == T.DOCUMENT_END:
            self._skip()
        return Document(root, head, self.foot or self.head)

    def _split_head(self) -> str:
        """Give the part of the head above its last empty line to the document."""
        head = self.head
        for at in range(len(head) - 1, 0, -1):
            if head[at] == "\n":
                if at == len(head) - 1:
                    self.head = ""
                    return head[:at]
                if head[at - 1] == "\n":
                    self.head = head[at + 1 :]
                    return head[: at - 1]
        return ""

    def _directives(self) -> None:
        version = False
        while (token := self._peek()).kind in {T.VERSION, T.TAG_DIRECTIVE}:
            if token.kind == T.VERSION:
                if version:
                    raise self._fault("found duplicate %YAML directive", token.start)
                if (int(token.value), int(token.extra)) != (1, 1):
                    raise self._fault("found incompatible YAML document", token.start)
                version = True
            elif token.value in self.prefixes:
                raise self._fault("found duplicate %TAG directive", token.start)
            else:
                self.prefixes[token.value] = token.extra
            self._skip()
        self.prefixes.setdefault("!", "!")
        self.prefixes.setdefault("!!", LONG_TAG)

    # Tokens.

    def _peek(self) -> Token:
        scanner = self.scanner
        if not self.available:
            scanner.fill()
            self.available = True
        token = scanner.tokens[scanner.head]
        if self.handed < len(scanner.comments):
            self._hand_out(token)
        return token

    def _skip(self) -> None:
        if not self.available:
            self._peek()
        self.available = False
        self.scanner.head += 1

    def _hand_out(self, token: Token) -> None:
        comments = self.scanner.comments
        while self.handed < len(comments) and token.start.at >= comments[self.handed].token_at:
            comment = comments[self.handed]
            if comment.head:
                if token.kind == T.BLOCK_END:
                    break  # An end has no head: it stays for the token that follows.
                self.head = f"{self.head}\n{comment.head}" if self.head else comment.head
            if comment.foot:
                self.foot = f"{self.foot}\n{comment.foot}" if self.foot else comment.foot
            if comment.line:
                self.line_comment = f"{self.line_comment}\n{comment.line}" if self.line_comment else comment.line
            comment.head = comment.line = comment.foot = ""
            comment.token_at = comment.scan_at = comment.end_at = 0
            comment.start = Mark(0, 0, 0)
            self.handed += 1

    def _fault(self, problem: str, mark: Mark) -> YamlSyntaxError:
        return YamlSyntaxError(problem, mark.line + 1)

    # Nodes.

    def _take_comments(self, node: Node) -> None:
        node.head, node.line_comment, node.foot = self.head, self.line_comment, self.foot
        self.head = self.line_comment = self.foot = self.stem = ""

    def _node(self, *, block: bool, indentless: bool = False) -> Node:
        token = self._peek()
        place = token.start
        if token.kind == T.ALIAS:
            if token.value not in self.anchors:
                # go-yaml finds this only after the comments are taken; the text is refused either way.
                raise self._fault(f"unknown anchor '{token.value}' referenced", token.start)
            node = Node("alias", token.value, line=place.line + 1, column=place.column + 1)
            self._take_comments(node)
            self._skip()
            return node
        anchor = tag = ""
        properties = False
        if token.kind in {T.ANCHOR, T.TAG}:
            properties = True
            first = token
            anchor, tag = self._property(token)
            self._skip()
            token = self._peek()
            if token.kind in {T.ANCHOR, T.TAG} and token.kind != first.kind:
                more_anchor, more_tag = self._property(token)
                anchor, tag = anchor or more_anchor, tag or more_tag
                self._skip()
                token = self._peek()
        self.depth += 1
        if self.depth > DEPTH_MAX:
            raise self._fault(f"exceeded max depth of {DEPTH_MAX}", token.start)
        node = self._content(token, block=block, indentless=indentless, anchor=anchor, properties=properties)
        self.depth -= 1
        if tag not in {"", "!"}:
            node.tag = f"!!{tag.removeprefix(LONG_TAG)}" if tag.startswith(LONG_TAG) else tag
            node.tagged = True
        node.anchor = anchor
        node.line, node.column = place.line + 1, place.column + 1
        return node

    def _property(self, token: Token) -> tuple[str, str]:
        """Return the anchor or the tag that the token holds."""
        if token.kind == T.ANCHOR:
            return token.value, ""
        if not token.value:
            return "", token.extra
        if token.value not in self.prefixes:
            raise self._fault("found undefined tag handle", token.start)
        return "", self.prefixes[token.value] + token.extra

    def _content(self, token: Token, *, block: bool, indentless: bool, anchor: str, properties: bool) -> Node:
        if anchor:
            self.anchors.add(anchor)
        kind = token.kind
        if kind == T.SCALAR:
            node = Node("scalar", token.value, cast(Style, token.extra))
            self._take_comments(node)
            self._skip()
            return node
        if indentless and kind == T.BLOCK_ENTRY:
            return self._indentless_sequence()
        if kind == T.FLOW_SEQUENCE_START:
            return self._flow_sequence()
        if kind == T.FLOW_MAPPING_START:
            return self._flow_mapping()
        if block and kind == T.SEQUENCE_START:
            return self._block_sequence()
        if block and kind == T.MAPPING_START:
            return self._block_mapping()
        if properties:
            return Node("scalar")
        raise self._fault("did not find expected node content", token.start)

    def _take_stem(self, node: Node) -> None:
        node.head, self.stem = self.stem, ""

    # Block collections.

    def _block_sequence(self) -> Node:
        node = Node("sequence")
        self._take_stem(node)
        self._skip()
        while (token := self._peek()).kind == T.BLOCK_ENTRY:
            self._entry(node, (T.BLOCK_ENTRY, T.BLOCK_END))
        if token.kind != T.BLOCK_END:
            raise self._fault("did not find expected '-' indicator", token.start)
        self._skip()
        return node

    def _indentless_sequence(self) -> Node:
        node = Node("sequence")
        while self._peek().kind == T.BLOCK_ENTRY:
            self._entry(node, (T.BLOCK_ENTRY, T.KEY, T.VALUE, T.BLOCK_END))
        return node

    def _entry(self, node: Node, empty_before: tuple[T, ...]) -> None:
        head = len(self.head)
        self._skip()
        token = self._peek()
        if head and token.kind in {T.SEQUENCE_START, T.MAPPING_START}:
            # What stood above the dash is about the item as a whole, not about its first key.
            self.stem, self.head = self.head[:head], self.head[head + 1 :]
        node.content.append(Node("scalar") if token.kind in empty_before else self._node(block=True))

    def _block_mapping(self) -> Node:
        node = Node("mapping")
        self._take_stem(node)
        content = node.content
        self._skip()
        while (token := self._peek()).kind == T.KEY:
            self._skip()
            key = self._part(_NO_KEY_CONTENT)
            content.append(key)
            if key.foot and len(content) > 2:
                # A foot found with a key is about the value before it.
                content[-3].foot, key.foot = key.foot, ""
            value = Node("scalar")
            if self._peek().kind == T.VALUE:
                self._skip()
                value = self._part(_NO_KEY_CONTENT)
            content.append(value)
            if value.foot and not key.foot:
                key.foot, value.foot = value.foot, ""
        if token.kind != T.BLOCK_END:
            raise self._fault("did not find expected key", token.start)
        end = Node("mapping")
        self._take_comments(end)
        node.line_comment, node.foot = end.line_comment, end.foot
        if node.foot and content:
            content[-2].foot, node.foot = node.foot, ""
        self._skip()
        return node

    def _part(self, empty_before: frozenset[T]) -> Node:
        if self._peek().kind in empty_before:
            return Node("scalar")
        return self._node(block=True, indentless=True)

    # Flow collections.

    def _flow_sequence(self) -> Node:
        node = Node("sequence", flow=True)
        self._take_comments(node)
        self._skip()
        first = True
        while (token := self._peek()).kind != T.FLOW_SEQUENCE_END:
            if not first:
                if token.kind != T.FLOW_ENTRY:
                    raise self._fault("did not find expected ',' or ']'", token.start)
                self._skip()
                token = self._peek()
            first = False
            if token.kind == T.KEY:
                node.content.append(self._flow_pair(token))
            elif token.kind != T.FLOW_SEQUENCE_END:
                node.content.append(self._node(block=False))
        self._end_flow(node)
        return node

    def _flow_pair(self, token: Token) -> Node:
        """Read `[key: value]`, a mapping of one pair without braces."""
        node = Node("mapping", flow=True, line=token.start.line + 1, column=token.start.column + 1)
        self._skip()
        token = self._peek()
        if token.kind in {T.VALUE, T.FLOW_ENTRY, T.FLOW_SEQUENCE_END}:
            # The original steps over the token here, so a pair without a key loses its colon.
            self._skip()
            key = Node("scalar")
        else:
            key = self._node(block=False)
        node.content += (key, self._flow_value((T.FLOW_ENTRY, T.FLOW_SEQUENCE_END)))
        self._keep_foot(node)
        self._peek()
        return node

    def _flow_mapping(self) -> Node:
        node = Node("mapping", flow=True)
        self._take_comments(node)
        self._skip()
        first = True
        while (token := self._peek()).kind != T.FLOW_MAPPING_END:
            if not first:
                if token.kind != T.FLOW_ENTRY:
                    raise self._fault("did not find expected ',' or '}'", token.start)
                self._skip()
                token = self._peek()
            first = False
            if token.kind == T.KEY:
                self._skip()
                empty = self._peek().kind in _NO_FLOW_CONTENT - {T.FLOW_SEQUENCE_END}
                node.content.append(Node("scalar") if empty else self._node(block=False))
                node.content.append(self._flow_value((T.FLOW_ENTRY, T.FLOW_MAPPING_END)))
            elif token.kind != T.FLOW_MAPPING_END:
                node.content.append(self._node(block=False))
                self._peek()
                node.content.append(Node("scalar"))
            else:
                break
            self._keep_foot(node)
        self._end_flow(node)
        return node

    def _flow_value(self, empty_before: tuple[T, T]) -> Node:
        if self._peek().kind == T.VALUE:
            self._skip()
            if self._peek().kind not in empty_before:
                return self._node(block=False)
        return Node("scalar")

    def _keep_foot(self, node: Node) -> None:
        key, value = node.content[-2:]
        if value.foot and not key.foot:
            key.foot, value.foot = value.foot, ""

    def _end_flow(self, node: Node) -> None:
        head = node.head
        self._take_comments(node)
        node.head = head
        self._skip()
