from __future__ import annotations

import json
import random
import zlib

import pytest

from fluxsim.formats.taglist import CHUNK_MAX, HISTORY_MAX, Changes, TagList


def checksum(tags: list[str]) -> int:
    return zlib.adler32(json.dumps(tags, separators=(",", ":"), ensure_ascii=False).encode())


def test_stands_in_descending_byte_order_without_duplicates() -> None:
    assert TagList(["a", "B", "v1", "latest", "a"]) == ["v1", "latest", "a", "B"]


def test_is_a_sequence() -> None:
    tags = TagList(["c", "b", "a"])
    assert (tags[0], tags[-1], tags[1:], tags[::-1], tags[:0]) == ("c", "a", ["b", "a"], ["a", "b", "c"], [])
    assert "b" in tags
    assert "bb" not in tags
    assert list(tags) == ["c", "b", "a"]
    assert not TagList()
    with pytest.raises(IndexError):
        tags[3]
    with pytest.raises(IndexError):
        tags[-4]


def test_equals_any_sequence_with_the_same_items() -> None:
    assert TagList(["b", "a"]) == ["b", "a"]
    assert TagList(["b", "a"]) == ("b", "a")
    assert TagList(["b", "a"]) != ["a", "b"]
    assert TagList(["b", "a"]) != TagList(["b"])
    assert TagList(["b", "a"]) != "ba"
    assert TagList() != 0


def test_the_changed_list_leaves_the_old_one_as_it_was() -> None:
    old = TagList(["b", "a"])
    new = old.changed(added=["c", "a"], removed=["b", "zz"])
    assert old == ["b", "a"]
    assert new == ["c", "a"]
    assert new.changes_since(old) == Changes(("c",), ("b",))
    assert old.changes_since(new) is None


def test_nothing_changed_is_the_same_list() -> None:
    tags = TagList(["b", "a"])
    assert tags.changed(added=["a"], removed=["x"]) is tags
    assert tags.changes_since(tags) == Changes((), ())


def test_what_comes_and_goes_does_not_count() -> None:
    tags = TagList(["a"])
    later = tags.changed(added=["b", "c"]).changed(removed=["b", "a"]).changed(added=["a"])
    assert later.changes_since(tags) == Changes(("c",), ())


def test_a_list_forgets_what_is_too_long_ago() -> None:
    tags = first = TagList(["x"])
    for number in range(HISTORY_MAX):
        tags = tags.changed(added=[f"t{number}"])
    assert tags.changes_since(first) is not None
    assert tags.changed(added=["one more"]).changes_since(first) is None


def test_strangers_have_nothing_in_common() -> None:
    assert TagList(["a"]).changes_since(TagList(["a"])) is None


def test_many_changes_keep_order_members_and_checksum() -> None:
    chance = random.Random(3)
    pool = [f"{word}-{number}" for number in range(CHUNK_MAX) for word in ("a", "b", 'c"', "ü", "<")]
    kept = set(chance.sample(pool, 3 * CHUNK_MAX))
    tags = TagList(kept)
    for _ in range(40):
        added, removed = chance.sample(pool, 100), chance.sample(sorted(kept), 100)
        tags = tags.changed(added, removed)
        kept = (kept - set(removed)) | set(added)
        assert list(tags) == sorted(kept, reverse=True)
        assert len(tags) == len(kept)
    assert all(tag in tags for tag in kept)
    assert tags[len(tags) - 1] == min(kept)
    plain = TagList(tag for tag in tags if not set(tag) & set('"<'))
    assert plain.adler32() == checksum(list(plain))


def test_may_become_empty_and_grow_again() -> None:
    tags = TagList(["a"]).changed(removed=["a"])
    assert tags == []
    assert tags.adler32() == checksum([])
    assert tags.changed(added=["b"]) == ["b"]
