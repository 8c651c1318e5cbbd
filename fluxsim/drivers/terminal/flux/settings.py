"""The flags that every flux command has: namespace, timeout, and those that name a cluster, which there is only one of."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fluxsim.drivers.terminal.console import Failed
from fluxsim.formats.durations import InvalidDuration, parse_millis
from fluxsim.kernel.units import Millis
from fluxsim.world.commandline import Arguments, Flag

NAMESPACE = "flux-system"
FLAGS = (
    Flag("namespace", "n"),
    Flag("timeout"),
    Flag("verbose", takes="switch"),
    Flag("help", "h", "switch"),
    Flag("kubeconfig"),
    Flag("context"),
    Flag("cluster"),
    Flag("server"),
    Flag("user"),
    Flag("token"),
    Flag("as"),
    Flag("as-group", takes="many"),
)
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the flags say. `given` has those of the command itself."""

    namespace: str
    timeout_ms: Millis
    given: Arguments


def settings_of(given: Arguments) -> Settings:
    """Return the settings; Failed with flux's text where a value cannot be."""
    timeout = given.text("timeout", "5m0s")
    try:
        timeout_ms = parse_millis(timeout)
    except InvalidDuration as error:
        raise Failed(f'invalid argument "{timeout}" for "--timeout" flag: {error}') from error
    namespace = given.text("namespace", NAMESPACE)
    if _LABEL.fullmatch(namespace) is None:
        raise Failed(f'namespace must be a valid DNS label: "{namespace}"')
    return Settings(namespace, timeout_ms, given)
