from __future__ import annotations

from fluxsim.kernel.changes import Changes


def test_a_watcher_is_called_before_the_change() -> None:
    changes, world, seen = Changes(), {"tag": "old"}, list[str]()
    changes.watch(lambda: seen.append(world["tag"]))
    changes.coming()
    world["tag"] = "new"
    assert seen == ["old"]


def test_the_count_grows_with_each_change_and_with_nothing_else() -> None:
    changes = Changes()
    changes.watch(lambda: None)
    assert changes.count == 0
    changes.coming()
    changes.coming()
    assert changes.count == 2
