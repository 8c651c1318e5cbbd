"""What can be proved about the pattern of a policy, for all tags that could ever be pushed.

Each question is answered by the shortest tag that shows it, or by None, which is a proof that there is none.
"""

from __future__ import annotations

import string
from collections import deque
from collections.abc import Iterable, Sequence

from fluxsim.formats.gocharacters import bit
from fluxsim.formats.tagautomaton import State, TagAutomaton, Undecided

__all__ = ["Undecided", "accepted_by_both", "accepts_outside", "shortest_tag"]

TAG_LENGTH_MAX = 128
FIRST_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_"
CHARACTERS = f"{FIRST_CHARACTERS}-."
"""What the OCI distribution specification allows in a tag (a dash or a point not first)."""

_PUNCTUATION = frozenset(string.punctuation)

STEPS_MAX = 50_000
"""How many states a search looks at before it gives up."""


def accepts_outside(pattern: str, prefix: str) -> str | None:
    """Return a tag that the pattern matches although it does not start with the prefix.

    Raises gobrackets.InvalidRegex, Undecided.
    """
    quoted = "".join(f"\\{character}" if character in _PUNCTUATION else character for character in prefix)
    return shortest_tag(accepted_by=[pattern], refused_by=[f"^{quoted}"])


def accepted_by_both(pattern: str, other: str) -> str | None:
    """Return a tag that both patterns match. Raises gobrackets.InvalidRegex, Undecided."""
    return shortest_tag(accepted_by=[pattern, other])


def shortest_tag(*, accepted_by: Sequence[str], refused_by: Sequence[str] = ()) -> str | None:
    """Return the shortest tag that all patterns of the one kind match and none of the other.

    Of equally short ones it is the first in the order of CHARACTERS. Raises gobrackets.InvalidRegex, Undecided.
    """
    automata = [TagAutomaton(pattern) for pattern in (*accepted_by, *refused_by)]
    wanted = [True] * len(accepted_by) + [False] * len(refused_by)
    representatives = _representatives(automaton_set for automaton in automata for automaton_set in automaton.sets)
    start = tuple(automaton.start for automaton in automata)
    seen, waiting = {start}, deque([(start, "")])
    while waiting:
        states, tag = waiting.popleft()
        for character in representatives:
            if not tag and character not in FIRST_CHARACTERS:
                continue
            following = tuple(
                automaton.step(state, character) for automaton, state in zip(automata, states, strict=True)
            )
            if following in seen or _is_lost(following, wanted):
                continue
            longer = tag + character
            if all(
                automaton.accepts(state) is want
                for automaton, state, want in zip(automata, following, wanted, strict=True)
            ):
                return longer
            seen.add(following)
            if len(seen) > STEPS_MAX:
                raise Undecided("the patterns have too many states")
            if len(longer) < TAG_LENGTH_MAX:
                waiting.append((following, longer))
    return None


def _is_lost(states: Sequence[State], wanted: Sequence[bool]) -> bool:
    """Tell whether a pattern that must not match has matched: nothing can undo that."""
    return any(state.matched and not want for state, want in zip(states, wanted, strict=True))


def _representatives(sets: Iterable[int]) -> str:
    """Return one character for all that no pattern tells apart, and of each kind the first."""
    distinct = sorted(set(sets) | {sum(bit(character) for character in FIRST_CHARACTERS)})
    found: dict[tuple[bool, ...], str] = {}
    for character in CHARACTERS:
        found.setdefault(tuple(bool(members & bit(character)) for members in distinct), character)
    return "".join(found.values())
