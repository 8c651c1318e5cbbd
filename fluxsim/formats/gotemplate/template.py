"""A Go template with sprig's hermetic functions, ready to be executed."""

from __future__ import annotations

from collections.abc import Mapping

from fluxsim.formats.gotemplate.builtins import BUILTINS
from fluxsim.formats.gotemplate.errors import ExecutionFault, ParseFault
from fluxsim.formats.gotemplate.executor import Executor
from fluxsim.formats.gotemplate.parser import parse
from fluxsim.formats.gotemplate.sprig.functions import HERMETIC_FUNCTIONS
from fluxsim.formats.gotemplate.values import Function, Value, thawed
from fluxsim.formats.gotext import from_octets, octets


class Template:
    """A parsed template; executing it changes neither it nor its data.

    Raises ParseFault when it is made, ExecutionFault when it is executed. `name` stands in every message.
    `functions` stand beside text/template's own and win over them.
    """

    def __init__(self, name: str, text: str, functions: Mapping[str, Function] = HERMETIC_FUNCTIONS) -> None:
        self.name = name
        self._text = text
        self._overridden = frozenset(functions)
        self._functions = {**BUILTINS, **functions}
        try:
            self._trees = parse(name, text, self._functions)
        except RecursionError as error:
            raise ParseFault(f"template: {name}: nested too deeply") from error

    def execute(self, data: Value) -> str:
        """Return what the template writes for the data: a Struct or any JSON tree."""
        executor = Executor(self.name, self._text, self._trees, self._functions, self._overridden)
        try:
            text = executor.run(thawed(data))
        except ExecutionFault as error:
            error.output = _whole("".join(executor.output))
            raise
        except RecursionError as error:
            raise ExecutionFault(f"template: {self.name}: nested too deeply") from error
        return _whole(text)


def _whole(text: str) -> str:
    """Join the bytes of characters that functions had cut apart."""
    return from_octets(octets(text))
