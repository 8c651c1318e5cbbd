"""What a world takes as given because nothing in it says so, in one line each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fluxsim.controllers.flux.standins import stands_in

if TYPE_CHECKING:
    from fluxsim.world.world import World


def assumptions(world: World) -> list[str]:
    """Return the lines in order: kinds, decrypted values, secrets, what is stood in for."""
    return list(_lines(world))


def _lines(world: World) -> Iterator[str]:
    assumed = world.store.assumed
    for kind, key in sorted(assumed.kinds.items()):
        yield f"{kind} is installed, and nothing acts on its objects (first object: {key})"
    for name in assumed.values:
        yield f"{name} decrypts; stand-ins are in the place of its values"
    for key in world.cluster.credentials.assumed:
        yield f"{key} exists outside Git and is right"
    for key in world.cluster.stand_ins.seen:
        yield f"{key} is stood in for: {stands_in(key.kind)}"
