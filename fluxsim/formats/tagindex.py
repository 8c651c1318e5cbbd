"""What policies elect, kept up to date tag by tag instead of evaluated anew at each scan.

A tag that comes costs one match and one comparison, however many others there are. A tag that goes costs the same,
unless it was the elected one: then the keys of all others are compared once, without reading the tags again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence

from fluxsim.formats.tagfilter import Filter
from fluxsim.formats.taglist import TagList
from fluxsim.formats.tagorder import (
    NOTHING_FITS,
    Key,
    NoLatestTag,
    NotElectable,
    Order,
    compares_with_nothing,
)

INDEXES_MAX = 4096


class TagIndex:
    """The election of one filter and order among the tags of one image, in the order of the tag database (descending)."""

    def __init__(self, tag_filter: Filter | None, order: Order) -> None:
        """Raises tagfilter.InvalidFilter."""
        self._order = order
        self._candidate_of = tag_filter.candidate_of() if tag_filter is not None else str
        self._seen: Sequence[str] = ()
        self._clear()

    def latest(self, tags: Sequence[str]) -> str:
        """Return the elected tag. Raises tagorder.NoLatestTag.

        Cheap where `tags` is the list of the last call, or a TagList that came out of it.
        """
        self._update(tags)
        if not self._originals:
            raise NoLatestTag("version list argument cannot be empty")
        if self._failures:
            raise NoLatestTag(self._failures[max(self._failures)])
        if self._incomparable:
            return self._originals[self._order.latest(sorted(self._originals, reverse=True))]
        if self._best is None:
            self._search()
        if self._best is None:
            raise NoLatestTag(NOTHING_FITS)
        return self._originals[self._best]

    def _clear(self) -> None:
        self._originals: dict[str, str] = {}
        self._collisions: dict[str, set[str]] = {}
        self._keys: dict[str, Key] = {}
        self._failures: dict[str, str] = {}
        self._incomparable: dict[str, Key] = {}
        self._best: str | None = None

    def _update(self, tags: Sequence[str]) -> None:
        if tags is self._seen:
            return
        changes = None
        if isinstance(tags, TagList) and isinstance(self._seen, TagList):
            changes = tags.changes_since(self._seen)
        if changes is None:
            before, after = set(self._seen), set(tags)
            added: Iterable[str] = [tag for tag in tags if tag not in before]
            removed: Iterable[str] = [tag for tag in self._seen if tag not in after]
            if 2 * len(before & after) < len(before):
                self._clear()
                added, removed = tags, ()
        else:
            added, removed = changes
        self._seen = tags
        for tag in removed:
            self._remove(tag)
        for tag in added:
            self._add(tag)

    def _add(self, tag: str) -> None:
        candidate = self._candidate_of(tag)
        if candidate is None:
            return
        known = self._originals.get(candidate)
        if known is not None:
            # The later tag in the list stands for the candidate: the smaller one.
            self._collisions.setdefault(candidate, {known}).add(tag)
            self._originals[candidate] = min(known, tag)
            return
        self._originals[candidate] = tag
        try:
            key = self._order.key(candidate)
        except NotElectable:
            return
        except NoLatestTag as failure:
            self._failures[candidate] = str(failure)
            return
        if compares_with_nothing(key):
            self._incomparable[candidate] = key
            return
        if self._best is not None:
            if self._is_better(candidate, key):
                self._best = candidate
        elif not self._keys:
            self._best = candidate
        self._keys[candidate] = key

    def _remove(self, tag: str) -> None:
        candidate = self._candidate_of(tag)
        if candidate is None:
            return
        others = self._collisions.get(candidate)
        if others is not None:
            others.discard(tag)
            self._originals[candidate] = min(others)
            if len(others) == 1:
                del self._collisions[candidate]
            return
        for known in (self._originals, self._keys, self._failures, self._incomparable):
            known.pop(candidate, None)
        if candidate == self._best:
            self._best = None

    def _is_better(self, candidate: str, key: Key) -> bool:
        assert self._best is not None
        best_key = self._keys[self._best]
        if key != best_key:
            return bool(key < best_key) if self._order.smallest_wins else bool(key > best_key)
        return candidate < self._best if self._order.last_of_equals_wins else candidate > self._best

    def _search(self) -> None:
        if not self._keys:
            return
        keys = self._keys.values()
        best_key = min(keys) if self._order.smallest_wins else max(keys)
        equals = [candidate for candidate, key in self._keys.items() if key == best_key]
        self._best = min(equals) if self._order.last_of_equals_wins else max(equals)


class PolicyIndexes:
    """The indexes of a controller: one for each image and rule, shared by the policies that have both in common."""

    def __init__(self) -> None:
        self._indexes: OrderedDict[tuple[str, Filter | None, Order], TagIndex] = OrderedDict()

    def latest(self, image: str, tag_filter: Filter | None, order: Order, tags: Sequence[str]) -> str:
        """Return the elected tag. Raises tagfilter.InvalidFilter, tagorder.NoLatestTag."""
        key = (image, tag_filter, order)
        index = self._indexes.get(key)
        if index is None:
            index = self._indexes[key] = TagIndex(tag_filter, order)
            if len(self._indexes) > INDEXES_MAX:
                self._indexes.popitem(last=False)
        else:
            self._indexes.move_to_end(key)
        return index.latest(tags)
