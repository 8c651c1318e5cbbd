"""What can go wrong with a template; every message is Go's.

TemplateFault(ValueError)
    ParseFault        the text is no template
    ExecutionFault    the template does not fit its data
FunctionFault         a function refused its arguments; the executor says where
"""

from __future__ import annotations


class TemplateFault(ValueError):
    """A template cannot be parsed or executed."""


class ParseFault(TemplateFault):
    """The text is no template: `template: <name>:<line>: …`."""


class ExecutionFault(TemplateFault):
    """The template does not fit its data: `template: <name>:<line>:<column>: executing "…" at <…>: …`.

    `output` is what had been written by then.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.output = ""


class FunctionFault(Exception):
    """A function failed or, in Go, panicked; the message says why, not where."""
