"""What all questions to a world share: an answer in words, values that are filled in when asked, and when to ask again."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from fluxsim.formats.imagetag import split
from fluxsim.kernel.log import Event
from fluxsim.world.world import World


class Unknown(Exception):
    """A value names something that has not happened yet; the question cannot hold."""


class Names(Protocol):
    """Fills in `${…}`."""

    def filled(self, text: str) -> str:
        """Return the text with its names replaced; raise Unknown where one stands for nothing yet."""
        ...


class Answer(BaseModel):
    """Whether it holds, and what is seen, in words."""

    model_config = ConfigDict(frozen=True)

    holds: bool
    seen: str


class Predicate(BaseModel, ABC):
    """A question about the world as it is now."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    @abstractmethod
    def told(self, names: Names) -> str:
        """Return the question as a sentence for people."""

    @abstractmethod
    def ask(self, world: World, names: Names) -> Answer:
        """Return whether it holds now. Raises Unknown where a name stands for nothing yet."""

    @abstractmethod
    def touched_by(self, event: Event) -> bool:
        """Return whether the event may change the answer."""


def shown(text: str, names: Names) -> str:
    """Return the text for people: filled in where that is possible yet."""
    try:
        return names.filled(text)
    except Unknown:
        return text


def tag_shown(image: str | None) -> str:
    """Return what people call an image: its tag, else its digest or name."""
    if image is None:
        return "nothing"
    reference = split(image)
    return reference.tag or reference.digest or reference.name
