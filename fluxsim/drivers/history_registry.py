"""What the registry held when a window began. A history does not say; what its bot wrote, and did not write, tells most of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from fluxsim.drivers.history_record import Record, Recorded
from fluxsim.formats.tagpolicy import InvalidPolicy, NoLatestTag, Policy, policy_of
from fluxsim.formats.tree import Map
from fluxsim.kube.meta import FLUX_IMAGE, group_of
from fluxsim.world.setup import Seeded, Setup


def at_start(
    record: Record, setup: Setup, start: Recorded, inside: Sequence[Recorded], seeds: Sequence[Seeded]
) -> tuple[Seeded, ...]:
    """Return the images of time zero: what the manifests render, now and at the history's end, and `seeds`.

    Of images that policies elect from, a tag that only people ever wrote may be a placeholder. It was not there if its
    policy would have elected it over a tag that the bot wrote later, as a `desc` order does with `v0.0.0-…-0000000000`.
    """
    elected = set(record.images.values())
    written = {
        (record.images.get(change.policy, ""), change.new)
        for commit in record.bots
        if commit.at_s <= start.at_s
        for change in commit.changes
    }
    later = _later(inside)
    rules = list(_rules(setup.closure.objects))
    found = [
        replace(one, source="")
        for one in setup.images
        if one.image not in elected
        or (one.image, one.tag) in written
        or not any(
            record.images.get(policy) == one.image and _preferred(rule, one.tag, later.get(policy, ()))
            for policy, rule in rules
        )
    ]
    found += [one for one in record.setup.images if one.image not in elected]
    return tuple({(one.image, one.tag, one.digest): one for one in (*found, *seeds)}.values())


def _later(commits: Sequence[Recorded]) -> Mapping[str, list[str]]:
    """Return the tags that the bot wrote, by their policies."""
    found: dict[str, list[str]] = {}
    for commit in commits:
        if commit.bot:
            for change in commit.changes:
                found.setdefault(change.policy, []).append(change.new)
    return found


def _rules(objects: Sequence[Map]) -> Iterator[tuple[str, Policy]]:
    for obj in objects:
        if obj["kind"] == "ImagePolicy" and group_of(obj["apiVersion"]) == FLUX_IMAGE:
            try:
                rule = policy_of(obj["spec"])
            except InvalidPolicy:
                continue
            yield f"{obj['metadata'].get('namespace', '')}:{obj['metadata']['name']}", rule


def _preferred(rule: Policy, tag: str, others: Sequence[str]) -> bool:
    """Tell whether a rule elects a tag over any of the others."""
    return any(other != tag and _latest(rule, [tag, other]) == tag for other in others)


def _latest(rule: Policy, tags: Sequence[str]) -> str:
    try:
        return rule.latest(tags)
    except (NoLatestTag, InvalidPolicy):
        return ""
