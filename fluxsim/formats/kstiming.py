"""What a Kustomization's spec means where it says nothing: intervals, timeout and policies.

Source: kustomize-controller v1.9.4 api/v1/kustomization_types.go (getters).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fluxsim.formats.durations import SECOND, parse_duration
from fluxsim.formats.tree import Json, get

TIMEOUT_MIN = 30 * SECOND


@dataclass(frozen=True, slots=True)
class Timing:
    """Durations in nanoseconds."""

    interval: int
    retry_interval: int
    timeout: int


def timing(spec: Mapping[str, Json]) -> Timing:
    """Return when the Kustomization runs again and how long a run may take.

    The timeout defaults to 30s less than the interval; neither a default nor a given one goes below 30s.
    Raises durations.InvalidDuration, which an admitted object cannot cause.
    """
    interval = parse_duration(spec.get("interval") or "0s")
    retry = spec.get("retryInterval")
    timeout = spec.get("timeout")
    return Timing(
        interval,
        interval if retry is None else parse_duration(retry),
        max(TIMEOUT_MIN, interval - 30 * SECOND if timeout is None else parse_duration(timeout)),
    )


def deletion_policy(spec: Mapping[str, Json]) -> str:
    return spec.get("deletionPolicy") or "MirrorPrune"


def substitute_strategy(spec: Mapping[str, Json]) -> str:
    return get(spec, "postBuild", "substituteStrategy") or "WithVariables"
