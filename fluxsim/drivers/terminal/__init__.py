"""The lab's own commands, answered in process with the real tools' output."""

from fluxsim.drivers.terminal.console import Result
from fluxsim.drivers.terminal.terminal import Terminal

__all__ = ["Result", "Terminal"]
