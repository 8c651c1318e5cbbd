"""What an ImagePolicy publishes about the elected tag: references, digest, message.

A reference is `{name, tag, digest?}`; an absent digest and an empty one are the same.
Source: image-reflector-controller v1.2.0 internal/controller/imagepolicy_controller.go (updateImageRefs,
composeImagePolicyReadyMessage) and api/v1/imagepolicy_types.go.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

from fluxsim.formats.durations import parse_duration
from fluxsim.formats.tree import Json
from fluxsim.kernel.units import MINUTE, Millis

Reflection: TypeAlias = Literal["Always", "IfNotPresent", "Never"]

INTERVAL_NOT_SET = "spec.interval must be set when spec.digestReflectionPolicy is set to 'Always'"
DATABASE_READS = 4
DATABASE_PAUSES_MS: tuple[Millis, ...] = (1_000, 1_500, 2_250)
"""The pauses between the reads of an empty tag database (Flux adds up to a tenth by chance)."""


class References(NamedTuple):
    """status.latestRef and status.observedPreviousRef."""

    latest: Json
    previous: Json


def reflection_of(spec: Json) -> Reflection:
    """Return the digest reflection policy that holds."""
    wanted: Reflection = spec.get("digestReflectionPolicy") or "Never"
    return wanted


def requeue_ms(spec: Json) -> Millis | None:
    """Return when a run that succeeded is repeated; None, that is never, unless digests are followed."""
    if reflection_of(spec) != "Always":
        return None
    return parse_duration(spec["interval"]) // 1_000_000 or 10 * MINUTE


def asks_registry(reflection: Reflection, published: Json, image: str, tag: str) -> bool:
    """Tell whether the digest is fetched; where it is not, `kept_digest` is the digest."""
    if reflection == "IfNotPresent":
        return not kept_digest(reflection, published, image, tag)
    return reflection == "Always"


def kept_digest(reflection: Reflection, published: Json, image: str, tag: str) -> str:
    """Return the digest that stays without asking the registry; nothing where there is none."""
    if reflection != "IfNotPresent" or not published or (published["name"], published["tag"]) != (image, tag):
        return ""
    return str(published.get("digest") or "")


def elected(published: Json, previous: Json, *, image: str, tag: str, digest: str = "") -> References:
    """Return the references after an election. The previous one moves only when the latest one does.

    `image` is the spec.image of the repository as written.
    """
    latest = {"name": image, "tag": tag} | ({"digest": digest} if digest else {})
    if published and reference_text(published) == reference_text(latest):
        return References(published, previous)
    return References(latest, published or None)


def ready_message(latest: Json, previous: Json) -> str:
    """Return the message of Ready=True."""
    text = f"Latest image tag for {latest['name']} resolved to {latest['tag']}"
    if latest.get("digest"):
        text += f" with digest {latest['digest']}"
    if previous and reference_text(previous) != reference_text(latest):
        text += f" (previously {reference_text(previous)})"
    return text


def reference_text(reference: Json) -> str:
    """Return `name:tag[@digest]`."""
    digest = reference.get("digest") or ""
    return f"{reference['name']}:{reference['tag']}{'@' if digest else ''}{digest}"


def identity_gate_error(repository_spec: Json) -> str:
    """Return why an ImageRepository that logs in as a service account stalls its policies; nothing where it does not.

    The feature gate ObjectLevelWorkloadIdentity is off, as by default.
    """
    if (repository_spec.get("provider") or "generic") == "generic" or not repository_spec.get("serviceAccountName"):
        return ""
    return (
        "to use spec.serviceAccountName in the ImageRepository for provider authentication please enable the "
        "ObjectLevelWorkloadIdentity feature gate in the controller"
    )
