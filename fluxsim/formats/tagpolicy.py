"""What an ImagePolicy elects among the tags of an image, and why.

Source: image-reflector-controller v1.2.0, internal/policy and imagepolicy_controller.go (applyPolicy).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from fluxsim.formats import tagindex
from fluxsim.formats.tagfilter import Filter, InvalidFilter
from fluxsim.formats.tagorder import (
    Alphabetical,
    InvalidOrder,
    Key,
    NoLatestTag,
    NotElectable,
    Numerical,
    Order,
    compares_with_nothing,
    direction,
    semver_order,
)
from fluxsim.formats.tree import Json

__all__ = ["Explanation", "Fate", "InvalidPolicy", "NoLatestTag", "Policy", "PolicyIndexes", "Verdict", "policy_of"]

NO_TAGS = "no tags in database"
"""What is wrong where the tag database has nothing to elect from."""


class InvalidPolicy(ValueError):
    """A policy that can never elect anything, in Flux's words: the object stalls."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The rule of an ImagePolicy. A value: equal rules are one rule."""

    order: Order
    filter: Filter | None = None

    def latest(self, tags: Sequence[str]) -> str:
        """Return the elected tag of a list in the order of the tag database. Raises NoLatestTag, InvalidPolicy.

        With a filter Flux compares in the random order of a Go map. Here it is the descending order of the
        candidates, so that a tie ends as it would without a filter.
        """
        if self.filter is None:
            return self.order.latest(tags)
        originals = self._originals(tags, self.filter)
        return originals[self.order.latest(sorted(originals, reverse=True))]

    def explain(self, tags: Sequence[str]) -> Explanation:
        """Return what becomes of each tag, in the order of the list. Raises InvalidPolicy."""
        originals = self._originals(tags, self.filter) if self.filter is not None else {tag: tag for tag in tags}
        try:
            selected, error = self.latest(tags), ""
        except NoLatestTag as failure:
            selected, error = None, str(failure)
        judged = {candidate: self._judged(candidate) for candidate in originals}
        ranks = self._ranks(judged)
        candidate_of = self._candidate_of(self.filter) if self.filter is not None else str
        verdicts = [
            self._verdict(tag, candidate_of(tag), originals, judged, ranks, selected) for tag in dict.fromkeys(tags)
        ]
        return Explanation(selected, error, tuple(verdicts))

    def _verdict(
        self,
        tag: str,
        candidate: str | None,
        originals: dict[str, str],
        judged: dict[str, _Judged],
        ranks: dict[str, int],
        selected: str | None,
    ) -> Verdict:
        if candidate is None:
            return Verdict(tag, "filtered out", note="does not match the pattern")
        if originals[candidate] != tag:
            note = f"{originals[candidate]} gives the same text and stands later in the list"
            return Verdict(tag, "shadowed", candidate, note=note)
        fate, _, note = judged[candidate]
        if tag == selected:
            fate = "selected"
        return Verdict(tag, fate, candidate, ranks.get(candidate), note)

    def _judged(self, candidate: str) -> _Judged:
        try:
            return ("ranked", self.order.key(candidate), "")
        except NotElectable as error:
            return ("passed over", None, str(error))
        except NoLatestTag as error:
            return ("error", None, str(error))

    def _ranks(self, judged: dict[str, _Judged]) -> dict[str, int]:
        """Number the candidates from the best on. NaN, which compares with nothing, has no rank."""
        keys = {
            candidate: key
            for candidate, (fate, key, _) in judged.items()
            if fate == "ranked" and not compares_with_nothing(key)
        }
        # Two stable passes: what decides between equals first. (A reversed sort is stable, too.)
        ranked = sorted(keys, reverse=not self.order.last_of_equals_wins)
        ranked.sort(key=keys.__getitem__, reverse=not self.order.smallest_wins)
        return {candidate: rank for rank, candidate in enumerate(ranked, start=1)}

    def _originals(self, tags: Sequence[str], tag_filter: Filter) -> dict[str, str]:
        try:
            return tag_filter.originals(tags)
        except InvalidFilter as error:
            raise _unusable(error) from error

    def _candidate_of(self, tag_filter: Filter) -> Json:
        try:
            return tag_filter.candidate_of()
        except InvalidFilter as error:
            raise _unusable(error) from error


Fate: TypeAlias = Literal["filtered out", "shadowed", "passed over", "error", "ranked", "selected"]
_Judged: TypeAlias = tuple[Fate, Key, str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a tag. `key` is the text that is compared, `rank` 1 for the best; None where there is none."""

    tag: str
    fate: Fate
    key: str | None = None
    rank: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The elected tag, or what the policy says instead, and the verdict on each tag."""

    selected: str | None
    error: str
    verdicts: tuple[Verdict, ...]


class PolicyIndexes:
    """Elections kept up to date from scan to scan; see formats.tagindex."""

    def __init__(self) -> None:
        self._indexes = tagindex.PolicyIndexes()

    def latest(self, image: str, policy: Policy, tags: Sequence[str]) -> str:
        """Return what `policy.latest(tags)` does, for tags in descending order. Raises NoLatestTag, InvalidPolicy."""
        try:
            return self._indexes.latest(image, policy.filter, policy.order, tags)
        except InvalidFilter as error:
            raise _unusable(error) from error


def policy_of(spec: Json) -> Policy:
    """Return the rule in the spec of an ImagePolicy. Raises InvalidPolicy.

    Where several choices are set, semver goes before alphabetical before numerical. A bad pattern of filterTags shows
    itself only when there are tags.
    """
    try:
        order = _order_of(spec.get("policy") or {})
    except InvalidOrder as error:
        raise InvalidPolicy(f"invalid policy: {error}") from error
    tag_filter = spec.get("filterTags")
    if tag_filter is None:
        return Policy(order)
    return Policy(order, Filter(tag_filter.get("pattern") or "", tag_filter.get("extract") or ""))


def _order_of(choice: Json) -> Order:
    if choice.get("semver") is not None:
        return semver_order(choice["semver"].get("range", ""))
    if choice.get("alphabetical") is not None:
        return Alphabetical(direction(choice["alphabetical"].get("order", "")))
    if choice.get("numerical") is not None:
        return Numerical(direction(choice["numerical"].get("order", "")))
    raise InvalidOrder("given ImagePolicyChoice object is invalid")


def _unusable(error: InvalidFilter) -> InvalidPolicy:
    return InvalidPolicy(f"failed to filter tags: {error}")
