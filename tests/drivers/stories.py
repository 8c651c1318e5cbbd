"""Short stories for the tests of the drivers."""

from __future__ import annotations

from textwrap import dedent

from fluxsim.drivers.play import Performance, Played, perform
from fluxsim.drivers.scenario import Scenario, setup_of
from fluxsim.world.inputfile import read

HEAD = "name: a story\nwhy: It shows something.\n"


def story(text: str) -> Scenario:
    """Return the scenario of a text that leaves name and why out."""
    return read("story.yaml", (HEAD + dedent(text)).encode(), Scenario)


def performed(text: str) -> Performance:
    found = story(text)
    return perform(found, setup_of(found))


def played(text: str) -> Played:
    return performed(text).plays[0]
