"""What a goal, or a step that waits, can ask of a world. Each answers: does it hold now, what is seen instead, and which event may change the answer.

Values may name what happened before: `${bad.tag}` is the tag that the step called `bad` brought, `${start.production.backend}`
the tag that stood in Git for that Deployment at time zero. They are filled in when the question is asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from fluxsim.drivers.asking_images import ImageIs, ImagesMatchPolicies, LineageIs
from fluxsim.drivers.asking_objects import ConditionIs, EventRecorded, JsonPathIs, SuspendedIs
from fluxsim.drivers.asking_supply import CommitPushed, DigestIs, ReleaseRecorded, TagExists, WorkflowEnded
from fluxsim.drivers.question import Answer, Names, Predicate, Unknown
from fluxsim.formats.tree import Json

__all__ = ["PREDICATES", "Answer", "Asking", "Names", "Predicate", "Unknown", "as_json"]


class Asking(BaseModel):
    """The fields by which a goal or a waiting step names its one question."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    image: ImageIs | None = None
    images_match_policies: ImagesMatchPolicies | None = Field(default=None, alias="images match policies")
    lineage: LineageIs | None = None
    digest: DigestIs | None = None
    tag: TagExists | None = None
    release: ReleaseRecorded | None = None
    workflow: WorkflowEnded | None = None
    commit: CommitPushed | None = None
    condition: ConditionIs | None = None
    event: EventRecorded | None = None
    jsonpath: JsonPathIs | None = None
    suspended: SuspendedIs | None = None

    def asked(self) -> list[Predicate]:
        fields: Iterable[Any] = (getattr(self, name) for name in Asking.model_fields)
        return [value for value in fields if value is not None]

    @cached_property
    def predicate(self) -> Predicate:
        """The question; a model validator has made sure that there is exactly one."""
        return self.asked()[0]


PREDICATES: tuple[str, ...] = tuple(field.alias or name for name, field in Asking.model_fields.items())
"""The words by which a file asks."""


def as_json(predicate: Predicate) -> Json:
    return predicate.model_dump(mode="json", by_alias=True, exclude_defaults=True)
