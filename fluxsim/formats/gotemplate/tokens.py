"""Hands out a template's tokens one by one, takes some back, and words the faults of the parser.

Source: Go 1.26 text/template/parse/parse.go. Go looks up to three tokens ahead; here any number can be put back.
"""

from __future__ import annotations

from fluxsim.formats.gotemplate.errors import ParseFault
from fluxsim.formats.gotemplate.lexer import Lexer, Token
from fluxsim.formats.gounquote import UnquoteFault, unquoted


class Tokens:
    """The tokens of one template; `action_line` is where the action being read began, 0 outside of one."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.lexer = Lexer(text)
        self.ahead: list[Token] = []
        self.read = Token("eof", "", 0, 0)
        self.action_line = 0

    def next(self) -> Token:
        if self.ahead:
            return self.ahead.pop()
        self.read = self.lexer.next()
        return self.read

    def back(self, token: Token) -> None:
        self.ahead.append(token)

    def peek(self) -> Token:
        token = self.next()
        self.back(token)
        return token

    def next_word(self) -> Token:
        token = self.next()
        while token.kind == "space":
            token = self.next()
        return token

    def peek_word(self) -> Token:
        token = self.next_word()
        self.back(token)
        return token

    def fault(self, message: str) -> ParseFault:
        """Blame the line of the token that was read last; tokens put back do not count, as in Go."""
        return ParseFault(f"template: {self.name}:{self.read.line}: {message}")

    def unexpected(self, token: Token, context: str) -> ParseFault:
        if token.kind == "error":
            extra = ""
            if self.action_line not in (0, token.line):
                extra = f" in action started at {self.name}:{self.action_line}"
                if token.text.endswith(" action"):
                    extra = extra.removeprefix(" in action")
            return self.fault(f"{token}{extra}")
        return self.fault(f"unexpected {token} in {context}")

    def expect(self, kinds: tuple[str, ...], context: str) -> Token:
        token = self.next_word()
        if token.kind not in kinds:
            raise self.unexpected(token, context)
        return token

    def unquoted(self, token: Token) -> str:
        try:
            return unquoted(token.text)
        except UnquoteFault as error:
            raise self.fault(str(error)) from error
