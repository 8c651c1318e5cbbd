"""A Go regular expression as an automaton over the characters of image tags, fed one character at a time.

It answers what `regexp.MatchString` answers for tags (there are no line ends in a tag, and nothing outside ASCII).
States are values; their number is finite, though it may be large.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias, assert_never

from fluxsim.formats.gocharacters import PERL, bit
from fluxsim.formats.goregextree import Alternate, Assertion, Characters, Concat, Group, Look, Node, Repeat
from fluxsim.formats.gosyntax import parse

STATES_MAX = 20_000
HEIGHT_MAX = 200

Side: TypeAlias = Literal["edge", "word", "other"]
"""What stands on one side of a place: the end of the text, a word character, or another."""


class Undecided(Exception):
    """A pattern too large to reason about."""


class State(NamedTuple):
    """Where the automaton stands: a bit for each thread, and what it read last. `matched` is final."""

    threads: int
    before: Side = "edge"
    matched: bool = False


MATCHED = State(0, matched=True)


class TagAutomaton:
    """The automaton of a pattern. Its threads move through numbered places, each of them a step, a fork or a condition."""

    def __init__(self, pattern: str) -> None:
        """Raises gobrackets.InvalidRegex, Undecided."""
        tree = parse(pattern).tree
        if tree.height > HEIGHT_MAX:
            raise Undecided("the pattern nests too deeply")
        self._characters: list[int] = []
        self._looks: list[Look | None] = []
        self._next: list[tuple[int, ...]] = []
        self._match = self._place(())
        self._first = self._built(tree, self._match)
        self._feels_words = any(look in ("word boundary", "no word boundary") for look in self._looks)
        self._reached: dict[tuple[int, Side, Side], int] = {}
        self.start = State(0)

    @property
    def sets(self) -> frozenset[int]:
        """The sets of characters that the automaton tells apart."""
        return frozenset(self._characters) | ({PERL["w"]} if self._feels_words else frozenset())

    def step(self, state: State, character: str) -> State:
        """Return the state behind one more character."""
        if state.matched:
            return state
        side: Side = "word" if PERL["w"] & bit(character) else "other"
        reached = self._closure(state, side)
        if reached >> self._match & 1:
            return MATCHED
        threads, wanted = 0, bit(character)
        for place in _members(reached):
            if self._characters[place] & wanted:
                threads |= 1 << self._next[place][0]
        return State(threads, side if self._feels_words else "other")

    def accepts(self, state: State) -> bool:
        """Tell whether the text ends here with a match."""
        return state.matched or bool(self._closure(state, "edge") >> self._match & 1)

    def _closure(self, state: State, after: Side) -> int:
        """Return the places that threads reach without a character; a new thread starts at each place of the text."""
        places = 0
        for place in _members(state.threads | 1 << self._first):
            places |= self._reach(place, state.before, after)
        return places

    def _reach(self, place: int, before: Side, after: Side) -> int:
        known = self._reached.get((place, before, after))
        if known is not None:
            return known
        seen, waiting = 1 << place, [place]
        while waiting:
            at = waiting.pop()
            look = self._looks[at]
            if self._characters[at] or (look is not None and not _holds(look, before, after)):
                continue
            for following in self._next[at]:
                if not seen >> following & 1:
                    seen |= 1 << following
                    waiting.append(following)
        self._reached[place, before, after] = seen
        return seen

    def _place(self, following: tuple[int, ...], *, characters: int = 0, look: Look | None = None) -> int:
        if len(self._next) >= STATES_MAX:
            raise Undecided("the pattern is too large")
        self._characters.append(characters)
        self._looks.append(look)
        self._next.append(following)
        return len(self._next) - 1

    def _built(self, node: Node, following: int) -> int:
        """Return the first place of the node, built so that it goes on at `following`."""
        match node:
            case Characters():
                return self._place((following,) if node.ascii else (), characters=node.ascii)
            case Assertion():
                return self._place((following,), look=node.look)
            case Group():
                return self._built(node.part, following)
            case Concat():
                for part in reversed(node.parts):
                    following = self._built(part, following)
                return following
            case Alternate():
                return self._place(tuple(self._built(part, following) for part in node.parts))
            case Repeat():
                return self._repeated(node, following)
            case _:
                raise AssertionError(f"a node of another class: {type(node).__name__}")

    def _repeated(self, node: Repeat, following: int) -> int:
        if node.most is None:
            fork = self._place(())
            self._next[fork] = (self._built(node.part, fork), following)
            following = fork
        else:
            end = following
            for _ in range(node.most - node.least):
                following = self._place((self._built(node.part, following), end))
        for _ in range(node.least):
            following = self._built(node.part, following)
        return following


def _holds(look: Look, before: Side, after: Side) -> bool:
    match look:
        case "begin" | "begin line":
            return before == "edge"
        case "end" | "end line":
            return after == "edge"
        case "word boundary":
            return (before == "word") != (after == "word")
        case "no word boundary":
            return (before == "word") == (after == "word")
        case _:
            assert_never(look)


def _members(places: int) -> list[int]:
    found: list[int] = []
    while places:
        lowest = places & -places
        found.append(lowest.bit_length() - 1)
        places ^= lowest
    return found
