"""spec.filterTags of an ImagePolicy: which tags take part, and as what.

Source: image-reflector-controller v1.2.0, internal/policy/filter.go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from fluxsim.formats import goregex


class InvalidFilter(ValueError):
    """A pattern that Go refuses, in Flux's words."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A Go regular expression that finds the tag anywhere in it, and a template for what to compare (the whole tag, if empty)."""

    pattern: str
    extract: str = ""

    def candidate_of(self) -> Callable[[str], str | None]:
        """Return a function from a tag to its candidate; None where the tag is filtered out. Raises InvalidFilter."""
        try:
            regex = goregex.compiled(self.pattern)
        except goregex.InvalidRegex as error:
            raise InvalidFilter(f"invalid regular expression pattern '{self.pattern}': {error}") from error
        if self.extract:
            return regex.expander(self.extract)
        matches = regex.matches
        return lambda tag: tag if matches(tag) else None

    def originals(self, tags: Iterable[str]) -> dict[str, str]:
        """Return the tag behind each candidate; where two tags give one candidate, the later. Raises InvalidFilter."""
        candidate_of = self.candidate_of()
        found: dict[str, str] = {}
        for tag in tags:
            candidate = candidate_of(tag)
            if candidate is not None:
                found[candidate] = tag
        return found
