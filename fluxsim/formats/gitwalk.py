"""All that lies below a tree, remembered directory by directory: a commit costs the directories that it touched."""

from __future__ import annotations

from typing import TypeAlias

from fluxsim.formats.gittree import Entry, Sha, TreeTable

REMEMBERED_MAX = 100_000
"""So many paths are remembered in all; a memory that is full begins anew."""

Walk: TypeAlias = tuple[tuple[str, Entry], ...]


class Walks:
    """What `gittree.walk` yields, as tuples. An id means the same everywhere, so one memory serves all repositories."""

    def __init__(self) -> None:
        self._known: dict[Sha, Walk] = {}
        self._paths = 0

    def below(self, table: TreeTable, root: Sha) -> Walk:
        """Return (path, entry) of everything below a tree but the directories themselves, in Git's order."""
        known = self._known.get(root)
        if known is not None:
            return known
        found: list[tuple[str, Entry]] = []
        for name, entry in table.tree(root).entries():
            if entry.is_dir:
                found += [(f"{name}/{path}", inner) for path, inner in self.below(table, entry.sha)]
            else:
                found.append((name, entry))
        if self._paths + len(found) > REMEMBERED_MAX:
            self._known.clear()
            self._paths = 0
        self._paths += len(found)
        self._known[root] = walk = tuple(found)
        return walk
