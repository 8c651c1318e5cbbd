"""A workflow file: the structure of GitHub Actions, read strictly, with the step actions that this CI knows."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fluxsim.formats.goyaml import YamlError, load
from fluxsim.formats.tree import thaw

STEP_ACTIONS = (
    "actions/checkout",
    "fluxsim/image-tag",
    "docker/build-push-action",
    "fluxsim/find-tag",
    "fluxsim/retag",
    "fluxsim/record-release",
    "fluxsim/bump-version",
)
"""What `uses:` may name, any version behind the @."""


class BadWorkflow(ValueError):
    """The file is no workflow that this CI can run; the text says where and why."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Input(_Model):
    description: str = ""
    required: bool = False
    default: str = ""
    type: str = "string"


class Push(_Model):
    branches: tuple[str, ...] = ()


class Dispatch(_Model):
    inputs: dict[str, Input] = Field(default_factory=dict)


class Triggers(_Model):
    push: Push | None = None
    workflow_dispatch: Dispatch | None = None


class Step(_Model):
    name: str = ""
    id: str = ""
    uses: str
    condition: str = Field(default="", alias="if")
    with_: dict[str, str] = Field(default_factory=dict, alias="with")

    @property
    def action(self) -> str:
        return self.uses.partition("@")[0]


class Job(_Model):
    runs_on: str = Field(default="ubuntu-latest", alias="runs-on")
    steps: tuple[Step, ...]


class Workflow(_Model):
    """One file of .github/workflows."""

    name: str
    on: Triggers
    permissions: dict[str, str] = Field(default_factory=dict)
    concurrency: str = ""
    env: dict[str, str] = Field(default_factory=dict)
    jobs: dict[str, Job]


def parse(path: str, data: bytes) -> Workflow:
    """Return the workflow; BadWorkflow with the path and every fault."""
    try:
        tree: Any = thaw(load(data, dialect="resource"))
    except YamlError as error:
        raise BadWorkflow(f"{path}: {error}") from error
    if isinstance(tree, dict) and isinstance(tree.get("on"), dict):
        tree["on"] = {name: value or {} for name, value in tree["on"].items()}
    try:
        workflow = Workflow.model_validate(tree)
    except ValidationError as error:
        texts = [f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}" for fault in error.errors()]
        raise BadWorkflow(f"{path}: {'; '.join(texts)}") from error
    for job in workflow.jobs.values():
        for step in job.steps:
            if step.action not in STEP_ACTIONS:
                raise BadWorkflow(f"{path}: this CI knows no action '{step.uses}'; it knows {', '.join(STEP_ACTIONS)}")
    return workflow
