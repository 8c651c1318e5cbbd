"""YAML text to tokens and comments, as go-yaml v3 scans it: tokens are fetched as late, and as far ahead, as there.

Source: go.yaml.in/yaml/v3 v3.0.4, scannerc.go.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from fluxsim.formats import kyaml_scalars as scalars
from fluxsim.formats.kyaml_reader import BLANK_OR_END, BLANKS, BREAK, BREAKS, Mark, Reader, T, Token

KEY_LENGTH_MAX = 1024
START = Mark(0, 0, 0)
DEPTH_MAX = 10_000

_SPACES = re.compile(" *")
_PLAIN_NEVER_STARTS = frozenset("-?:,[]{}#&*!|>'\"%@`")


@dataclass(slots=True)
class SimpleKey:
    """A token that becomes a key if a colon follows on its line."""

    possible: bool = False
    required: bool = False
    token: int = 0
    mark: Mark = START


class Scanner(Reader):
    """The tokens of one text, on demand; `comments` grows as they are fetched. Raises YamlSyntaxError."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.head = 0
        """How many tokens the parser has taken."""
        self.indents: list[int] = []
        self.simple_keys = [SimpleKey()]
        self.simple_key_of_token: dict[int, int] = {}
        self.tokens.append(Token(T.STREAM_START, self.mark()))

    def fill(self) -> None:
        """Fetch until the next token is final: three are waiting and none of them may turn out to be a key."""
        while True:
            if self.head < len(self.tokens) - 2:
                index = self.simple_key_of_token.get(self.head)
                if index is None or not self._is_valid(self.simple_keys[index]):
                    return
            self._fetch()

    def _fetch(self) -> None:
        scan_mark = self.mark()
        self._skip_to_token(scan_mark)
        self._unroll(self.at - self.line_start, scan_mark.at)
        text, at = self.text, self.at
        first = text[at]
        if first == "\0":
            self._fetch_end()
            return
        if at == self.line_start:
            if first == "%":
                self._fetch_directive()
                return
            if (first == "-" or first == ".") and text[at : at + 3] == first * 3 and text[at + 3] in BLANK_OR_END:
                self._fetch_document_mark(T.DOCUMENT_START if first == "-" else T.DOCUMENT_END)
                return
        comment_at = at
        if first == (":" if self.flow_level == 0 else ","):
            comment_at = self.tokens[-1].start.at
        self._fetch_content(first)
        if self.tokens[-1].kind != T.BLOCK_ENTRY:
            self.scan_line_comment(comment_at)

    def _fetch_content(self, first: str) -> None:
        blank_follows = self.text[self.at + 1] in BLANK_OR_END
        in_flow = self.flow_level > 0
        if first in "[{":
            self._save_simple_key()
            self._enter_flow()
            self.simple_key_allowed = True
            self._take(T.FLOW_SEQUENCE_START if first == "[" else T.FLOW_MAPPING_START)
        elif first in "]}":
            self._remove_simple_key()
            self._leave_flow()
            self.simple_key_allowed = False
            self._take(T.FLOW_SEQUENCE_END if first == "]" else T.FLOW_MAPPING_END)
        elif first == ",":
            self._remove_simple_key()
            self.simple_key_allowed = True
            self._take(T.FLOW_ENTRY)
        elif first == "-" and blank_follows:
            self._fetch_block_entry()
        elif first == "?" and (in_flow or blank_follows):
            self._fetch_key()
        elif first == ":" and (in_flow or blank_follows):
            self._fetch_value()
        else:
            self._fetch_node(first, blank_follows=blank_follows)

    def _fetch_node(self, first: str, *, blank_follows: bool) -> None:
        if first in "|>" and self.flow_level == 0:
            self._remove_simple_key()
            self.simple_key_allowed = True
            self.tokens.append(scalars.block_scalar(self, literal=first == "|"))
            return
        if first in "*&":
            scan = scalars.anchor
        elif first == "!":
            scan = scalars.tag
        elif first in "'\"":
            scan = scalars.quoted_scalar
        elif (
            (first not in _PLAIN_NEVER_STARTS and first not in BLANK_OR_END)
            or (first == "-" and self.text[self.at + 1] not in " \t")
            or (self.flow_level == 0 and first in "?:" and not blank_follows)
        ):
            scan = scalars.plain_scalar
        else:
            raise self.fault("found character that cannot start any token")
        self._save_simple_key()
        self.simple_key_allowed = False
        self.tokens.append(scan(self))

    def _take(self, kind: T) -> None:
        self.tokens.append(Token(kind, self.mark()))
        self.at += 1
        self.newlines = 0

    # Indentation.

    def _roll(self, column: int, token: int, kind: T, mark: Mark) -> None:
        """Open a block collection if the column is deeper than the current one."""
        if self.flow_level > 0 or self.indent >= column:
            return
        self.indents.append(self.indent)
        self.indent = column
        if len(self.indents) > DEPTH_MAX:
            raise self.fault(f"exceeded max depth of {DEPTH_MAX}")
        self._insert(token, Token(kind, mark))

    def _insert(self, at: int, token: Token) -> None:
        """Put a token before another; one that the parser has already taken is too late, as in the original."""
        self.tokens.insert(at if at >= self.head else len(self.tokens), token)

    def _unroll(self, column: int, scan_at: int) -> None:
        """Close block collections deeper than the column, each before the comments at its parent's indentation."""
        if self.flow_level > 0:
            return
        block = Mark(scan_at - 1, 0, 0)
        while self.indent > column:
            stop = block.at
            for comment in reversed(self.comments):
                if comment.end_at < stop:
                    break
                if comment.start.column == self.indent + 1:
                    block = comment.start
                stop = comment.scan_at
            self.tokens.append(Token(T.BLOCK_END, block))
            self.indent = self.indents.pop()

    # Simple keys.

    def _is_valid(self, key: SimpleKey) -> bool:
        if not key.possible:
            return False
        if key.mark.line < self.line or key.mark.at + KEY_LENGTH_MAX < self.at:
            if key.required:
                raise self.fault("could not find expected ':'", key.mark)
            key.possible = False
            return False
        return True

    def _save_simple_key(self) -> None:
        required = self.flow_level == 0 and self.indent == self.at - self.line_start
        if self.simple_key_allowed:
            self._remove_simple_key()
            self.simple_keys[-1] = SimpleKey(True, required, len(self.tokens), self.mark())  # noqa: FBT003
            self.simple_key_of_token[len(self.tokens)] = len(self.simple_keys) - 1

    def _remove_simple_key(self) -> None:
        key = self.simple_keys[-1]
        if key.possible:
            if key.required:
                raise self.fault("could not find expected ':'", key.mark)
            key.possible = False
            self.simple_key_of_token.pop(key.token, None)

    def _enter_flow(self) -> None:
        self.simple_keys.append(SimpleKey(token=len(self.tokens), mark=self.mark()))
        self.flow_level += 1
        if self.flow_level > DEPTH_MAX:
            raise self.fault(f"exceeded max depth of {DEPTH_MAX}")

    def _leave_flow(self) -> None:
        if self.flow_level > 0:
            self.flow_level -= 1
            self.simple_key_of_token.pop(self.simple_keys.pop().token, None)

    # Indicators.

    def _fetch_end(self) -> None:
        if self.at != self.line_start:
            self.line_start = self.at
            self.line += 1
        self._unroll(-1, self.at)
        self._remove_simple_key()
        self.simple_key_allowed = False
        self.tokens.append(Token(T.STREAM_END, self.mark()))

    def _fetch_directive(self) -> None:
        self._unroll(-1, self.at)
        self._remove_simple_key()
        self.simple_key_allowed = False
        self.tokens.append(scalars.directive(self))

    def _fetch_document_mark(self, kind: T) -> None:
        self._unroll(-1, self.at)
        self._remove_simple_key()
        self.simple_key_allowed = False
        self._take(kind)
        self.at += 2

    def _fetch_block_entry(self) -> None:
        if self.flow_level == 0:
            if not self.simple_key_allowed:
                raise self.fault("block sequence entries are not allowed in this context")
            self._roll(self.at - self.line_start, -1, T.SEQUENCE_START, self.mark())
        self._remove_simple_key()
        self.simple_key_allowed = True
        self._take(T.BLOCK_ENTRY)

    def _fetch_key(self) -> None:
        if self.flow_level == 0:
            if not self.simple_key_allowed:
                raise self.fault("mapping keys are not allowed in this context")
            self._roll(self.at - self.line_start, -1, T.MAPPING_START, self.mark())
        self._remove_simple_key()
        self.simple_key_allowed = self.flow_level == 0
        self._take(T.KEY)

    def _fetch_value(self) -> None:
        key = self.simple_keys[-1]
        if self._is_valid(key):
            self._insert(key.token, Token(T.KEY, key.mark))
            self._roll(key.mark.column, key.token, T.MAPPING_START, key.mark)
            key.possible = False
            self.simple_key_of_token.pop(key.token, None)
            self.simple_key_allowed = False
        else:
            if self.flow_level == 0:
                if not self.simple_key_allowed:
                    raise self.fault("mapping values are not allowed in this context")
                self._roll(self.at - self.line_start, -1, T.MAPPING_START, self.mark())
            self.simple_key_allowed = self.flow_level == 0
        self._take(T.VALUE)

    def _skip_to_token(self, scan_mark: Mark) -> None:
        text = self.text
        while True:
            tabs_too = self.flow_level > 0 or not self.simple_key_allowed
            found = (BLANKS if tabs_too else _SPACES).match(text, self.at)
            assert found, "both patterns match the empty text"
            self.at = found.end()
            if self.comments and len(self.tokens) > 1:
                self._lift_comment_of_entry()
            if text[self.at] == "#":
                self.scan_comments(scan_mark)
            found = BREAK.match(text, self.at)
            if found is None:
                return
            self.skip_breaks(found[0])
            if self.flow_level == 0:
                self.simple_key_allowed = True

    def _lift_comment_of_entry(self) -> None:
        """Make `- # comment` of a first entry the head of what follows."""
        comment = self.comments[-1]
        if (
            comment.line
            and self.tokens[-1].kind == T.BLOCK_ENTRY
            and self.tokens[-2].kind == T.SEQUENCE_START
            and self.text[self.at] not in BREAKS
        ):
            comment.head, comment.line = comment.line, ""
            if comment.start.line == self.line - 1:
                comment.token_at = self.at
