"""One world, and every question asked of it in both ways."""

from __future__ import annotations

from functools import cache

import pytest

from fluxsim.drivers.play import Played
from tests.drivers.stories import played

IMAGE = "registry.lab.local/acme/backend"
STEPS = """\
lasts: 14m
steps:
  - {at: 1m, do: push-code, service: backend, branch: main, message: Add a cache, as: build}
  - {at: 6m, do: run-workflow, service: backend, as: promotion}
  - {at: 7m, do: run-workflow, service: backend, inputs: {staging_tag: latest}}
"""
QUESTIONS: list[tuple[str, bool]] = [
    ('image: {namespace: staging, deployment: backend, tag: "${build.tag}"}', True),
    (f'image: {{namespace: staging, deployment: backend, reference: "{IMAGE}:${{build.tag}}"}}', True),
    ('image: {namespace: staging, deployment: backend, tag: "${promotion.tag}"}', False),
    ('image: {namespace: nowhere, deployment: backend, tag: "${build.tag}"}', False),
    ("images match policies: {count: 6}", True),
    ("images match policies: {count: 7}", False),
    ("images match policies: {namespaces: [staging], count: 2}", True),
    ("lineage: {namespace: production, deployment: backend}", True),
    ("lineage: {namespace: staging, deployment: backend}", True),
    ("lineage: {namespace: production, deployment: frontend}", False),
    ("lineage: {namespace: production, deployment: frontend, complete: false}", True),
    (f'digest: {{image: {IMAGE}, tag: "${{promotion.tag}}", same as: "${{build.tag}}"}}', True),
    (f'digest: {{image: {IMAGE}, tag: "${{promotion.tag}}", differs from: "${{build.tag}}"}}', False),
    (f'digest: {{image: {IMAGE}, tag: "${{promotion.tag}}", differs from: nothing}}', False),
    (f'tag: {{image: {IMAGE}, tag: "${{promotion.tag}}"}}', True),
    (f'tag: {{image: {IMAGE}, tag: "${{promotion.tag}}", matches: "^production-v1"}}', True),
    (f'tag: {{image: {IMAGE}, tag: "${{promotion.tag}}", matches: "^staging-v1"}}', False),
    (f"tag: {{image: {IMAGE}, tag: nothing, exists: false}}", True),
    ('release: {service: backend, tag: "${promotion.tag}", version: 1.4.0}', True),
    ("release: {service: frontend}", False),
    ("release: {service: backend, version: 9.9.9}", False),
    ("workflow: {service: backend, conclusion: success}", True),
    ("workflow: {service: backend, conclusion: failure, log: is no staging tag, count: 1}", True),
    ("workflow: {service: backend, count: 3}", False),
    ("commit: {author: fluxcdbot, path: flux/apps/backend/production, count: 1}", True),
    ("commit: {author: fluxcdbot, path: flux/apps/frontend}", False),
    ('commit: {repository: backend, author: "github-actions[bot]", path: VERSION}', True),
    ('condition: {kind: ImagePolicy, namespace: production, name: backend, message: "${promotion.tag}"}', True),
    ("condition: {kind: ImagePolicy, namespace: production, name: nothing}", False),
    ("condition: {kind: ImagePolicy, namespace: production, name: backend, type: Stalled}", False),
    ("event: {kind: Kustomization, name: apps-production, reason: ReconciliationSucceeded}", True),
    ("event: {kind: Kustomization, name: apps-production, message: no such words}", False),
    ("event: {kind: Kustomization, name: nothing}", False),
    ('jsonpath: {kind: Deployment, namespace: production, name: backend, path: "{.spec.replicas}", equals: "3"}', True),
    ('jsonpath: {kind: Deployment, namespace: production, name: backend, path: "{.spec", equals: "3"}', False),
    ('jsonpath: {kind: Deployment, namespace: production, name: nothing, path: "{.spec}", equals: "3"}', False),
    ("suspended: {kind: ImageUpdateAutomation, namespace: production, name: backend, is: false}", True),
    ("suspended: {kind: ImageUpdateAutomation, namespace: production, name: nothing, is: false}", False),
]


@cache
def world() -> Played:
    goals = "".join(f"  - {{now: true, {question}}}\n" for question, _holds in QUESTIONS)
    return played(f"{STEPS}goals:\n{goals}")


@pytest.mark.parametrize("number", range(len(QUESTIONS)), ids=[question for question, _holds in QUESTIONS])
def test_the_answer_is_right(number: int) -> None:
    question, holds = QUESTIONS[number]
    tracker = world().goals[number].tracker
    assert (tracker.outcome == "met") is holds, f"{question}: {tracker.seen}"


def test_a_question_is_told_with_its_names_filled_in() -> None:
    assert "${" not in " ".join(result.tracker.told for result in world().goals)
