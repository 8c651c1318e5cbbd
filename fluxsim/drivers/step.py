"""A step of a story: one action, and when it is done. Spans of time as people write them."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from fluxsim.drivers.predicates import Asking
from fluxsim.formats.durations import InvalidDuration, parse_millis
from fluxsim.kernel.units import DAY, Millis
from fluxsim.world.actions import AnyAction

_DAYS = re.compile(r"^(\d+)d(.*)$")
STEP_KEYS = ("at", "after", "once", "at most", "as", "refused")


def span(text: str) -> Millis:
    """Return the milliseconds of a duration as people write it: Go's `1h30m`, and days, `2d`. ValueError for another text."""
    days = _DAYS.match(text)
    if days is not None:
        return int(days.group(1)) * DAY + (span(days.group(2)) if days.group(2) else 0)
    try:
        found = parse_millis(text)
    except InvalidDuration as error:
        raise ValueError(f"'{text}' is not a duration; write it like 90s, 10m, 1h30m or 2d") from error
    if found < 0:
        raise ValueError(f"'{text}' is negative; time only goes on")
    return found


def _checked(text: str) -> str:
    span(text)
    return text


Duration = Annotated[str, AfterValidator(_checked)]


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Step(Model):
    """One action, and when. In the file the action's own fields stand beside the step's."""

    at: Duration | None = None
    after: Duration | None = None
    once: Asking | None = None
    at_most: Duration = Field(default="1h", alias="at most")
    name: str = Field(default="", alias="as")
    refused: str = ""
    """Words of the refusal that the step must meet; without them it must not be refused."""
    action: AnyAction

    @model_validator(mode="before")
    @classmethod
    def _gathered(cls, data: Any) -> Any:
        """Move what is not the step's into the action; `run: …` is short for `do: run, command: …`."""
        if not isinstance(data, dict) or "action" in data:
            return data
        own = {key: value for key, value in data.items() if key in STEP_KEYS}
        rest = {key: value for key, value in data.items() if key not in STEP_KEYS}
        if "run" in rest and "do" not in rest:
            rest |= {"do": "run", "command": rest.pop("run")}
        return own | {"action": rest}

    @model_validator(mode="after")
    def _one_time(self) -> Step:
        if sum(value is not None for value in (self.at, self.after, self.once)) > 1:
            raise ValueError("a step happens `at` a time, `after` the former, or `once` something holds: choose one")
        if self.once is not None and len(self.once.asked()) != 1:
            raise ValueError("`once` asks exactly one question")
        return self
