"""Pushing to a branch of one's own, and pushing after someone else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fluxsim.formats.gitcommit import Author
from fluxsim.systems.gitserver import Checkout, GitError
from fluxsim.world.world import World
from tests.described.automation import FILE, IMAGE, NAME, elects, image, marked, world_with
from tests.worlds import URL, commit, file, head, passing, request, status, world_of

TAGS = ("1.0.0", "1.0.1", "1.3.0", "1.3.1")
PR = {"git": {"push": {"branch": "pr-1"}}}
BOT = Author("fluxcdbot", "bot@example.com")


def pr_head(world: World) -> str:
    return world.gitops.head("pr-1")


def steps_of_a_push_branch(*, force_is_needed: bool) -> None:
    """Play three elections; with `force_is_needed` the branch has moved on where the automation cannot follow."""
    world = world_with(change=PR, tags=TAGS)
    main, first = head(world), pr_head(world)
    assert first, "the branch begins at the head of the checkout branch"
    assert image(world) == "1.0.0"
    assert image(world, branch="pr-1") == "1.0.1"
    elects(world, "1.3.0")
    passing(world, "20s")
    second = pr_head(world)
    assert second != first
    assert world.gitops.is_ancestor(main, second), "the commits of main are still there"
    assert world.gitops.is_ancestor(first, second), "commits are stacked on the branch's own head"
    world.gitops.push("refs/heads/main", main, second, "you")
    if force_is_needed:
        commit(world, {"README": "x\n"})
    merged = head(world)
    elects(world, "1.3.1")
    passing(world, "20s")
    third = pr_head(world)
    assert third != second
    assert image(world, branch="pr-1") == "1.3.1"
    assert head(world) == merged, "the controller leaves main alone"
    assert status(world, NAME, "observedSourceRevision") == f"main@sha1:{merged}", "that of the checkout branch"


def test_pushbranch_default_checkout_and_push_configs() -> None:
    steps_of_a_push_branch(force_is_needed=False)


def test_pushbranch_shallow_clone_and_force_push() -> None:
    steps_of_a_push_branch(force_is_needed=True)


def test_push_force_and_stale_push() -> None:
    world = world_of({FILE: marked("1.0.0")})

    def push(clone: Checkout, text: bytes, *, force: bool = False) -> str:
        remote = world.git.open(URL)
        changed = {FILE: text}
        return remote.push_commit(clone, changed, author=BOT, message="x", when_s=1, branch="main", force=force)

    ref = {"branch": "main"}
    one, two = world.git.open(URL).checkout(ref), world.git.open(URL).checkout(ref)
    first = push(one, b"one\n")
    second = push(two, b"two\n", force=True)
    assert head(world) == second
    with pytest.raises(GitError):
        push(replace(one, parent=first), b"three\n")
    assert head(world) == second


def test_a_stale_push_branch_that_has_the_tag_already_gets_no_commit() -> None:
    world = world_with(change=PR, tags=TAGS)
    first = pr_head(world)
    request(world, NAME, "now")
    passing(world, "20s")
    assert pr_head(world) == first
    assert file(world, FILE, "pr-1") == file(world, FILE).replace(f"{IMAGE}:1.0.0", f"{IMAGE}:1.0.1")


def test_a_refspec_is_pushed_after_the_branch() -> None:
    change = {"git": {"push": {"refspec": "refs/heads/main:refs/heads/copy"}}}
    world = world_with(change=change, tags=TAGS)
    assert world.gitops.head("copy") == head(world)
    [event] = [
        event.data["message"]
        for event in world.log.events
        if event.kind == "event.recorded" and "pushed commit" in event.data["message"]
    ]
    assert "to branch 'main' and refspecs 'refs/heads/main:refs/heads/copy'" in event
