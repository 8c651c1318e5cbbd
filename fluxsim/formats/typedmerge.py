"""The JSON tree that results when one is applied to another.

Source: kubernetes-sigs/structured-merge-diff v6, typed/merge.go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fluxsim.formats.listtypes import ANY, Type
from fluxsim.formats.tree import Json
from fluxsim.formats.typedtree import ABSENT, child_type, form_of, item_step, same


def merged(live: Json, config: Json, type_: Type) -> Json:
    """Return the live tree with the applied one merged in: nothing is removed, lists take the order of `config`.

    What does not change is the live tree itself.
    """
    if config is ABSENT or live is config:
        return live
    if live is ABSENT:
        return config
    form = form_of(type_, config)
    if form == "map" and not type_.atomic:
        return _merged_maps(live, config, type_)
    if form == "list" and not type_.atomic and type_.form != "any":
        return _merged_lists(live, config, type_)
    return live if same(live, config) else config


def _merged_maps(live: Json, config: Json, type_: Type) -> Json:
    if not isinstance(live, Mapping) or not live:
        return live if live == config else config
    if not config:
        return live
    out: dict[str, Json] | None = None
    for key, value in config.items():
        was = live.get(key, ABSENT)
        now = merged(was, value, child_type(type_, key))
        if now is not was:
            out = dict(live) if out is None else out
            out[key] = now
    return live if out is None else out


def _merged_lists(live: Json, config: Json, type_: Type) -> Json:
    if not isinstance(live, list) or not live:
        return live if live == config else config
    if not config:
        return live
    element = type_.element or ANY
    wanted = {item_step(type_, item): item for item in config}
    there: dict[str, Json] = {}
    order = [item_step(type_, item) for item in live]
    for step, item in zip(order, live, strict=True):
        there[step] = None if step in there else item
    out = [
        live[at] if taken is None else merged(there.get(taken, ABSENT), wanted[taken], element)
        for at, taken in _interleaved(order, list(wanted), there)
    ]
    unchanged = len(out) == len(live) and all(one is other for one, other in zip(out, live, strict=True))
    return live if unchanged else out


def _interleaved(
    order: Sequence[str], wanted: Sequence[str], there: Mapping[str, Json]
) -> list[tuple[int, str | None]]:
    """Return the order of the merged list: (place in the live list, None) for an item only there, (0, step) for one applied.

    Applied items keep their order; the others stay where they stood between them.
    """
    in_wanted = set(wanted)
    shared = [step for step in wanted if step in there]
    done: set[str] = set()
    out: list[tuple[int, str | None]] = []
    at, next_, expected = 0, 0, 0
    while at < len(order) or next_ < len(wanted):
        if at < len(order) and next_ < len(wanted):
            step = order[at]
            if step == wanted[next_]:
                out.append((0, step))
                done.add(step)
                at, next_, expected = at + 1, next_ + 1, expected + 1
                continue
            if step in in_wanted and expected < len(shared) and shared[expected] != step:
                at += 1
                continue
        if at < len(order):
            if order[at] not in in_wanted:
                out.append((at, None))
                at += 1
                continue
            if order[at] in done:
                at += 1
        if next_ < len(wanted):
            step = wanted[next_]
            out.append((0, step))
            done.add(step)
            next_ += 1
            if expected < len(shared) and shared[expected] == step:
                expected += 1
    return out
