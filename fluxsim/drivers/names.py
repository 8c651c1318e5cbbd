"""What `${…}` stands for in a scenario: what a named step brought, and what stood in Git at time zero."""

from __future__ import annotations

import re

from fluxsim.drivers.question import Unknown
from fluxsim.kernel.log import Event, Log

_NAME = re.compile(r"\$\{([^}]*)\}")


class StepNames:
    """Follows the log from each named step to the tag that it brought.

    `${x.tag}`, `${x.digest}`, `${x.version}`: of the first tag pushed because of step x that is no alias.
    `${x.commit}`: the commit that the step itself pushed. `${start.NAMESPACE.DEPLOYMENT}`: the tag at time zero.
    """

    def __init__(self, log: Log, start: dict[tuple[str, str], str]) -> None:
        self._log = log
        self._start = start
        self._actions: dict[str, int] = {}
        self._brought: dict[int, dict[str, str]] = {}
        log.observers.append(self._observe)

    def done(self, name: str, action_seq: int, commit: str) -> None:
        """Note that the named step was done; `action_seq` is the number of its event."""
        self._actions[name] = action_seq
        if commit:
            self._brought.setdefault(action_seq, {})["commit"] = commit

    def filled(self, text: str) -> str:
        """Return the text with its names replaced; Unknown where one stands for nothing yet."""
        return _NAME.sub(lambda found: self._value(found.group(1)), text) if "${" in text else text

    def _value(self, name: str) -> str:
        parts = name.split(".")
        if parts[0] == "start" and len(parts) == 3:
            tag = self._start.get((parts[1], parts[2]))
            if tag is None:
                raise Unknown(f"nothing of {parts[1]}/{parts[2]} stood in Git at time zero")
            return tag
        if len(parts) != 2 or parts[0] not in self._actions:
            raise Unknown(f"${{{name}}} is not the name of a step that was done, like ${{bad.tag}}")
        brought = self._brought.get(self._actions[parts[0]], {})
        if parts[1] not in brought:
            raise Unknown(f"step '{parts[0]}' has brought no {parts[1]} yet")
        return brought[parts[1]]

    def _observe(self, event: Event) -> None:
        if event.kind != "tag.pushed" or event.data.get("alias"):
            return
        for action in self._actions_behind(event):
            brought = self._brought.setdefault(action, {})
            for name in ("tag", "digest", "version"):
                if name in event.data:
                    brought.setdefault(name, event.data[name])

    def _actions_behind(self, event: Event) -> set[int]:
        seen: set[int] = set()
        found: set[int] = set()
        waiting = list(event.because)
        while waiting:
            seq = waiting.pop()
            if seq in seen:
                continue
            seen.add(seq)
            cause = self._log.events[seq]
            if cause.kind == "action.taken":
                found.add(seq)
            else:
                waiting.extend(cause.because)
        return found
